//! The client: one call sends at most one message. Blocking and asyncio share every body, and part in
//! [`Client::run`].

use backchat_core::{
    Answered, Call, CallbackUrl, Client as CoreClient, CorrelationId, Error, InboundMessage,
    PhoneNumber, Reply, ReplyResponse as CoreReply, SendResponse as CoreSend,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::error::{raise, raised};
use crate::event::{self, InboundMessage as PyInboundMessage};
use crate::notify::Notify;
use crate::options::{Count, Options, Pem};
use crate::pairs::Pairs;
use crate::response::ToPython;
use crate::template::Template;
use crate::time::Seconds;
use crate::token::{AsyncToken, Callable, LoopSetter};
use crate::{future, log, wait};

/// Sends replies and templates, from any number of threads. Every call sends **at most one** message,
/// and an error says what is known about it: `error.outcome`.
///
/// ```python
/// with backchat.Client() as client:
///     response = client.reply(message, "Thanks for reaching out!")
///     print(response.id)
/// ```
///
/// What is not given comes from the environment, then from the defaults. Times are seconds, or a
/// `timedelta`.
///
/// - `api_token`: default `PRELUDE_API_TOKEN`, then `API_TOKEN`; or a function that gives it,
///   asked before each call and once more after a 401, on a thread of its own. An `async def` one
///   needs an `AsyncClient`.
/// - `base_url`: default `PRELUDE_BASE_URL`, then `https://api.prelude.dev`; `http` for
///   loopback only.
/// - `timeout`: for one call in all, retries included (8 s).
/// - `connect_timeout`: for a connection, TLS included (3 s).
/// - `max_retries`: how often a POST that provably had no effect is tried again (2).
/// - `max_connections`: 100.
/// - `callback_url`: where Prelude posts the delivery events of every message (default
///   `PRELUDE_CALLBACK_URL`).
/// - `proxy`: default `HTTPS_PROXY` and its kin; loopback is never proxied.
/// - `ca_certificate`: a certificate authority to trust besides the system's, in PEM.
/// - `allow_insecure_http`: take an `http` base URL that is not loopback.
/// - `user_agent`: default `backchat-python/<version>`.
///
/// Raises `ConfigurationError` with the option's name, and `AuthenticationError` without a token.
#[pyclass(frozen, module = "backchat")]
pub(crate) struct Client {
    pub(crate) inner: CoreClient,
    pub(crate) token_loop: Option<LoopSetter>,
    face: Face,
}

/// Who calls.
#[derive(Clone, Copy, PartialEq)]
enum Face {
    /// A thread, which waits.
    Blocking,
    /// A task of an event loop, which gets a `_Call` to await.
    Asyncio,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (*, api_token=None, base_url=None, timeout=None, connect_timeout=None, max_retries=None, max_connections=None, callback_url=None, proxy=None, ca_certificate=None, allow_insecure_http=false, user_agent=None))]
    fn new(
        py: Python<'_>,
        api_token: Option<Bound<'_, PyAny>>,
        base_url: Option<String>,
        timeout: Option<Seconds>,
        connect_timeout: Option<Seconds>,
        max_retries: Option<Count>,
        max_connections: Option<Count>,
        callback_url: Option<String>,
        proxy: Option<String>,
        ca_certificate: Option<Pem>,
        allow_insecure_http: bool,
        user_agent: Option<String>,
    ) -> PyResult<Self> {
        log::install(py)?;
        let default = concat!("backchat-python/", env!("CARGO_PKG_VERSION"));
        let mut builder = CoreClient::builder()
            .user_agent(user_agent.unwrap_or_else(|| default.to_owned()))
            .allow_insecure_http(allow_insecure_http);
        let mut token_loop = None;
        if let Some(token) = api_token {
            let asyncio = token.cast::<AsyncToken>().ok();
            builder = if let Ok(token) = token.cast::<PyString>() {
                builder.api_token(token.to_string_lossy())
            } else if asyncio.is_some() || token.is_callable() {
                let function = asyncio.map(|token| token.get().0.bind(py));
                let (provider, setter) =
                    Callable::new(function.unwrap_or(&token), asyncio.is_some())?;
                token_loop = Some(setter);
                builder.token_provider(provider)
            } else {
                let why = "`api_token` must be a str, or a function that gives one";
                return Err(PyTypeError::new_err(why));
            };
        }
        if let Some(url) = base_url {
            builder = builder.base_url(url);
        }
        if let Some(Seconds(timeout)) = timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(Seconds(timeout)) = connect_timeout {
            builder = builder.connect_timeout(timeout);
        }
        if let Some(retries) = max_retries {
            builder = builder.max_retries(retries.named(py, "max_retries")?);
        }
        if let Some(connections) = max_connections {
            let connections = connections.named(py, "max_connections")?;
            builder = builder.max_connections(usize::try_from(connections)?);
        }
        if let Some(url) = callback_url {
            builder = builder.callback_url(url);
        }
        if let Some(url) = proxy {
            builder = builder.proxy(url);
        }
        if let Some(Pem(pem)) = ca_certificate {
            builder = builder.ca_certificate(pem);
        }
        let inner = py.detach(|| builder.build()).map_err(raised(py))?;
        Ok(Self {
            inner,
            token_loop,
            face: Face::Blocking,
        })
    }

    /// The calls as Prelude's documentation groups them.
    #[getter]
    fn notify(slf: Py<Self>) -> Notify {
        Notify(slf)
    }

    /// Answers `message` with `text`, as a quoted reply.
    ///
    /// - `callback_url`: where Prelude posts the delivery events of this reply (default: the
    ///   client's).
    /// - `correlation_id`: at most 80 characters that come back in them (default:
    ///   `<message_id>.<12 random characters>`).
    /// - `timeout`, `max_retries`: as for the client.
    /// - `extra_headers`: sent along.
    ///
    /// Raises `MissingTextError` and its kin before anything is sent, then what the API refuses
    /// (`rejected`), and what the network does: `NotSentError`, `MaybeSentError`,
    /// `SentUnconfirmedError`.
    #[pyo3(signature = (message, text, *, callback_url=None, correlation_id=None, timeout=None, max_retries=None, extra_headers=None))]
    fn reply<'py>(
        &self,
        py: Python<'py>,
        message: &Bound<'py, PyInboundMessage>,
        text: &str,
        callback_url: Option<&str>,
        correlation_id: Option<&str>,
        timeout: Option<Seconds>,
        max_retries: Option<Count>,
        extra_headers: Option<Pairs>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = Options {
            timeout,
            max_retries,
            extra_headers,
        };
        let reply = Reply::to_message(event::inbound(message)?, text);
        let call = self.reply_call(py, reply, callback_url, correlation_id, options)?;
        self.run(py, call)
    }

    /// Answers `message` with `text`, or with `template` when the server says that the window has
    /// closed; `response.sent` says which. Never sends the template after a `maybe_sent`. The
    /// template's preferred channel is the message's when it names none; Prelude may fall back to
    /// SMS.
    ///
    /// Options and errors are those of `reply` and of `notify.send`.
    #[pyo3(signature = (message, text, template, *, timeout=None, max_retries=None, extra_headers=None))]
    fn reply_or_template<'py>(
        &self,
        py: Python<'py>,
        message: &Bound<'py, PyInboundMessage>,
        text: &str,
        template: &Template,
        timeout: Option<Seconds>,
        max_retries: Option<Count>,
        extra_headers: Option<Pairs>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = Options {
            timeout,
            max_retries,
            extra_headers,
        };
        let call = self.answer_call(py, event::inbound(message)?, text, template, options)?;
        self.run(py, call)
    }

    /// Ends the client: no POST begins any more, and those that have begun get 2 s to end. Calls made
    /// later end with `cancelled`. `with` does it.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let client = self.inner.clone();
        let close = async move {
            client.close().await;
            Ok(())
        };
        match self.face {
            Face::Blocking => wait::work(py, close)?.to_python(py),
            Face::Asyncio => future::work(py, close, |py, ()| ().to_python(py)),
        }
    }

    /// Raises `ConfigurationError` for a client whose token is awaited, where nobody could.
    fn _for_threads(&self, py: Python<'_>) -> PyResult<()> {
        if self.token_loop.as_ref().is_some_and(LoopSetter::is_async) {
            let why = "its `api_token` is an `async def` function, which needs an AsyncInbox";
            return Err(raise(py, &Error::configuration("client", why)));
        }
        Ok(())
    }

    /// The same client for `AsyncClient`: its calls give a `_Call`.
    fn _asyncio(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            token_loop: self.token_loop.clone(),
            face: Face::Asyncio,
        }
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py).map(drop)
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.inner)
    }
}

