//! Errors as data: JavaScript makes the exceptions, where the caller's stack is.

use backchat_core::{Error, ErrorCode, ErrorFields};
use napi_derive::napi;
use serde::Serialize;

/// The status that marks a thrown error whose message is [`ErrorFields`] as JSON.
pub(crate) const STATUS: &str = "Backchat";

/// An error of Backchat as JSON: its fields, with times in milliseconds.
pub(crate) fn json(error: &Error) -> String {
    #[derive(Serialize)]
    struct Shown<'a> {
        #[serde(flatten)]
        fields: &'a ErrorFields,
        retry_after_ms: Option<f64>,
        elapsed_ms: Option<f64>,
    }
    let fields = error.fields();
    let shown = Shown {
        retry_after_ms: fields.retry_after.map(|wait| wait.as_secs_f64() * 1e3),
        elapsed_ms: fields.elapsed.map(|time| time.as_secs_f64() * 1e3),
        fields: &fields,
    };
    to_json(&shown)
}

/// What a native function throws.
pub(crate) type Thrown = napi::Error<String>;

pub(crate) fn thrown(error: Error) -> Thrown {
    napi::Error::new(STATUS.to_owned(), json(&error))
}

/// What this crate writes has string keys and no other trap: it is always JSON.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Every code and its class, for the tests: `[["window_expired", "WindowExpiredError"], …]`.
#[napi]
pub fn error_codes() -> String {
    let codes = ErrorCode::ALL.iter();
    let pairs: Vec<_> = codes
        .map(|code| (code.as_str(), code.class().name()))
        .collect();
    to_json(&pairs)
}

/// The fields of a `configuration` that JavaScript found; it sets the option's name.
#[napi]
pub fn configuration(why: String) -> String {
    json(&Error::configuration("argument", why))
}
