//! Why a signature was not accepted, so that a developer can act on it.

use std::fmt;

use crate::{Error, ErrorCode};

/// A webhook is not from Prelude, or cannot be shown to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", self.code())]
#[non_exhaustive]
pub struct SignatureError {
    /// What exactly was wrong.
    pub reason: SignatureReason,
}

impl SignatureError {
    pub(crate) fn code(self) -> ErrorCode {
        match self.reason {
            SignatureReason::HeaderMissing => ErrorCode::SignatureMissing,
            _ => ErrorCode::SignatureInvalid,
        }
    }
}

impl From<SignatureReason> for Error {
    fn from(reason: SignatureReason) -> Self {
        Error::Signature(Box::new(SignatureError { reason }))
    }
}

/// What was wrong with a signature. `Display` says it in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SignatureReason {
    /// No `X-Webhook-Signature` header.
    HeaderMissing,
    /// More than one such header.
    HeaderRepeated,
    /// The header does not start with `rsassa-pss-sha256=`.
    SchemeUnknown,
    /// What follows is not base64.
    NotBase64,
    /// The signature is not as long as any of the keys.
    WrongLength,
    /// No key made this signature over these bytes.
    NoKeyMatches,
    /// The body is longer than 1 MiB and was not hashed.
    BodyTooLong,
}

impl SignatureReason {
    /// The name that every language uses, such as `no_key_matches`.
    pub fn as_str(self) -> &'static str {
        match self {
            SignatureReason::HeaderMissing => "header_missing",
            SignatureReason::HeaderRepeated => "header_repeated",
            SignatureReason::SchemeUnknown => "scheme_unknown",
            SignatureReason::NotBase64 => "not_base64",
            SignatureReason::WrongLength => "wrong_length",
            SignatureReason::NoKeyMatches => "no_key_matches",
            SignatureReason::BodyTooLong => "body_too_long",
        }
    }
}

impl fmt::Display for SignatureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SignatureReason::HeaderMissing => {
                "the request has no X-Webhook-Signature header: is signing enabled in Prelude's dashboard?"
            }
            SignatureReason::HeaderRepeated => {
                "the request has more than one X-Webhook-Signature header"
            }
            SignatureReason::SchemeUnknown => {
                "X-Webhook-Signature does not start with `rsassa-pss-sha256=`"
            }
            SignatureReason::NotBase64 => "the signature is not base64",
            SignatureReason::WrongLength => {
                "the signature is not as long as the key: is it the key of this webhook?"
            }
            SignatureReason::NoKeyMatches => {
                "no key made this signature over these bytes: the body must be the raw bytes as \
                 received, not parsed and written again, and the key the one of this webhook"
            }
            SignatureReason::BodyTooLong => "the body is longer than 1 MiB",
        })
    }
}
