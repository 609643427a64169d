//! Inline: the handler runs within the request.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod desk;
mod places;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backchat_inbox::core::{
    CallbackUrl, Client, CorrelationId, DeliveryEvent, Error, Event, Template, Webhook,
};
use backchat_inbox::{Answer, Claim, HandlerContext, Inbox, Ledger, Rearmed, Stage, State, caller};
use desk::{ANNA, Api, Failures, Mood, TestClock, delivered, hello, id, message, post_to, status};
use tokio::sync::Notify;

#[tokio::test]
async fn a_message_is_answered_once_however_often_it_comes() {
    let api = Api::new().await;
    let inbox = api.inbox(|b| b);
    let receipt = post_to(&inbox, &hello(1)).await;
    assert_eq!((receipt.status, receipt.body.as_str()), (200, "sent"));
    for _ in 0..3 {
        assert_eq!(status(&inbox, &hello(1)).await, 200);
    }
    let posts = api.posts();
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0]["to"], ANNA);
    assert_eq!(posts[0]["text"], "You said: Hello");
    assert_eq!(posts[0]["reply_to"], "im_1");
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Sent);
    assert_eq!(record.reply_id.unwrap(), "tx_1");
    let stored = record.correlation_id.unwrap();
    assert_eq!(posts[0]["correlation_id"], stored.as_str());
    assert_eq!(stored.reply_to().unwrap().as_str(), "im_1");
}

