//! The POST of a webhook: 200 within 10 s, or it comes again.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Client, redirect, retry};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use url::Url;

use super::event::WebhookEvent;
use super::sign;
use crate::SandboxError;

/// How many bytes of an answer's body are kept, for people.
const KEPT: usize = 200;

/// As much of an answer's body is read, so that the connection can be used again.
const DRAINED: usize = 64 * 1024;

/// What a receiver answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// The beginning of the body, when it is a line of text.
    pub(crate) text: Option<String>,
}

/// Posts webhooks.
#[derive(Debug)]
pub(crate) struct Poster {
    timeout: Duration,
    plain: Client,
    /// Built at the first `https` URL: loading the system's certificates takes time, and a
    /// container may have none.
    encrypted: OnceLock<Result<Client, String>>,
}

impl Poster {
    pub(crate) fn new(timeout: Duration) -> Result<Self, SandboxError> {
        Ok(Self {
            timeout,
            plain: without_trust()
                .and_then(|tls| client(timeout, tls))
                .map_err(SandboxError::WebhookClient)?,
            encrypted: OnceLock::new(),
        })
    }

    /// Posts `event` once. Returns the answer, or why there is none.
    pub(crate) async fn post(&self, url: &str, event: &WebhookEvent) -> Result<Answered, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let client = if url.scheme() == "https" {
            self.encrypted
                .get_or_init(|| with_platform_trust().and_then(|tls| client(self.timeout, tls)))
                .as_ref()
                .map_err(Clone::clone)?
        } else {
            &self.plain
        };
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header(sign::HEADER, &event.signature)
            .body(event.body.clone());
        let mut response = request.send().await.map_err(|error| self.explain(&error))?;
        let status = response.status().as_u16();
        let mut drained = 0;
        let mut kept = Vec::new();
        // The status line is the answer; what follows it, and whether it ends well, is not.
        while drained < DRAINED
            && let Ok(Some(chunk)) = response.chunk().await
        {
            drained += chunk.len();
            kept.extend(chunk.iter().take(KEPT - kept.len()));
        }
        Ok(Answered {
            status,
            text: line(&kept),
        })
    }

    /// The innermost cause says what happened; the outer ones repeat the URL.
    fn explain(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no answer in {:?}", self.timeout);
        }
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        cause.to_string()
    }
}

/// The characters of a body, if it has any: without those that would move a terminal's cursor.
fn line(body: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(body)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// No proxy: the receiver is on this machine or on its network, often under a name that only
/// that network knows. No redirects and no retries: one attempt is one POST.
fn client(timeout: Duration, tls: ClientConfig) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(timeout)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .user_agent(concat!("backchat-sandbox/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| error.to_string())
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, String> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())
}

/// For plain http: a client cannot be built without a TLS configuration.
fn without_trust() -> Result<ClientConfig, String> {
    Ok(builder()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

fn with_platform_trust() -> Result<ClientConfig, String> {
    Ok(builder()?
        .with_platform_verifier()
        .map_err(|error| error.to_string())?
        .with_no_client_auth())
}
