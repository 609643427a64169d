//! `{"code", "message", "type", "request_id"}`: the body of a refusal, or whatever came instead.

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::mask::MaskedBytes;
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

/// The fields are opaque on purpose: a `message` that is no string must not hide a `code`.
#[derive(Deserialize)]
struct Wire {
    code: Option<Value>,
    message: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<Value>,
    request_id: Option<Value>,
}

impl AnswerBody {
    /// Reads a body; never fails.
    pub fn parse(bytes: Bytes) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
            return AnswerBody::Bytes(bytes);
        };
        match Wire::deserialize(&value) {
            Ok(wire) if wire.code.is_some() || wire.message.is_some() => {
                AnswerBody::Standard(ErrorBody {
                    code: wire.code.and_then(string),
                    message: wire.message.and_then(string),
                    kind: wire.kind.and_then(string),
                    request_id: wire.request_id.and_then(string).map(RequestId::from),
                })
            }
            _ => AnswerBody::Json(value),
        }
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

fn string(value: Value) -> Option<String> {
    match value {
        Value::String(string) => Some(string),
        _ => None,
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
