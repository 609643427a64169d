//! The table of outcomes, as pure functions of an answer's head and body.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use super::retry_after;
use crate::{
    AnswerBody, ApiError, CallInfo, Error, ErrorCode, MaybeSentError, Outcome, Phase, RequestId,
    SentUnconfirmedError,
};

/// An answer up to its blank line.
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) request_id: Option<RequestId>,
    retry_after: Option<Duration>,
    content: Content,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Json,
    Other,
    Undeclared,
}

impl Head {
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Self {
        Self {
            status,
            request_id: headers
                .get("x-request-id")
                .and_then(|id| id.to_str().ok())
                .map(RequestId::from),
            retry_after: retry_after::parse(headers, now),
            content: Content::of(headers),
        }
    }

    /// Returns true when the API accepted the message: 2xx, and not the page of a proxy on the way.
    pub(super) fn is_accepted(&self) -> bool {
        self.status.is_success() && self.content != Content::Other
    }

    /// Accepted, but the answer cannot be read.
    pub(super) fn unconfirmed(self, detail: impl Into<String>) -> Error {
        Error::SentUnconfirmed(Box::new(SentUnconfirmedError {
            status: self.status.as_u16(),
            detail: detail.into(),
            request_id: self.request_id,
            call: CallInfo::default(),
        }))
    }

    /// The error of an answer that accepts nothing. `body` is as much of it as could be read.
    pub(super) fn refusal(self, body: Bytes) -> Error {
        let body = AnswerBody::parse(body);
        let request_id = body
            .standard()
            .and_then(|body| body.request_id.clone())
            .or_else(|| self.request_id.clone());
        let code = body.code();
        let (outcome, otherwise) = match self.status.as_u16() {
            429 => (Outcome::NotSent, ErrorCode::RateLimited),
            421 | 425 => (Outcome::NotSent, ErrorCode::HttpError),
            401 => (Outcome::Rejected, ErrorCode::Unauthorized),
            300..=399 => (Outcome::Rejected, ErrorCode::Redirected),
            // 444, 460 and 499 are what proxies write when somebody went away.
            408 | 444 | 460 | 499 | 500..=599 if code.as_ref().is_some_and(says_refused) => {
                (Outcome::Rejected, ErrorCode::HttpError)
            }
            408 | 444 | 460 | 499 => return self.undecided(code, request_id),
            400..=499 => (Outcome::Rejected, ErrorCode::HttpError),
            _ => return self.undecided(code, request_id),
        };
        Error::Api(Box::new(ApiError {
            code: code.unwrap_or(otherwise),
            outcome,
            status: Some(self.status.as_u16()),
            retry_after: self.retry_after,
            request_id,
            body: Some(body),
            call: CallInfo::default(),
            detail: None,
            transient: outcome == Outcome::NotSent,
        }))
    }

    /// An answer that does not tell whether the message was sent.
    fn undecided(self, server_code: Option<ErrorCode>, request_id: Option<RequestId>) -> Error {
        let status = self.status.as_u16();
        let detail = if self.status.is_success() {
            "a page that is not the API's came back".to_owned()
        } else {
            format!("status {status} does not tell whether the message was sent")
        };
        Error::MaybeSent(Box::new(MaybeSentError {
            phase: Phase::Answered,
            detail,
            status: Some(status),
            server_code,
            request_id,
            retry_after: self.retry_after,
            call: CallInfo::default(),
        }))
    }
}

/// A server that names the documented reason did not crash: it refused.
fn says_refused(code: &ErrorCode) -> bool {
    code.is_documented() && *code != ErrorCode::Internal
}

impl Content {
    fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(CONTENT_TYPE) else {
            return Content::Undeclared;
        };
        let essence = value.as_bytes().split(|&b| b == b';').next();
        let essence = essence
            .unwrap_or_default()
            .trim_ascii()
            .to_ascii_lowercase();
        if essence.is_empty() {
            Content::Undeclared
        } else if essence.ends_with(b"/json") || essence.ends_with(b"+json") {
            Content::Json
        } else {
            Content::Other
        }
    }
}
