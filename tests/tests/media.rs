//! `GET /v2/notify/inbound/{message_id}/media`: the file that a user sent.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backchat_core::{
    Attempt, Cancellation, Client, ClientBuilder, Error, ErrorCode, InboundMedia, InboundMessageId,
    Outcome, Reply,
};
use backchat_tests::fault::{
    Body, FaultServer, Framing, Pace, Point, Step, Then, TlsFault, refused_address,
};

const ID: &str = "im_01k8aq2zggeyssvt53zgvpx63a";
const SOON: Duration = Duration::from_secs(5);

fn builder(server: &FaultServer) -> ClientBuilder {
    Client::builder()
        .base_url(server.url())
        .api_token("token")
        .ca_certificate(server.ca_pem())
}

fn photo(bytes: &[u8]) -> Step {
    Step::default()
        .header("content-type", "image/jpeg")
        .body(Body::Bytes(bytes.to_vec()))
}

async fn fetch(client: &Client) -> Result<InboundMedia, Error> {
    client.notify().inbound_media(ID).await
}

#[tokio::test]
async fn a_file_is_fetched_with_its_type_and_name() {
    for tls in [false, true] {
        let server = if tls {
            FaultServer::start_tls(TlsFault::Valid).await.unwrap()
        } else {
            FaultServer::start().await.unwrap()
        };
        let named = "attachment; filename=\"../a.jpg\"; filename*=UTF-8''%C3%A9t%C3%A9.jpg";
        server.script(vec![
            photo(b"\xff\xd8\x00").header("content-disposition", named),
        ]);
        let client = builder(&server).build().unwrap();
        let media = client
            .notify()
            .inbound_media(InboundMessageId::from(ID))
            .header("x-trace", "7")
            .await
            .unwrap();
        assert_eq!(media.content_type.as_deref(), Some("image/jpeg"));
        assert_eq!(media.filename.as_deref(), Some("été.jpg"));
        assert_eq!(&media.bytes[..], b"\xff\xd8\x00");
        let printed = format!("{media:?}");
        assert!(!printed.contains("jp"), "{printed}");
        let request = &server.requests()[0];
        assert_eq!(request.method, "GET");
        assert_eq!(request.path, format!("/v2/notify/inbound/{ID}/media"));
        assert_eq!(request.header("accept"), Some("*/*"));
        assert_eq!(request.header("authorization"), Some("Bearer token"));
        assert_eq!(request.header("x-trace"), Some("7"));
        assert_eq!(request.header("content-type"), None);
        assert_eq!(request.body, b"");
    }
}

#[tokio::test]
async fn a_file_of_any_framing_is_whole() {
    let bytes = vec![7; 4 * 1024 * 1024];
    for framing in [
        Framing::ContentLength,
        Framing::Chunked,
        Framing::UntilClose,
    ] {
        let server = FaultServer::start().await.unwrap();
        server.script(vec![photo(&bytes).framing(framing)]);
        let media = fetch(&builder(&server).build().unwrap()).await.unwrap();
        assert_eq!(media.bytes, bytes, "{framing:?}");
    }
    let server = FaultServer::start().await.unwrap();
    let bare = Step {
        content_type: None,
        ..Step::default()
    };
    server.script(vec![bare.body(Body::Text(String::new()))]);
    let media = fetch(&builder(&server).build().unwrap()).await.unwrap();
    assert_eq!((media.content_type, media.filename), (None, None));
    assert!(media.bytes.is_empty());
}

#[tokio::test]
async fn an_id_that_is_none_reaches_no_path() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(&server).build().unwrap();
    for id in [
        "",
        "im_",
        "tx_1",
        "im_1/../../x",
        "im_1%2f",
        "im_1?x",
        "im_é",
    ] {
        let error = client.notify().inbound_media(id).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidReplyContext, "{id}");
        assert_eq!(error.outcome(), Some(Outcome::NotSent));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_not_read() {
    let mebibytes = |count: usize| Body::Repeat {
        byte: 7,
        count: count * 1024 * 1024 + 1,
    };
    for framing in [Framing::ContentLength, Framing::Chunked] {
        let server = FaultServer::start().await.unwrap();
        server.set_default(Step::default().body(mebibytes(5)).framing(framing));
        let error = fetch(&builder(&server).build().unwrap()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::HttpError);
        assert_eq!(error.outcome(), Some(Outcome::Rejected));
        assert!(error.to_string().contains("5 MiB"), "{error}");
        assert_eq!(server.posts(), 1);
    }
}

/// Each first answer fails, and the second is the file: also after bytes have left.
#[tokio::test]
async fn a_get_is_repeated() {
    let cut = photo(b"0123456789");
    let slow = Pace {
        before_body_ms: 5_000,
        ..Pace::default()
    };
    for (name, first) in [
        ("429", Step::status(429)),
        ("500", Step::status(500)),
        ("503 with a code", Step::error(503, "internal")),
        ("408", Step::status(408)),
        ("reset", Step::reset(Point::Request)),
        ("close", Step::close(Point::Request)),
        (
            "reset in the file",
            cut.clone()
                .fault(backchat_tests::fault::Fault::Reset(Point::Body)),
        ),
        (
            "closed in the file",
            cut.clone()
                .framing(Framing::WrongLength(99))
                .then(Then::Close),
        ),
        ("no answer", Step::stall(Point::Request)),
        ("a file that stalls", cut.pace(slow)),
    ] {
        let server = FaultServer::start().await.unwrap();
        server.script(vec![first, photo(b"whole")]);
        let client = builder(&server).build().unwrap();
        let call = client.notify().inbound_media(ID).timeout(SOON);
        let media = call.await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(&media.bytes[..], b"whole", "{name}");
        assert_eq!(server.requests().len(), 2, "{name}");
    }
}

