//! `code`: the stable name of every error, ours and the API's.

use std::fmt;
use std::sync::Arc;

use super::ErrorClass;
use crate::mask::plain;

/// Who may raise a code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The API documents it (a local check may raise the same).
    Api,
    /// The library names an answer so that has no code of its own; a server may use it too.
    Shared,
    /// Only this library raises it.
    Library,
}

macro_rules! codes {
    ($($origin:ident $class:ident $variant:ident $code:literal $advice:literal)*) => {
        /// The stable name of an error, the same in every language.
        ///
        /// The codes of the API come from its page of errors; a code that is not listed there
        /// survives as [`ErrorCode::Other`].
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(
                #[doc = concat!("`", $code, "`: ", $advice)]
                $variant,
            )*
            /// A code of the API that this version does not know.
            Other(Arc<str>),
        }

        impl ErrorCode {
            /// Every code that this version knows.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The code as the API and every language write it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(ErrorCode::$variant => $code,)*
                    ErrorCode::Other(code) => code,
                }
            }

            /// What to do about it, in one sentence.
            pub fn advice(&self) -> &'static str {
                match self {
                    $(ErrorCode::$variant => $advice,)*
                    ErrorCode::Other(_) => "look the code up in Prelude's documentation",
                }
            }

            /// The class that carries this code. (An answer with status 429 is always a
            /// [`ErrorClass::RateLimit`], whatever its code.)
            pub fn class(&self) -> ErrorClass {
                match self {
                    $(ErrorCode::$variant => ErrorClass::$class,)*
                    ErrorCode::Other(_) => ErrorClass::Api,
                }
            }

            fn origin(&self) -> Origin {
                match self {
                    $(ErrorCode::$variant => Origin::$origin,)*
                    ErrorCode::Other(_) => Origin::Api,
                }
            }

            fn known(code: &str) -> Option<ErrorCode> {
                match code {
                    $($code => Some(ErrorCode::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    Api WindowExpired WindowExpired "window_expired" "the 24-hour window has closed: send a template instead"
    Api InvalidReplyContext InvalidReplyContext "invalid_reply_context" "check `reply_to`: it must be the `message_id` of an inbound message"
    Api PhoneNumberMismatch PhoneNumberMismatch "phone_number_mismatch" "use the `from` of the inbound message as `to`"
    Api MissingText MissingText "missing_text" "give the message a text"
    Api InvalidPhoneNumber InvalidPhoneNumber "invalid_phone_number" "write the number in E.164 format, such as +33612345678"
    Api InsufficientBalance InsufficientBalance "insufficient_balance" "top up the account's balance"
    Api Authentication MissingApiToken "missing_api_token" "give the API token: as an argument or in PRELUDE_API_TOKEN"
    Api Authentication InvalidApiToken "invalid_api_token" "check the API token in the dashboard"
    Api Authentication InvalidApiKey "invalid_api_key" "use an API token of the v2 API, not a v1 key"
    Shared Authentication Unauthorized "unauthorized" "check the API token and what it is allowed to do"
    Shared RateLimit RateLimited "rate_limited" "wait for `retry_after`, then call again"
    Api Api InvalidRequest "invalid_request" "check the request against the API's documentation"
    Api Api InvalidCallbackUrl "invalid_callback_url" "give `callback_url` an absolute URL that Prelude can reach"
    Api Api InvalidCorrelationId "invalid_correlation_id" "keep `correlation_id` to at most 80 characters"
    Api Api InvalidLineType "invalid_line_type" "this kind of line cannot receive the message: use another number"
    Api Api Internal "internal" "Prelude failed: if it lasts, ask its support with the request id"
    Api Api UnsupportedCountry "unsupported_country" "Prelude does not send to this country"
    Api Api UnsupportedRegion "unsupported_region" "Prelude does not send to this region"
    Api Api SuspendedAccount "suspended_account" "the account is suspended: contact Prelude"
    Api Api SpendingLimitExceeded "spending_limit_exceeded" "raise the account's spending limit"
    Api Api BlockedNumber "blocked_number" "the number is on the account's block list"
    Api Api TemplateNotFound "template_not_found" "check `template_id` in the dashboard"
    Api Api InvalidTemplateId "invalid_template_id" "`template_id` must start with `template_`"
    Api Api InvalidTemplateVariables "invalid_template_variables" "give exactly the variables that the template has"
    Api Api TemplateNotValidated "template_not_validated" "wait until WhatsApp has approved the template"
    Api Api CategoryForbidden "category_forbidden" "the account may not send templates of this category"
    Api Api Unsubscribed "unsubscribed" "the user has opted out: do not write to them"
    Api Api ExpiresAtInPast "expires_at_in_past" "choose a later `expires_at`"
    Api Api ExpiresAtTooFarInFuture "expires_at_too_far_in_future" "choose an earlier `expires_at`"
    Api Api InvalidDateFormat "invalid_date_format" "write the date in RFC 3339, such as 2025-10-24T08:59:10Z"
    Api Api InvalidLocale "invalid_locale" "write `locale` as a BCP 47 tag, such as fr-FR"
    Api Api InvalidSenderId "invalid_sender_id" "use a sender that is registered for the account"
    Api Api DocumentNotSupported "document_not_supported" "the template's header is not synced yet: send without `document`, or try again later"
    Api Api BatchSizeExceeded "batch_size_exceeded" "put fewer messages into one batch"
    Api Api EmptyBatch "empty_batch" "put at least one message into the batch"
    Api Api ChannelNotEnabledInRegion "channel_not_enabled_in_region" "the channel is not enabled in the user's region: choose another `preferred_channel`"
    Library Api Redirected "redirected" "redirects are not followed: check the base URL"
    Library Api HttpError "http_error" "the answer names no code: look at `status` and at the request id"
    Library NotSent ConnectionFailed "connection_failed" "nothing was sent: check the network and the base URL, then call again"
    Library NotSent TlsFailed "tls_failed" "nothing was sent: check the server's certificate, the clock and the trusted roots"
    Library NotSent TimedOut "timed_out" "nothing was sent before the deadline: call again"
    Library NotSent Cancelled "cancelled" "nothing was sent: the call was cancelled first"
    Library MaybeSent MaybeSent "maybe_sent" "do not send it again: wait for a delivery event with the correlation id, or ask a person"
    Library SentUnconfirmed SentUnconfirmed "sent_unconfirmed" "it was accepted: do not send it again, delivery events tell the rest"
    Library SignatureVerification SignatureMissing "signature_missing" "enable webhook signing in Prelude's dashboard, or ask for unverified events by name"
    Library SignatureVerification SignatureInvalid "signature_invalid" "refuse the request; if it came from Prelude, check the key and that the body is raw"
    Library UnreadableEvent EventUnreadable "event_unreadable" "keep the raw bytes and look at them: a redelivery will be the same"
    Library Configuration Configuration "configuration" "correct the option that the message names"
    Library Store StoreUnavailable "store_unavailable" "nothing was run: check the inbox's store"
}

impl ErrorCode {
    /// The code of an API answer. A server's word that only this library may use, such as
    /// `maybe_sent`, is not a code: it says nothing about what this library knows.
    pub fn from_api(code: &str) -> Option<ErrorCode> {
        match ErrorCode::known(code) {
            Some(known) if known.origin() == Origin::Library => None,
            Some(known) => Some(known),
            None if code.is_empty() => None,
            None => Some(ErrorCode::Other(code.into())),
        }
    }

    /// Whether the API's documentation lists this code.
    pub fn is_documented(&self) -> bool {
        self.origin() == Origin::Api && !matches!(self, ErrorCode::Other(_))
    }
}

/// The code, if it looks like one: `as_str` has what the server wrote.
impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(plain(self.as_str()))
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorCode({self})")
    }
}

impl serde::Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_name() {
        let mut names: Vec<_> = ErrorCode::ALL.iter().map(ErrorCode::as_str).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorCode::ALL.len());
    }

    #[test]
    fn a_server_cannot_speak_for_the_library() {
        assert_eq!(ErrorCode::from_api("maybe_sent"), None);
        assert_eq!(ErrorCode::from_api("connection_failed"), None);
        assert_eq!(ErrorCode::from_api(""), None);
    }

    #[test]
    fn a_new_code_survives_as_its_own_string() {
        let code = ErrorCode::from_api("moon_phase").unwrap();
        assert_eq!(code.as_str(), "moon_phase");
        assert!(!code.is_documented());
        assert_eq!(code.class(), ErrorClass::Api);
    }
}
