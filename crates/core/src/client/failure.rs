//! The errors of a request without an answer of its own.

use super::transport::Failed;
use crate::{CallInfo, Error, ErrorCode, MaybeSentError, NotSentError, Phase, RequestId};

pub(super) fn cancelled() -> Error {
    Failed::cancelled().not_sent()
}

pub(super) fn closed() -> Error {
    not_sent(ErrorCode::Cancelled, "the client is closed")
}

pub(super) fn not_sent(code: ErrorCode, detail: impl Into<String>) -> Error {
    Error::NotSent(Box::new(NotSentError {
        code,
        detail: detail.into(),
        call: CallInfo::default(),
    }))
}

/// The request left, and no answer came.
pub(super) fn unanswered(detail: impl Into<String>) -> Error {
    Error::MaybeSent(Box::new(MaybeSentError {
        phase: Phase::AwaitingAnswer,
        detail: detail.into(),
        status: None,
        server_code: None,
        request_id: None,
        retry_after: None,
        call: CallInfo::default(),
    }))
}

/// An answer came, but nothing shows that it is the one to this request.
pub(super) fn not_ours(
    detail: &'static str,
    status: u16,
    server_code: Option<ErrorCode>,
    request_id: Option<RequestId>,
) -> Error {
    Error::MaybeSent(Box::new(MaybeSentError {
        phase: Phase::Answered,
        detail: detail.to_owned(),
        status: Some(status),
        server_code,
        request_id,
        retry_after: None,
        call: CallInfo::default(),
    }))
}

impl Failed {
    /// The end of a POST: what was written may have been received.
    pub(super) fn of_post(self) -> Error {
        if self.written {
            unanswered(self.detail)
        } else {
            self.not_sent()
        }
    }

    /// The end of a request that has no effect, or of which nothing was written.
    pub(super) fn not_sent(self) -> Error {
        not_sent(self.code, self.detail)
    }
}
