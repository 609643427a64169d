//! The options of a client.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use url::{Host, Position, Url};

use super::endpoint::Endpoint;
use super::observer::Observer;
use super::token::{self, Bearer, TokenProvider};
use super::transport::tls::{self, TrustStore};
use super::transport::{TransportOptions, proxy};
use super::{Client, Settings, TokenSource};
use crate::{CallbackUrl, Error};

const BASE_URL: &str = "https://api.prelude.dev";

/// Builds a [`Client`]. What is not given comes from the environment, then from the defaults.
#[must_use = "call `build`"]
pub struct ClientBuilder {
    token: Option<Token>,
    base_url: Option<String>,
    timeout: Duration,
    connect_timeout: Duration,
    max_retries: u32,
    max_connections: usize,
    user_agent: String,
    proxy: Option<String>,
    ca_certificates: Vec<String>,
    trust_store: TrustStore,
    allow_insecure_http: bool,
    callback_url: Option<String>,
    observer: Option<Arc<dyn Observer>>,
}

enum Token {
    Fixed(String),
    Provided(Arc<dyn TokenProvider>),
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            token: None,
            base_url: None,
            timeout: Duration::from_secs(8),
            connect_timeout: Duration::from_secs(3),
            max_retries: 2,
            max_connections: 100,
            user_agent: concat!("backchat-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxy: None,
            ca_certificates: Vec::new(),
            trust_store: TrustStore::default(),
            allow_insecure_http: false,
            callback_url: None,
            observer: None,
        }
    }
}

impl ClientBuilder {
    /// The API token. Default: `PRELUDE_API_TOKEN`, then `API_TOKEN`.
    pub fn api_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token::Fixed(token.into()));
        self
    }

    /// Where to get the API token from before each call, and once more after a 401.
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.token = Some(Token::Provided(Arc::new(provider)));
        self
    }

    /// The API's address. Default: `PRELUDE_BASE_URL`, then `https://api.prelude.dev`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// How long one call may take in all, retries and waiting for a connection included. Default:
    /// 8 s, because Prelude waits 10 s for a webhook's answer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a connection, TLS included, may take to be made. Default: 3 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often a POST that provably had no effect is tried again. Default: 2; 0 turns it off.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// How many connections are open at most; waiting for one counts to the timeout. Default: 100.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// The `User-Agent` header. Default: `backchat-rust/<version>`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// The proxy for all calls. Default: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    /// Loopback is never proxied.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// A certificate authority to trust besides the trust store, in PEM. May be given repeatedly.
    pub fn ca_certificate(mut self, pem: impl Into<String>) -> Self {
        self.ca_certificates.push(pem.into());
        self
    }

    /// Which certificate authorities the client trusts.
    pub fn trust_store(mut self, store: TrustStore) -> Self {
        self.trust_store = store;
        self
    }

    /// Takes an `http` base URL that is not loopback: tokens and texts then travel in the clear.
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// Where Prelude posts the delivery events of every message that names no other address.
    /// Default: `PRELUDE_CALLBACK_URL`, else none.
    pub fn callback_url(mut self, url: impl Into<String>) -> Self {
        self.callback_url = Some(url.into());
        self
    }

    /// Who gets the report of every attempt.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Raises `configuration` with the option's name, `missing_api_token`, or
    /// `invalid_callback_url`.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = or_env(self.base_url, &["PRELUDE_BASE_URL"]);
        let base_url = parse_base_url(
            base_url.as_deref().unwrap_or(BASE_URL),
            self.allow_insecure_http,
        )?;
        let token = match self.token {
            Some(Token::Provided(provider)) => TokenSource::Provider(provider),
            given => {
                let given = match given {
                    Some(Token::Fixed(token)) => Some(token),
                    _ => or_env(None, &["PRELUDE_API_TOKEN", "API_TOKEN"]),
                };
                let token = given.ok_or_else(|| {
                    token::missing("give the API token: as an argument or in PRELUDE_API_TOKEN")
                })?;
                TokenSource::Fixed(Bearer::parse(&token)?)
            }
        };
        let callback_url = or_env(self.callback_url, &["PRELUDE_CALLBACK_URL"])
            .map(CallbackUrl::try_from)
            .transpose()?;
        if self.timeout.is_zero() {
            return Err(Error::configuration("timeout", "must be more than nothing"));
        }
        if self.connect_timeout.is_zero() {
            return Err(Error::configuration(
                "connect_timeout",
                "must be more than nothing",
            ));
        }
        if !(1..=tokio::sync::Semaphore::MAX_PERMITS).contains(&self.max_connections) {
            return Err(Error::configuration(
                "max_connections",
                "must be at least 1",
            ));
        }
        let mut certificates = Vec::new();
        for pem in &self.ca_certificates {
            certificates.extend(tls::certificates(pem)?);
        }
        let user_agent: HeaderValue = self
            .user_agent
            .parse()
            .map_err(|_| Error::configuration("user_agent", "not a header's value"))?;
        let proxy = self.proxy.as_deref().map(proxy::parse).transpose()?;
        Client::with(Settings {
            reply: Endpoint::new(&base_url, "v2/notify/reply")?,
            send: Endpoint::new(&base_url, "v2/notify")?,
            host: host(&base_url)?,
            token,
            timeout: self.timeout,
            max_retries: self.max_retries,
            callback_url,
            user_agent: user_agent.clone(),
            observer: self.observer,
            transport: TransportOptions {
                base_url: base_url.clone(),
                user_agent,
                connect_timeout: self.connect_timeout,
                max_connections: self.max_connections,
                loopback: is_loopback(&base_url),
                proxy,
                trust_store: self.trust_store,
                certificates,
            },
            base_url,
        })
    }
}

