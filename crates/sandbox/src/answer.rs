//! What the sandbox answers: JSON, or `{"code", "message", "type", "request_id"}`.

use backchat_core::ErrorCode;
use bytes::Bytes;
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::InboundFile;
use crate::answer_body::AnswerBody;
use crate::refusal::Refusal;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer that has no request id yet.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    content_type: HeaderValue,
    disposition: Option<HeaderValue>,
    retry_after: Option<HeaderValue>,
    content: Content,
    cut: bool,
}

#[derive(Debug)]
enum Content {
    Bytes(Bytes),
    Error {
        code: Option<String>,
        message: String,
    },
}

impl Answer {
    /// 200 with a JSON body.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, Refusal> {
        match serde_json::to_vec(value) {
            Ok(bytes) => Ok(Self::bytes(JSON, bytes.into())),
            Err(error) => Err(Refusal::new(ErrorCode::Internal, error.to_string())),
        }
    }

    /// 200 with bytes that are JSON already, or are not JSON.
    pub(crate) fn bytes(content_type: HeaderValue, bytes: Bytes) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            disposition: None,
            retry_after: None,
            content: Content::Bytes(bytes),
            cut: false,
        }
    }

    /// The same answer with another body of the type JSON.
    pub(crate) fn json_bytes(bytes: Bytes) -> Self {
        Self::bytes(JSON, bytes)
    }

    /// 200 with a user's file.
    pub(crate) fn file(file: &InboundFile) -> Self {
        let unknown = HeaderValue::from_static("application/octet-stream");
        Self {
            disposition: file.disposition(),
            ..Self::bytes(file.content_type().unwrap_or(unknown), file.data.clone())
        }
    }

    /// An error that was ordered.
    pub(crate) fn fault(
        status: StatusCode,
        code: Option<&str>,
        retry_after: Option<HeaderValue>,
    ) -> Self {
        Self {
            status,
            content_type: JSON,
            disposition: None,
            retry_after,
            content: Content::Error {
                code: code.map(str::to_owned),
                message: "this fault was asked for".to_owned(),
            },
            cut: false,
        }
    }

    /// The same answer, whose body ends in the middle.
    pub(crate) fn cut(mut self) -> Self {
        self.cut = true;
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The error's code, if it is an error and has one.
    pub(crate) fn code(&self) -> Option<&str> {
        match &self.content {
            Content::Error { code, .. } => code.as_deref(),
            Content::Bytes(_) => None,
        }
    }

    pub(crate) fn into_response(self, request_id: &str) -> Response<AnswerBody> {
        #[derive(Serialize)]
        struct ErrorBody<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            code: Option<&'a str>,
            message: &'a str,
            #[serde(rename = "type")]
            kind: &'static str,
            request_id: &'a str,
        }
        let bytes = match &self.content {
            Content::Bytes(bytes) => bytes.clone(),
            Content::Error { code, message } => serde_json::to_vec(&ErrorBody {
                code: code.as_deref(),
                message,
                kind: type_of(self.status),
                request_id,
            })
            .unwrap_or_default()
            .into(),
        };
        let mut response = Response::new(AnswerBody::new(bytes, self.cut));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type);
        if let Some(disposition) = self.disposition {
            headers.insert(CONTENT_DISPOSITION, disposition);
        }
        if let Some(retry_after) = self.retry_after {
            headers.insert(RETRY_AFTER, retry_after);
        }
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("x-request-id", id);
        }
        response
    }
}

/// The `type` of an error body. The API's own words for it are not documented.
fn type_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "bad_request",
        StatusCode::UNAUTHORIZED => "unauthorized",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::CONFLICT => "conflict",
        StatusCode::PAYLOAD_TOO_LARGE => "payload_too_large",
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        status if status.is_server_error() => "internal_server_error",
        status if status.is_redirection() => "redirect",
        _ => "request_failed",
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal.status,
            content_type: JSON,
            disposition: None,
            retry_after: None,
            content: Content::Error {
                code: Some(refusal.code.as_str().to_owned()),
                message: refusal.message,
            },
            cut: false,
        }
    }
}

impl From<Result<Answer, Refusal>> for Answer {
    fn from(result: Result<Answer, Refusal>) -> Self {
        result.unwrap_or_else(Answer::from)
    }
}
