//! Answers that nobody asked for: a server or a proxy that answers twice on a kept connection, or
//! before it has the request. No such answer is taken for a call's own, and none makes a second POST.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use backchat_core::{
    Answered, Client, Error, Event, InboundMessage, Outcome, Pending, ReplyResponse, Template,
};
use backchat_tests::fault::{AgainAt, AnswerAt, Body, FaultServer, Framing, Step, Then, TlsFault};
use serde_json::json;
use tokio::runtime::Runtime;

/// Rounds of each trial: a good answer, and the next call in the moment of the stray.
const ROUNDS: u64 = 150;
/// The same for eight calls at once.
const ROUNDS_AT_ONCE: u64 = 40;

/// A fault server on a thread of its own: its answers come while a call is under way.
struct Elsewhere {
    server: FaultServer,
    // Dropped last.
    _runtime: Runtime,
}

impl Elsewhere {
    fn start(tls: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let server = runtime.block_on(async {
            if tls {
                FaultServer::start_tls(TlsFault::Valid).await.unwrap()
            } else {
                FaultServer::start().await.unwrap()
            }
        });
        Self {
            server,
            _runtime: runtime,
        }
    }

    /// A client whose token provider gives another token each time.
    fn client(&self) -> Client {
        let count = Arc::new(AtomicUsize::new(0));
        Client::builder()
            .base_url(self.server.url())
            .ca_certificate(self.server.ca_pem())
            .max_connections(4)
            .token_provider(move || {
                let number = count.fetch_add(1, Ordering::Relaxed);
                async move { Ok(format!("token{number}")) }
            })
            .build()
            .unwrap()
    }
}

fn message() -> InboundMessage {
    match Event::from_json(include_str!("../vectors/seed-event.json")).unwrap() {
        Event::InboundMessage(message) => message,
        other => panic!("{other:?}"),
    }
}

fn template() -> Template {
    Template::parse("template_01k8ap1btqf5r9fq2c8ax5fhc9").unwrap()
}

/// What a stray answer can be. Its connection ends as its step says.
fn strays() -> [(&'static str, Step); 8] {
    let id = |body| Step::default().body(Body::Json(body));
    // Longer than the true answer, which is swallowed; then the connection ends.
    let swallowing = |status, code| {
        Step::error(status, code)
            .framing(Framing::WrongLength(4096))
            .then(Then::CloseAfterMs(5))
    };
    [
        ("the answer before, once more", Step::default()),
        ("another id, no echo", id(json!({"id": "tx_stray"}))),
        ("a 429", Step::error(429, "rate_limited")),
        ("a 401", Step::status(401)),
        ("a window_expired", Step::error(400, "window_expired")),
        ("a 204", Step::status(204)),
        ("a 429 that is cut", swallowing(429, "rate_limited")),
        ("a 401 that is cut", swallowing(401, "unauthorized")),
    ]
}

/// What became of one call.
struct Ended {
    correlation_id: String,
    end: Result<Answered, Error>,
}

#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    maybe_sent: usize,
    not_sent: usize,
    wrong: Vec<String>,
    second_posts: usize,
}

fn tally(server: &FaultServer, ended: &[Ended]) -> Tally {
    let mut posts: HashMap<String, usize> = HashMap::new();
    for request in server.requests().iter().filter(|r| r.complete) {
        let body = request.json().unwrap();
        let id = body["correlation_id"].as_str().unwrap().to_owned();
        *posts.entry(id).or_default() += 1;
    }
    let mut tally = Tally {
        second_posts: posts.values().filter(|&&count| count > 1).count(),
        ..Tally::default()
    };
    for Ended {
        correlation_id,
        end,
    } in ended
    {
        let received = posts.contains_key(correlation_id);
        match end {
            Ok(Answered::Reply(reply)) if is_own(reply, correlation_id) => tally.sent += 1,
            Err(e) if e.outcome() == Some(Outcome::MaybeSent) => tally.maybe_sent += 1,
            Err(e) if e.outcome() == Some(Outcome::NotSent) && !received => tally.not_sent += 1,
            other => tally.wrong.push(format!("{other:?}")),
        }
    }
    tally
}

fn is_own(reply: &ReplyResponse, correlation_id: &str) -> bool {
    let echoed = reply.correlation_id.as_ref().unwrap();
    reply.id != "tx_stray" && echoed.as_str() == correlation_id
}

/// How calls follow one another.
#[derive(Clone, Copy, Debug)]
enum Pattern {
    /// One after another, awaited.
    Awaited,
    /// One after another, from a thread that blocks, on the shared runtime.
    Blocking,
    /// Eight at once.
    AtOnce,
}

fn start(client: &Client) -> (String, Pending<Answered>) {
    let call = client.reply_or_template(&message(), "Hi", template());
    let pending = call.start_shared();
    (pending.correlation_id().unwrap().to_string(), pending)
}