#[tokio::test]
async fn a_duplicate_that_comes_meanwhile_is_sent_back() {
    let api = Api::new().await;
    api.be(Mood::Slow);
    let inbox = api.inbox(|b| b);
    let first = tokio::spawn({
        let inbox = inbox.clone();
        async move { post_to(&inbox, &hello(1)).await }
    });
    api.posted(1).await;
    let duplicate = post_to(&inbox, &hello(1)).await;
    assert_eq!(
        (duplicate.status, duplicate.body.as_str()),
        (503, "sending")
    );
    assert_eq!(duplicate.headers, [("Retry-After", "60".to_owned())]);
    api.answer();
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    assert_eq!(api.posts().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_inboxes_on_one_file_answer_once() {
    let folder = places::Folder::new();
    Box::pin(two_inboxes_answer_once(&folder.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_inboxes_on_one_database_answer_once() {
    if let Some(database) = places::Database::new().await {
        Box::pin(two_inboxes_answer_once(database.url())).await;
    }
}

async fn two_inboxes_answer_once(url: &str) {
    let api = Api::new().await;
    let (one, two) = tokio::join!(api.inbox_at(url), api.inbox_at(url));
    let mut running = Vec::new();
    for number in 0..50 {
        for inbox in [&one, &two, &one] {
            let inbox = inbox.clone();
            running.push(tokio::spawn(async move {
                let receipt = post_to(&inbox, &hello(number)).await;
                assert!(matches!(receipt.status, 200 | 503), "{receipt:?}");
                assert_ne!(receipt.body, "store_unavailable");
            }));
        }
    }
    for task in running {
        task.await.unwrap();
    }
    assert_eq!(api.posts().len(), 50);
    let counts = one.counts().await.unwrap();
    assert_eq!(counts, [(State::Sent, 50)].into());
}

#[tokio::test]
async fn a_handler_that_fails_or_panics_runs_again() {
    let api = Api::new().await;
    let inbox = api.silent(|b| b);
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let answer = move |_| {
        let run = counted.fetch_add(1, Ordering::Relaxed);
        async move {
            match run {
                0 => Err("the database is away"),
                1 => panic!("a bug"),
                2 => Ok(""),
                _ => Ok("At last"),
            }
        }
    };
    inbox.on_message(answer).unwrap();
    let failures = Failures::of(&inbox);
    for _ in 0..3 {
        let receipt = post_to(&inbox, &hello(1)).await;
        assert_eq!(
            (receipt.status, receipt.body.as_str()),
            (503, "handler_failed")
        );
        let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
        assert_eq!(record.state, State::Retrying);
        assert_eq!(record.code.as_deref(), Some("handler_failed"));
    }
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    assert_eq!(api.texts(), ["At last"]);
    assert_eq!(failures.list(), [(Stage::Handler, false); 3]);
}

#[tokio::test]
async fn a_handler_that_always_fails_is_given_up() {
    let api = Api::new().await;
    let inbox = api.silent(|b| b);
    let failing = |_| async { Err::<String, _>("it cannot be done") };
    inbox.on_message(failing).unwrap();
    let failures = Failures::of(&inbox);
    for _ in 0..7 {
        assert_eq!(status(&inbox, &hello(1)).await, 503);
    }
    // Not a redelivery that helps: Prelude may stop.
    let receipt = post_to(&inbox, &hello(1)).await;
    assert_eq!((receipt.status, receipt.body.as_str()), (200, "given_up"));
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "given_up");
    let mut expected = vec![(Stage::Handler, false); 7];
    expected.push((Stage::Handler, true));
    assert_eq!(failures.list(), expected);
    assert_eq!(failures.last().message_id, Some(id(1)));
    let listed = inbox.list(Some(State::GivenUp), None).await.unwrap();
    assert_eq!((listed.len(), listed[0].attempts), (1, 8));
    assert_eq!(inbox.counts().await.unwrap(), [(State::GivenUp, 1)].into());
    assert!(api.posts().is_empty());
}

#[tokio::test]
async fn a_function_is_registered_once() {
    let api = Api::new().await;
    let inbox = api.inbox(|b| b);
    let named = |result: Result<(), Error>| result.unwrap_err().to_string();
    let again = inbox.on_message(|_| async { "Hello" });
    assert!(named(again).contains("`on_message`"));
    for _ in 0..2 {
        let _first_then_refused = inbox.on_error(|_| {});
        let _first_then_refused = inbox.on_other(|_| async {});
        let _first_then_refused = inbox.on_opt_out(|_| async {});
        let _first_then_refused = inbox.on_delivery(|_| async {});
    }
    assert!(named(inbox.on_error(|_| {})).contains("`on_error`"));
    assert!(named(inbox.on_other(|_| async {})).contains("`on_other`"));
    assert!(named(inbox.on_opt_out(|_| async {})).contains("`on_opt_out`"));
    assert!(named(inbox.on_delivery(|_| async {})).contains("`on_delivery`"));
    // The first one goes on.
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    assert_eq!(api.texts(), ["You said: Hello"]);
}

#[tokio::test]
async fn a_handler_may_keep_silent() {
    let api = Api::new().await;
    let inbox = api.silent(|b| b);
    inbox
        .on_message(
            |message| async move { (message.text.as_str() != "Hello").then_some("Pardon?") },
        )
        .unwrap();
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "skipped");
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    assert!(api.posts().is_empty());
    let inbox = api.silent(|b| b);
    inbox.on_message(|_| async {}).unwrap();
    assert_eq!(post_to(&inbox, &hello(2)).await.body, "skipped");
}

#[tokio::test]
async fn what_the_api_refuses_is_recorded_and_can_be_rearmed() {
    let api = Api::new().await;
    let inbox = api.inbox(|b| b);
    api.be(Mood::Refuses(400, "window_expired"));
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "rejected");
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.code.as_deref(), Some("window_expired"));
    assert_eq!(api.posts().len(), 1);
    api.be(Mood::Fine);
    // The row is done, and keeps no event: only the application can bring it.
    let refused = inbox.rearm(&id(1)).await.unwrap();
    assert!(matches!(refused, Rearmed::NoEvent(_)));
    let Event::InboundMessage(kept) = Event::from_json(hello(1)).unwrap() else {
        panic!("no message");
    };
    assert_eq!(inbox.rearm_with(&kept).await.unwrap(), Rearmed::Yes);
    assert_eq!(api.posts().len(), 2);
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "sent");
    assert!(matches!(
        inbox.rearm(&id(1)).await.unwrap(),
        Rearmed::Refused(_)
    ));
    assert_eq!(api.posts().len(), 2);
}

/// Nothing else may be needed: no redelivery comes after a 200.
#[tokio::test]
async fn a_rearmed_message_is_answered_before_rearm_returns() {
    let api = Api::new().await;
    let inbox = api.inbox(|b| b);
    api.be(Mood::Breaks);
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "maybe_sent");
    api.be(Mood::Fine);
    assert_eq!(inbox.rearm(&id(1)).await.unwrap(), Rearmed::Yes);
    assert_eq!(api.posts().len(), 2);
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!((record.state, record.event), (State::Sent, None));
}

