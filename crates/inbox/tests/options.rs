//! Wrong options are refused by name when the inbox is built, and never ignored.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

use std::time::Duration;

use backchat_inbox::core::{Client, Webhook};
use backchat_inbox::{Inbox, InboxBuilder, QueueOptions};

fn builder() -> InboxBuilder {
    let client = Client::builder()
        .api_token("token")
        .base_url("http://127.0.0.1:1")
        .timeout(Duration::from_secs(8))
        .build()
        .unwrap();
    Inbox::builder(client, Webhook::unverified())
}

/// The option that the error names; `None`: it was built.
fn refused(builder: InboxBuilder) -> Option<String> {
    let text = builder.build().err()?.to_string();
    Some(text.split('`').nth(1).unwrap().to_owned())
}

#[test]
fn each_wrong_option_is_named() {
    let queue = |options: QueueOptions| builder().queue(options);
    let options = QueueOptions::default;
    let second = Duration::from_secs(1);
    let zero = Duration::ZERO;
    let century = Duration::from_hours(100 * 365 * 24);
    for (built, option) in [
        (builder(), None),
        (queue(options()), None),
        (builder().lease(zero), Some("lease")),
        // A slow POST would count as `maybe_sent`, and be re-armed while it is under way.
        (builder().lease(8 * second), Some("lease")),
        // The store may take 10 s to open the gate.
        (builder().lease(17 * second), Some("lease")),
        (builder().lease(18 * second), None),
        (builder().lease(Duration::MAX), Some("lease")),
        (builder().lease(century), None),
        (builder().handler_timeout(zero), Some("handler_timeout")),
        (
            builder().handler_timeout(120 * second),
            Some("handler_timeout"),
        ),
        (builder().handler_timeout(119 * second), None),
        (
            builder().handler_timeout(Duration::MAX),
            Some("handler_timeout"),
        ),
        (builder().retention(zero), Some("retention")),
        (
            builder().retention(Duration::from_hours(14 * 24)),
            Some("retention"),
        ),
        (builder().retention(Duration::from_hours(15 * 24)), None),
        (builder().retention(century), None),
        (builder().retention(Duration::MAX), Some("retention")),
        (
            builder().max_event_age(Duration::MAX),
            Some("max_event_age"),
        ),
        (builder().max_event_age(zero), Some("max_event_age")),
        (builder().max_event_age(None), None),
        (builder().max_attempts(0), Some("max_attempts")),
        (builder().scope(""), Some("scope")),
        (builder().slot(""), Some("slot")),
        (queue(options().concurrency(0)), Some("concurrency")),
        (
            queue(options().concurrency(usize::MAX)),
            Some("concurrency"),
        ),
        (queue(options().max_attempts(0)), Some("max_attempts")),
        (queue(options().poll(zero)), Some("poll")),
        (queue(options().poll(Duration::MAX)), Some("poll")),
        (queue(options().backoff(zero, second)), Some("backoff")),
        (
            queue(options().backoff(second, zero)),
            Some("longest_backoff"),
        ),
        (
            queue(options().backoff(2 * second, second)),
            Some("longest_backoff"),
        ),
    ] {
        let shown = format!("{built:?}");
        assert_eq!(refused(built).as_deref(), option, "{shown}");
    }
}

#[tokio::test]
async fn a_store_without_a_name_is_refused() {
    for name in ["", " "] {
        let error = builder().store(name).await.err().unwrap();
        assert_eq!(error.code().as_str(), "configuration");
        assert!(error.to_string().contains("`store`"), "{error}");
    }
}