/// Two calls after one another.
fn round(client: &Client, pattern: Pattern, runtime: &Runtime) -> Vec<Ended> {
    let mut ended = Vec::new();
    match pattern {
        Pattern::Blocking => {
            for _ in 0..2 {
                let (correlation_id, pending) = start(client);
                ended.push(Ended {
                    correlation_id,
                    end: pending.wait(),
                });
            }
        }
        Pattern::Awaited => runtime.block_on(async {
            for _ in 0..2 {
                let call = client.reply_or_template(&message(), "Hi", template());
                let pending = call.start();
                ended.push(Ended {
                    correlation_id: pending.correlation_id().unwrap().to_string(),
                    end: pending.await,
                });
            }
        }),
        Pattern::AtOnce => runtime.block_on(async {
            let all: Vec<_> = (0..8).map(|_| start(client)).collect();
            for (correlation_id, pending) in all {
                ended.push(Ended {
                    correlation_id,
                    end: pending.await,
                });
            }
        }),
    }
    ended
}

/// Returns what was wrong. `least_sent` is how many of all calls, in percent, must be sent.
fn trial(
    name: &str,
    elsewhere: &Elsewhere,
    pattern: Pattern,
    least_sent: usize,
    step: impl Fn(u64) -> Step,
) -> Option<String> {
    elsewhere.server.reset();
    let client = elsewhere.client();
    let runtime = Runtime::new().unwrap();
    let mut ended = Vec::new();
    let rounds = match pattern {
        Pattern::AtOnce => ROUNDS_AT_ONCE,
        Pattern::Awaited | Pattern::Blocking => ROUNDS,
    };
    for number in 0..rounds {
        elsewhere
            .server
            .set_default(step(number * 500 / (rounds - 1)));
        ended.extend(round(&client, pattern, &runtime));
    }
    // A second POST that is sent late must be seen too.
    thread::sleep(Duration::from_millis(20));
    let tally = tally(&elsewhere.server, &ended);
    let Tally {
        sent,
        maybe_sent,
        not_sent,
        wrong,
        second_posts,
    } = &tally;
    println!(
        "{name}, {pattern:?}: {sent} sent, {maybe_sent} maybe_sent, {not_sent} not_sent, {} wrong, \
         {second_posts} posted twice of {}",
        wrong.len(),
        ended.len()
    );
    let enough = *sent * 100 >= ended.len() * least_sent;
    let right = wrong.is_empty() && *second_posts == 0 && enough;
    (!right).then(|| format!("{name}: {sent} sent, {second_posts} posted twice, wrong: {wrong:#?}"))
}

/// Tries all strays beside one another, each at a server of its own: the calls wait more than they
/// work.
fn with_each_stray<const N: usize>(
    tls: bool,
    trials: impl Fn(&'static str, &Elsewhere, &Step) -> [Option<String>; N] + Sync,
) {
    let failures: Vec<String> = thread::scope(|scope| {
        let running = strays().map(|(name, stray)| {
            let trials = &trials;
            scope.spawn(move || trials(name, &Elsewhere::start(tls), &stray))
        });
        let ended = running.map(|trials| trials.join().unwrap());
        ended.into_iter().flatten().flatten().collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The true answer comes first. So a stray can meet a call only on a connection that has served
/// another one, and ends it: no more calls are in doubt than are sent.
fn answered_twice(tls: bool, pattern: Pattern) {
    with_each_stray(tls, |name, elsewhere, stray| {
        let twice = |at| {
            let answer = Step::default().then(stray.then);
            answer.again(at, stray.clone())
        };
        let later = trial(name, elsewhere, pattern, 50, |microseconds| {
            twice(AgainAt::AfterUs(microseconds))
        });
        let name = format!("{name}, at the next request");
        let next = trial(&name, elsewhere, pattern, 50, |_| {
            twice(AgainAt::NextRequest)
        });
        [later, next]
    });
}

#[test]
fn a_second_answer_is_nobodys_awaited() {
    answered_twice(false, Pattern::Awaited);
}

#[test]
fn a_second_answer_is_nobodys_blocking() {
    answered_twice(false, Pattern::Blocking);
}

#[test]
fn a_second_answer_is_nobodys_at_once() {
    answered_twice(false, Pattern::AtOnce);
}

#[test]
fn a_second_answer_is_nobodys_over_tls() {
    answered_twice(true, Pattern::Awaited);
    answered_twice(true, Pattern::AtOnce);
}

/// The server answers on accepting, before it has read a byte; the true answer follows.
fn answered_early(tls: bool, pattern: Pattern) {
    with_each_stray(tls, |name, elsewhere, stray| {
        [trial(name, elsewhere, pattern, 0, |microseconds| {
            let early = stray.clone().answer_at(AnswerAt::Accept);
            early.again(AgainAt::AfterUs(microseconds), Step::default())
        })]
    });
}

#[test]
fn an_answer_before_the_request_is_nobodys() {
    answered_early(false, Pattern::Awaited);
    answered_early(false, Pattern::AtOnce);
}

#[test]
fn an_answer_before_the_request_is_nobodys_over_tls() {
    answered_early(true, Pattern::Awaited);
}
