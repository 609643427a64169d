//! `tests/vectors/outcomes.json`: what can go wrong with one call, and what is known of the message
//! then. `tests/vectors/README.md` says how the file is read.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, io};

use backchat_core::{Client, ClientBuilder};
use serde::Deserialize;

use crate::fault::{FaultServer, Step, TlsFault, Unreachable, black_hole, refused_address};
use crate::vectors::folder;

/// Every case of the file, at least one.
pub fn cases() -> Result<Vec<Case>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        cases: Vec<Case>,
    }
    let path = folder().join("outcomes.json");
    let text = fs::read_to_string(path).map_err(|e| format!("outcomes: {e}"))?;
    let file: File = serde_json::from_str(&text).map_err(|e| format!("outcomes: {e}"))?;
    if file.cases.is_empty() {
        return Err("outcomes: no cases".to_owned());
    }
    Ok(file.cases)
}

/// One fault, and what the call says about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The row of the table of outcomes that it stands for.
    pub row: String,
    /// Who is called.
    #[serde(default)]
    pub server: Server,
    /// How the first requests are answered; a correct 200 afterwards.
    #[serde(default)]
    pub script: Vec<Step>,
    /// So many replies are sent first, and succeed.
    #[serde(default)]
    pub warm_up: usize,
    /// And then so long nothing.
    #[serde(default)]
    pub pause_ms: u64,
    timeout_ms: Option<u64>,
    connect_timeout_ms: Option<u64>,
    max_retries: Option<u32>,
    /// What a token provider gives, in turn; the last again and again.
    tokens: Option<Vec<String>>,
    /// What must come out.
    pub expect: Expect,
}

/// Who is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Server {
    /// Plays the script.
    #[default]
    Plain,
    /// Refuses every connection.
    Refused,
    /// Never accepts one.
    BlackHole,
    /// A name that nobody has.
    UnknownHost,
    /// Plays the script over TLS that has something wrong.
    #[serde(untagged)]
    Tls(TlsFault),
}

/// What must come out. What is left out may be anything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// What is known of the message: `sent`, `not_sent`, `rejected`, `maybe_sent`.
    pub outcome: String,
    /// The error's code; without it, the call succeeds.
    pub code: Option<OneOf>,
    /// The error's class.
    pub class: Option<String>,
    /// Of a `maybe_sent`: how far the attempt had come.
    pub phase: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Of a `maybe_sent`: the code in the answer.
    pub server_code: Option<String>,
    /// Whether the same call may be made again.
    pub safe_to_retry: Option<bool>,
    /// What to answer Prelude.
    pub webhook_status: Option<u16>,
    /// How long the server asks to wait.
    pub retry_after_ms: Option<u64>,
    /// The call must take this long.
    pub elapsed_at_least_ms: Option<u64>,
    /// Whole requests that the server received.
    pub posts: usize,
    /// Connections that it accepted.
    pub connections: Option<usize>,
    /// Attempts that the observer saw.
    pub attempts: Option<usize>,
    /// The tokens that the server saw, in order.
    pub tokens: Option<Vec<String>>,
}

/// A code, or several of which each would be right.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOf {
    /// This one.
    One(String),
    /// One of these.
    Any(Vec<String>),
}

/// Who is called in one run of a case.
#[derive(Debug)]
pub struct Stage {
    /// Where that is.
    pub url: String,
    /// The server, when there is one.
    pub server: Option<FaultServer>,
    _unreachable: Option<Unreachable>,
}

impl Case {
    /// Starts what the case calls, with its script.
    pub async fn stage(&self) -> io::Result<Stage> {
        let stage = match self.server {
            Server::Plain => Stage::listening(FaultServer::start().await?),
            Server::Tls(fault) => Stage::listening(FaultServer::start_tls(fault).await?),
            Server::Refused => Stage::unreachable(refused_address()?),
            Server::BlackHole => Stage::unreachable(black_hole().await?),
            Server::UnknownHost => Stage {
                url: "http://backchat.invalid".to_owned(),
                server: None,
                _unreachable: None,
            },
        };
        if let Some(server) = &stage.server {
            server.script(self.script.clone());
        }
        Ok(stage)
    }

    /// The case's client.
    pub fn client(&self, stage: &Stage) -> ClientBuilder {
        let mut builder = Client::builder()
            .base_url(&stage.url)
            .api_token("token")
            .allow_insecure_http(true);
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
                let token = tokens.get(turn).or(tokens.last()).cloned();
                async move { Ok(token.unwrap_or_default()) }
            });
        }
        builder
    }
}

impl Stage {
    fn listening(server: FaultServer) -> Self {
        Self {
            url: server.url().to_owned(),
            server: Some(server),
            _unreachable: None,
        }
    }

    fn unreachable(address: Unreachable) -> Self {
        Self {
            url: address.url(),
            server: None,
            _unreachable: Some(address),
        }
    }
}
