//! How a call can end without an answer of the API.

use std::time::Duration;

use super::{ErrorCode, Phase};
use crate::{CorrelationId, InboundMessageId, RequestId};

/// The call that an error ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallInfo {
    /// The inbound message that was answered; `None` for a template that answers none.
    pub message_id: Option<InboundMessageId>,
    /// The correlation id that was sent along.
    pub correlation_id: Option<CorrelationId>,
    /// How many POSTs were tried.
    pub attempts: u32,
    /// From the call to its end.
    pub elapsed: Duration,
}

/// Provably nothing was sent: no byte of the body left this machine.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}: {detail} (not_sent)")]
#[non_exhaustive]
pub struct NotSentError {
    /// `connection_failed`, `tls_failed`, `timed_out` or `cancelled`.
    pub code: ErrorCode,
    /// What the network said.
    pub detail: String,
    /// The call that failed.
    pub call: CallInfo,
}

/// The request left and no answer tells what became of it. **Do not send it again.**
///
/// A delivery event with the same correlation id, if one comes, says that it was sent.
#[derive(Clone, Debug, thiserror::Error)]
#[error("maybe_sent: {detail} ({phase}, correlation id {})", self.call.correlation_id.as_ref().map_or("none", |id| id.as_str()))]
#[non_exhaustive]
pub struct MaybeSentError {
    /// How far the POST had come.
    pub phase: Phase,
    /// What the network or the server said.
    pub detail: String,
    /// The HTTP status, in the phase `answered`.
    pub status: Option<u16>,
    /// The code in the answer's body, such as `internal`. It does not tell either.
    pub server_code: Option<ErrorCode>,
    /// The id of the request, for Prelude's support.
    pub request_id: Option<RequestId>,
    /// How long the server asked to wait before *another* message.
    pub retry_after: Option<Duration>,
    /// The call that failed.
    pub call: CallInfo,
}

/// The API accepted the message, but its answer was cut, stalled, or is not JSON.
#[derive(Clone, Debug, thiserror::Error)]
#[error("sent_unconfirmed: {detail} (sent, status {status}, correlation id {})", self.call.correlation_id.as_ref().map_or("none", |id| id.as_str()))]
#[non_exhaustive]
pub struct SentUnconfirmedError {
    /// The HTTP status, 200 to 299.
    pub status: u16,
    /// Why the answer could not be read.
    pub detail: String,
    /// The id of the request, for Prelude's support.
    pub request_id: Option<RequestId>,
    /// The call that was answered.
    pub call: CallInfo,
}