/// From the program, which has no handler.
#[tokio::test]
async fn a_message_that_is_rearmed_elsewhere_is_answered_with_the_next_request() {
    let api = Api::new().await;
    let folder = places::Folder::new();
    let inbox = api.inbox_at(&folder.url()).await;
    api.be(Mood::Breaks);
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "maybe_sent");
    api.be(Mood::Fine);
    let program = Ledger::open(&folder.url()).await.unwrap();
    assert_eq!(program.rearm(&id(1)).await.unwrap(), Rearmed::Yes);
    let record = program.show(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Queued);
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(post_to(&inbox, &hello(2)).await.body, "sent");
    let record = program.show(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Sent);
    assert_eq!(api.posts().len(), 3);
    // Or by `run`.
    api.be(Mood::Breaks);
    assert_eq!(post_to(&inbox, &hello(3)).await.body, "maybe_sent");
    api.be(Mood::Fine);
    assert_eq!(program.rearm(&id(3)).await.unwrap(), Rearmed::Yes);
    let running = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.run().await }
    });
    api.posted(5).await;
    inbox.shutdown().await;
    running.await.unwrap();
    let record = program.show(&id(3)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Sent);
}

/// No redelivery comes after the 200 that the message had before.
#[tokio::test]
async fn a_rearmed_message_whose_process_dies_is_answered_with_the_next_request() {
    let api = Api::new().await;
    let folder = places::Folder::new();
    let inbox = api.inbox_at(&folder.url()).await;
    api.be(Mood::Breaks);
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "maybe_sent");
    api.be(Mood::Fine);
    let clock = TestClock::behind(Duration::from_hours(1));
    let dying = Ledger::open(&folder.url())
        .await
        .unwrap()
        .clock(clock.read());
    assert_eq!(dying.rearm(&id(1)).await.unwrap(), Rearmed::Yes);
    let Event::InboundMessage(message) = Event::from_json(hello(1)).unwrap() else {
        panic!("no message");
    };
    let claim = dying.claim(&message).await.unwrap();
    assert!(matches!(claim, Claim::Won(_)));
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(post_to(&inbox, &hello(2)).await.body, "sent");
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Sent);
    assert_eq!(api.posts().len(), 3);
}

/// A handler whose thread is blocked for ever: its run does not end.
async fn without_an_end<T>() -> T {
    std::mem::forget(HandlerContext::current());
    std::future::pending().await
}

#[tokio::test]
async fn a_rearming_does_not_wait_for_a_handler_without_an_end() {
    let api = Api::new().await;
    let client = Client::builder().api_token("token").base_url(api.url());
    let client = client.timeout(Duration::from_millis(200)).build().unwrap();
    let inbox = Inbox::builder(client, Webhook::unverified())
        .handler_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    inbox.on_message(|_| without_an_end::<String>()).unwrap();
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "handler_failed");
    let rearm = async |number| {
        let id = id(number);
        let rearming = tokio::time::timeout(Duration::from_secs(10), inbox.rearm(&id));
        rearming.await.unwrap().unwrap()
    };
    let Rearmed::Refused(record) = rearm(1).await else {
        panic!("a second run would begin beside the first");
    };
    assert_eq!(record.state, State::Retrying);
    assert_eq!(rearm(2).await, Rearmed::Unknown);
    assert!(api.posts().is_empty());
}

