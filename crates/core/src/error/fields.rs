//! An error as other languages show it: one flat list of fields.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::{Error, ErrorClass, ErrorCode, Outcome, Phase};

/// Everything that is known about an error, side by side: what a binding makes an exception of.
/// A field that an error's class does not have is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ErrorFields {
    /// [`Error::class`], such as `WindowExpiredError`.
    pub class: &'static str,
    /// [`Error::code`], exactly as the server wrote it.
    pub code: String,
    /// The error as `Display` prints it: nothing private is in it.
    pub text: String,
    /// [`Error::outcome`]
    pub outcome: Option<&'static str>,
    /// [`Error::safe_to_retry`]
    pub safe_to_retry: bool,
    /// [`Error::retry_after`]
    pub retry_after: Option<Duration>,
    /// [`Error::status`]
    pub status: Option<u16>,
    /// [`Error::request_id`]
    pub request_id: Option<String>,
    /// [`Error::correlation_id`]
    pub correlation_id: Option<String>,
    /// [`Error::message_id`]
    pub message_id: Option<String>,
    /// [`Error::advice`]
    pub advice: &'static str,
    /// [`Error::webhook_status`]
    pub webhook_status: u16,
    /// [`Error::is_argument`]
    pub is_argument: bool,
    /// How many POSTs the call tried.
    pub attempts: Option<u32>,
    /// From the call to its end.
    pub elapsed: Option<Duration>,
    /// How far a `maybe_sent` had come: [`Phase`].
    pub phase: Option<&'static str>,
    /// The code in the answer of a `maybe_sent`. It does not tell either.
    pub server_code: Option<String>,
    /// The API's own sentence. It may quote numbers and texts: keep it out of logs.
    pub server_message: Option<String>,
    /// What was wrong with a signature, such as `no_key_matches`.
    pub reason: Option<&'static str>,
    /// The wrong option of a `configuration`, by its name in Rust.
    pub option: Option<&'static str>,
    /// Whether the signature over an `event_unreadable` is good.
    pub verified: Option<bool>,
    /// The body of an `event_unreadable`, byte for byte.
    #[serde(skip)]
    pub raw: Option<Bytes>,
}

impl Error {
    /// Whether it was found in the caller's own arguments, before anything was sent: Python makes
    /// it a `ValueError` too.
    pub fn is_argument(&self) -> bool {
        match self {
            Error::Api(e) => e.outcome == Outcome::NotSent && e.status.is_none() && !e.transient,
            Error::Configuration(_) => true,
            _ => false,
        }
    }

    /// The error as other languages show it.
    pub fn fields(&self) -> ErrorFields {
        let call = self.call();
        let mut fields = ErrorFields {
            class: ErrorClass::name(self.class()),
            code: self.code().as_str().to_owned(),
            text: self.to_string(),
            outcome: self.outcome().map(Outcome::as_str),
            safe_to_retry: self.safe_to_retry(),
            retry_after: self.retry_after(),
            status: self.status(),
            request_id: self.request_id().map(ToString::to_string),
            correlation_id: self.correlation_id().map(ToString::to_string),
            message_id: self.message_id().map(ToString::to_string),
            advice: self.advice(),
            webhook_status: self.webhook_status(),
            is_argument: self.is_argument(),
            attempts: call.map(|call| call.attempts),
            elapsed: call.map(|call| call.elapsed),
            phase: None,
            server_code: None,
            server_message: None,
            reason: None,
            option: None,
            verified: None,
            raw: None,
        };
        match self {
            Error::Api(e) => fields.server_message = e.server_message().map(str::to_owned),
            Error::MaybeSent(e) => {
                fields.phase = Some(Phase::as_str(e.phase));
                let code = e.server_code.as_ref().map(ErrorCode::as_str);
                fields.server_code = code.map(str::to_owned);
            }
            Error::Signature(e) => fields.reason = Some(e.reason.as_str()),
            Error::Configuration(e) => fields.option = Some(e.option),
            Error::UnreadableEvent(e) => {
                fields.verified = Some(e.verified);
                fields.raw = Some(e.raw.clone());
            }
            Error::NotSent(_) | Error::SentUnconfirmed(_) | Error::Store(_) => {}
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use crate::{Error, PhoneNumber, Webhook};

    #[test]
    fn a_wrong_argument_is_told_from_a_refusal() {
        let fields = PhoneNumber::parse("0612").unwrap_err().fields();
        assert_eq!(fields.class, "InvalidPhoneNumberError");
        assert_eq!(
            (fields.code.as_str(), fields.is_argument),
            ("invalid_phone_number", true)
        );
        assert!(Error::configuration("timeout", "too short").is_argument());
        assert!(!Webhook::from_env().unwrap_err().fields().advice.is_empty());
    }

    #[test]
    fn an_unreadable_event_keeps_its_bytes() {
        let error = Webhook::unverified()
            .verify(b"{}", [("", "")])
            .unwrap_err()
            .fields();
        assert_eq!(error.verified, Some(false));
        assert_eq!(error.raw.as_deref(), Some(&b"{}"[..]));
    }
}
