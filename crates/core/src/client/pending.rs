//! A call under way: wait for it, or cancel it. The only way a call runs, in all languages.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::gate::{Cancellation, Gate};
use crate::{CallInfo, CorrelationId, Error, ErrorCode, MaybeSentError, NotSentError, Phase};

/// A call under way. It is a future; [`Pending::wait`] and [`Pending::wait_for`] block instead.
///
/// Dropping it cancels the call: a POST that had not begun never leaves, and one that had begun
/// runs on in the background to its deadline, is never repeated, and is reported to the
/// [`Observer`](crate::Observer).
#[must_use = "a dropped call is cancelled"]
pub struct Pending<T> {
    answer: oneshot::Receiver<Result<T, Error>>,
    canceller: Canceller,
    call: CallInfo,
}

/// Cancels a call from elsewhere.
#[derive(Clone)]
pub struct Canceller(Arc<Gate>);

impl Canceller {
    /// Cancels the call, and says whether a POST had begun.
    #[allow(
        clippy::must_use_candidate,
        reason = "many callers only want the effect"
    )]
    pub fn cancel(&self) -> Cancellation {
        self.0.cancel()
    }
}

impl<T> Pending<T> {
    pub(super) fn new(
        answer: oneshot::Receiver<Result<T, Error>>,
        gate: Arc<Gate>,
        call: CallInfo,
    ) -> Self {
        Self {
            answer,
            canceller: Canceller(gate),
            call,
        }
    }

    /// The correlation id that the message carries, known before it leaves: keep it, and a
    /// delivery event tells what became of the message even when this process does not live on.
    pub fn correlation_id(&self) -> Option<&CorrelationId> {
        self.call.correlation_id.as_ref()
    }

    /// A handle that cancels this call from elsewhere.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Cancels the call, and says whether a POST had begun. Waiting then ends with `cancelled` when
    /// none had, else with the POST's own outcome.
    pub fn cancel(&self) -> Cancellation {
        self.canceller.cancel()
    }

    /// Blocks until the call has ended. Not for async code.
    pub fn wait(mut self) -> Result<T, Error> {
        loop {
            if let Some(answer) = self.wait_for(Duration::from_hours(1)) {
                return answer;
            }
        }
    }

    /// Blocks until the call has ended, but not longer than `limit`; `None` when it goes on. Not
    /// for async code.
    pub fn wait_for(&mut self, limit: Duration) -> Option<Result<T, Error>> {
        let end = Instant::now() + limit;
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(answer) = Pin::new(&mut *self).poll(&mut context) {
                return Some(answer);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            thread::park_timeout(left);
        }
    }

    /// The runtime ended under the call.
    fn abandoned(&self) -> Error {
        let call = self.call.clone();
        if self.canceller.0.has_begun() {
            Error::MaybeSent(Box::new(MaybeSentError {
                phase: Phase::AwaitingAnswer,
                detail: "the runtime ended during the call".into(),
                status: None,
                server_code: None,
                request_id: None,
                retry_after: None,
                call,
            }))
        } else {
            Error::NotSent(Box::new(NotSentError {
                code: ErrorCode::Cancelled,
                detail: "the runtime ended before the call began".into(),
                call,
            }))
        }
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer)
            .poll(context)
            .map(|answer| answer.unwrap_or_else(|_| Err(self.abandoned())))
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.canceller.0.cancel();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