#[tokio::test]
async fn a_get_is_never_maybe_sent() {
    for (name, step, outcome, code) in [
        (
            "500",
            Step::status(500),
            Outcome::NotSent,
            ErrorCode::HttpError,
        ),
        (
            "internal",
            Step::error(500, "internal"),
            Outcome::NotSent,
            ErrorCode::Internal,
        ),
        (
            "429",
            Step::status(429),
            Outcome::NotSent,
            ErrorCode::RateLimited,
        ),
        (
            "404",
            Step::status(404),
            Outcome::Rejected,
            ErrorCode::HttpError,
        ),
        (
            "302",
            Step::status(302),
            Outcome::Rejected,
            ErrorCode::Redirected,
        ),
        (
            "401",
            Step::status(401),
            Outcome::Rejected,
            ErrorCode::Unauthorized,
        ),
        (
            "reset",
            Step::reset(Point::Request),
            Outcome::NotSent,
            ErrorCode::ConnectionFailed,
        ),
        (
            "cut",
            Step::reset(Point::Body),
            Outcome::NotSent,
            ErrorCode::ConnectionFailed,
        ),
        (
            "stalled",
            Step::stall(Point::Body),
            Outcome::NotSent,
            ErrorCode::TimedOut,
        ),
        (
            "silent",
            Step::stall(Point::Request),
            Outcome::NotSent,
            ErrorCode::TimedOut,
        ),
    ] {
        let server = FaultServer::start().await.unwrap();
        server.set_default(step);
        let client = builder(&server).max_retries(1).build().unwrap();
        let call = client.notify().inbound_media(ID);
        let error = call
            .timeout(Duration::from_millis(1_500))
            .await
            .unwrap_err();
        assert_eq!(
            (error.outcome(), error.code()),
            (Some(outcome), code),
            "{name}: {error}"
        );
        assert_eq!(
            error.message_id().map(InboundMessageId::as_str),
            Some(ID),
            "{name}"
        );
        let repeated = outcome == Outcome::NotSent;
        assert_eq!(error.safe_to_retry(), repeated, "{name}");
        assert_eq!(server.requests().len(), 1 + usize::from(repeated), "{name}");
    }
    let refused = refused_address().unwrap();
    let client = Client::builder().base_url(refused.url()).api_token("token");
    let error = fetch(&client.max_retries(0).build().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed);
}

#[tokio::test]
async fn another_token_is_tried_after_a_401() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::status(401), photo(b"whole")]);
    let count = std::sync::atomic::AtomicUsize::new(0);
    let client = Client::builder()
        .base_url(server.url())
        .token_provider(move || {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            async move { Ok(format!("token{number}")) }
        })
        .build()
        .unwrap();
    assert_eq!(&fetch(&client).await.unwrap().bytes[..], b"whole");
    assert_eq!(
        server.requests()[1].header("authorization"),
        Some("Bearer token1")
    );
}

#[tokio::test]
async fn cancelling_and_closing_stop_it_at_once() {
    let server = FaultServer::start().await.unwrap();
    server.set_default(Step::stall(Point::Body).body(Body::Text("0123456789".to_owned())));
    let client = builder(&server).build().unwrap();
    let pending = client.notify().inbound_media(ID).start();
    server.wait_for_posts(1, SOON).await.unwrap();
    assert_eq!(pending.cancel(), Cancellation::NothingSent);
    let started = Instant::now();
    assert_eq!(pending.await.unwrap_err().code(), ErrorCode::Cancelled);
    let pending = client.notify().inbound_media(ID).start();
    server.wait_for_posts(2, SOON).await.unwrap();
    client.close().await;
    assert_eq!(pending.await.unwrap_err().code(), ErrorCode::Cancelled);
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "no wait for a file"
    );
}

#[tokio::test]
async fn it_is_reported_and_takes_no_answer_of_a_reply() {
    let server = FaultServer::start().await.unwrap();
    let seen: Arc<Mutex<Vec<Attempt>>> = Arc::default();
    let sink = Arc::clone(&seen);
    let client = builder(&server)
        .observer(move |attempt: &Attempt| sink.lock().unwrap().push(attempt.clone()))
        .build()
        .unwrap();
    let reply = Reply::parse("+33612345678", "Hi", ID).unwrap();
    client.notify().reply(reply.clone()).await.unwrap();
    server.script(vec![photo(b"whole")]);
    assert_eq!(&fetch(&client).await.unwrap().bytes[..], b"whole");
    client.notify().reply(reply).await.unwrap();
    let connections: Vec<_> = server.requests().iter().map(|r| r.connection).collect();
    assert_ne!(
        connections[0], connections[1],
        "a file goes on a connection of its own"
    );
    assert_eq!(
        connections[1], connections[2],
        "which the next reply may use"
    );
    let seen = seen.lock().unwrap();
    let operations: Vec<_> = seen.iter().map(|attempt| attempt.operation).collect();
    assert_eq!(operations, ["reply", "inbound_media", "reply"]);
    assert_eq!(
        seen[1].message_id.as_ref().map(InboundMessageId::as_str),
        Some(ID)
    );
    assert_eq!((seen[1].status, seen[1].sent_id.clone()), (Some(200), None));
}
