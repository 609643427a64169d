//! Every row of the table of outcomes, over real sockets. What counts is what the server received.
//!
//! The cases are data (`vectors/outcomes.json`), because every language runs them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backchat_core::{
    Attempt, Client, CorrelationId, Error, ErrorCode, InboundMessageId, Reply, ReplyResponse,
};
use backchat_tests::fault::{FaultServer, Step, TlsFault, black_hole, refused_address};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[expect(dead_code, reason = "for readers of the file")]
    row: String,
    #[serde(default)]
    server: Server,
    /// How the first requests are answered; a correct 200 afterwards.
    #[serde(default)]
    script: Vec<Step>,
    /// So many replies are sent first, and succeed.
    #[serde(default)]
    warm_up: usize,
    /// And then so long nothing.
    #[serde(default)]
    pause_ms: u64,
    timeout_ms: Option<u64>,
    connect_timeout_ms: Option<u64>,
    max_retries: Option<u32>,
    /// What a token provider gives, in turn; the last again and again.
    tokens: Option<Vec<String>>,
    expect: Expect,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Server {
    #[default]
    Plain,
    Refused,
    BlackHole,
    UnknownHost,
    #[serde(untagged)]
    Tls(TlsFault),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    outcome: String,
    code: Option<OneOf>,
    class: Option<String>,
    phase: Option<String>,
    status: Option<u16>,
    server_code: Option<String>,
    safe_to_retry: Option<bool>,
    webhook_status: Option<u16>,
    retry_after_ms: Option<u64>,
    elapsed_at_least_ms: Option<u64>,
    /// Whole requests that the server received.
    posts: usize,
    connections: Option<usize>,
    /// Attempts that the observer saw.
    attempts: Option<usize>,
    /// The tokens that the server saw, in order.
    tokens: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOf {
    One(String),
    Any(Vec<String>),
}

/// What a case needs while it runs, and where the client is pointed.
struct Stage {
    url: String,
    server: Option<FaultServer>,
    _guard: Option<backchat_tests::fault::Unreachable>,
}

impl Stage {
    async fn set(kind: &Server) -> std::io::Result<Self> {
        let (url, server, guard) = match kind {
            Server::Plain => {
                let server = FaultServer::start().await?;
                (server.url().to_owned(), Some(server), None)
            }
            Server::Tls(fault) => {
                let server = FaultServer::start_tls(*fault).await?;
                (server.url().to_owned(), Some(server), None)
            }
            Server::Refused => {
                let guard = refused_address()?;
                (guard.url(), None, Some(guard))
            }
            Server::BlackHole => {
                let guard = black_hole().await?;
                (guard.url(), None, Some(guard))
            }
            Server::UnknownHost => ("http://backchat.invalid".to_owned(), None, None),
        };
        Ok(Self {
            url,
            server,
            _guard: guard,
        })
    }
}

fn reply() -> Reply {
    Reply::parse("+33612345678", "On it!", "im_01k8aq2zggeyssvt53zgvpx63a").unwrap()
}

impl Case {
    fn client(&self, stage: &Stage, seen: &Arc<Mutex<Vec<Attempt>>>) -> Client {
        let seen = Arc::clone(seen);
        let mut builder = Client::builder()
            .base_url(&stage.url)
            .api_token("token")
            .allow_insecure_http(true)
            .observer(move |attempt: &Attempt| seen.lock().unwrap().push(attempt.clone()));
        if let Some(server) = &stage.server {
            builder = builder.ca_certificate(server.ca_pem());
        }
        if let Some(ms) = self.timeout_ms {
            builder = builder.timeout(Duration::from_millis(ms));
        }
        if let Some(ms) = self.connect_timeout_ms {
            builder = builder.connect_timeout(Duration::from_millis(ms));
        }
        if let Some(retries) = self.max_retries {
            builder = builder.max_retries(retries);
        }
        if let Some(tokens) = self.tokens.clone() {
            let asked = AtomicUsize::new(0);
            builder = builder.token_provider(move || {
                let turn = asked.fetch_add(1, Ordering::Relaxed);
                let token = tokens[turn.min(tokens.len() - 1)].clone();
                async move { Ok(token) }
            });
        }
        builder.build().unwrap()
    }

    async fn run(&self) -> Result<(), String> {
        let stage = Stage::set(&self.server).await.map_err(|e| e.to_string())?;
        if let Some(server) = &stage.server {
            server.script(self.script.clone());
        }
        let seen = Arc::default();
        let client = self.client(&stage, &seen);
        for _ in 0..self.warm_up {
            let warm = client.notify().reply(reply()).await;
            warm.map_err(|e| format!("warm-up: {e}"))?;
        }
        tokio::time::sleep(Duration::from_millis(self.pause_ms)).await;
        seen.lock().unwrap().clear();
        let started = Instant::now();
        let end = client.notify().reply(reply()).await;
        let elapsed = started.elapsed();
        // A second POST that is sent late must be seen too.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let attempts = seen.lock().unwrap().clone();
        self.expect
            .check(&end, elapsed, &attempts, stage.server.as_ref())
    }
}

impl Expect {
    fn check(
        &self,
        end: &Result<ReplyResponse, Error>,
        elapsed: Duration,
        attempts: &[Attempt],
        server: Option<&FaultServer>,
    ) -> Result<(), String> {
        let error = end.as_ref().err();
        let outcome = error.map_or("sent", |e| e.outcome().unwrap().as_str());
        same("outcome", Some(outcome), Some(self.outcome.as_str()))?;
        match (&self.code, error) {
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
            expected("class", Some(e.class().name()), self.class.as_deref())?;
            expected("phase", phase, self.phase.as_deref())?;
            expected("status", e.status(), self.status)?;
            expected("server_code", server_code, self.server_code.as_deref())?;
            expected("safe_to_retry", Some(e.safe_to_retry()), self.safe_to_retry)?;
            expected(
                "webhook_status",
                Some(e.webhook_status()),
                self.webhook_status,
            )?;
            expected("retry_after_ms", retry_after, self.retry_after_ms)?;
            same(
                "message_id",
                e.message_id().map(InboundMessageId::as_str),
                Some("im_01k8aq2zggeyssvt53zgvpx63a"),
            )?;
            let named = e.correlation_id().and_then(CorrelationId::reply_to);
            same("correlation id names the message", named.is_some(), true)?;
        }
        if let Some(least) = self.elapsed_at_least_ms {
            let in_time = elapsed >= Duration::from_millis(least);
            same("waited long enough", in_time, true)?;
        }
        expected("attempts", Some(attempts.len()), self.attempts)?;
        let last = attempts.last().map(|attempt| attempt.outcome.as_str());
        same("the observer's last outcome", last, Some(outcome))?;
        let posts = server.map_or(0, FaultServer::posts);
        same("posts", posts, self.posts)?;
        expected(
            "connections",
            server.map(FaultServer::connections),
            self.connections,
        )?;
        let tokens = server.map(|server| {
            let requests = server.requests();
            let tokens = requests.iter().filter_map(|r| r.header("authorization"));
            tokens.map(|t| t.replace("Bearer ", "")).collect()
        });
        expected("tokens", tokens, self.tokens.clone())
    }
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
    let file: File = serde_json::from_str(include_str!("../vectors/outcomes.json")).unwrap();
    let count = file.cases.len();
    let at_once = Arc::new(tokio::sync::Semaphore::new(8));
    let mut running = tokio::task::JoinSet::new();
    for case in file.cases {
        let at_once = Arc::clone(&at_once);
        running.spawn(async move {
            let _permit = at_once.acquire_owned().await.unwrap();
            let end = case.run().await;
            end.map_err(|why| format!("{}: {why}", case.name))
        });
    }
    let ends = running.join_all().await;
    let failures: Vec<_> = ends.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(count > 0);
    println!("vectors: outcomes http {count}");
}
