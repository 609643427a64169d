//! What can go wrong, and what is then known: one list for all languages.

mod answer;
mod api;
mod class;
mod code;
mod configuration;
mod fields;
mod outcome;
mod sending;
mod store;
mod unreadable;

use std::time::Duration;

pub use answer::{AnswerBody, ErrorBody};
pub use api::ApiError;
pub use class::ErrorClass;
pub use code::ErrorCode;
pub use configuration::ConfigurationError;
pub use fields::ErrorFields;
pub use outcome::{Outcome, Phase};
pub use sending::{CallInfo, MaybeSentError, NotSentError, SentUnconfirmedError};
pub use store::StoreError;
pub use unreadable::UnreadableEventError;

use crate::webhook::{SignatureError, SignatureReason};
use crate::{CorrelationId, InboundMessageId, RequestId};

/// Every error of Backchat.
///
/// Match on the variant for what is known, or on [`Error::code`] for the cause. No form of
/// printing shows a token, a text or a whole phone number.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The API refused the request, or a local check found what it would have refused.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// Provably nothing was sent.
    #[error(transparent)]
    NotSent(Box<NotSentError>),
    /// Nobody can know whether the message was sent: do not send it again.
    #[error(transparent)]
    MaybeSent(Box<MaybeSentError>),
    /// The message was sent, but the answer could not be read.
    #[error(transparent)]
    SentUnconfirmed(Box<SentUnconfirmedError>),
    /// A webhook is not from Prelude, or cannot be shown to be.
    #[error(transparent)]
    Signature(Box<SignatureError>),
    /// A webhook's body is not an event.
    #[error(transparent)]
    UnreadableEvent(Box<UnreadableEventError>),
    /// An option is wrong.
    #[error(transparent)]
    Configuration(Box<ConfigurationError>),
    /// The inbox's store cannot be reached.
    #[error(transparent)]
    Store(Box<StoreError>),
}

impl Error {
    /// The stable code, the same in every language.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Api(e) => e.code.clone(),
            Error::NotSent(e) => e.code.clone(),
            Error::MaybeSent(_) => ErrorCode::MaybeSent,
            Error::SentUnconfirmed(_) => ErrorCode::SentUnconfirmed,
            Error::Signature(e) => e.code(),
            Error::UnreadableEvent(_) => ErrorCode::EventUnreadable,
            Error::Configuration(_) => ErrorCode::Configuration,
            Error::Store(_) => ErrorCode::StoreUnavailable,
        }
    }

    /// The class that other languages raise.
    pub fn class(&self) -> ErrorClass {
        match self {
            Error::Api(e) if e.status == Some(429) => ErrorClass::RateLimit,
            other => other.code().class(),
        }
    }

    /// What is known about the message; `None` for errors that are not about sending.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Error::Api(e) => Some(e.outcome),
            Error::NotSent(_) => Some(Outcome::NotSent),
            Error::MaybeSent(_) => Some(Outcome::MaybeSent),
            Error::SentUnconfirmed(_) => Some(Outcome::Sent),
            Error::Configuration(e) => e.outcome,
            Error::Signature(_) | Error::UnreadableEvent(_) | Error::Store(_) => None,
        }
    }

    /// Whether the same call may be made again: nothing was sent, and it may go better then.
    /// `false` for a wrong argument, which can only fail again.
    pub fn safe_to_retry(&self) -> bool {
        match self {
            Error::Api(e) => e.outcome == Outcome::NotSent && e.transient,
            Error::NotSent(_) => true,
            _ => false,
        }
    }

    /// How long the server asked to wait, from `Retry-After` or `retry-after-ms`.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Api(e) => e.retry_after,
            Error::MaybeSent(e) => e.retry_after,
            _ => None,
        }
    }

    /// The HTTP status of the answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::Api(e) => e.status,
            Error::MaybeSent(e) => e.status,
            Error::SentUnconfirmed(e) => Some(e.status),
            _ => None,
        }
    }

    /// The id that the API gave to the request, when it answered with one.
    pub fn request_id(&self) -> Option<&RequestId> {
        match self {
            Error::Api(e) => e.request_id.as_ref(),
            Error::MaybeSent(e) => e.request_id.as_ref(),
            Error::SentUnconfirmed(e) => e.request_id.as_ref(),
            _ => None,
        }
    }

    /// The correlation id of the call: delivery events carry the same.
    pub fn correlation_id(&self) -> Option<&CorrelationId> {
        self.call()?.correlation_id.as_ref()
    }

    /// The id of the inbound message that the call answered.
    pub fn message_id(&self) -> Option<&InboundMessageId> {
        self.call()?.message_id.as_ref()
    }

    /// The call that failed; `None` for errors that no call raised.
    pub fn call(&self) -> Option<&CallInfo> {
        match self {
            Error::Api(e) => Some(&e.call),
            Error::NotSent(e) => Some(&e.call),
            Error::MaybeSent(e) => Some(&e.call),
            Error::SentUnconfirmed(e) => Some(&e.call),
            _ => None,
        }
    }

    /// What to do, in one sentence.
    pub fn advice(&self) -> &'static str {
        self.code().advice()
    }

    /// The status to answer Prelude with, when this ends a webhook: 401 for a bad signature, 413 for
    /// a body that is too long to be checked, 503 when a redelivery can help (nothing was sent), 200
    /// when it cannot.
    pub fn webhook_status(&self) -> u16 {
        match self {
            Error::Signature(e) if e.reason == SignatureReason::BodyTooLong => 413,
            Error::Signature(_) => 401,
            Error::Store(_) => 503,
            other if other.outcome() == Some(Outcome::NotSent) => 503,
            _ => 200,
        }
    }

    /// A local check that found what the API would refuse.
    pub(crate) fn invalid_argument(code: ErrorCode, why: &'static str) -> Self {
        Error::Api(Box::new(ApiError::local(code, why)))
    }

    /// A wrong option, by its name.
    pub fn configuration(option: &'static str, why: impl Into<String>) -> Self {
        Error::Configuration(Box::new(ConfigurationError::new(option, why)))
    }

    /// The same error, knowing the call that it ended.
    #[cfg(feature = "client")]
    pub(crate) fn in_call(mut self, info: &CallInfo) -> Self {
        match &mut self {
            Error::Api(e) => e.call = info.clone(),
            Error::NotSent(e) => e.call = info.clone(),
            Error::MaybeSent(e) => e.call = info.clone(),
            Error::SentUnconfirmed(e) => e.call = info.clone(),
            Error::Configuration(e) => e.outcome = Some(Outcome::NotSent),
            Error::Signature(_) | Error::UnreadableEvent(_) | Error::Store(_) => {}
        }
        self
    }
}
