//! Queue mode: stored first, answered by workers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod desk;
mod places;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use backchat_inbox::core::{Event, InboundMessage, Template, Webhook};
use backchat_inbox::store::MemoryStore;
use backchat_inbox::{Answer, Claim, End, Gate, Inbox, QueueOptions, Rearmed, Stage, State, Store};
use desk::{ANNA, Api, Failures, Mood, TestClock, hello, id, message, post_to, status};

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
    desk::echoing(builder.queue(quick()).build().unwrap())
}

/// A queue in memory, without handlers.
fn silent(api: &Api) -> Inbox {
    api.silent(|builder| builder.queue(quick()))
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
    let inbox = silent(&api);
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let answer = move |message: InboundMessage| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            if message.text.as_str() == "Hello" {
                Err("it cannot be done")
            } else {
                Ok("Fine")
            }
        }
    };
    inbox.on_message(answer).unwrap();
    let failures = Failures::of(&inbox);
    let running = run(&inbox);
    status(&inbox, &hello(1)).await;
    status(&inbox, &message(2, ANNA, "Good day")).await;
    // The second waits for the first, which is given up.
    api.posted(1).await;
    inbox.shutdown().await;
    running.await.unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 3 + 1);
    let listed = inbox.list(Some(State::GivenUp), None).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].code.as_deref(), Some("handler_failed"));
    // The event is kept: an operator may have it answered after all.
    assert!(listed[0].event.is_some());
    let expected = [
        (Stage::Handler, false),
        (Stage::Handler, false),
        (Stage::Handler, true),
    ];
    assert_eq!(failures.list(), expected);
    assert_eq!(failures.last().message_id, Some(id(1)));
    let counts = inbox.counts().await.unwrap();
    assert_eq!(counts, [(State::GivenUp, 1), (State::Sent, 1)].into());
}

