//! `backchat trigger` against a sandbox and bots that answer, fail, or are not there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use backchat_core::{Client, Event, InboundMessage, Webhook};
use backchat_inbox::Inbox;
use backchat_sandbox::{Sandbox, SandboxHandle};
use serde_json::Value;

const USER: &str = "+33612345678";

/// Serves every POST, and says how many there were.
async fn serve<F>(answer: impl Fn(HeaderMap, Bytes) -> F + Clone + Send + Sync + 'static) -> Server
where
    F: Future<Output = (StatusCode, String)> + Send + 'static,
{
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let app = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
        counted.fetch_add(1, Ordering::SeqCst);
        answer(headers, body)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Server { url, requests }
}

struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
}

/// A bot that answers what its handler says.
async fn bot(sandbox: &SandboxHandle, answer: fn(InboundMessage) -> Option<String>) -> Server {
    let client = Client::builder()
        .api_token(sandbox.token())
        .base_url(sandbox.url())
        .build()
        .unwrap();
    let webhook = Webhook::new(sandbox.public_key_pem()).unwrap();
    let inbox = Inbox::builder(client, webhook).build().unwrap();
    inbox
        .on_message(move |message| async move { answer(message) })
        .unwrap();
    serve(move |headers, body| {
        let inbox = inbox.clone();
        async move {
            let receipt = inbox.receive(&body, &headers).await;
            (StatusCode::from_u16(receipt.status).unwrap(), receipt.body)
        }
    })
    .await
}

async fn sandbox(webhook: Option<&str>) -> SandboxHandle {
    let sandbox = Sandbox::builder().start().await.unwrap();
    sandbox.set_webhook_url(webhook).unwrap();
    sandbox
}

