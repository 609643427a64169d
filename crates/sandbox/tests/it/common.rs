//! A sandbox with a key that is made once, a receiver of webhooks, and a client.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use backchat_sandbox::{Sandbox, SandboxBuilder, SandboxHandle};
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use serde_json::{Value, json};

pub(crate) const USER: &str = "+33612345678";

static KEY: LazyLock<String> = LazyLock::new(|| {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
});

/// A private key in PEM.
pub(crate) fn key_pem() -> &'static str {
    &KEY
}

/// A builder that does not make a key of its own.
pub(crate) fn builder() -> SandboxBuilder {
    Sandbox::builder().signing_key_pem(key_pem())
}

pub(crate) async fn sandbox() -> SandboxHandle {
    builder().start().await.unwrap()
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }
}

fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .retry(reqwest::retry::never())
        .build()
        .unwrap()
}

pub(crate) async fn try_call(
    sandbox: &SandboxHandle,
    method: &str,
    path: &str,
    body: impl Into<reqwest::Body>,
    token: Option<&str>,
) -> Result<Answer, reqwest::Error> {
    let url = format!("{}{path}", sandbox.url());
    let mut request = client().request(method.parse().unwrap(), url).body(body);
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await?;
    Ok(Answer {
        status,
        headers,
        json: serde_json::from_slice(&bytes).unwrap_or_default(),
        body: bytes,
    })
}

/// Calls the API with the right token.
pub(crate) async fn post(sandbox: &SandboxHandle, path: &str, body: Value) -> Answer {
    let body = body.to_string();
    try_call(sandbox, "POST", path, body, Some("Bearer sandbox"))
        .await
        .unwrap()
}

/// Calls a control.
pub(crate) async fn control(
    sandbox: &SandboxHandle,
    method: &str,
    path: &str,
    body: Value,
) -> Answer {
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    try_call(sandbox, method, path, body, None).await.unwrap()
}

pub(crate) async fn reply(sandbox: &SandboxHandle, reply_to: &str) -> Answer {
    let body = json!({"to": USER, "text": "Hello", "reply_to": reply_to});
    post(sandbox, "/v2/notify/reply", body).await
}

/// One request that a [`Receiver`] got.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn signature(&self) -> Vec<u8> {
        use base64::Engine as _;
        let header = self.headers["x-webhook-signature"].to_str().unwrap();
        let value = header.strip_prefix("rsassa-pss-sha256=").unwrap();
        base64::engine::general_purpose::URL_SAFE
            .decode(value)
            .unwrap()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    Status(u16),
    Silence,
}

#[derive(Debug, Default)]
struct Log {
    received: Vec<Received>,
    next: VecDeque<Behaviour>,
}

/// Takes webhooks, with 200 unless told otherwise.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    log: Arc<Mutex<Log>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let log = Arc::new(Mutex::new(Log::default()));
        let its = Arc::clone(&log);
        let app = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let its = Arc::clone(&its);
            async move {
                let next = {
                    let mut log = its.lock().unwrap();
                    log.received.push(Received { headers, body });
                    log.next.pop_front()
                };
                match next.unwrap_or(Behaviour::Status(200)) {
                    Behaviour::Status(status) => StatusCode::from_u16(status).unwrap(),
                    Behaviour::Silence => std::future::pending().await,
                }
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, log }
    }

    /// What to answer next, in order.
    pub(crate) fn will(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.log.lock().unwrap().next.extend(behaviours);
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.log.lock().unwrap().received.clone()
    }

    pub(crate) fn types(&self) -> Vec<String> {
        self.requests()
            .iter()
            .map(|received| received.json()["type"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) const HOUR: Duration = Duration::from_hours(1);
pub(crate) const DAY: Duration = Duration::from_hours(24);
