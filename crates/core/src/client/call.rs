//! A call before it runs, and the loop that runs it: at most one POST whose bytes may have had
//! an effect.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

use super::attempt::{self, Post};
use super::closing::withdrawn;
use super::gate::Gate;
use super::observer::{self, Attempt};
use super::operation::{Operation, Request};
use super::pending::Pending;
use super::token::{Bearer, TokenProvider};
use super::transport::Transport;
use super::{Inner, TokenSource, headers, random, retry, runtime};
use crate::repair::repair_strings;
use crate::{CallInfo, Error, ErrorCode, Outcome};

/// A longer timeout counts as this.
const LONGEST_CALL: Duration = Duration::from_hours(24);

type Running<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// A call before it runs. `.await` runs it on the caller's tokio runtime (without one, on the
/// shared runtime of this crate); [`Call::start`] gives a [`Pending`] to cancel or to wait for.
#[must_use = "a call that is neither awaited nor started does nothing"]
pub struct Call<T> {
    operation: Result<Box<dyn FnOnce(Poster) -> Running<T> + Send>, Error>,
    client: Arc<Inner>,
    info: CallInfo,
    timeout: Duration,
    max_retries: u32,
    headers: Result<HeaderMap, Error>,
}

impl<T: Send + 'static> Call<T> {
    pub(super) fn new<O: Operation<Answer = T>>(
        client: &Arc<Inner>,
        operation: Result<O, Error>,
    ) -> Self {
        let operation = operation.and_then(|operation| operation.complete(client));
        let info = operation.as_ref().map(O::info).unwrap_or_default();
        Self {
            operation: operation.map(|operation| {
                let run = move |poster| Box::pin(operation.run(poster)) as Running<T>;
                Box::new(run) as Box<dyn FnOnce(Poster) -> Running<T> + Send>
            }),
            info,
            timeout: client.settings.timeout,
            max_retries: client.settings.max_retries,
            headers: Ok(HeaderMap::new()),
            client: Arc::clone(client),
        }
    }

    /// How long this call may take in all.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often a POST that provably had no effect is tried again.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// An extra header. `authorization`, `host`, `content-*`, `idempotency-key` and those that
    /// frame the message cannot be set: the call then ends with `configuration`.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok(headers) = &mut self.headers
            && let Err(error) = headers::add(headers, name, value)
        {
            self.headers = Err(error);
        }
        self
    }

    /// Starts the call on the caller's tokio runtime; without one, on the shared runtime.
    pub fn start(self) -> Pending<T> {
        match Handle::try_current() {
            Ok(handle) => self.spawn(|future| {
                handle.spawn(future);
                Ok(())
            }),
            Err(_) => self.start_shared(),
        }
    }

    /// Starts the call on the shared runtime of this crate: for other languages.
    pub fn start_shared(self) -> Pending<T> {
        self.spawn(runtime::spawn)
    }

    fn spawn(
        self,
        spawn: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>) -> Result<(), Error>,
    ) -> Pending<T> {
        let (sender, receiver) = oneshot::channel();
        let gate = Arc::new(Gate::default());
        let timeout = self.timeout.min(LONGEST_CALL);
        let pending = Pending::new(receiver, Arc::clone(&gate), self.info.clone(), timeout);
        let info = self.info.clone();
        match self.prepare(gate) {
            Err(error) => drop(sender.send(Err(error.in_call(&info)))),
            Ok((operation, poster)) => {
                let run = async move {
                    let _nobody_waits = sender.send(operation(poster).await);
                };
                // A refused future is dropped with its sender: `Pending` then says so.
                if let Err(error) = spawn(Box::pin(run)) {
                    tracing::error!(target: "backchat", %error, "the shared runtime cannot start");
                }
            }
        }
        pending
    }

    #[allow(clippy::type_complexity, reason = "one use; a name would not say more")]
    fn prepare(
        self,
        gate: Arc<Gate>,
    ) -> Result<(Box<dyn FnOnce(Poster) -> Running<T> + Send>, Poster), Error> {
        let operation = self.operation?;
        let mut headers = self.headers?;
        if self.timeout.is_zero() {
            return Err(Error::configuration("timeout", "must be more than nothing"));
        }
        self.client.add_headers(&mut headers);
        let started = Instant::now();
        let poster = Poster {
            transport: self.client.transport()?,
            client: self.client,
            gate,
            started,
            deadline: started + self.timeout.min(LONGEST_CALL),
            retries_left: self.max_retries,
            headers,
            info: self.info,
            bearer: None,
        };
        Ok((operation, poster))
    }
}

impl<T: Send + 'static> IntoFuture for Call<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Pending<T>;

    fn into_future(self) -> Pending<T> {
        self.start()
    }
}

/// Sends the POSTs of one call.
pub(super) struct Poster {
    client: Arc<Inner>,
    transport: Arc<Transport>,
    gate: Arc<Gate>,
    started: Instant,
    deadline: Instant,
    retries_left: u32,
    headers: HeaderMap,
    info: CallInfo,
    bearer: Option<Bearer>,
}

