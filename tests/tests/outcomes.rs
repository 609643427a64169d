//! Every row of the table of outcomes, over real sockets. What counts is what the server received.
//!
//! The cases are data (`vectors/outcomes.json`), because every language runs them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backchat_core::{
    Attempt, CorrelationId, Error, ErrorCode, InboundMessageId, Reply, ReplyResponse,
};
use backchat_tests::fault::FaultServer;
use backchat_tests::outcomes::{self, Case, Expect, OneOf};

fn reply() -> Reply {
    Reply::parse("+33612345678", "On it!", "im_01k8aq2zggeyssvt53zgvpx63a").unwrap()
}

async fn run(case: &Case) -> Result<(), String> {
    let stage = case.stage().await.map_err(|e| e.to_string())?;
    let seen: Arc<Mutex<Vec<Attempt>>> = Arc::default();
    let sink = Arc::clone(&seen);
    let client = case
        .client(&stage)
        .observer(move |attempt: &Attempt| sink.lock().unwrap().push(attempt.clone()))
        .build()
        .unwrap();
    for _ in 0..case.warm_up {
        let warm = client.notify().reply(reply()).await;
        warm.map_err(|e| format!("warm-up: {e}"))?;
    }
    tokio::time::sleep(Duration::from_millis(case.pause_ms)).await;
    seen.lock().unwrap().clear();
    let started = Instant::now();
    let end = client.notify().reply(reply()).await;
    let elapsed = started.elapsed();
    // A second POST that is sent late must be seen too.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let attempts = seen.lock().unwrap().clone();
    check(
        &case.expect,
        &end,
        elapsed,
        &attempts,
        stage.server.as_ref(),
    )
}

fn check(
    wanted: &Expect,
    end: &Result<ReplyResponse, Error>,
    elapsed: Duration,
    attempts: &[Attempt],
    server: Option<&FaultServer>,
) -> Result<(), String> {
    let error = end.as_ref().err();
    let outcome = error.map_or("sent", |e| e.outcome().unwrap().as_str());
    same("outcome", Some(outcome), Some(wanted.outcome.as_str()))?;
    match (&wanted.code, error) {
        (None, None) => {}
        (Some(OneOf::One(code)), Some(e)) => same("code", Some(e.code().as_str()), Some(code))?,
        (Some(OneOf::Any(codes)), Some(e)) => {
            let known = codes.iter().any(|code| code == e.code().as_str());
            same("code is one of the expected", Some(known), Some(true))?;
        }
        (expected, got) => return Err(format!("{}, got {got:?}", expected.is_some())),
    }
    if let Some(e) = error {
        let phase = match e {
            Error::MaybeSent(e) => Some(e.phase.as_str()),
            _ => None,
        };
        let server_code = match e {
            Error::MaybeSent(e) => e.server_code.as_ref().map(ErrorCode::as_str),
            _ => None,
        };
        let retry_after = e
            .retry_after()
            .and_then(|d| u64::try_from(d.as_millis()).ok());
        expected("class", Some(e.class().name()), wanted.class.as_deref())?;
        expected("phase", phase, wanted.phase.as_deref())?;
        expected("status", e.status(), wanted.status)?;
        expected("server_code", server_code, wanted.server_code.as_deref())?;
        expected(
            "safe_to_retry",
            Some(e.safe_to_retry()),
            wanted.safe_to_retry,
        )?;
        expected(
            "webhook_status",
            Some(e.webhook_status()),
            wanted.webhook_status,
        )?;
        expected("retry_after_ms", retry_after, wanted.retry_after_ms)?;
        same(
            "message_id",
            e.message_id().map(InboundMessageId::as_str),
            Some("im_01k8aq2zggeyssvt53zgvpx63a"),
        )?;
        let named = e.correlation_id().and_then(CorrelationId::reply_to);
        same("correlation id names the message", named.is_some(), true)?;
    }
    if let Some(least) = wanted.elapsed_at_least_ms {
        let in_time = elapsed >= Duration::from_millis(least);
        same("waited long enough", in_time, true)?;
    }
    expected("attempts", Some(attempts.len()), wanted.attempts)?;
    let last = attempts.last().map(|attempt| attempt.outcome.as_str());
    same("the observer's last outcome", last, Some(outcome))?;
    let posts = server.map_or(0, FaultServer::posts);
    same("posts", posts, wanted.posts)?;
    expected(
        "connections",
        server.map(FaultServer::connections),
        wanted.connections,
    )?;
    let tokens = server.map(|server| {
        let requests = server.requests();
        let tokens = requests.iter().filter_map(|r| r.header("authorization"));
        tokens.map(|t| t.replace("Bearer ", "")).collect()
    });
    expected("tokens", tokens, wanted.tokens.clone())
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "most of what is compared is made for it"
)]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    if got == expected {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, got {got:?}"))
    }
}

fn expected<T: PartialEq + std::fmt::Debug>(
    what: &str,
    got: Option<T>,
    expected: Option<T>,
) -> Result<(), String> {
    match expected {
        Some(_) => same(what, got, expected),
        None => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_the_table() {
    let cases = outcomes::cases().unwrap();
    let count = cases.len();
    let at_once = Arc::new(tokio::sync::Semaphore::new(8));
    let mut running = tokio::task::JoinSet::new();
    for case in cases {
        let at_once = Arc::clone(&at_once);
        running.spawn(async move {
            let _permit = at_once.acquire_owned().await.unwrap();
            let end = run(&case).await;
            end.map_err(|why| format!("{}: {why}", case.name))
        });
    }
    let ends = running.join_all().await;
    let failures: Vec<_> = ends.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    println!("vectors: outcomes http {count}");
}
