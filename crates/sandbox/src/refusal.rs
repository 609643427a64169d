//! Why a request is refused: a code, a status, a sentence.

use backchat_core::{Error, ErrorCode};
use hyper::StatusCode;

use crate::SandboxError;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Refusal {
    /// A documented code: 401 for token faults, 500 for the API's own, 400 for the rest.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let status = match code {
            ErrorCode::MissingApiToken | ErrorCode::InvalidApiToken | ErrorCode::InvalidApiKey => {
                StatusCode::UNAUTHORIZED
            }
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// A documented code in its own words.
    pub(crate) fn because(code: ErrorCode) -> Self {
        let advice = code.advice();
        Self::new(code, advice)
    }

    /// `invalid_request`.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    /// Refused by HTTP itself: a path, a method, a size.
    pub(crate) fn http(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            code: match status {
                StatusCode::NOT_FOUND => ErrorCode::Other("not_found".into()),
                StatusCode::CONFLICT => ErrorCode::Other("conflict".into()),
                _ => ErrorCode::InvalidRequest,
            },
            message: message.into(),
        }
    }
}

/// What the core's types refuse, the API refuses with the same code.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let why = match &error {
            Error::Api(api) => api.detail.clone(),
            _ => None,
        };
        let why = why.unwrap_or_else(|| error.to_string());
        Self::new(error.code(), why)
    }
}

impl From<SandboxError> for Refusal {
    fn from(error: SandboxError) -> Self {
        let message = error.to_string();
        match error {
            SandboxError::Refused(_) => Self::request(message),
            SandboxError::NotFound(_) => Self::http(StatusCode::NOT_FOUND, message),
            SandboxError::Stopped => Self::http(StatusCode::CONFLICT, message),
            SandboxError::Listen { .. }
            | SandboxError::NoRuntime
            | SandboxError::Key(_)
            | SandboxError::WebhookClient(_) => Self::new(ErrorCode::Internal, message),
        }
    }
}
