//! One report per attempt: for logs and metrics, and for POSTs whose caller has gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::mask::plain;
use crate::{CorrelationId, ErrorCode, InboundMessageId, Outcome, RequestId, SentMessageId};

/// The report of one attempt. It holds ids, a status, an outcome and a time; never a text,
/// a number or a token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// `reply`, `send`, or `inbound_media` (a GET: it sends nothing).
    pub operation: &'static str,
    /// 1 for the first attempt of a call.
    pub number: u32,
    /// The inbound message that is answered, or whose file is fetched.
    pub message_id: Option<InboundMessageId>,
    /// The correlation id that was sent along.
    pub correlation_id: Option<CorrelationId>,
    /// The id of the message that was sent, `tx_…`.
    pub sent_id: Option<SentMessageId>,
    /// The id that the API gave to the request.
    pub request_id: Option<RequestId>,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// The outcome. Of `inbound_media`: `sent` when the file was received.
    pub outcome: Outcome,
    /// The error's code, when it is not simply sent.
    pub code: Option<ErrorCode>,
    /// From the attempt's start to its end.
    pub elapsed: Duration,
    /// Whether the caller had cancelled and nobody waits for this outcome.
    pub detached: bool,
}

/// Takes the report of every attempt. Called on the thread that drives the call: be quick, and do
/// not wait for another call in it.
pub trait Observer: Send + Sync + 'static {
    /// One attempt has ended.
    fn attempt(&self, attempt: &Attempt);
}

impl<F: Fn(&Attempt) + Send + Sync + 'static> Observer for F {
    fn attempt(&self, attempt: &Attempt) {
        self(attempt);
    }
}

pub(crate) fn report(observer: Option<&Arc<dyn Observer>>, attempt: &Attempt) {
    tracing::debug!(
        target: "backchat",
        operation = attempt.operation,
        number = attempt.number,
        message_id = attempt.message_id.as_ref().map(InboundMessageId::as_str),
        correlation_id = attempt.correlation_id.as_ref().map(CorrelationId::as_str),
        sent_id = attempt.sent_id.as_ref().map(|id| plain(id.as_str())),
        request_id = attempt.request_id.as_ref().map(|id| plain(id.as_str())),
        status = attempt.status,
        outcome = attempt.outcome.as_str(),
        code = attempt.code.as_ref().map(|code| plain(code.as_str())),
        elapsed_us = u64::try_from(attempt.elapsed.as_micros()).unwrap_or(u64::MAX),
        detached = attempt.detached,
        "attempt"
    );
    if let Some(observer) = observer
        && let Err(payload) = catch_unwind(AssertUnwindSafe(|| observer.attempt(attempt)))
    {
        // Dropping it could panic again.
        std::mem::forget(payload);
        tracing::error!(target: "backchat", "the observer panicked; the call goes on");
    }
}