/// What was given, else the first of the variables that is set and not blank.
fn or_env(given: Option<String>, names: &[&str]) -> Option<String> {
    given.or_else(|| {
        names
            .iter()
            .filter_map(|name| env::var(name).ok())
            .find(|value| !value.trim().is_empty())
    })
}

fn parse_base_url(text: &str, allow_insecure_http: bool) -> Result<Url, Error> {
    let wrong = |why: &str| Error::configuration("base_url", why);
    let url = Url::parse(text).map_err(|e| wrong(&e.to_string()))?;
    if url.host().is_none() {
        return Err(wrong("has no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "must not hold a user or a password: use the API token",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must not have a query or a fragment"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) || allow_insecure_http => Ok(url),
        "http" => Err(wrong(
            "must be https; http is for loopback, elsewhere only with `allow_insecure_http`",
        )),
        _ => Err(wrong("must be https")),
    }
}

/// Only what cannot be another machine: names below `.localhost` may be resolved by a server of names.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The `Host` header: the port stands there unless it is the scheme's own.
fn host(base_url: &Url) -> Result<HeaderValue, Error> {
    base_url[Position::BeforeHost..Position::AfterPort]
        .parse()
        .map_err(|_| Error::configuration("base_url", "has a host that no header can name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Result<String, String> {
        parse_base_url(text, false)
            .map(|url| url.to_string())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn http_is_for_loopback() {
        for good in [
            "http://127.0.0.1:1",
            "http://127.9.9.9",
            "http://localhost:80",
            "http://[::1]:8787",
            "http://LOCALHOST",
            "https://api.prelude.dev",
        ] {
            assert!(base(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.prelude.dev",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://api.localhost",
            "http://localhost.",
            "http://[::ffff:127.0.0.1]",
            "http://0.0.0.0",
            "ftp://localhost",
            "https://user@host",
            "https://user:pw@host",
            "https://host?q",
            "https://host#f",
            "api.prelude.dev",
            "",
        ] {
            assert!(base(bad).is_err(), "{bad}");
        }
        assert!(parse_base_url("http://backend.internal", true).is_ok());
    }

    #[test]
    fn the_host_header_has_a_port_that_is_not_the_schemes() {
        for (base_url, expected) in [
            ("https://api.prelude.dev", "api.prelude.dev"),
            ("https://api.prelude.dev:443/api", "api.prelude.dev"),
            ("http://127.0.0.1:8787/", "127.0.0.1:8787"),
            ("http://[::1]:8787", "[::1]:8787"),
        ] {
            assert_eq!(host(&Url::parse(base_url).unwrap()).unwrap(), expected);
        }
    }

    #[test]
    fn a_wrong_base_url_is_named_without_its_password() {
        let error = base("https://user:canary@host").unwrap_err();
        assert!(error.contains("`base_url`"), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
}
