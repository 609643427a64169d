//! `{"code", "message", "type", "request_id"}`: the body of a refusal, or whatever came instead.

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::event::{Loose, Strict};
use crate::mask::MaskedBytes;
use crate::repair::{repair_strings, tree};
use crate::{ErrorCode, RequestId};

/// The body of an answer that is no reply. No answer is unrepresentable.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum AnswerBody {
    /// The API's own form.
    Standard(ErrorBody),
    /// Other JSON.
    Json(Value),
    /// Anything else, up to 1 MiB.
    Bytes(Bytes),
}

/// The API's error body. Every field may be missing.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The stable code, such as `window_expired`.
    pub code: Option<String>,
    /// The server's sentence. It may quote numbers and texts: keep it out of logs.
    pub message: Option<String>,
    /// The kind of error, such as `bad_request`.
    pub kind: Option<String>,
    /// The id of this request, for Prelude's support.
    pub request_id: Option<RequestId>,
}

/// Loose, so that a `message` that is no string does not hide a `code`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    code: Loose<'a>,
    #[serde(borrow)]
    message: Loose<'a>,
    #[serde(borrow, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow)]
    request_id: Loose<'a>,
}

impl AnswerBody {
    /// Reads a body; never fails.
    pub fn parse(bytes: Bytes) -> Self {
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return AnswerBody::Bytes(bytes);
        };
        let standard = Self::read(text).or_else(|| Self::read(&repair_strings(text)?));
        standard
            .or_else(|| tree(text).map(AnswerBody::Json))
            .unwrap_or(AnswerBody::Bytes(bytes))
    }

    fn read(json: &str) -> Option<Self> {
        let string = |field: &Loose<'_>| field.required().map(str::to_owned);
        let Strict(wire) = serde_json::from_str::<Strict<Wire>>(json).ok()?;
        let body = ErrorBody {
            code: string(&wire.code),
            message: string(&wire.message),
            kind: string(&wire.kind),
            request_id: wire.request_id.required().map(RequestId::from),
        };
        (body != ErrorBody::default()).then_some(AnswerBody::Standard(body))
    }

    /// The API's error body, if this is one.
    pub fn standard(&self) -> Option<&ErrorBody> {
        match self {
            AnswerBody::Standard(body) => Some(body),
            _ => None,
        }
    }

    /// The code that the answer names, if a server may use it.
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::from_api(self.standard()?.code.as_deref()?)
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnswerBody::Standard(body) => body.fmt(f),
            AnswerBody::Json(_) => f.write_str("Json(…)"),
            AnswerBody::Bytes(bytes) => write!(f, "Bytes({:?})", MaskedBytes(bytes)),
        }
    }
}

impl fmt::Debug for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorBody")
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
