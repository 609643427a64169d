//! The class of an error: what other languages make an exception class of.

/// One class of errors. Every [`ErrorCode`](crate::ErrorCode) belongs to exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
pub enum ErrorClass {
    /// The 24-hour window has closed.
    WindowExpired,
    /// The inbound message is not known.
    InvalidReplyContext,
    /// `to` is not the sender of the inbound message.
    PhoneNumberMismatch,
    /// The text is empty.
    MissingText,
    /// `to` is not E.164.
    InvalidPhoneNumber,
    /// The account's balance is too low.
    InsufficientBalance,
    /// The token is missing, wrong, or not allowed.
    Authentication,
    /// Status 429: too many requests.
    RateLimit,
    /// Every other refusal of the API.
    Api,
    /// Provably nothing was sent.
    NotSent,
    /// Nobody can know whether the message was sent.
    MaybeSent,
    /// The message was sent, but the answer could not be read.
    SentUnconfirmed,
    /// A webhook is not from Prelude, or cannot be shown to be.
    SignatureVerification,
    /// A webhook's body is not an event.
    UnreadableEvent,
    /// An option is wrong.
    Configuration,
    /// The inbox's store cannot be reached.
    Store,
}

impl ErrorClass {
    /// Every class.
    pub const ALL: &'static [ErrorClass] = &[
        ErrorClass::WindowExpired,
        ErrorClass::InvalidReplyContext,
        ErrorClass::PhoneNumberMismatch,
        ErrorClass::MissingText,
        ErrorClass::InvalidPhoneNumber,
        ErrorClass::InsufficientBalance,
        ErrorClass::Authentication,
        ErrorClass::RateLimit,
        ErrorClass::Api,
        ErrorClass::NotSent,
        ErrorClass::MaybeSent,
        ErrorClass::SentUnconfirmed,
        ErrorClass::SignatureVerification,
        ErrorClass::UnreadableEvent,
        ErrorClass::Configuration,
        ErrorClass::Store,
    ];

    /// The class's name in every language, such as `WindowExpiredError`.
    pub fn name(self) -> &'static str {
        match self {
            ErrorClass::WindowExpired => "WindowExpiredError",
            ErrorClass::InvalidReplyContext => "InvalidReplyContextError",
            ErrorClass::PhoneNumberMismatch => "PhoneNumberMismatchError",
            ErrorClass::MissingText => "MissingTextError",
            ErrorClass::InvalidPhoneNumber => "InvalidPhoneNumberError",
            ErrorClass::InsufficientBalance => "InsufficientBalanceError",
            ErrorClass::Authentication => "AuthenticationError",
            ErrorClass::RateLimit => "RateLimitError",
            ErrorClass::Api => "ApiError",
            ErrorClass::NotSent => "NotSentError",
            ErrorClass::MaybeSent => "MaybeSentError",
            ErrorClass::SentUnconfirmed => "SentUnconfirmedError",
            ErrorClass::SignatureVerification => "SignatureVerificationError",
            ErrorClass::UnreadableEvent => "UnreadableEventError",
            ErrorClass::Configuration => "ConfigurationError",
            ErrorClass::Store => "StoreError",
        }
    }

    /// Whether other languages derive this class from `ApiError`.
    pub fn is_api(self) -> bool {
        self <= ErrorClass::Api
    }
}
