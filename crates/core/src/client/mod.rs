//! The client: one call sends at most one message, and every failure says what is known.
//!
//! The API has no idempotency key, so two POSTs that were received are two WhatsApp messages on
//! somebody's phone. The client therefore owns its connections ([`transport`]) down to the socket:
//!
//! - hyper's HTTP/1.1 connection is polled inside the call that uses it, so nothing is written or
//!   read behind the call's back, and nothing below repeats a POST.
//! - Right before a request's first byte the socket is looked at by a system call. A connection that
//!   was closed, or on which bytes came that nobody asked for, is replaced without a trace. This
//!   holds after the process was frozen, too, when the runtime's own view is an old one.
//! - The stream records whether a byte of the request was written. None means provably not sent.
//!   (hyper's `is_incomplete_message` does not mean unsent, and a polled body may never have left.)
//! - An answer that names this message by `reply_to` or `correlation_id` is believed at once. One
//!   that names another is not this call's. One that names none (mostly a refusal) is believed when
//!   nothing follows it on the connection for a while: a server or a proxy that answers twice, or
//!   before it has the request, is found out by the true answer.
//! - A repeat goes on a connection of its own.
//! - Every call runs as a task of its own: a caller who goes away does not cut a begun POST short.

mod builder;
mod call;
mod call_state;
mod disposition;
mod endpoint;
mod failure;
mod head;
mod headers;
mod media;
mod message;
mod notify;
mod observer;
mod operation;
mod pending;
mod retry;
mod retry_after;
mod retry_loop;
pub mod runtime;
mod shutdown;
mod token;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::{HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};
use url::Url;

pub use builder::ClientBuilder;
pub use call::Call;
pub use call_state::{Cancellation, Latest};
pub use media::InboundMedia;
pub use notify::Notify;
pub use observer::{Attempt, Observer};
pub use operation::Answered;
pub use pending::{Canceller, Pending};
pub use token::{TokenError, TokenProvider};
pub use transport::tls::TrustStore;

use crate::{CallbackUrl, Error, InboundMessage, Reply, ReplyResponse, Template};
use endpoint::Endpoint;
use operation::ReplyOrTemplate;
use shutdown::Shutdown;
use token::Bearer;
use transport::{Transport, TransportOptions};

/// How long closing waits for POSTs that have begun.
const CLOSING: Duration = Duration::from_secs(2);

/// Sends replies and templates. Cheap to clone; clones share their connections.
///
/// ```no_run
/// # async fn answer(message: backchat_core::InboundMessage) -> Result<(), backchat_core::Error> {
/// use backchat_core::Client;
///
/// let client = Client::from_env()?;
/// let reply = client.reply(&message, "Thanks for reaching out!").await?;
/// println!("sent as {}", reply.id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    transport: ArcSwap<Transport>,
    shutdown: Arc<Shutdown>,
}

struct Settings {
    base_url: Url,
    reply: Endpoint,
    send: Endpoint,
    /// The `Host` header.
    host: HeaderValue,
    token: TokenSource,
    timeout: Duration,
    max_retries: u32,
    callback_url: Option<CallbackUrl>,
    user_agent: HeaderValue,
    observer: Option<Arc<dyn Observer>>,
    transport: TransportOptions,
}

enum TokenSource {
    Fixed(Bearer),
    Provider(Arc<dyn TokenProvider>),
}

impl Client {
    /// A client with the token and the addresses of the environment.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A client with options.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    fn with(settings: Settings) -> Result<Self, Error> {
        let transport = Transport::new(&settings.transport)?;
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                transport: ArcSwap::from_pointee(transport),
                shutdown: Arc::default(),
            }),
        })
    }

    /// The time that one call may take in all, unless the call names another.
    pub fn timeout(&self) -> Duration {
        self.inner.settings.timeout
    }

    /// The calls as Prelude's documentation groups them.
    pub fn notify(&self) -> Notify<'_> {
        Notify(self)
    }

    /// Answers `message` with `text`, as a quoted reply.
    ///
    /// Raises `missing_text`, and for an event with an odd sender or id `invalid_phone_number` or
    /// `invalid_reply_context`; then what the API refuses, and what the network does.
    pub fn reply(&self, message: &InboundMessage, text: &str) -> Call<ReplyResponse> {
        Call::new(&self.inner, Reply::to_message(message, text))
    }

    /// Answers `message` with `text`, or with `template` when the server says that the window has
    /// closed. Never sends the template after a `maybe_sent`. The template's preferred channel is
    /// the message's when it names none; Prelude may fall back to SMS.
    pub fn reply_or_template(
        &self,
        message: &InboundMessage,
        text: &str,
        template: Template,
    ) -> Call<Answered> {
        let mut template = template;
        template
            .preferred_channel
            .get_or_insert_with(|| message.channel.clone());
        let reply = Reply::to_message(message, text);
        Call::new(
            &self.inner,
            reply.map(|reply| ReplyOrTemplate::new(reply, template)),
        )
    }

    /// Ends the client: no POST begins any more, and those that have begun get 2 s to end. Calls
    /// made later end with `cancelled`.
    pub async fn close(&self) {
        let inner = Arc::clone(&self.inner);
        let closing = async move { inner.close().await };
        if tokio::runtime::Handle::try_current().is_ok() {
            closing.await;
            return;
        }
        let (done, ended) = tokio::sync::oneshot::channel();
        let waited = runtime::spawn(async move {
            closing.await;
            let _nobody_waits = done.send(());
        });
        if waited.is_ok() {
            let _ended = ended.await;
        }
    }
}

impl Inner {
    /// The connections of this process. Those of a parent process are left alone: not even
    /// dropped, for their runtime has no threads here.
    fn transport(&self) -> Result<Arc<Transport>, Error> {
        if self.shutdown.is_closed() {
            return Err(failure::closed());
        }
        let current = self.transport.load_full();
        if current.process == std::process::id() {
            return Ok(current);
        }
        let fresh = Arc::new(Transport::new(&self.settings.transport)?);
        let previous = self
            .transport
            .compare_and_swap(&current, Arc::clone(&fresh));
        if Arc::ptr_eq(&previous, &current) {
            std::mem::forget(current);
            Ok(fresh)
        } else {
            Ok(Arc::clone(&previous))
        }
    }

    async fn close(&self) {
        let transport = self.transport.load_full();
        if transport.process != std::process::id() {
            self.shutdown.close_quietly();
            std::mem::forget(transport);
            return;
        }
        self.shutdown.close();
        transport.pool.drain(CLOSING).await;
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        headers.insert(HOST, self.settings.host.clone());
        headers
            .entry(USER_AGENT)
            .or_insert_with(|| self.settings.user_agent.clone());
    }
}

impl Drop for Inner {
    /// A child process must not drop its parent's connections: a lock that they need may have been
    /// held at the `fork`, and is never released there.
    fn drop(&mut self) {
        let transport = self.transport.load_full();
        if transport.process != std::process::id() {
            std::mem::forget(transport);
        }
    }
}

/// Bytes from the operating system: after `fork`, parent and child must not draw the same.
fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        Error::configuration("random", "the operating system gives no random bytes")
    })?;
    Ok(bytes)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.inner.settings;
        f.debug_struct("Client")
            .field("reply_url", &settings.reply.url.as_str())
            .field("timeout", &settings.timeout)
            .field("max_retries", &settings.max_retries)
            .field("callback_url", &settings.callback_url)
            .finish_non_exhaustive()
    }
}
