//! What the server receives from a client, and what the client makes of its answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::time::Duration;

use backchat_core::{
    Answered, CallbackUrl, Client, ClientBuilder, CorrelationId, Error, ErrorClass, ErrorCode,
    Event, InboundMessage, Latest, Outcome, PhoneNumber, Reply, Template,
};
use backchat_tests::fault::{FaultServer, Point, Step, TlsFault};
use serde_json::{Value, json};

fn builder(url: &str) -> ClientBuilder {
    Client::builder().base_url(url).api_token("token")
}

fn message() -> InboundMessage {
    let json = include_str!("../vectors/seed-event.json");
    match Event::from_json(json).unwrap() {
        Event::InboundMessage(message) => message,
        other => panic!("{other:?}"),
    }
}

fn template() -> Template {
    Template::parse("template_01k8ap1btqf5r9fq2c8ax5fhc9")
        .unwrap()
        .variable("name", "Ada")
}

fn body(server: &FaultServer, index: usize) -> Value {
    server.requests()[index].json().unwrap()
}

#[tokio::test]
async fn a_reply_is_what_the_documentation_shows() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(server.url()).build().unwrap();
    let mut reply = Reply::to_message(&message(), "Thanks!").unwrap();
    reply.correlation_id = Some(CorrelationId::parse("order 7").unwrap());
    let sent = client.notify().reply(reply).await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v2/notify/reply")
    );
    assert_eq!(request.header("authorization"), Some("Bearer token"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("idempotency-key"), None);
    assert_eq!(
        body(&server, 0),
        json!({
            "to": "+33612345678",
            "text": "Thanks!",
            "reply_to": "im_01k8aq2zggeyssvt53zgvpx63a",
            "correlation_id": "order 7",
        })
    );
    assert!(sent.id.as_str().starts_with("tx_"));
    assert_eq!(sent.text, "Thanks!");
    assert!(sent.created_at.unwrap().instant().is_some());
    assert_eq!(sent.raw.to_value()["id"], sent.id.as_str());
}

#[tokio::test]
async fn a_correlation_id_names_the_message_and_is_never_the_same_twice() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(server.url()).build().unwrap();
    client.reply(&message(), "one").await.unwrap();
    client.reply(&message(), "two").await.unwrap();
    let ids: Vec<_> = (0..2)
        .map(|i| {
            body(&server, i)["correlation_id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
    for id in ids {
        assert!(id.starts_with("im_01k8aq2zggeyssvt53zgvpx63a."), "{id}");
        assert!(id.len() <= 80);
    }
}

#[tokio::test]
async fn the_callback_url_of_the_client_goes_with_every_message() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(server.url())
        .callback_url("https://example.com/delivery")
        .build()
        .unwrap();
    client.reply(&message(), "one").await.unwrap();
    let mut reply = Reply::to_message(&message(), "two").unwrap();
    reply.callback_url = Some(CallbackUrl::parse("https://example.com/other").unwrap());
    client.notify().reply(reply).await.unwrap();
    let to = PhoneNumber::parse("+33612345678").unwrap();
    client.notify().send(template().to(to)).await.unwrap();
    assert_eq!(
        body(&server, 0)["callback_url"],
        "https://example.com/delivery"
    );
    assert_eq!(
        body(&server, 1)["callback_url"],
        "https://example.com/other"
    );
    assert_eq!(
        body(&server, 2)["callback_url"],
        "https://example.com/delivery"
    );
    assert_eq!(server.requests()[2].path, "/v2/notify");
    assert_eq!(body(&server, 2)["variables"], json!({"name": "Ada"}));
}

#[tokio::test]
async fn the_template_follows_only_the_servers_own_window_expired() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(server.url()).build().unwrap();

    let answered = client.reply_or_template(&message(), "Hi", template()).await;
    assert!(matches!(answered, Ok(Answered::Reply(_))));
    assert_eq!(server.posts(), 1);

    server.script(vec![Step::error(400, "window_expired")]);
    let answered = client.reply_or_template(&message(), "Hi", template()).await;
    let Ok(Answered::Template(sent)) = answered else {
        panic!("{answered:?}");
    };
    assert_eq!(server.posts(), 3);
    let posted = body(&server, 2);
    assert_eq!(posted["template_id"], "template_01k8ap1btqf5r9fq2c8ax5fhc9");
    assert_eq!(posted["to"], "+33612345678");
    assert_eq!(posted["preferred_channel"], "whatsapp");
    assert_eq!(posted["correlation_id"], body(&server, 1)["correlation_id"]);
    assert_eq!(sent.to, "+33612345678");

    for (step, outcome) in [
        (Step::reset(Point::Request), Outcome::MaybeSent),
        (Step::error(400, "phone_number_mismatch"), Outcome::Rejected),
        (Step::error(500, "internal"), Outcome::MaybeSent),
    ] {
        server.reset();
        server.script(vec![step]);
        let error = client.reply_or_template(&message(), "Hi", template()).await;
        assert_eq!(error.unwrap_err().outcome(), Some(outcome));
        assert_eq!(server.posts(), 1);
    }
}