impl Client {
    pub(crate) fn run<'py, T: ToPython>(
        &self,
        py: Python<'py>,
        call: Call<T>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if self.face == Face::Blocking {
            return wait::call(py, call)?.to_python(py);
        }
        if let Some(setter) = &self.token_loop {
            setter.set(py)?;
        }
        future::call(py, call)
    }

    pub(crate) fn reply_call(
        &self,
        py: Python<'_>,
        reply: Result<Reply, Error>,
        callback_url: Option<&str>,
        correlation_id: Option<&str>,
        options: Options,
    ) -> PyResult<Call<CoreReply>> {
        let complete = || -> Result<Reply, Error> {
            let mut reply = reply?;
            reply.callback_url = callback_url.map(CallbackUrl::parse).transpose()?;
            reply.correlation_id = correlation_id.map(CorrelationId::parse).transpose()?;
            Ok(reply)
        };
        let reply = complete().map_err(raised(py))?;
        options.apply(py, self.inner.notify().reply(reply))
    }

    fn answer_call(
        &self,
        py: Python<'_>,
        message: &InboundMessage,
        text: &str,
        template: &Template,
        options: Options,
    ) -> PyResult<Call<Answered>> {
        let call = self
            .inner
            .reply_or_template(message, text, template.0.clone());
        options.apply(py, call)
    }

    pub(crate) fn send_call(
        &self,
        py: Python<'_>,
        to: &str,
        template: Template,
        options: Options,
    ) -> PyResult<Call<CoreSend>> {
        let to = PhoneNumber::parse(to).map_err(raised(py))?;
        options.apply(py, self.inner.notify().send(template.0.to(to)))
    }
}