/// The network is away for a day: the last try meets the closed window, and its template.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sent_is_tried_for_a_day_with_one_answer() {
    let api = Api::new().await;
    let clock = TestClock::new();
    let options = quick().backoff(Duration::from_millis(1), Duration::from_millis(1));
    let inbox = api.silent(|builder| builder.queue(options).clock(clock.read()));
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let answer = move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Answer::text("Hello").or_template(Template::parse("template_1").unwrap()) }
    };
    inbox.on_message(answer).unwrap();
    let failures = Failures::of(&inbox);
    let running = run(&inbox);
    api.be(Mood::Refuses(429, "slow_down"));
    status(&inbox, &hello(1)).await;
    // More tries than a failing handler has.
    for tries in 1..10 {
        api.posted(tries).await;
        let listed = async || inbox.list(Some(State::Retrying), None).await.unwrap();
        while listed().await.len() != 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(inbox.counts().await.unwrap(), [(State::Retrying, 1)].into());
        clock.forward(Duration::from_hours(1));
    }
    api.be(Mood::Refuses(400, "window_expired"));
    clock.forward(Duration::from_hours(15));
    desk::until(|| {
        api.posts()
            .iter()
            .any(|post| post["template_id"].is_string())
    })
    .await;
    inbox.shutdown().await;
    running.await.unwrap();
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!((record.state, record.answer), (State::Sent, None));
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert!(
        failures
            .list()
            .iter()
            .all(|failure| *failure == (Stage::Send, false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sent_for_a_day_is_given_up() {
    let api = Api::new().await;
    let clock = TestClock::new();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let kept = Arc::clone(&store);
    let inbox = api.silent(|b| b.with_store(kept).queue(quick()).clock(clock.read()));
    let inbox = desk::echoing(inbox);
    let failures = Failures::of(&inbox);
    api.be(Mood::Refuses(429, "slow_down"));
    status(&inbox, &hello(1)).await;
    clock.forward(Duration::from_hours(25));
    let running = run(&inbox);
    api.posted(1).await;
    inbox.shutdown().await;
    running.await.unwrap();
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::GivenUp);
    assert_eq!(record.code.as_deref(), Some("slow_down"));
    assert!(record.answer.is_some());
    assert_eq!(failures.list(), [(Stage::Send, true)]);
    // After an operator's word the same answer goes out, whatever the handler would say now.
    api.be(Mood::Fine);
    assert_eq!(inbox.rearm(&id(1)).await.unwrap(), Rearmed::Yes);
    let next = api.silent(|builder| builder.with_store(store).queue(quick()).clock(clock.read()));
    next.on_message(|_| async { "Another" }).unwrap();
    let running = run(&next);
    api.posted(2).await;
    next.shutdown().await;
    running.await.unwrap();
    assert_eq!(api.texts(), ["You said: Hello"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_without_an_end_holds_nobody_up() {
    let api = Api::new().await;
    let limit = Duration::from_millis(100);
    let options = quick().concurrency(2);
    let inbox = api.silent(|builder| builder.queue(options).handler_timeout(limit));
    let answer = |message: InboundMessage| async move {
        if message.text.as_str() == "Hello" {
            std::future::pending::<()>().await;
        }
        "Fine"
    };
    inbox.on_message(answer).unwrap();
    let failures = Failures::of(&inbox);
    let running = run(&inbox);
    for number in 1..=4 {
        let from = format!("+3361234567{number}");
        status(&inbox, &message(number, &from, "Hello")).await;
    }
    status(&inbox, &message(9, BEN, "Good day")).await;
    api.posted(1).await;
    desk::until(|| failures.list().iter().filter(|failure| failure.1).count() == 4).await;
    inbox.shutdown().await;
    running.await.unwrap();
    let listed = inbox.list(Some(State::GivenUp), None).await.unwrap();
    assert_eq!(listed.len(), 4);
    assert_eq!(listed[0].code.as_deref(), Some("handler_timed_out"));
    assert_eq!(listed[0].attempts, 3);
}

/// A blocked thread cannot be stopped: its message is not run beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_blocked_handler_is_not_run_a_second_time_beside_itself() {
    let api = Api::new().await;
    let limit = Duration::from_millis(50);
    let inbox = api.silent(|builder| builder.queue(quick()).handler_timeout(limit));
    let (runs, over) = (
        Arc::new(AtomicU32::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (counted, ends) = (Arc::clone(&runs), Arc::clone(&over));
    let block = move |_| {
        let (counted, ends) = (Arc::clone(&counted), Arc::clone(&ends));
        async move {
            counted.fetch_add(1, Ordering::Relaxed);
            while !ends.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            "Late"
        }
    };
    inbox.on_message(block).unwrap();
    let failures = Failures::of(&inbox);
    let running = run(&inbox);
    status(&inbox, &hello(1)).await;
    desk::until(|| failures.list().contains(&(Stage::Handler, true))).await;
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert_eq!(failures.list().len(), 3);
    over.store(true, Ordering::Relaxed);
    inbox.shutdown().await;
    running.await.unwrap();
    assert!(api.posts().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_has_a_limit() {
    let api = Api::new().await;
    let inbox = silent(&api);
    inbox
        .on_message(|_| std::future::pending::<String>())
        .unwrap();
    let failures = Failures::of(&inbox);
    let running = run(&inbox);
    status(&inbox, &hello(1)).await;
    let claimed = async || {
        let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
        record.state == State::Claimed
    };
    while !claimed().await {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(inbox.shutdown_within(Duration::from_millis(50)).await);
    running.await.unwrap();
    // Another process takes it at once.
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Retrying);
    assert!(record.due_at.unwrap() <= jiff_now());
    assert_eq!(failures.list(), [(Stage::Handler, false)]);
}

fn jiff_now() -> backchat_inbox::core::jiff::Timestamp {
    backchat_inbox::core::jiff::Timestamp::now()
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_nobody_works_on_is_reported() {
    let api = Api::new().await;
    let clock = TestClock::new();
    let inbox = api.inbox(|builder| builder.queue(quick()).clock(clock.read()));
    let failures = Failures::of(&inbox);
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "queued");
    assert!(inbox.health().await.unwrap().ok);
    let pass = async |seconds| {
        for _ in 0..seconds {
            clock.forward(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    pass(55).await;
    assert_eq!(failures.list(), []);
    pass(20).await;
    assert_eq!(failures.list(), [(Stage::Queue, false)]);
    let text = failures.texts().remove(0);
    assert!(text.contains("`queue`") && text.contains("run()"), "{text}");
    let health = inbox.health().await.unwrap();
    assert!(!health.ok && !health.running);
    assert!(health.oldest_due.unwrap() >= Duration::from_mins(1));
    // Not again every minute, but again.
    pass(400).await;
    assert_eq!(failures.list().len(), 1);
    pass(400).await;
    assert_eq!(failures.list().len(), 2);
}

/// Its worker died in the handler, or all workers stopped while it waited for its next attempt.
#[tokio::test(start_paused = true)]
async fn a_message_that_no_worker_comes_back_for_is_reported() {
    for end in [
        None,
        Some(End::NotSent {
            code: None,
            retry_in: Some(Duration::from_mins(40)),
            answer: None,
        }),
    ] {
        let api = Api::new().await;
        let clock = TestClock::new();
        let inbox = api.inbox(|builder| builder.queue(quick()).clock(clock.read()));
        let failures = Failures::of(&inbox);
        let pass = async |minutes: u32| {
            for _ in 0..minutes * 12 {
                clock.forward(Duration::from_secs(5));
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        };
        assert_eq!(post_to(&inbox, &hello(1)).await.body, "queued");
        let Event::InboundMessage(message) = Event::from_json(hello(1)).unwrap() else {
            panic!("no message");
        };
        let Claim::Won(ticket) = inbox.claim(&message).await.unwrap() else {
            panic!("lost");
        };
        let due_in = if let Some(end) = end {
            inbox.finish(&ticket, end).await.unwrap();
            40
        } else {
            2
        };
        pass(due_in).await;
        assert!(inbox.health().await.unwrap().ok);
        assert_eq!(failures.list(), []);
        pass(2).await;
        assert!(!inbox.health().await.unwrap().ok);
        assert_eq!(failures.list(), [(Stage::Queue, false)]);
    }
}

/// Its process died after the gate: whoever cleans up first writes it down, and reports it.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_died_is_reported() {
    let api = Api::new().await;
    let clock = TestClock::new();
    let inbox = api.inbox(|builder| builder.clock(clock.read()));
    let failures = Failures::of(&inbox);
    let Event::InboundMessage(message) = Event::from_json(hello(1)).unwrap() else {
        panic!("no message");
    };
    let Claim::Won(ticket) = inbox.claim(&message).await.unwrap() else {
        panic!("lost");
    };
    let gate = inbox.begin_send(&ticket, "Hello", None).await.unwrap();
    assert!(matches!(gate, Gate::Open { .. }));
    clock.forward(Duration::from_mins(3));
    let running = run(&inbox);
    desk::until(|| !failures.list().is_empty()).await;
    inbox.shutdown().await;
    running.await.unwrap();
    assert_eq!(failures.list(), [(Stage::Send, true)]);
    assert_eq!(failures.last().message_id, Some(id(1)));
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
    let clock = TestClock::behind(Duration::from_hours(1));
    let dying = dying.queue(quick()).clock(clock.read()).build().unwrap();
    let begun = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&begun);
    let die = move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<String>()
    };
    dying.on_message(die).unwrap();
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
    let inbox = silent(&api);
    let answer = |message: InboundMessage| async move {
        assert!(message.verified);
        assert_eq!(message.from, ANNA);
        "Yes"
    };
    inbox.on_message(answer).unwrap();
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
