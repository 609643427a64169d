//! Start, reset, stop.

use std::net::SocketAddr;
use std::time::Duration;

use backchat_sandbox::{Fault, Inbound, Sandbox, SandboxError, SandboxHandle, Template};
use serde_json::json;

use crate::common::{Behaviour, DAY, Receiver, USER, builder, post, reply, sandbox};

async fn refused(start: impl Future<Output = Result<SandboxHandle, SandboxError>>) -> String {
    match start.await {
        Ok(sandbox) => panic!("started: {sandbox:?}"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn wrong_settings_are_told_at_the_start() {
    for (builder, name) in [
        (builder().token("two words"), "`token`"),
        (builder().business_number("here"), "`business_number`"),
        (builder().webhook_url("here"), "`url`"),
        (
            builder().template(Template::new("order", "Hi")),
            "`template_id`",
        ),
    ] {
        let error = refused(builder.start()).await;
        assert!(error.contains(name), "{error}");
    }
    let first = sandbox().await;
    let error = refused(builder().listen(first.address()).start()).await;
    assert!(error.contains("cannot listen"), "{error}");
}

#[test]
fn needs_a_runtime() {
    let start = std::pin::pin!(Sandbox::builder().start());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let started = start.poll(&mut context);
    assert!(matches!(
        started,
        std::task::Poll::Ready(Err(SandboxError::NoRuntime))
    ));
}

#[tokio::test]
async fn two_do_not_know_each_other() {
    let (one, two) = (sandbox().await, sandbox().await);
    assert_ne!(one.url(), two.url());
    let event = one.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let answer = reply(&two, &event.message_id.unwrap()).await;
    assert_eq!(answer.code(), "invalid_reply_context");
}

#[tokio::test]
async fn a_reset_is_a_new_start() {
    let receiver = Receiver::start().await;
    receiver.will(vec![Behaviour::Status(500); 9]);
    let sandbox = builder()
        .webhook_url(&receiver.url)
        .template(Template::new("template_1", "Hi"))
        .start()
        .await
        .unwrap();
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let id = event.message_id.unwrap();
    assert_eq!(reply(&sandbox, &id).await.status, 200);
    let before = sandbox.now();
    sandbox.advance(Duration::from_secs(30)).await.unwrap();
    sandbox.fail_next(Fault::status(503)).unwrap();
    sandbox.set_account(|account| account.balance = 0.0);
    sandbox.set_webhook_url(None).unwrap();
    sandbox
        .add_template(Template::new("template_2", "Hi"))
        .unwrap();
    let attempts = receiver.requests().len();

    sandbox.reset();
    assert!(sandbox.now().duration_since(before).as_secs() < 25);
    assert!(sandbox.messages().is_empty() && sandbox.deliveries().is_empty());
    assert!(sandbox.faults().is_empty());
    assert_eq!(
        sandbox.webhook_url().as_deref(),
        Some(receiver.url.as_str())
    );
    assert_eq!(sandbox.templates().len(), 1);
    assert_eq!(reply(&sandbox, &id).await.code(), "invalid_reply_context");
    // What was due is not due any more.
    sandbox.advance(DAY).await.unwrap();
    assert_eq!(receiver.requests().len(), attempts);
    let body = json!({"template_id": "template_1", "to": USER});
    assert_eq!(post(&sandbox, "/v2/notify", body).await.status, 200);
}

#[tokio::test]
async fn a_reset_ends_what_is_under_way() {
    let receiver = Receiver::start().await;
    receiver.will([Behaviour::Silence]);
    let sandbox = builder().webhook_url(&receiver.url).start().await.unwrap();
    let message = Inbound::new(USER, "Hi").without_waiting();
    sandbox.inbound(message).await.unwrap();
    let controls = sandbox.controls();
    let advance = tokio::spawn(async move { controls.advance(DAY).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    sandbox.reset();
    // Not after the 10 s of the silent receiver.
    let advanced = tokio::time::timeout(Duration::from_secs(5), advance).await;
    assert!(matches!(
        advanced.unwrap().unwrap(),
        Err(SandboxError::Stopped)
    ));
    sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let deliveries = sandbox.deliveries();
    assert_eq!(deliveries.len(), 1);
    assert!(deliveries[0].succeeded());
}

async fn is_open(address: SocketAddr) -> bool {
    tokio::net::TcpStream::connect(address).await.is_ok()
}

#[tokio::test]
async fn stops_when_told_and_when_dropped() {
    let sandbox = sandbox().await;
    let (address, controls) = (sandbox.address(), sandbox.controls());
    assert!(is_open(address).await);
    sandbox.stop().await;
    assert!(!is_open(address).await);
    let advanced = controls.advance(DAY).await;
    assert!(matches!(advanced, Err(SandboxError::Stopped)));

    let sandbox = crate::common::sandbox().await;
    let address = sandbox.address();
    drop(sandbox);
    for _ in 0..200 {
        if !is_open(address).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("still open after 5 s");
}

#[tokio::test]
async fn prints_no_secrets() {
    let sandbox = builder().token("canary-token").start().await.unwrap();
    let text = Inbound::new(USER, "canary-text");
    let event = sandbox.inbound(text).await.unwrap();
    sandbox.set_account(|account| {
        account.blocked_numbers.insert(USER.to_owned());
    });
    let printed = format!(
        "{sandbox:?} {:?} {event:?}",
        builder().token("canary-token")
    );
    for secret in ["canary", USER, "PRIVATE"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
