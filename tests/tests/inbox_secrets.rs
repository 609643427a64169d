//! A Rust application logs all that its libraries have to say: no text, no number and no password of
//! an inbox is in it, whatever the store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backchat_inbox::core::{InboundMessage, Webhook};
use backchat_inbox::{Inbox, QueueOptions};
use backchat_tests::inbox::api::{Api, Verdict};
use backchat_tests::inbox::database::Database;
use backchat_tests::inbox::event::{NO_HEADERS, inbound, sender};
use backchat_tests::inbox::place::Place;
use backchat_tests::inbox::worker::Config;
use tracing_subscriber::fmt::MakeWriter;

const PASSWORD: &str = "canary-s3cret";

/// Everything that was logged so far.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Logged {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Message 1 through the queue of a store.
async fn queued(url: &str) {
    let api = Api::start(|_, _| Verdict::YES).await.unwrap();
    let builder = Inbox::builder(Config::client(&api.url).unwrap(), Webhook::unverified());
    let inbox = builder
        .store(url)
        .await
        .unwrap()
        .queue(QueueOptions::default())
        .build()
        .unwrap();
    inbox
        .on_message(|message: InboundMessage| async move { format!("Re: {}", message.text) })
        .unwrap();
    let receipt = inbox.receive(&inbound(1, 10), NO_HEADERS).await;
    assert_eq!((receipt.status, &*receipt.body), (200, "queued"));
    let running = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.run().await }
    });
    assert!(api.wait_for(1, Duration::from_secs(20)).await);
    inbox.shutdown().await;
    running.await.unwrap();
    assert_eq!(api.count(), 1);
    assert_eq!(inbox.forget(&sender(1, 10)).await.unwrap(), 1);
}

#[test]
fn the_drivers_log_no_text_and_no_number() {
    let logged = Logged::default();
    // Also what is logged through `log`, as drivers do.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(logged.clone())
        .init();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let sqlite = Place::sqlite();
        queued(&sqlite.url).await;
        for parameters in ["", "&pgbouncer=true"] {
            let Some(database) = Database::new().await else {
                return;
            };
            let url = database.url_of(&format!("backchat:{PASSWORD}"), parameters);
            queued(&url).await;
        }
        let text = logged.text();
        for driver in ["tokio_postgres", "backchat_ledger"] {
            assert!(text.contains(driver), "{driver} has logged nothing");
        }
    });
    let text = logged.text();
    assert!(text.lines().count() > 20, "{text}");
    let number = sender(1, 10);
    let digits = number.trim_start_matches('+');
    for canary in ["Question 1", digits, PASSWORD] {
        let found = text.lines().find(|line| line.contains(canary));
        assert_eq!(found, None, "{canary:?} is logged");
        // As a list of bytes.
        let bytes: Vec<String> = canary.bytes().map(|byte| byte.to_string()).collect();
        assert!(
            !text.contains(&bytes.join(", ")),
            "{canary:?} is logged as bytes"
        );
    }
}
