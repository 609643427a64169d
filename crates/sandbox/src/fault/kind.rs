//! The kinds of faults, as `POST /sandbox/faults` names them.

use hyper::StatusCode;
use hyper::header::HeaderValue;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum FaultKind {
    Status {
        status: u16,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<RetryAfter>,
    },
    Delay {
        milliseconds: u64,
    },
    Reset {
        after: ResetAfter,
    },
    CutBody {},
    Delivery(FailedDelivery),
}

/// When a connection is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResetAfter {
    /// Once the request's head was read, before its body.
    Head,
    /// Once the whole request was read.
    Request,
}

/// `Retry-After`: seconds, or anything that the header may hold (or should not).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    Text(String),
}

impl RetryAfter {
    pub(super) fn header(&self) -> Option<HeaderValue> {
        match self {
            RetryAfter::Seconds(seconds) => Some(HeaderValue::from(*seconds)),
            RetryAfter::Text(text) => HeaderValue::from_str(text).ok(),
        }
    }
}

/// How a message does not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailedDelivery {
    #[serde(default)]
    pub(crate) outcome: DeliveryOutcome,
    #[serde(default = "failed")]
    pub(crate) status: String,
    #[serde(default = "generic")]
    pub(crate) reason: String,
}

pub(super) fn failed() -> String {
    "failed".to_owned()
}

fn generic() -> String {
    "generic".to_owned()
}

/// The last delivery event of a message that does not arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryOutcome {
    /// `transactional.message.failed`.
    #[default]
    Failed,
    /// `transactional.message.unknown`.
    Unknown,
}

impl DeliveryOutcome {
    pub(crate) fn event_type(self) -> &'static str {
        match self {
            DeliveryOutcome::Failed => "transactional.message.failed",
            DeliveryOutcome::Unknown => "transactional.message.unknown",
        }
    }
}

impl FaultKind {
    /// The status, code and `Retry-After` of an answer that is a fault.
    pub(crate) fn answer(&self) -> Option<(StatusCode, Option<&str>, Option<HeaderValue>)> {
        let FaultKind::Status {
            status,
            code,
            retry_after,
        } = self
        else {
            return None;
        };
        let status = StatusCode::from_u16(*status).ok()?;
        let code = match code {
            Some(code) => Some(code.as_str()),
            None => status.is_server_error().then_some("internal"),
        };
        let retry_after = retry_after.as_ref().and_then(RetryAfter::header);
        Some((status, code, retry_after))
    }

    pub(super) fn is_of_delivery(&self) -> bool {
        matches!(self, FaultKind::Delivery(_))
    }
}
