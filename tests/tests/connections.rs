//! What becomes of connections: idle ones, those of another runtime, and those whose answer came too
//! early.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::time::{Duration, Instant};

use backchat_core::{Client, ClientBuilder, ErrorCode, Outcome, Reply};
use backchat_tests::fault::{
    AgainAt, AnswerAt, Body, Fault, FaultServer, Framing, Pace, Point, Step, Then, TlsFault,
};

fn builder(server: &FaultServer) -> ClientBuilder {
    Client::builder()
        .base_url(server.url())
        .api_token("token")
        .ca_certificate(server.ca_pem())
}

fn reply(text: &str) -> Reply {
    Reply::parse("+33612345678", text, "im_01k8aq2zggeyssvt53zgvpx63a").unwrap()
}

async fn until_closed(server: &FaultServer) {
    let started = Instant::now();
    while server.open_connections() > 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "still open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_idle_connection_that_is_spoken_on_is_closed() {
    for tls in [false, true] {
        let server = if tls {
            FaultServer::start_tls(TlsFault::Valid).await.unwrap()
        } else {
            FaultServer::start().await.unwrap()
        };
        let stray = Step::default();
        server.script(vec![Step::default().again(AgainAt::AfterUs(20_000), stray)]);
        let client = builder(&server).build().unwrap();
        client.notify().reply(reply("Hi")).await.unwrap();
        assert_eq!(server.open_connections(), 1);
        until_closed(&server).await;
        client.notify().reply(reply("Hi")).await.unwrap();
        assert_eq!((server.posts(), server.connections()), (2, 2));
    }
}

#[tokio::test]
async fn a_dropped_client_closes_its_connections() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(&server).build().unwrap();
    client.notify().reply(reply("Hi")).await.unwrap();
    assert_eq!(server.open_connections(), 1);
    drop(client);
    until_closed(&server).await;
}

#[tokio::test]
async fn a_closed_client_closes_its_connections() {
    let server = FaultServer::start_tls(TlsFault::Valid).await.unwrap();
    let client = builder(&server).build().unwrap();
    client.notify().reply(reply("Hi")).await.unwrap();
    client.close().await;
    until_closed(&server).await;
}

/// An answer before the request's last byte: the server has read the head alone, and the client is
/// still writing. Whatever it says, it cannot be about the whole message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_before_the_last_byte_sends_no_second_post() {
    let text = "x".repeat(12 * 1024 * 1024);
    for (status, outcome) in [
        (421, Outcome::MaybeSent),
        (425, Outcome::MaybeSent),
        (429, Outcome::MaybeSent),
        (401, Outcome::MaybeSent),
        (413, Outcome::Rejected),
    ] {
        let server = FaultServer::start().await.unwrap();
        server.set_default(Step::status(status).answer_at(AnswerAt::RequestHead));
        let client = Client::builder()
            .base_url(server.url())
            .token_provider(token_after_token())
            .build()
            .unwrap();
        let error = client.notify().reply(reply(&text)).await.unwrap_err();
        assert_eq!(error.outcome(), Some(outcome), "{status}: {error}");
        assert_eq!(error.status(), Some(status));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

/// The same, with a body that names the message, is cut, or never ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_answer_sends_no_second_post_whatever_its_body() {
    let text = "x".repeat(12 * 1024 * 1024);
    let echo = Body::Json(serde_json::json!({"reply_to": "im_01k8aq2zggeyssvt53zgvpx63a"}));
    let own = |step: Step| step.body(echo.clone());
    let cut = |step: Step| {
        step.framing(Framing::WrongLength(4096))
            .then(Then::CloseAfterMs(1))
    };
    let stalled = |step: Step| step.framing(Framing::WrongLength(4096));
    let early = |status| Step::status(status).answer_at(AnswerAt::RequestHead);
    for (name, step) in [
        ("429, own", own(early(429))),
        ("401, own", own(early(401))),
        ("429, cut", cut(early(429))),
        ("401, cut", cut(early(401))),
        ("425, own and cut", cut(own(early(425)))),
        ("421, stalled", stalled(early(421))),
        (
            "429, huge",
            early(429).framing(Framing::WrongLength(1 << 30)),
        ),
        ("200, cut", cut(early(200))),
        ("200, stalled", stalled(early(200))),
    ] {
        let server = FaultServer::start().await.unwrap();
        server.set_default(step);
        let client = Client::builder()
            .base_url(server.url())
            .token_provider(token_after_token())
            .build()
            .unwrap();
        let call = client.notify().reply(reply(&text));
        let error = call.timeout(Duration::from_secs(3)).await.unwrap_err();
        assert_eq!(error.outcome(), Some(Outcome::MaybeSent), "{name}: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(server.requests().len(), 1, "{name}");
    }
}

/// The rest of a body may have been the true answer.
#[tokio::test]
async fn a_refusal_whose_body_is_cut_sends_no_second_post() {
    for fault in [
        Fault::Close(Point::Body),
        Fault::Reset(Point::Body),
        Fault::Stall(Point::Body),
    ] {
        for status in [421, 425, 429, 401] {
            let server = FaultServer::start().await.unwrap();
            server.script(vec![Step::error(status, "rate_limited").fault(fault)]);
            let client = Client::builder()
                .base_url(server.url())
                .token_provider(token_after_token())
                .build()
                .unwrap();
            let call = client.notify().reply(reply("Hi"));
            let error = call.timeout(Duration::from_millis(800)).await.unwrap_err();
            assert_eq!(
                error.outcome(),
                Some(Outcome::MaybeSent),
                "{status}, {fault:?}: {error}"
            );
            assert_eq!((error.status(), server.posts()), (Some(status), 1));
        }
    }
}

/// A body that is larger than what is read is judged by its status line.
#[tokio::test]
async fn a_refusal_with_a_huge_body_is_a_refusal() {
    let server = FaultServer::start().await.unwrap();
    let huge = Body::Repeat {
        byte: b' ',
        count: 1_500_000,
    };
    server.script(vec![Step::status(429).body(huge)]);
    let client = builder(&server).build().unwrap();
    client.notify().reply(reply("Hi")).await.unwrap();
    assert_eq!(server.posts(), 2);
}

fn token_after_token() -> impl backchat_core::TokenProvider {
    let count = std::sync::atomic::AtomicUsize::new(0);
    move || {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move { Ok(format!("token{number}")) }
    }
}

#[tokio::test]
async fn a_repeat_goes_on_a_connection_of_its_own() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::default(), Step::status(429), Step::default()]);
    let client = builder(&server).build().unwrap();
    client.notify().reply(reply("one")).await.unwrap();
    client.notify().reply(reply("two")).await.unwrap();
    let connections: Vec<_> = server.requests().iter().map(|r| r.connection).collect();
    assert_eq!(connections[0], connections[1]);
    assert_ne!(connections[1], connections[2]);
}