impl Poster {
    /// Sends `request` until it ends in something else than "provably without effect".
    pub(super) async fn post<R: Request>(&mut self, request: &R) -> Result<R::Answer, Error> {
        let end = self.post_until_known(request).await;
        self.info.elapsed = self.started.elapsed();
        end.map_err(|error| error.in_call(&self.info))
    }

    /// After a refusal: may another POST of this call begin?
    pub(super) fn may_go_on(&self) -> bool {
        self.gate.rearm()
    }

    async fn post_until_known<R: Request>(&mut self, request: &R) -> Result<R::Answer, Error> {
        let body: bytes::Bytes = serde_json::to_vec(request)
            .map_err(|e| Error::configuration("request", e.to_string()))?
            .into();
        let mut renewed = false;
        let mut retry = 0;
        self.authorize().await?;
        loop {
            let error = match self.attempt(request, body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if error.status() == Some(401) && !renewed {
                renewed = true;
                if self.gate.rearm() && self.renew_token().await {
                    continue;
                }
                return Err(error);
            }
            if !self.may_retry(&error) {
                return Err(error);
            }
            let asked = error.retry_after().unwrap_or_default();
            let wait = asked.max(retry::backoff(
                retry,
                random::<4>().map_or(0, u32::from_ne_bytes),
            ));
            if Instant::now() + wait >= self.deadline
                || !self.transport.budget.take()
                || !self.gate.rearm()
            {
                return Err(error);
            }
            self.retries_left -= 1;
            retry += 1;
            tokio::select! {
                () = sleep(wait) => {}
                () = withdrawn(&self.gate, &self.client.closing) => {
                    return Err(attempt::cancelled());
                }
            }
        }
    }

    /// `not_sent` alone is ever repeated, and of that not what would only fail again.
    fn may_retry(&self, error: &Error) -> bool {
        self.retries_left > 0
            && error.outcome() == Some(Outcome::NotSent)
            && error.safe_to_retry()
            && !matches!(error.code(), ErrorCode::TlsFailed | ErrorCode::Cancelled)
    }

    async fn attempt<R: Request>(
        &mut self,
        request: &R,
        body: bytes::Bytes,
    ) -> Result<R::Answer, Error> {
        self.info.attempts += 1;
        let started = Instant::now();
        let post = Post {
            url: R::url(&self.client.settings),
            headers: self.headers.clone(),
            body,
            gate: &self.gate,
            closing: &self.client.closing,
            deadline: self.deadline,
        };
        let (end, status, request_id) = match post.send(&self.transport).await {
            Ok(accepted) => {
                self.transport.budget.refund();
                let status = accepted.head.status.as_u16();
                let request_id = accepted.head.request_id.clone();
                let read = std::str::from_utf8(&accepted.body).ok().and_then(|raw| {
                    let read = |json: &str| request.read(json, raw, request_id.clone());
                    read(raw).or_else(|| read(&repair_strings(raw)?))
                });
                let end = read.ok_or_else(|| {
                    accepted
                        .head
                        .unconfirmed("the answer is not the documented JSON")
                });
                (end, Some(status), request_id)
            }
            Err(error) => {
                let (status, request_id) = (error.status(), error.request_id().cloned());
                (Err(error), status, request_id)
            }
        };
        let error = end.as_ref().err();
        observer::report(
            self.client.settings.observer.as_ref(),
            &Attempt {
                operation: R::OPERATION,
                number: self.info.attempts,
                message_id: self.info.message_id.clone(),
                correlation_id: self.info.correlation_id.clone(),
                sent_id: end.as_ref().ok().map(R::sent_id),
                request_id,
                status,
                outcome: error.and_then(Error::outcome).unwrap_or(Outcome::Sent),
                code: error.map(Error::code),
                elapsed: started.elapsed(),
                detached: self.gate.is_detached(),
            },
        );
        end
    }

    /// Asks for the token of this call, once.
    async fn authorize(&mut self) -> Result<(), Error> {
        if self.bearer.is_none() {
            let bearer = match &self.client.settings.token {
                TokenSource::Fixed(bearer) => bearer.clone(),
                TokenSource::Provider(provider) => self.provided(Arc::clone(provider)).await?,
            };
            self.use_token(bearer);
        }
        Ok(())
    }

    /// After a 401: whether the provider now gives another token.
    async fn renew_token(&mut self) -> bool {
        let TokenSource::Provider(provider) = &self.client.settings.token else {
            return false;
        };
        match self.provided(Arc::clone(provider)).await {
            Ok(bearer) if self.bearer.as_ref() != Some(&bearer) => {
                self.use_token(bearer);
                true
            }
            _ => false,
        }
    }

    async fn provided(&self, provider: Arc<dyn TokenProvider>) -> Result<Bearer, Error> {
        tokio::select! {
            token = timeout_at(self.deadline, Bearer::from_provider(provider)) => {
                token.unwrap_or_else(|_| Err(attempt::not_sent(
                    ErrorCode::TimedOut,
                    "the token provider gave no token before the deadline",
                )))
            }
            () = withdrawn(&self.gate, &self.client.closing) => Err(attempt::cancelled()),
        }
    }

    fn use_token(&mut self, bearer: Bearer) {
        self.headers
            .insert(http::header::AUTHORIZATION, bearer.header());
        self.bearer = Some(bearer);
    }
}
