//! The core's errors, flat, for each language to make its own errors of.

use backchat_core::{Error, ErrorClass, ErrorCode, Outcome};

use crate::request::nanoseconds;

/// Everything that is known about an error. What its class does not have is absent.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Failure {
    /// The class that carries it.
    pub class: ErrorClass,
    /// The stable code, exactly as the server wrote it.
    pub code: String,
    /// The error in a sentence, with nothing private in it.
    pub text: String,
    /// What is known about the message.
    pub outcome: Option<Outcome>,
    /// Whether the same call may be made again.
    pub safe_to_retry: bool,
    /// How long the server asked to wait.
    pub retry_after_nanoseconds: Option<i64>,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// The id that the API gave to the request.
    pub request_id: Option<String>,
    /// The correlation id of the call.
    pub correlation_id: Option<String>,
    /// The inbound message that the call answered.
    pub message_id: Option<String>,
    /// What to do, in one sentence.
    pub advice: String,
    /// The status to answer Prelude with, when this ends a webhook.
    pub webhook_status: u16,
    /// Whether it was found in the caller's own arguments.
    pub is_argument: bool,
    /// How many POSTs the call tried.
    pub attempts: Option<u32>,
    /// From the call to its end.
    pub elapsed_nanoseconds: Option<i64>,
    /// How far a `maybe_sent` had come: `awaiting_answer` or `answered`.
    pub phase: Option<String>,
    /// The code in the answer of a `maybe_sent`.
    pub server_code: Option<String>,
    /// The API's own sentence. It may quote numbers and texts: keep it out of logs.
    pub server_message: Option<String>,
    /// What was wrong with a signature, such as `no_key_matches`.
    pub reason: Option<String>,
    /// The wrong option of a `configuration`, by its name in Rust.
    pub option: Option<String>,
    /// Whether the signature over an `event_unreadable` is good.
    pub verified: Option<bool>,
    /// The body of an `event_unreadable`, byte for byte.
    pub raw: Option<Vec<u8>>,
}

/// A [`Failure`] that is thrown.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum Failed {
    /// The only one: its fields say the rest.
    #[error("{}", failure.text)]
    Because {
        /// What is known.
        failure: Box<Failure>,
    },
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let fields = error.fields();
        Self {
            class: error.class(),
            code: fields.code,
            text: fields.text,
            outcome: error.outcome(),
            safe_to_retry: fields.safe_to_retry,
            retry_after_nanoseconds: fields.retry_after.map(nanoseconds),
            status: fields.status,
            request_id: fields.request_id,
            correlation_id: fields.correlation_id,
            message_id: fields.message_id,
            advice: fields.advice.to_owned(),
            webhook_status: fields.webhook_status,
            is_argument: fields.is_argument,
            attempts: fields.attempts,
            elapsed_nanoseconds: fields.elapsed.map(nanoseconds),
            phase: fields.phase.map(str::to_owned),
            server_code: fields.server_code,
            server_message: fields.server_message,
            reason: fields.reason.map(str::to_owned),
            option: fields.option.map(str::to_owned),
            verified: fields.verified,
            raw: fields.raw.map(Into::into),
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::Because {
            failure: Box::new(Failure::from(&error)),
        }
    }
}

/// Every code that this version knows.
#[uniffi::export]
pub fn error_codes() -> Vec<String> {
    let codes = ErrorCode::ALL.iter();
    codes.map(|code| code.as_str().to_owned()).collect()
}