#[tokio::test]
async fn a_handler_that_took_too_long_has_let_go_before_its_failure_is_told() {
    struct Held(Arc<AtomicU32>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let api = Api::new().await;
    let inbox = api.silent(|builder| builder.handler_timeout(Duration::from_millis(50)));
    let freed = Arc::new(AtomicU32::new(0));
    let holds = Arc::clone(&freed);
    let holding = move |_| {
        let held = Held(Arc::clone(&holds));
        async move {
            let _held = held;
            without_an_end::<Option<String>>().await
        }
    };
    inbox.on_message(holding).unwrap();
    let when_told = Arc::new(AtomicU32::new(0));
    let noted = Arc::clone(&when_told);
    inbox
        .on_error(move |_| noted.store(freed.load(Ordering::Relaxed), Ordering::Relaxed))
        .unwrap();
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "handler_failed");
    assert_eq!(when_told.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_event_whose_handler_has_no_end_is_reported_each_time() {
    let api = Api::new().await;
    let limit = Duration::from_millis(50);
    let inbox = api.silent(|builder| builder.handler_timeout(limit));
    inbox.on_delivery(|_| without_an_end::<()>()).unwrap();
    let failures = Failures::of(&inbox);
    let event = delivered("tx_1", None);
    assert_eq!(post_to(&inbox, &event).await.body, "handler_timed_out");
    tokio::time::sleep(limit).await;
    assert_eq!(post_to(&inbox, &event).await.body, "running");
    assert_eq!(failures.list(), [(Stage::Handler, false); 2]);
    let last = failures.texts().pop().unwrap();
    assert!(last.contains("has not ended yet"), "{last}");
}

/// A POST that is under way must end before anybody says: send it again.
#[tokio::test]
async fn a_rearming_waits_for_what_is_under_way() {
    let api = Api::new().await;
    api.be(Mood::Slow);
    let inbox = api.inbox(|b| b);
    let first = tokio::spawn({
        let inbox = inbox.clone();
        async move { post_to(&inbox, &hello(1)).await }
    });
    api.posted(1).await;
    let rearming = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.rearm(&id(1)).await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!rearming.is_finished());
    api.answer();
    assert_eq!(first.await.unwrap().body, "sent");
    assert!(matches!(rearming.await.unwrap(), Rearmed::Refused(_)));
    assert_eq!(api.posts().len(), 1);
}

#[tokio::test]
async fn what_was_not_sent_is_sent_with_the_next_delivery() {
    let api = Api::new().await;
    let inbox = api.silent(|b| b);
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let another_each_time = move |_| {
        let run = counted.fetch_add(1, Ordering::Relaxed);
        async move { format!("Text {run}") }
    };
    inbox.on_message(another_each_time).unwrap();
    let failures = Failures::of(&inbox);
    api.be(Mood::Refuses(429, "slow_down"));
    // However often: only handlers have a number of attempts.
    for _ in 0..10 {
        let receipt = post_to(&inbox, &hello(1)).await;
        assert_eq!((receipt.status, receipt.body.as_str()), (503, "not_sent"));
    }
    api.be(Mood::Fine);
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    assert_eq!(failures.list(), [(Stage::Send, false); 10]);
    // The handler, which may cost money, ran once.
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert_eq!(api.texts(), ["Text 0"; 11]);
    let posts = api.posts();
    // One name for both attempts: a late event of the first finds the row.
    assert_eq!(posts[0]["correlation_id"], posts[1]["correlation_id"]);
}

#[tokio::test]
async fn a_maybe_sent_is_never_sent_again_and_settled_by_its_event() {
    let api = Api::new().await;
    let inbox = api.inbox(|b| b);
    api.be(Mood::Breaks);
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "maybe_sent");
    api.be(Mood::Fine);
    for _ in 0..3 {
        assert_eq!(status(&inbox, &hello(1)).await, 200);
    }
    assert_eq!(api.posts().len(), 1);
    assert!(inbox.oldest_maybe_sent_age().await.unwrap().is_some());
    let listed = inbox.list(Some(State::MaybeSent), None).await.unwrap();
    assert_eq!(listed.len(), 1);
    let event = delivered("tx_1", Some(&api.posts()[0]["correlation_id"]));
    assert_eq!(status(&inbox, &event).await, 200);
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Sent);
    assert_eq!(record.reply_id.unwrap(), "tx_1");
    assert_eq!(inbox.oldest_maybe_sent_age().await.unwrap(), None);
}

#[tokio::test]
async fn an_event_may_come_before_the_post_returns() {
    let api = Api::new().await;
    api.be(Mood::Slow);
    let inbox = api.inbox(|b| b);
    let first = tokio::spawn({
        let inbox = inbox.clone();
        async move { post_to(&inbox, &hello(1)).await }
    });
    let posts = api.posted(1).await;
    let told = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&told);
    let hear = move |event: DeliveryEvent| {
        counted.fetch_add(1, Ordering::Relaxed);
        assert_eq!(event.message_id, "tx_1");
        async {}
    };
    inbox.on_delivery(hear).unwrap();
    let event = delivered("tx_1", Some(&posts[0]["correlation_id"]));
    assert_eq!(post_to(&inbox, &event).await.body, "handled");
    assert_eq!(told.load(Ordering::Relaxed), 1);
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Sent);
    // A redelivery need not wait any more.
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    api.answer();
    let receipt = first.await.unwrap();
    assert_eq!((receipt.status, receipt.body.as_str()), (200, "sent"));
    assert_eq!(api.posts().len(), 1);
}

