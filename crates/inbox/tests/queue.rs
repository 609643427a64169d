//! Queue mode: stored first, answered by workers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod desk;
mod places;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backchat_inbox::core::Webhook;
use backchat_inbox::{Inbox, QueueOptions, State};
use desk::{ANNA, Api, Mood, hello, id, message, post_to, status};

const BEN: &str = "+33600000002";

fn quick() -> QueueOptions {
    QueueOptions::default()
        .concurrency(4)
        .max_attempts(3)
        .backoff(Duration::from_millis(10), Duration::from_millis(40))
        .poll(Duration::from_millis(20))
}

async fn queue(api: &Api, url: &str) -> Inbox {
    let builder = Inbox::builder(api.client(), Webhook::unverified());
    let builder = builder.store(url).await.unwrap();
    let inbox = builder.queue(quick()).build();
    inbox.on_message(|message| async move { format!("You said: {}", message.text) });
    inbox
}

fn run(inbox: &Inbox) -> tokio::task::JoinHandle<()> {
    let inbox = inbox.clone();
    tokio::spawn(async move { inbox.run().await })
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = places::Folder::new();
    answers_in_order_and_drains(&folder.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    if let Some(database) = places::Database::new().await {
        answers_in_order_and_drains(database.url()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    answers_in_order_and_drains("memory:").await;
}

async fn answers_in_order_and_drains(url: &str) {
    let api = Api::new().await;
    let inbox = queue(&api, url).await;
    for number in 0..40 {
        let from = if number % 2 == 0 { ANNA } else { BEN };
        let event = message(number, from, &format!("{from} {number:02}"));
        let receipt = post_to(&inbox, &event).await;
        assert_eq!((receipt.status, receipt.body.as_str()), (200, "queued"));
        assert_eq!(post_to(&inbox, &event).await.body, "duplicate");
    }
    assert!(api.posts().is_empty());
    let running = run(&inbox);
    api.posted(40).await;
    inbox.shutdown().await;
    running.await.unwrap();
    assert_eq!(inbox.counts().await.unwrap(), [(State::Sent, 40)].into());
    for sender in [ANNA, BEN] {
        let texts = api.texts();
        let texts: Vec<_> = texts.iter().filter(|text| text.contains(sender)).collect();
        assert_eq!(texts.len(), 20);
        assert!(texts.is_sorted(), "{texts:?}");
    }
    assert_eq!(post_to(&inbox, &hello(0)).await.body, "duplicate");
    for record in inbox.list(None, None).await.unwrap() {
        assert_eq!(record.event, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_then_listed() {
    let api = Api::new().await;
    let inbox = queue(&api, "memory:").await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    inbox.on_message(move |message| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            if message.text.as_str() == "Hello" {
                Err("it cannot be done")
            } else {
                Ok("Fine")
            }
        }
    });
    let running = run(&inbox);
    status(&inbox, &hello(1)).await;
    status(&inbox, &message(2, ANNA, "Good day")).await;
    // The second waits for the first, which is given up.
    api.posted(1).await;
    inbox.shutdown().await;
    running.await.unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 3 + 1);
    let listed = inbox.list(Some(State::Released), None).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].is_given_up());
    assert_eq!(listed[0].code.as_deref(), Some("handler_failed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maybe_sent_keeps_its_event_for_the_operator() {
    let api = Api::new().await;
    let inbox = queue(&api, "memory:").await;
    let running = run(&inbox);
    api.be(Mood::Breaks);
    status(&inbox, &hello(1)).await;
    api.posted(1).await;
    desk::until(|| true).await;
    while inbox.outcome(&id(1)).await.unwrap().unwrap().state != State::MaybeSent {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    api.be(Mood::Fine);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(api.posts().len(), 1);
    inbox.rearm(&id(1)).await.unwrap();
    api.posted(2).await;
    inbox.shutdown().await;
    running.await.unwrap();
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_takes_over_after_the_lease() {
    let api = Api::new().await;
    let folder = places::Folder::new();
    let builder = || Inbox::builder(api.client(), Webhook::unverified());
    // A worker that dies in its handler.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = folder.url();
    let dying = builder().store(&url).await.unwrap();
    let dying = dying
        .lease(Duration::from_millis(100))
        .queue(quick())
        .build();
    let begun = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&begun);
    dying.on_message(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<String>()
    });
    assert_eq!(status(&dying, &hello(1)).await, 200);
    let inbox = dying.clone();
    runtime.spawn(async move { inbox.run().await });
    desk::until(|| begun.load(Ordering::Relaxed) > 0).await;
    runtime.shutdown_background();
    let next = queue(&api, &url).await;
    let running = run(&next);
    api.posted(1).await;
    next.shutdown().await;
    running.await.unwrap();
    let record = next.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Sent);
    assert_eq!(record.attempts, 2);
}

/// The event is read again from its bytes: what the signature said must not be lost.
#[tokio::test(flavor = "multi_thread")]
async fn the_message_is_as_it_came() {
    let api = Api::new().await;
    let inbox = queue(&api, "memory:").await;
    inbox.on_message(|message| async move {
        assert!(message.verified);
        assert_eq!(message.from, ANNA);
        "Yes"
    });
    let mut event = backchat_inbox::core::Event::from_json(hello(1)).unwrap();
    if let backchat_inbox::core::Event::InboundMessage(message) = &mut event {
        message.verified = true;
    }
    assert_eq!(inbox.handle(event).await.status, 200);
    let running = run(&inbox);
    api.posted(1).await;
    inbox.shutdown().await;
    running.await.unwrap();
    assert_eq!(api.texts(), ["Yes"]);
}
