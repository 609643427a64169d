//! Floods that must not hold up the other calls of the process: interim answers without end, and
//! forged webhooks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use backchat_core::{Client, ErrorCode, Outcome, Reply, Webhook, runtime};
use backchat_tests::fault::{Body, FaultServer, Framing, Step, Then};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::runtime::Runtime;

const KEY: &str = include_str!("../../crates/core/tests/data/public-key.pem");

fn elsewhere() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

fn client(server: &FaultServer) -> Client {
    let client = Client::builder().base_url(server.url()).api_token("token");
    client.build().unwrap()
}

fn reply() -> Reply {
    Reply::parse("+33612345678", "On it!", "im_01k8aq2zggeyssvt53zgvpx63a").unwrap()
}

/// The times of replies, one after another on the shared runtime, while `going` holds.
fn replies(client: &Client, count: usize, going: impl Fn() -> bool) -> Vec<Duration> {
    let mut times = Vec::new();
    while times.len() < count && going() {
        let started = Instant::now();
        client
            .notify()
            .reply(reply())
            .start_shared()
            .wait()
            .unwrap();
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times
}

fn median(times: &[Duration]) -> Duration {
    times[times.len() / 2]
}

/// On the one thread that drives all calls of other languages.
fn beside_others(flood: Step, outcome: Outcome) {
    let elsewhere = elsewhere();
    let flooded = elsewhere.block_on(FaultServer::start()).unwrap();
    let healthy = elsewhere.block_on(FaultServer::start()).unwrap();
    flooded.set_default(flood);
    let others = client(&healthy);
    replies(&others, 20, || true);
    let started = Instant::now();
    let ended = Arc::new(AtomicBool::new(false));
    let waiting = {
        let ended = Arc::clone(&ended);
        let call = client(&flooded).notify().reply(reply()).start_shared();
        std::thread::spawn(move || {
            let end = call.wait();
            ended.store(true, Ordering::Release);
            (end, started.elapsed())
        })
    };
    let times = replies(&others, 1_000, || !ended.load(Ordering::Acquire));
    let (end, elapsed) = waiting.join().unwrap();
    let slowest = times.last().copied().unwrap_or_default();
    let end = end.unwrap_err();
    println!(
        "the flooded call ended after {elapsed:?}; of {} beside it the slowest took {slowest:?}",
        times.len()
    );
    assert_eq!(end.outcome(), Some(outcome), "{end}");
    assert!(elapsed < Duration::from_secs(4), "long before its deadline");
    assert!(slowest < Duration::from_secs(1), "{slowest:?} beside it");
    assert_eq!(flooded.posts(), 1);
}

#[test]
fn interim_answers_without_end() {
    for status in [100, 103] {
        let flood = Step {
            flood: Some(status),
            ..Step::default()
        };
        beside_others(flood, Outcome::MaybeSent);
    }
}

#[test]
fn a_body_of_a_million_pieces() {
    let flood = Step::default()
        .header("transfer-encoding", "chunked")
        .body(Body::Text("1\r\nx\r\n".repeat(1024 * 1024 + 1)))
        .framing(Framing::UntilClose)
        .then(Then::Close);
    beside_others(flood, Outcome::Sent);
}

/// Pieces that are all there at once: another task on the same thread gets its turns among them.
#[test]
fn a_body_in_pieces_leaves_the_thread_to_others() {
    const PIECES: usize = 9_000;
    let elsewhere = elsewhere();
    let server = elsewhere.block_on(FaultServer::start()).unwrap();
    // It names the message: nothing is listened for afterwards.
    let echo = r#"{"reply_to":"im_01k8aq2zggeyssvt53zgvpx63a"}"#;
    let last = format!("{:x}\r\n{echo}\r\n0\r\n\r\n", echo.len());
    let pieces = "1\r\n \r\n".repeat(PIECES) + &last;
    let answer = Step::default()
        .header("transfer-encoding", "chunked")
        .body(Body::Text(pieces))
        .framing(Framing::UntilClose);
    server.set_default(answer);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .event_interval(1)
        .enable_all()
        .build()
        .unwrap();
    let turns = runtime.block_on(async {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&turns);
        let other = tokio::spawn(poll_fn(move |context| {
            counted.fetch_add(1, Ordering::Relaxed);
            // Meanwhile whatever the server sends arrives: few turns are waits for it.
            std::thread::sleep(Duration::from_millis(1));
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        let end = client(&server).notify().reply(reply()).await;
        assert_eq!(end.unwrap_err().code(), ErrorCode::SentUnconfirmed);
        other.abort();
        turns.load(Ordering::Relaxed)
    });
    println!("{turns} turns");
    assert!(turns >= PIECES / 256, "{turns} turns");
}

/// Webhooks that nobody signed, in the process that sends replies.
#[test]
fn forged_webhooks_are_verified_beside_the_replies() {
    let elsewhere = elsewhere();
    let server = elsewhere.block_on(FaultServer::start()).unwrap();
    let client = client(&server);
    replies(&client, 100, || true);
    let quiet = median(&replies(&client, 300, || true));
    let webhook = Webhook::new(KEY).unwrap();
    for (length, each_second) in [(500, 4_000_u32), (1024 * 1024, 273)] {
        let body = bytes::Bytes::from(vec![b' '; length]);
        let flooding = Arc::new(AtomicBool::new(true));
        let refused = Arc::new(AtomicUsize::new(0));
        let flood = {
            let (flooding, refused) = (Arc::clone(&flooding), Arc::clone(&refused));
            let webhook = webhook.clone();
            std::thread::spawn(move || {
                let pause = Duration::from_secs(1) / each_second;
                let mut next = Instant::now();
                while flooding.load(Ordering::Acquire) {
                    let (webhook, body) = (webhook.clone(), body.clone());
                    let refused = Arc::clone(&refused);
                    runtime::spawn(async move {
                        let error = runtime::verify(&webhook, &body, forged())
                            .await
                            .unwrap_err();
                        assert_eq!(error.code(), ErrorCode::SignatureInvalid);
                        refused.fetch_add(1, Ordering::Relaxed);
                    })
                    .unwrap();
                    next += pause;
                    std::thread::sleep(next.saturating_duration_since(Instant::now()));
                }
            })
        };
        let started = Instant::now();
        let times = replies(&client, usize::MAX, || {
            started.elapsed() < Duration::from_secs(2)
        });
        flooding.store(false, Ordering::Release);
        flood.join().unwrap();
        let flooded = median(&times);
        let refused = refused.load(Ordering::Relaxed);
        println!(
            "{length} bytes: {} replies, median {flooded:?} (quiet {quiet:?}), {refused} refused",
            times.len(),
        );
        let least = each_second as usize / 20;
        assert!(refused >= least, "{refused} refused: no flood");
        assert!(flooded < quiet + Duration::from_millis(50), "{flooded:?}");
    }
}

/// A verification needs a thread for blocking work. While there is none it waits, and the task that
/// asked computes nothing.
#[test]
fn a_forged_webhook_is_not_verified_by_the_task_that_asks() {
    let webhook = Webhook::new(KEY).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (free, taken) = std::sync::mpsc::channel::<()>();
        let blocking = tokio::task::spawn_blocking(move || taken.recv());
        let bodies = [500, 1024 * 1024].map(|length| vec![b' '; length]);
        let mut asked = bodies
            .iter()
            .map(|body| Box::pin(runtime::verify(&webhook, body, forged())))
            .collect::<Vec<_>>();
        for verifying in &mut asked {
            let mut context = Context::from_waker(Waker::noop());
            assert!(verifying.as_mut().poll(&mut context).is_pending());
        }
        drop(free);
        assert!(blocking.await.unwrap().is_err());
        for verifying in asked {
            let error = verifying.await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::SignatureInvalid);
        }
    });
}

/// As long as the key's signatures, and made by nobody.
fn forged() -> [(&'static str, String); 1] {
    let signature = format!("rsassa-pss-sha256={}", STANDARD.encode([1; 256]));
    [("x-webhook-signature", signature)]
}
