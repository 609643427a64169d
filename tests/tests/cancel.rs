//! Cancelling: a POST that had not begun never leaves; one that had begun is finished and never
//! repeated.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backchat_core::{
    Attempt, Cancellation, Client, ClientBuilder, ErrorCode, Outcome, Reply, TokenError,
};
use backchat_tests::fault::{FaultServer, Pace, Point, Step, black_hole};

fn builder(url: &str) -> ClientBuilder {
    Client::builder().base_url(url).api_token("token")
}

fn reply() -> Reply {
    Reply::parse("+33612345678", "On it!", "im_01k8aq2zggeyssvt53zgvpx63a").unwrap()
}

fn slow(milliseconds: u64) -> Step {
    Step::default().pace(Pace {
        before_head_ms: milliseconds,
        ..Pace::default()
    })
}

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn before_the_post_began_it_never_leaves() {
    let hole = black_hole().await.unwrap();
    let client = builder(&hole.url()).build().unwrap();
    let pending = client.notify().reply(reply()).start();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let started = Instant::now();
    assert_eq!(pending.cancel(), Cancellation::NothingSent);
    let error = pending.await.unwrap_err();
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "at once, not at the timeout"
    );
    assert_eq!(error.code(), ErrorCode::Cancelled);
    assert_eq!(error.outcome(), Some(Outcome::NotSent));
}

#[tokio::test]
async fn after_the_post_began_it_is_finished_and_observed() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![slow(200)]);
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    let client = builder(server.url())
        .observer(move |attempt: &Attempt| sender.lock().unwrap().send(attempt.clone()).unwrap())
        .build()
        .unwrap();
    let pending = client.notify().reply(reply()).start();
    let correlation_id = pending.correlation_id().cloned();
    server.wait_for_posts(1, SOON).await.unwrap();
    assert_eq!(pending.cancel(), Cancellation::LeftRunning);
    drop(pending);
    let attempt = tokio::task::spawn_blocking(move || receiver.recv_timeout(SOON).unwrap());
    let attempt = attempt.await.unwrap();
    assert_eq!(attempt.outcome, Outcome::Sent);
    assert!(attempt.detached);
    assert!(attempt.sent_id.is_some());
    assert_eq!(attempt.correlation_id, correlation_id);
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn a_cancelled_call_is_not_tried_again() {
    let server = FaultServer::start().await.unwrap();
    let busy = Step {
        status: 429,
        ..slow(100)
    };
    server.script(vec![busy]);
    let client = builder(server.url()).build().unwrap();
    let pending = client.notify().reply(reply()).start();
    server.wait_for_posts(1, SOON).await.unwrap();
    assert_eq!(pending.cancel(), Cancellation::LeftRunning);
    let error = pending.await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RateLimited);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn in_the_pause_before_another_attempt() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::status(429).header("retry-after", "3")]);
    let client = builder(server.url()).build().unwrap();
    let pending = client.notify().reply(reply()).start();
    server.wait_for_posts(1, SOON).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(pending.cancel(), Cancellation::NothingSent);
    assert_eq!(pending.await.unwrap_err().code(), ErrorCode::Cancelled);
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn while_the_token_provider_thinks() {
    let server = FaultServer::start().await.unwrap();
    let client = Client::builder()
        .base_url(server.url())
        .token_provider(|| async {
            tokio::time::sleep(Duration::from_secs(30)).await;
            Err::<String, TokenError>("late".into())
        })
        .build()
        .unwrap();
    let pending = client.notify().reply(reply()).start();
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(pending.cancel(), Cancellation::NothingSent);
    assert_eq!(pending.await.unwrap_err().code(), ErrorCode::Cancelled);
    assert_eq!(server.connections(), 0);
}

/// At every moment of a call's life: what `cancel` says is what the server saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_is_right_at_every_moment() {
    let server = FaultServer::start().await.unwrap();
    let client = builder(server.url()).build().unwrap();
    let mut left_running = 0;
    let calls = 1_500_u64;
    for call in 0..calls {
        let pending = client.notify().reply(reply()).start();
        // The whole life of a call is some 200 µs: look everywhere in it.
        let moment = Instant::now() + Duration::from_micros(call * 7 % 300);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        left_running += usize::from(pending.cancel() == Cancellation::LeftRunning);
        let _either = pending.await;
    }
    server.wait_for_posts(left_running, SOON).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.posts(), left_running);
    println!("{left_running} of {calls} had begun");
    assert!(left_running > 0, "some had begun");
    assert!(left_running < 1_500, "some were cancelled in time");
}