/// The program, with `arguments` behind the user's number and the sandbox's URL.
async fn trigger(sandbox: &SandboxHandle, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backchat"));
    command.args(["trigger", "--from", USER, "--url", sandbox.url()]);
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn lines(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn says_what_the_bot_answered_and_sent() {
    let sandbox = sandbox(None).await;
    let bot = bot(&sandbox, |message| {
        Some(format!("You said: {}", message.text))
    })
    .await;
    sandbox.set_webhook_url(Some(&bot.url)).unwrap();
    let output = trigger(&sandbox, &["--text", "Hi"]).await;
    let shown = lines(&output);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        shown.contains(&format!("{} answered 200 (sent) after 0.", bot.url)),
        "{shown}"
    );
    assert!(shown.contains("attempt 1"), "{shown}");
    assert!(shown.contains(": You said: Hi"), "{shown}");
    // Where a reply was sent, another one is not suggested.
    assert!(!shown.contains("backchat reply"), "{shown}");
    assert_eq!(sandbox.messages().len(), 1);
    assert_eq!(bot.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_get_the_event_and_what_became_of_it() {
    let sandbox = sandbox(None).await;
    let bot = bot(&sandbox, |_| Some("Hello".to_owned())).await;
    sandbox.set_webhook_url(Some(&bot.url)).unwrap();
    let output = trigger(&sandbox, &["--text", "Hi", "--json"]).await;
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["webhook"]["status"], 200);
    assert_eq!(json["webhook"]["attempts"], 1);
    assert_eq!(json["webhook"]["url"], bot.url.as_str());
    assert!(json["webhook"]["seconds"].is_number());
    assert_eq!(json["messages"][0]["text"], "Hello");
    let Ok(Event::InboundMessage(message)) = Event::from_json(&output.stdout) else {
        panic!("no event: {output:?}");
    };
    assert_eq!(message.text, "Hi");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_sends_nothing_took_the_event() {
    let sandbox = sandbox(None).await;
    let bot = bot(&sandbox, |_| None).await;
    sandbox.set_webhook_url(Some(&bot.url)).unwrap();
    let output = trigger(&sandbox, &["--text", "Hi", "--wait", "3600"]).await;
    let shown = lines(&output);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        shown.contains("sent nothing: its handler returned no reply"),
        "{shown}"
    );
    // It chose so: an answer by hand is not suggested either.
    assert!(!shown.contains("backchat reply"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_for_a_reply_that_comes_after_the_answer() {
    let sandbox = sandbox(None).await;
    let client = Client::builder()
        .api_token(sandbox.token())
        .base_url(sandbox.url())
        .build()
        .unwrap();
    let late = serve(move |_, body| {
        let client = client.clone();
        async move {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(300)).await;
                let Ok(Event::InboundMessage(message)) = Event::from_json(&body) else {
                    panic!("no message");
                };
                client.reply(&message, "At last").await.unwrap();
            });
            (StatusCode::OK, "queued".to_owned())
        }
    })
    .await;
    sandbox.set_webhook_url(Some(&late.url)).unwrap();
    let output = trigger(&sandbox, &["--text", "Hi", "--wait", "60"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(lines(&output).contains(": At last"), "{output:?}");
    assert_eq!(sandbox.messages().len(), 1);

    let never = serve(|_, _| async { (StatusCode::OK, "queued".to_owned()) }).await;
    sandbox.set_webhook_url(Some(&never.url)).unwrap();
    let output = trigger(&sandbox, &["--text", "Hi", "--wait", "0.1"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(lines(&output).contains("waits in its queue"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_fails_is_a_failure() {
    for (status, said) in [
        (401, "PRELUDE_WEBHOOK_PUBLIC_KEY"),
        (404, "check its path"),
        (500, "failed with 500"),
        (503, "sent the event again"),
        (302, "failed with 302"),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let bot = serve(move |_, _| async move { (status, "why\u{1b}[2J".to_owned()) }).await;
        let sandbox = sandbox(Some(&bot.url)).await;
        let output = trigger(&sandbox, &["--text", "Hi", "--wait", "3600"]).await;
        assert_eq!(output.status.code(), Some(8), "{output:?}");
        let shown = lines(&output);
        assert!(
            shown.contains(&format!("answered {} (why [2J)", status.as_u16())),
            "{shown}"
        );
        assert!(shown.contains("it comes again at "), "{shown}");
        assert!(shown.contains("the bot sent nothing"), "{shown}");
        assert!(errors(&output).contains(said), "{output:?}");
        assert_eq!(bot.requests.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_down_is_a_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    drop(listener);
    let sandbox = sandbox(Some(&url)).await;
    for json in [&["--text", "Hi"][..], &["--text", "Hi", "--json"]] {
        let output = trigger(&sandbox, json).await;
        assert_eq!(output.status.code(), Some(8), "{output:?}");
        assert!(
            errors(&output).contains("is not reached: start the bot"),
            "{output:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_status_than_200_brings_it_again() {
    let bot = serve(|_, _| async { (StatusCode::NO_CONTENT, String::new()) }).await;
    let sandbox = sandbox(Some(&bot.url)).await;
    let output = trigger(&sandbox, &["--text", "Hi", "--wait", "0"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(lines(&output).contains("only 200 ends it"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_webhook_nothing_is_expected() {
    let sandbox = sandbox(None).await;
    let output = trigger(&sandbox, &["--text", "Hi", "--wait", "3600"]).await;
    let shown = lines(&output);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(shown.contains("no webhook"), "{shown}");
    assert!(
        shown.contains("backchat reply --to +33612345678 --reply-to im_"),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn need_not_wait() {
    let silent = serve(|_, _| std::future::pending()).await;
    let sandbox = sandbox(Some(&silent.url)).await;
    let output = trigger(&sandbox, &["--text", "Hi", "--no-wait"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(lines(&output).contains("answer it with"), "{output:?}");
    let output = trigger(&sandbox, &["--text", "Hi", "--no-wait", "--json"]).await;
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["payload"]["content"]["text"], "Hi");
    assert_eq!(json.get("webhook"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_may_come_with_and_without_a_caption() {
    let sandbox = sandbox(None).await;
    let path = std::env::temp_dir().join(format!("backchat-trigger-{}.png", std::process::id()));
    std::fs::write(&path, b"\x89PNG").unwrap();
    let file = path.to_str().unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    for (arguments, content_type, text) in [
        (&["--file", file][..], "image/png", Value::Null),
        (
            &["--file", file, "--text", "Look"],
            "image/png",
            "Look".into(),
        ),
        (
            &["--file", file, "--content-type", "image/webp"],
            "image/webp",
            Value::Null,
        ),
    ] {
        let output = trigger(&sandbox, &[arguments, &["--json"]].concat()).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let event: Value = serde_json::from_slice(&output.stdout).unwrap();
        let content = &event["payload"]["content"];
        assert_eq!(content["media"]["content_type"], content_type);
        assert_eq!(content["media"]["filename"], name);
        assert_eq!(content["text"], text);
    }
    std::fs::remove_file(&path).unwrap();
    for (arguments, code) in [
        (&["--file", file][..], 1),
        (&[], 2),
        (&["--content-type", "image/png", "--text", "Hi"], 2),
        (&["--text", "Hi", "--wait", "-1"], 2),
        (&["--text", "Hi", "--wait=-1"], 2),
        (&["--text", "Hi", "--wait=NaN"], 2),
    ] {
        let output = trigger(&sandbox, arguments).await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {output:?}");
    }
}
