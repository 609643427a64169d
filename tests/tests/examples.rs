//! The examples are programs that people copy: each runs here, as a process of its own, against the
//! sandbox, and the README shows the very file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use backchat_sandbox::{Inbound, Sandbox, SandboxHandle};
use backchat_tests::example;

/// An example under way; ended with the test.
struct Example {
    process: Child,
    url: String,
}

impl Example {
    fn start(name: &str, store: &str, sandbox: &SandboxHandle) -> Self {
        let mut process = Command::new(example::program(name).unwrap())
            .env("BACKCHAT_STORE", store)
            .env("BACKCHAT_LISTEN", "127.0.0.1:0")
            .env("PRELUDE_API_TOKEN", sandbox.token())
            .env("PRELUDE_BASE_URL", sandbox.url())
            .env("PRELUDE_WEBHOOK_PUBLIC_KEY", sandbox.public_key_pem())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let stdout = process.stdout.take().unwrap();
        let mut lines = BufReader::new(stdout);
        lines.read_line(&mut first).unwrap();
        // Whoever prints to nobody fails.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        let url = first
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self { process, url }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A user writes, the webhook is delivered twice, and one answer goes out.
async fn answers_once(example: &str, store: &str) {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let bot = Example::start(example, store, &sandbox);
    let webhook = format!("{}/webhooks/prelude", bot.url);
    sandbox.set_webhook_url(Some(&webhook)).unwrap();
    let event = sandbox
        .inbound(Inbound::new("+33612345678", "Hi"))
        .await
        .unwrap();
    assert!(sandbox.redeliver(&event.id).await.unwrap().succeeded());
    for _ in 0..200 {
        if !sandbox.messages().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(sandbox.redeliver(&event.id).await.unwrap().succeeded());
    sandbox.advance(Duration::ZERO).await.unwrap();
    let sent = sandbox.messages();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].text(), "You said: Hi");
    assert_eq!(sent[0].to(), "+33612345678");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quickstart_answers_once() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("quickstart");
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let database = folder.join("inbox.db");
    answers_once("quickstart", &format!("sqlite:{}", database.display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_bot_answers_once_with_postgres() {
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    if let Ok(url) = std::env::var("BACKCHAT_TEST_POSTGRES") {
        answers_once("queue_bot", &url).await;
    } else {
        assert!(
            !ci,
            "BACKCHAT_TEST_POSTGRES must be set: `cargo xtask test` does it"
        );
        println!("SKIPPED: BACKCHAT_TEST_POSTGRES is not set");
    }
}

#[test]
fn the_readme_shows_the_file_that_runs() {
    let readme = include_str!("../../README.md");
    let shown = include_str!("../examples/quickstart.rs").trim();
    assert!(
        readme.contains(shown),
        "README.md does not show the quickstart as it is"
    );
}