#[tokio::test]
async fn a_template_that_fails_says_so() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(server.url()).build().unwrap();
    server.script(vec![
        Step::error(400, "window_expired"),
        Step::reset(Point::Request),
    ]);
    let error = client.reply_or_template(&message(), "Hi", template()).await;
    assert_eq!(error.unwrap_err().outcome(), Some(Outcome::MaybeSent));
    assert_eq!(server.posts(), 2);
}

#[tokio::test]
async fn what_is_wrong_locally_never_leaves() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(server.url()).build().unwrap();
    let error = client.reply(&message(), "").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::MissingText);
    assert_eq!(error.class(), ErrorClass::MissingText);
    assert_eq!(error.outcome(), Some(Outcome::NotSent));
    assert!(!error.safe_to_retry());
    for (name, value) in [
        ("Authorization", "Bearer other"),
        ("HOST", "other"),
        ("content-length", "1"),
        ("Content-Type", "text/plain"),
        ("idempotency-key", "1"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("x y", "1"),
        ("x-trace", "a\r\nauthorization: Bearer other"),
    ] {
        let error = client.reply(&message(), "Hi").header(name, value).await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Configuration, "{name}");
        assert_eq!(error.outcome(), Some(Outcome::NotSent), "{name}");
    }
    let error = client.reply(&message(), "Hi").timeout(Duration::ZERO).await;
    assert_eq!(error.unwrap_err().code(), ErrorCode::Configuration);
    assert_eq!(server.connections(), 0);
    client
        .reply(&message(), "Hi")
        .header("x-trace", "7")
        .await
        .unwrap();
    assert_eq!(server.requests()[0].header("x-trace"), Some("7"));
}

#[tokio::test]
async fn an_option_that_cannot_be_is_named() {
    let option = |builder: ClientBuilder| match builder.build().unwrap_err() {
        Error::Configuration(e) => e.option,
        other => panic!("{other}"),
    };
    let good = || builder("https://api.prelude.dev");
    assert_eq!(option(builder("http://api.prelude.dev")), "base_url");
    assert_eq!(option(good().timeout(Duration::ZERO)), "timeout");
    assert_eq!(
        option(good().connect_timeout(Duration::ZERO)),
        "connect_timeout"
    );
    assert_eq!(option(good().max_connections(0)), "max_connections");
    assert_eq!(option(good().proxy("socks5://localhost")), "proxy");
    assert_eq!(option(good().proxy("nonsense")), "proxy");
    assert_eq!(option(good().ca_certificate("nonsense")), "ca_certificate");
    assert_eq!(option(good().user_agent("a\nb")), "user_agent");
    let error = good().callback_url("nonsense").build().unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidCallbackUrl);
    for (token, code) in [
        ("", ErrorCode::MissingApiToken),
        ("a\n", ErrorCode::InvalidApiToken),
    ] {
        let error = good().api_token(token).build().unwrap_err();
        assert_eq!(error.code(), code);
        assert_eq!(error.class(), ErrorClass::Authentication);
    }
}