#[tokio::test]
async fn a_dropped_future_is_a_cancelled_call() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![slow(150)]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observed = Arc::clone(&seen);
    let client = builder(server.url())
        .observer(move |attempt: &Attempt| observed.lock().unwrap().push(attempt.clone()))
        .build()
        .unwrap();
    let call = client.notify().reply(reply());
    let cut = tokio::time::timeout(Duration::from_millis(50), call).await;
    assert!(cut.is_err());
    client.close().await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1, "closing waits for the POST that had begun");
    assert_eq!(seen[0].outcome, Outcome::Sent);
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn a_closed_client_sends_nothing_and_closes_in_time() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::stall(Point::Request)]);
    let client = builder(server.url()).build().unwrap();
    let stalled = client.notify().reply(reply()).start();
    server.wait_for_posts(1, SOON).await.unwrap();
    let started = Instant::now();
    client.close().await;
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(2) && took < SOON, "{took:?}");
    let error = client.notify().reply(reply()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Cancelled);
    assert_eq!(error.outcome(), Some(Outcome::NotSent));
    assert_eq!(server.posts(), 1);
    drop(stalled);
}

#[test]
fn without_a_runtime_the_shared_one_runs_the_call() {
    let helper = tokio::runtime::Runtime::new().unwrap();
    let server = helper.block_on(FaultServer::start()).unwrap();
    helper.block_on(async { server.script(vec![slow(120)]) });
    let client = builder(server.url()).build().unwrap();
    let mut pending = client.notify().reply(reply()).start();
    assert!(pending.wait_for(Duration::from_millis(30)).is_none());
    let sent = pending.wait_for(SOON).unwrap().unwrap();
    assert_eq!(sent.reply_to, "im_01k8aq2zggeyssvt53zgvpx63a");
    client
        .notify()
        .reply(reply())
        .start_shared()
        .wait()
        .unwrap();
    assert_eq!(server.posts(), 2);
    assert_eq!(server.connections(), 1, "a connection outlives the call");
    backchat_core::runtime::drain(SOON);
}

#[test]
fn a_call_that_is_waited_for_inside_an_observer_ends() {
    let helper = tokio::runtime::Runtime::new().unwrap();
    let server = helper.block_on(FaultServer::start()).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    let inner = builder(server.url()).build().unwrap();
    let client = builder(server.url())
        .observer(move |_: &Attempt| {
            let waited = inner.notify().reply(reply()).start_shared().wait();
            sender.lock().unwrap().send(waited).unwrap();
        })
        .build()
        .unwrap();
    let outer = client.notify().reply(reply()).start_shared();
    outer.wait().unwrap();
    let waited = receiver.recv_timeout(SOON).unwrap();
    assert_eq!(waited.unwrap_err().code(), ErrorCode::Configuration);
}

#[test]
fn waiting_has_no_surprises() {
    let helper = tokio::runtime::Runtime::new().unwrap();
    let server = helper.block_on(FaultServer::start()).unwrap();
    let client = builder(server.url()).build().unwrap();
    let mut pending = client.notify().reply(reply()).start();
    pending.wait_for(Duration::MAX).unwrap().unwrap();
    let again = pending.wait_for(Duration::ZERO).unwrap().unwrap_err();
    assert_eq!(again.code(), ErrorCode::Configuration);
    let closing = client.close();
    helper.block_on(async { tokio::time::timeout(SOON, closing).await.unwrap() });
}

#[tokio::test]
async fn closing_wakes_who_sleeps() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::status(429).header("retry-after", "5")]);
    let client = builder(server.url()).build().unwrap();
    let sleeping = client.notify().reply(reply()).start();
    server.wait_for_posts(1, SOON).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.close().await;
    let started = Instant::now();
    assert_eq!(sleeping.await.unwrap_err().code(), ErrorCode::Cancelled);
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn while_a_new_token_is_sought() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::status(401)]);
    let asked = std::sync::atomic::AtomicBool::new(false);
    let client = Client::builder()
        .base_url(server.url())
        .token_provider(move || {
            let again = asked.swap(true, std::sync::atomic::Ordering::Relaxed);
            async move {
                if again {
                    tokio::time::sleep(Duration::from_secs(30)).await;
                }
                Ok::<_, TokenError>("token".to_owned())
            }
        })
        .build()
        .unwrap();
    let pending = client.notify().reply(reply()).start();
    server.wait_for_posts(1, SOON).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(pending.cancel(), Cancellation::NothingSent);
    let started = Instant::now();
    let error = pending.await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(error.outcome(), Some(Outcome::Rejected));
    assert_eq!(server.posts(), 1);
}
