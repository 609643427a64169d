//! `Sandbox::builder()`: what a sandbox is before it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use backchat_core::PhoneNumber;
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::SandboxError;
use crate::account::Account;
use crate::config::Config;
use crate::control::check_url;
use crate::handle::SandboxHandle;
use crate::key::{self, PublicKey};
use crate::server;
use crate::shared::Shared;
use crate::template::Template;
use crate::webhook::post::Poster;
use crate::webhook::sign::{SaltLength, Signer};

/// A stand-in for Prelude. See the [crate's documentation](crate).
#[derive(Debug)]
#[non_exhaustive]
pub struct Sandbox;

impl Sandbox {
    /// A sandbox on a free port of this machine, with the token `sandbox` and the key of
    /// this process.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            salt: SaltLength::default(),
            signing_key_pem: None,
            webhook_timeout: Duration::from_secs(10),
            config: Config {
                token: "sandbox".to_owned(),
                business_number: "+14155551234".to_owned(),
                webhook_url: None,
                start_at: None,
                templates: Vec::new(),
                account: Account::default(),
            },
        }
    }
}

/// The settings of a sandbox. Wrong ones are reported by [`SandboxBuilder::start`].
#[must_use]
pub struct SandboxBuilder {
    listen: SocketAddr,
    salt: SaltLength,
    signing_key_pem: Option<String>,
    webhook_timeout: Duration,
    config: Config,
}

/// Without the token and the key.
impl std::fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("listen", &self.listen)
            .field("salt", &self.salt)
            .field("webhook_timeout", &self.webhook_timeout)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl SandboxBuilder {
    /// Where to listen: `127.0.0.1` and a free port unless told otherwise.
    ///
    /// On any other address everyone who reaches it can control the sandbox and let it post to
    /// URLs of their choice.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The token that the API wants: `sandbox` unless told otherwise.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.config.token = token.into();
        self
    }

    /// Where events of users go. Without one they are only recorded.
    pub fn webhook_url(mut self, url: impl Into<String>) -> Self {
        self.config.webhook_url = Some(url.into());
        self
    }

    /// The salt of the webhooks' signatures.
    pub fn salt(mut self, salt: SaltLength) -> Self {
        self.salt = salt;
        self
    }

    /// The private key of the webhooks' signatures: RSA of 2048 to 4096 bits, PKCS#8 or PKCS#1 in
    /// PEM. Without one, the key that this process makes for all its sandboxes: in half a second
    /// with optimised dependencies, in about 5 s without (`opt-level = 3` in
    /// `[profile.dev.package.num-bigint-dig]` helps).
    pub fn signing_key_pem(mut self, pem: impl Into<String>) -> Self {
        self.signing_key_pem = Some(pem.into());
        self
    }

    /// What the clock shows at the start: the real time unless told otherwise.
    pub fn start_at(mut self, moment: Timestamp) -> Self {
        self.config.start_at = Some(moment);
        self
    }

    /// A template that can be sent. May be called again for more.
    pub fn template(mut self, template: Template) -> Self {
        self.config.templates.push(template);
        self
    }

    /// What Prelude knows about the account at the start.
    pub fn account(mut self, account: Account) -> Self {
        self.config.account = account;
        self
    }

    /// The number that users write to when they name no other: `+14155551234` unless told
    /// otherwise.
    pub fn business_number(mut self, number: impl Into<String>) -> Self {
        self.config.business_number = number.into();
        self
    }

    /// How long a webhook's receiver may stay silent, in real time: 10 s, as Prelude waits, unless
    /// told otherwise.
    pub fn webhook_timeout(mut self, timeout: Duration) -> Self {
        self.webhook_timeout = timeout;
        self
    }

    /// Starts the sandbox on the current tokio runtime.
    pub async fn start(self) -> Result<SandboxHandle, SandboxError> {
        let runtime = Handle::try_current().map_err(|_| SandboxError::NoRuntime)?;
        check(&self.config)?;
        let key = match self.signing_key_pem {
            Some(pem) => key::parse(&pem)?,
            None => runtime
                .spawn_blocking(key::of_this_process)
                .await
                .map_err(|error| SandboxError::Key(error.to_string()))??,
        };
        let mut seed = [0; 16];
        SystemRandom::new()
            .fill(&mut seed)
            .map_err(|_| SandboxError::Key("the system gave no randomness".to_owned()))?;
        let shared = Shared::new(
            self.config,
            seed,
            PublicKey::of(&key, self.salt)?,
            Signer::new(key, self.salt)?,
            Poster::new(self.webhook_timeout)?,
            runtime.clone(),
        );
        let address = self.listen;
        let failed = |source| SandboxError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        if !address.ip().is_loopback() {
            tracing::warn!(%address, "the sandbox can be reached, and controlled, by others");
        }
        runtime.spawn(Arc::clone(&shared).run_scheduler());
        let server = runtime.spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(SandboxHandle::new(shared, address, server))
    }
}

fn check(config: &Config) -> Result<(), SandboxError> {
    if config.token.is_empty() || !config.token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SandboxError::Refused(
            "`token` must be printable ASCII without blanks".to_owned(),
        ));
    }
    if PhoneNumber::parse(&config.business_number).is_err() {
        return Err(SandboxError::Refused(
            "`business_number` must be in E.164".to_owned(),
        ));
    }
    if let Some(url) = &config.webhook_url {
        check_url(url)?;
    }
    config.templates.iter().try_for_each(Template::check)
}