#[tokio::test]
async fn a_failing_token_provider_sends_nothing() {
    let server = FaultServer::start().await.unwrap();
    let client = Client::builder()
        .base_url(server.url())
        .token_provider(|| async { Err("the session has ended".into()) })
        .build()
        .unwrap();
    let error = client.reply(&message(), "Hi").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::MissingApiToken);
    assert_eq!(error.outcome(), Some(Outcome::NotSent));
    assert!(error.safe_to_retry());
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_token_provider_is_asked_before_each_call() {
    let server = FaultServer::start().await.unwrap();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let client = Client::builder()
        .base_url(server.url())
        .token_provider(move || {
            let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            async move { Ok(format!("token{n}")) }
        })
        .build()
        .unwrap();
    for _ in 0..3 {
        client.reply(&message(), "Hi").await.unwrap();
    }
    let seen: Vec<_> = server
        .requests()
        .iter()
        .map(|r| r.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(seen, ["Bearer token0", "Bearer token1", "Bearer token2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_are_reused_and_limited() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(server.url()).max_connections(4).build().unwrap();
    for _ in 0..100 {
        let calls: Vec<_> = (0..32)
            .map(|_| client.reply(&message(), "Hi").start())
            .collect();
        for call in calls {
            call.await.unwrap();
        }
    }
    assert_eq!(server.posts(), 3_200);
    assert_eq!(server.connections(), 4);
}

#[tokio::test]
async fn waiting_for_a_connection_counts_to_the_deadline() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::stall(Point::Request)]);
    let client = builder(server.url()).max_connections(1).build().unwrap();
    let stalled = client.reply(&message(), "first").start();
    server
        .wait_for_posts(1, Duration::from_secs(5))
        .await
        .unwrap();
    let second = client
        .reply(&message(), "second")
        .timeout(Duration::from_millis(150));
    let error = second.await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TimedOut);
    assert_eq!(error.outcome(), Some(Outcome::NotSent));
    assert_eq!(server.posts(), 1);
    drop(stalled);
}

#[tokio::test]
async fn no_post_begins_after_the_latest_moment_of_its_call() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(server.url()).build().unwrap();
    let call = |time| {
        let call = client.reply(&message(), "Hi");
        call.begin_before(Latest::after(time))
    };
    let error = call(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TimedOut);
    assert_eq!(error.outcome(), Some(Outcome::NotSent));
    assert_eq!(server.requests().len(), 0);
    call(Duration::from_mins(1)).await.unwrap();
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn an_outage_is_not_multiplied() {
    let server = FaultServer::start().await.unwrap();
    server.set_default(Step::status(425));
    let client = builder(server.url()).max_retries(2).build().unwrap();
    let calls: Vec<_> = (0..120)
        .map(|_| {
            client
                .reply(&message(), "Hi")
                .timeout(Duration::from_secs(20))
                .start()
        })
        .collect();
    for call in calls {
        assert!(call.await.is_err());
    }
    assert_eq!(server.posts(), 120 + 100, "a hundred retries, then none");
}

#[tokio::test]
async fn tls_without_the_authority_is_refused_and_with_it_taken() {
    let server = FaultServer::start_tls(TlsFault::Valid).await.unwrap();
    let stranger = builder(server.url()).build().unwrap();
    let error = stranger.reply(&message(), "Hi").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TlsFailed);
    for store in [
        backchat_core::TrustStore::Platform,
        backchat_core::TrustStore::WebpkiRoots,
        backchat_core::TrustStore::GivenOnly,
    ] {
        let client = builder(server.url())
            .trust_store(store)
            .ca_certificate(server.ca_pem())
            .build()
            .unwrap();
        client.reply(&message(), "Hi").await.unwrap();
    }
    assert_eq!(server.posts(), 3);
}

#[tokio::test]
async fn a_panic_in_a_token_provider_is_its_own() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::status(401)]);
    let asked = std::sync::atomic::AtomicBool::new(false);
    let client = Client::builder()
        .base_url(server.url())
        .token_provider(move || {
            let again = asked.swap(true, std::sync::atomic::Ordering::Relaxed);
            async move {
                assert!(!again, "the provider's own mistake");
                Ok("token".to_owned())
            }
        })
        .build()
        .unwrap();
    let error = client.reply(&message(), "Hi").await.unwrap_err();
    assert_eq!(
        (error.status(), error.outcome()),
        (Some(401), Some(Outcome::Rejected))
    );
    let error = client.reply(&message(), "Hi").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::MissingApiToken);
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn what_a_server_writes_reaches_no_log_unless_it_is_a_word() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(server.url()).build().unwrap();
    let forged = Step::error(400, "x\nERROR +33612345678").header("x-request-id", "a +33612345678");
    server.script(vec![forged]);
    let error = client.reply(&message(), "Hi").await.unwrap_err();
    assert_eq!(error.code().as_str(), "x\nERROR +33612345678");
    for printed in [format!("{error}"), format!("{error:?}")] {
        assert!(!printed.contains("3361234"), "{printed}");
        assert!(!printed.contains('\n'), "{printed}");
    }
}
