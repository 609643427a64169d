//! A call under way: wait for it, or cancel it. The only way a call runs, in all languages.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::call_state::{CallState, Cancellation};
use super::failure;
use super::runtime;
use crate::{CallInfo, CorrelationId, Error, ErrorCode};

/// A call under way. It is a future; [`Pending::wait`] and [`Pending::wait_for`] block instead.
///
/// Dropping it cancels the call: a POST that had not begun never leaves, and one that had begun
/// runs on in the background to its deadline, is never repeated, and is reported to the
/// [`Observer`](crate::Observer).
#[must_use = "a dropped call is cancelled"]
pub struct Pending<T> {
    /// `None` once the end has been handed out.
    answer: Option<oneshot::Receiver<Result<T, Error>>>,
    canceller: Canceller,
    call: CallInfo,
    deadline: Instant,
    /// When a waiting thread first saw that the deadline had passed.
    late_since: Option<Instant>,
}

/// Cancels a call from elsewhere.
#[derive(Clone)]
pub struct Canceller {
    state: Arc<CallState>,
    process: u32,
}

impl Canceller {
    /// Cancels the call, and says whether a POST had begun.
    #[allow(
        clippy::must_use_candidate,
        reason = "many callers only want the effect"
    )]
    pub fn cancel(&self) -> Cancellation {
        if self.is_inherited() {
            self.state.cancel_quietly()
        } else {
            self.state.cancel()
        }
    }

    /// Whether the call is one of the parent process, which goes on there.
    fn is_inherited(&self) -> bool {
        self.process != std::process::id()
    }
}

/// How long a call may take to end by itself once its deadline is seen to have passed. Later, the
/// waiting thread ends it: the runtime is blocked.
const GRACE: Duration = Duration::from_millis(250);

impl<T> Pending<T> {
    pub(super) fn new(
        answer: oneshot::Receiver<Result<T, Error>>,
        state: Arc<CallState>,
        call: CallInfo,
        timeout: Duration,
    ) -> Self {
        Self {
            answer: Some(answer),
            canceller: Canceller {
                state,
                process: std::process::id(),
            },
            call,
            deadline: Instant::now() + timeout,
            late_since: None,
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
    /// for async code. The end is handed out once.
    pub fn wait_for(&mut self, limit: Duration) -> Option<Result<T, Error>> {
        if runtime::is_shared_thread() {
            return Some(Err(Error::configuration(
                "wait",
                "an observer or a token provider must not wait for a call: nothing could end it",
            )));
        }
        let now = Instant::now();
        let end = now.checked_add(limit).unwrap_or(self.deadline + GRACE);
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(answer) = Pin::new(&mut *self).poll(&mut context) {
                return Some(answer);
            }
            let now = Instant::now();
            let mut until = self.deadline;
            if now >= self.deadline {
                // Not from the deadline on: a process that was frozen has yet to read its answer.
                let patience = *self.late_since.get_or_insert(now) + GRACE;
                if now >= patience {
                    self.answer = None;
                    let error = self.given_up("the deadline has passed unnoticed");
                    runtime::replace_if_dead();
                    return Some(Err(error));
                }
                until = patience;
            }
            if now >= end {
                return None;
            }
            thread::park_timeout(end.min(until) - now);
        }
    }

    /// The call will not end by itself: what is known then.
    fn given_up(&self, detail: &str) -> Error {
        let error = if self.canceller.state.expire() {
            failure::unanswered(detail)
        } else {
            failure::not_sent(ErrorCode::Cancelled, detail)
        };
        error.in_call(&self.call)
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answer) = &mut self.answer else {
            let handed_out = "the end of this call was handed out before";
            return Poll::Ready(Err(Error::configuration("wait", handed_out)));
        };
        let polled = match Pin::new(answer).poll(context) {
            Poll::Pending if self.canceller.is_inherited() => {
                Err(self.given_up("the call belongs to the parent process"))
            }
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(end)) => end,
            Poll::Ready(Err(_)) => Err(self.given_up("the task of the call has ended")),
        };
        self.answer = None;
        Poll::Ready(polled)
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
