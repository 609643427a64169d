//! Status 400 and its kin: the API refused the request.

use std::fmt;
use std::time::Duration;

use super::{AnswerBody, CallInfo, ErrorCode, Outcome};
use crate::RequestId;
use crate::mask::plain;

/// The API refused the request, or a local check found what it would have refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiError {
    /// Why.
    pub code: ErrorCode,
    /// `rejected` from the server; `not_sent` from a local check and for 421, 425 and 429.
    pub outcome: Outcome,
    /// The HTTP status; `None` when a local check found it.
    pub status: Option<u16>,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// The id of the request, for Prelude's support.
    pub request_id: Option<RequestId>,
    /// The body of the answer; `None` when a local check found it.
    pub body: Option<AnswerBody>,
    /// The call that was refused.
    pub call: CallInfo,
    /// What a local check found, or what a token provider said.
    pub detail: Option<String>,
    /// Whether the same call may go better later.
    pub(crate) transient: bool,
}

impl ApiError {
    pub(crate) fn local(code: ErrorCode, why: impl Into<String>) -> Self {
        Self {
            code,
            outcome: Outcome::NotSent,
            status: None,
            retry_after: None,
            request_id: None,
            body: None,
            call: CallInfo::default(),
            detail: Some(why.into()),
            transient: false,
        }
    }

    /// The server's own sentence. It may quote numbers and texts: keep it out of logs.
    pub fn server_message(&self) -> Option<&str> {
        self.body.as_ref()?.standard()?.message.as_deref()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.code)?;
        match &self.detail {
            Some(detail) => f.write_str(detail)?,
            None => f.write_str(self.code.advice())?,
        }
        match self.status {
            Some(status) => write!(f, " ({}, status {status}", self.outcome)?,
            None => write!(f, " ({}", self.outcome)?,
        }
        if let Some(id) = &self.request_id {
            write!(f, ", request {}", plain(id.as_str()))?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for ApiError {}
