//! A call before it runs.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::call_state::{CallState, Latest};
use super::operation::Operation;
use super::pending::Pending;
use super::retry_loop::RetryLoop;
use super::{Inner, headers, runtime};
use crate::{CallInfo, Error};

/// A longer timeout counts as this.
const LONGEST_CALL: Duration = Duration::from_hours(24);

type Running<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;
type Run<T> = Box<dyn FnOnce(RetryLoop) -> Running<T> + Send>;

/// A call before it runs. `.await` runs it on the caller's tokio runtime (without one, on the
/// shared runtime of this crate); [`Call::start`] gives a [`Pending`] to cancel or to wait for.
#[must_use = "a call that is neither awaited nor started does nothing"]
pub struct Call<T> {
    operation: Result<Run<T>, Error>,
    client: Arc<Inner>,
    info: CallInfo,
    timeout: Duration,
    latest: Option<Latest>,
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
                Box::new(move |calls| Box::pin(operation.run(calls)) as Running<T>) as Run<T>
            }),
            info,
            timeout: O::timeout(&client.settings),
            latest: None,
            max_retries: client.settings.max_retries,
            headers: Ok(HeaderMap::new()),
            client: Arc::clone(client),
        }
    }

    /// The time that this call may take in all.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The moment before which a POST must begin. After it the call ends with `timed_out`, and
    /// nothing was sent: also when the process was frozen, or the machine slept, until then.
    pub fn begin_before(mut self, latest: Latest) -> Self {
        self.latest = Some(latest);
        self
    }

    /// The number of times that a request which provably had no effect is tried again.
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
        let state = Arc::new(CallState::until(self.latest));
        let timeout = self.timeout.min(LONGEST_CALL);
        let pending = Pending::new(receiver, Arc::clone(&state), self.info.clone(), timeout);
        let info = self.info.clone();
        match self.prepare(state) {
            Err(error) => drop(sender.send(Err(error.in_call(&info)))),
            Ok((operation, calls)) => {
                let run = async move {
                    let _nobody_waits = sender.send(operation(calls).await);
                };
                // A refused future is dropped with its sender: `Pending` then says so.
                if let Err(error) = spawn(Box::pin(run)) {
                    tracing::error!(target: "backchat", %error, "the shared runtime cannot start");
                }
            }
        }
        pending
    }

    fn prepare(self, state: Arc<CallState>) -> Result<(Run<T>, RetryLoop), Error> {
        let operation = self.operation?;
        let mut headers = self.headers?;
        if self.timeout.is_zero() {
            return Err(Error::configuration("timeout", "must be more than nothing"));
        }
        self.client.add_headers(&mut headers);
        let started = Instant::now();
        let calls = RetryLoop {
            transport: self.client.transport()?,
            client: self.client,
            call: state,
            started,
            deadline: started + self.timeout.min(LONGEST_CALL),
            retries_left: self.max_retries,
            headers,
            info: self.info,
            bearer: None,
        };
        Ok((operation, calls))
    }
}

impl<T: Send + 'static> IntoFuture for Call<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Pending<T>;

    fn into_future(self) -> Pending<T> {
        self.start()
    }
}
