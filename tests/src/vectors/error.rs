//! An error as every language shows it.

use backchat_core::Error;
use serde::{Deserialize, Serialize};

/// The fields of an error. One that is left out is null.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorFields {
    pub(super) code: String,
    pub(super) class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<String>,
    pub(super) safe_to_retry: bool,
    pub(super) webhook_status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<String>,
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<f64>,
    /// How far `retry_after` may be off, where it depends on the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after_within: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) option: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verified: Option<bool>,
}

impl ErrorFields {
    fn of(error: &Error) -> Self {
        let fields = error.fields();
        Self {
            code: fields.code,
            class: fields.class.to_owned(),
            outcome: fields.outcome.map(str::to_owned),
            safe_to_retry: fields.safe_to_retry,
            webhook_status: fields.webhook_status,
            status: fields.status,
            request_id: fields.request_id,
            retry_after: fields.retry_after.map(|wait| wait.as_secs_f64()),
            retry_after_within: None,
            server_code: fields.server_code,
            phase: fields.phase.map(str::to_owned),
            reason: fields.reason.map(str::to_owned),
            option: fields.option.map(str::to_owned),
            verified: fields.verified,
        }
    }

    /// Whether `error` is the expected one.
    pub(super) fn check(&self, error: &Error) -> Result<(), String> {
        if error.advice().is_empty() {
            return Err(format!("{} has no advice", error.code()));
        }
        let mut got = Self::of(error);
        got.retry_after_within = self.retry_after_within;
        let (expected_wait, wait) = (self.retry_after, got.retry_after);
        if let (Some(expected), Some(got_wait), Some(within)) =
            (expected_wait, wait, self.retry_after_within)
            && (expected - got_wait).abs() <= within
        {
            got.retry_after = self.retry_after;
        }
        if *self == got {
            return Ok(());
        }
        Err(format!(
            "expected the error {}, got {} ({error})",
            json(self),
            json(&got)
        ))
    }
}

fn json(fields: &ErrorFields) -> String {
    serde_json::to_string(fields).unwrap_or_default()
}