#[tokio::test]
async fn an_answer_has_options() {
    let api = Api::new().await;
    let inbox = api.silent(|b| b);
    let answer = |_| async {
        Answer::text("Hello")
            .callback_url(CallbackUrl::parse("https://example.com/events").unwrap())
            .correlation_id(CorrelationId::parse("order-7").unwrap())
            .or_template(Template::parse("template_1").unwrap())
    };
    inbox.on_message(answer).unwrap();
    api.be(Mood::Refuses(400, "window_expired"));
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "sent");
    let posts = api.posts();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[1]["template_id"], "template_1");
    for post in &posts {
        assert_eq!(post["correlation_id"], "order-7");
        assert_eq!(post["callback_url"], "https://example.com/events");
    }
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.correlation_id.unwrap(), "order-7");
    assert_eq!(record.reply_id.unwrap(), "tx_2");
}

#[tokio::test]
async fn a_sender_that_is_no_number_is_rejected_without_a_post() {
    let api = Api::new().await;
    let inbox = api.inbox(|b| b);
    let odd = message(1, "anna", "Hello");
    assert_eq!(post_to(&inbox, &odd).await.body, "rejected");
    assert!(api.posts().is_empty());
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.code.as_deref(), Some("invalid_phone_number"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_has_handled_is_a_duplicate_to_another_on_one_file() {
    let folder = places::Folder::new();
    Box::pin(two_inboxes_handle_once(&folder.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_has_handled_is_a_duplicate_to_another_on_one_database() {
    if let Some(database) = places::Database::new().await {
        Box::pin(two_inboxes_handle_once(database.url())).await;
    }
}

async fn two_inboxes_handle_once(url: &str) {
    let api = Api::new().await;
    let handled = Arc::new(AtomicU32::new(0));
    let inboxes = [api.inbox_at(url).await, api.inbox_at(url).await];
    for inbox in &inboxes {
        let count = |handled: &Arc<AtomicU32>| {
            let handled = Arc::clone(handled);
            move || {
                handled.fetch_add(1, Ordering::Relaxed);
                async {}
            }
        };
        let (delivery, opt_out, other) = (count(&handled), count(&handled), count(&handled));
        inbox.on_delivery(move |_| delivery()).unwrap();
        inbox.on_opt_out(move |_| opt_out()).unwrap();
        inbox.on_other(move |_| other()).unwrap();
    }
    let opt_out = br#"{"id":"evt_1","type":"marketing.subscription.stop","payload":{"action":"STOP"},"created_at":"2025-10-24T08:59:10Z"}"#;
    let new =
        br#"{"id":"evt_2","type":"moon.rose","payload":{},"created_at":"2025-10-24T08:59:10Z"}"#;
    let delivery = delivered("tx_1", None);
    for event in [delivery.as_slice(), opt_out, new] {
        let mut answers = Vec::new();
        for inbox in inboxes.iter().cycle().take(4) {
            answers.push(post_to(inbox, event).await.body);
        }
        assert_eq!(answers, ["handled", "duplicate", "duplicate", "duplicate"]);
    }
    assert_eq!(handled.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn other_events_and_other_requests() {
    let api = Api::new().await;
    let inbox = api.inbox(|b| b);
    let opt_out = br#"{"id":"evt_1","type":"marketing.subscription.stop","payload":{"action":"STOP"},"created_at":"2025-10-24T08:59:10Z"}"#;
    let new =
        br#"{"id":"evt_2","type":"moon.rose","payload":{},"created_at":"2025-10-24T08:59:10Z"}"#;
    for event in [opt_out.as_slice(), new] {
        let receipt = post_to(&inbox, event).await;
        assert_eq!((receipt.status, receipt.body.as_str()), (200, "ignored"));
    }
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let fails_once = move |_| {
        let run = counted.fetch_add(1, Ordering::Relaxed);
        async move { if run == 0 { Err("not now") } else { Ok(()) } }
    };
    inbox.on_opt_out(fails_once).unwrap();
    inbox
        .on_other(|event| async move { assert_eq!(event.event_type(), "moon.rose") })
        .unwrap();
    let failures = Failures::of(&inbox);
    assert_eq!(status(&inbox, opt_out).await, 503);
    // Until it has succeeded, and then not again.
    assert_eq!(post_to(&inbox, opt_out).await.body, "handled");
    for _ in 0..3 {
        let receipt = post_to(&inbox, opt_out).await;
        assert_eq!((receipt.status, receipt.body.as_str()), (200, "duplicate"));
    }
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    assert_eq!(post_to(&inbox, new).await.body, "handled");
    assert_eq!(post_to(&inbox, b"{}").await.body, "event_unreadable");
    assert_eq!(status(&inbox, b"{}").await, 200);
    let expected = [
        (Stage::Handler, false),
        (Stage::Webhook, true),
        (Stage::Webhook, true),
    ];
    assert_eq!(failures.list(), expected);
    // Somebody forgot `on_message`: the message must come again.
    let silent = api.silent(|b| b);
    let failures = Failures::of(&silent);
    assert_eq!(status(&silent, &hello(1)).await, 503);
    assert_eq!(failures.list(), [(Stage::Handler, false)]);
}

#[tokio::test]
async fn a_request_without_a_good_signature_is_refused() {
    let api = Api::new().await;
    let key = include_str!("../../core/tests/data/public-key.pem");
    let inbox = Inbox::builder(api.client(), Webhook::new(key).unwrap());
    let inbox = desk::echoing(inbox.build().unwrap());
    let failures = Failures::of(&inbox);
    for _ in 0..3 {
        assert_eq!(status(&inbox, &hello(1)).await, 401);
    }
    assert!(api.posts().is_empty());
    assert_eq!(inbox.outcome(&id(1)).await.unwrap(), None);
    // Anybody can send it: a counter, and no alarm.
    assert_eq!(failures.list(), []);
    assert_eq!(inbox.health().await.unwrap().refused_requests, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_lease_sends_nothing() {
    let api = Api::new().await;
    let folder = places::Folder::new();
    let url = folder.url();
    // As a process that was stopped for longer than its lease: its clock is behind by an hour.
    let clock = TestClock::behind(Duration::from_hours(1));
    let slow = Inbox::builder(api.client(), Webhook::unverified());
    let slow = slow.store(&url).await.unwrap().clock(clock.read());
    let slow = slow.build().unwrap();
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (says, waits) = (Arc::clone(&begun), Arc::clone(&go));
    let answer = move |_| {
        let (says, waits) = (Arc::clone(&says), Arc::clone(&waits));
        async move {
            says.notify_one();
            waits.notified().await;
            "Slow"
        }
    };
    slow.on_message(answer).unwrap();
    let quick = api.inbox_at(&url).await;
    let first = tokio::spawn({
        let slow = slow.clone();
        async move { post_to(&slow, &hello(1)).await }
    });
    begun.notified().await;
    assert_eq!(post_to(&quick, &hello(1)).await.body, "sent");
    go.notify_one();
    let receipt = first.await.unwrap();
    assert_eq!((receipt.status, receipt.body.as_str()), (200, "sent"));
    assert_eq!(api.texts(), ["You said: Hello"]);
}

#[tokio::test]
async fn a_request_that_goes_away_does_not_stop_its_work() {
    let api = Api::new().await;
    api.be(Mood::Slow);
    let inbox = api.inbox(|b| b);
    let gone = tokio::spawn({
        let inbox = inbox.clone();
        async move { post_to(&inbox, &hello(1)).await }
    });
    api.posted(1).await;
    gone.abort();
    api.answer();
    inbox.shutdown().await;
    let record = inbox.outcome(&id(1)).await.unwrap().unwrap();
    assert_eq!(record.state, State::Sent);
}

#[tokio::test]
async fn nothing_printed_holds_a_text_or_a_number() {
    let api = Api::new().await;
    let inbox = api.inbox(|b| b);
    status(&inbox, &message(1, ANNA, "a secret")).await;
    let record = inbox.outcome(&id(1)).await.unwrap();
    let answer = Answer::text("a secret");
    let printed = format!("{inbox:?} {record:?} {answer:?} {:?}", inbox.ledger());
    assert!(
        !printed.contains("secret") && !printed.contains(ANNA),
        "{printed}"
    );
}

#[tokio::test]
async fn a_handler_knows_who_asked() {
    let api = Api::new().await;
    let inbox = api.silent(|b| b);
    inbox
        .on_message(|_| async { caller::current::<u32>().map(|n| format!("For {n}")) })
        .unwrap();
    let receipt = caller::with(Arc::new(7_u32), post_to(&inbox, &hello(1))).await;
    assert_eq!(receipt.body, "sent");
    assert_eq!(post_to(&inbox, &hello(2)).await.body, "skipped");
    assert_eq!(api.posts()[0]["text"], "For 7");
}
