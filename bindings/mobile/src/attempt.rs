//! One report per POST, for each language's log.

use backchat_core::{Attempt, Observer, Outcome};

/// Takes the report of every attempt, on the thread that drives all calls. It hands over and
/// returns: code of the user never runs in it.
#[uniffi::export(callback_interface)]
pub trait AttemptListener: Send + Sync {
    /// One attempt has ended.
    fn attempted(&self, report: AttemptReport);
}

/// What one attempt to POST came to: ids, a status, an outcome and a time, nothing else.
#[derive(uniffi::Record)]
pub struct AttemptReport {
    /// `reply` or `send`.
    pub operation: String,
    /// 1 for the first attempt of a call.
    pub number: u32,
    /// The inbound message that is answered.
    pub message_id: Option<String>,
    /// The correlation id that was sent along.
    pub correlation_id: Option<String>,
    /// The id of the message that was sent, `tx_…`.
    pub sent_id: Option<String>,
    /// The id that the API gave to the request.
    pub request_id: Option<String>,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// What is known about the message.
    pub outcome: Outcome,
    /// The error's code, when it is not simply sent.
    pub code: Option<String>,
    /// From the attempt's start to its end.
    pub elapsed_nanoseconds: i64,
    /// Whether nobody waits for this outcome any more.
    pub detached: bool,
}

/// A listener as the core's observer.
pub(crate) struct Reporter(pub(crate) Box<dyn AttemptListener>);

impl Observer for Reporter {
    fn attempt(&self, attempt: &Attempt) {
        self.0.attempted(AttemptReport {
            operation: attempt.operation.to_owned(),
            number: attempt.number,
            message_id: attempt.message_id.as_ref().map(ToString::to_string),
            correlation_id: attempt.correlation_id.as_ref().map(ToString::to_string),
            sent_id: attempt.sent_id.as_ref().map(ToString::to_string),
            request_id: attempt.request_id.as_ref().map(ToString::to_string),
            status: attempt.status,
            outcome: attempt.outcome,
            code: attempt.code.as_ref().map(ToString::to_string),
            elapsed_nanoseconds: crate::request::nanoseconds(attempt.elapsed),
            detached: attempt.detached,
        });
    }
}