#[tokio::test]
async fn a_repeat_at_the_limit_closes_an_idle_connection() {
    let server = FaultServer::start().await.unwrap();
    let slow = Pace {
        before_head_ms: 50,
        ..Pace::default()
    };
    server.set_default(Step::default().pace(slow));
    let client = builder(&server).max_connections(2).build().unwrap();
    let both = [
        client.notify().reply(reply("one")).start(),
        client.notify().reply(reply("two")).start(),
    ];
    for call in both {
        call.await.unwrap();
    }
    assert_eq!(server.open_connections(), 2);
    server.script(vec![Step::status(425)]);
    client.notify().reply(reply("three")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(server.open_connections() <= 2);
    assert_eq!((server.posts(), server.connections()), (4, 3));
}

/// A runtime that is not driven wakes nobody: its connections are left alone.
#[test]
fn a_client_may_be_used_on_several_runtimes() {
    let elsewhere = tokio::runtime::Runtime::new().unwrap();
    let server = elsewhere.block_on(FaultServer::start()).unwrap();
    let client = builder(&server).build().unwrap();
    let one = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let other = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for runtime in [&one, &other, &one, &other] {
        runtime
            .block_on(async { client.notify().reply(reply("Hi")).await })
            .unwrap();
    }
    assert_eq!((server.posts(), server.connections()), (4, 2));
    drop(one);
    other
        .block_on(async { client.notify().reply(reply("Hi")).await })
        .unwrap();
    assert_eq!((server.posts(), server.connections()), (5, 2));
}

#[tokio::test]
async fn a_connection_that_ends_before_the_request_leaves_nothing_in_doubt() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(&server).build().unwrap();
    // Three idle connections, all closed by the server at once.
    let closing = Step::default().then(Then::CloseAfterMs(60)).pace(Pace {
        before_head_ms: 40,
        ..Pace::default()
    });
    server.script(vec![closing; 3]);
    let calls: Vec<_> = (0..3)
        .map(|_| client.notify().reply(reply("Hi")).start())
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    client
        .notify()
        .reply(reply("Hi"))
        .max_retries(0)
        .await
        .unwrap();
    assert_eq!((server.posts(), server.connections()), (4, 4));
}

#[tokio::test]
async fn a_refusal_that_names_no_message_keeps_its_connection() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::error(400, "insufficient_balance")]);
    let client = builder(&server).build().unwrap();
    let error = client.notify().reply(reply("one")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InsufficientBalance);
    client.notify().reply(reply("two")).await.unwrap();
    assert_eq!((server.posts(), server.connections()), (2, 1));
}

#[tokio::test]
async fn an_answer_that_ends_its_connection_is_believed_at_once() {
    let server = FaultServer::start().await.unwrap();
    server.set_default(Step::error(429, "rate_limited").then(Then::Close));
    let client = builder(&server).build().unwrap();
    let started = Instant::now();
    let error = client
        .notify()
        .reply(reply("one"))
        .max_retries(0)
        .await
        .unwrap_err();
    assert_eq!(error.outcome(), Some(Outcome::NotSent));
    assert!(
        started.elapsed() < Duration::from_millis(140),
        "nothing can follow"
    );
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn a_post_that_ends_at_its_deadline_may_have_been_received() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::stall(Point::Request)]);
    let client = builder(&server).build().unwrap();
    let call = client.notify().reply(reply("one"));
    let error = call.timeout(Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(error.outcome(), Some(Outcome::MaybeSent));
    until_closed(&server).await;
}
