//! Values of the API, each with a type of its own.
//!
//! *Outgoing* values ([`PhoneNumber`], [`ReplyTo`], …) have one door, `parse`, which `TryFrom`,
//! `FromStr` and serde walk through: holding one means that it is valid. Nothing is trimmed or
//! normalised, because the API compares numbers byte for byte.
//!
//! *Incoming* values ([`InboundMessageId`], [`Address`], …) take any string: an event is never
//! refused for the form of a field.

mod callback_url;
mod correlation_id;
mod date_time;
mod document_url;
mod incoming;
mod locale;
mod phone_number;
mod reply_to;
mod sender_id;
mod template_id;
mod text;

pub use callback_url::CallbackUrl;
pub use correlation_id::CorrelationId;
pub use date_time::DateTime;
pub use document_url::DocumentUrl;
pub use incoming::{
    Address, EchoedCallbackUrl, EchoedCorrelationId, EventId, InboundMessageId, MessageText,
    RequestId, SentMessageId, Word,
};
pub use locale::Locale;
pub use phone_number::PhoneNumber;
pub use reply_to::ReplyTo;
pub use sender_id::SenderId;
pub use template_id::TemplateId;
pub use text::Text;

/// The traits that all string values share: cheap to clone, ordered, hashable, printable.
macro_rules! string_value {
    ($(#[$doc:meta])* $name:ident, debug: $mask:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The exact characters.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// What may be printed of it, as `Debug` does without the type's name: for the printed
            /// forms of other languages.
            pub fn masked(&self) -> String {
                format!("{:?}", $mask(self.as_str()))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        /// The exact characters. For logs use `Debug`, which hides what is private.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), $mask(self.as_str()))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }
    };
}

/// An outgoing value: `parse` is its only door. `$check` is a pure function from the string to
/// the code that the API would answer with.
macro_rules! outgoing_value {
    ($(#[$doc:meta])* $name:ident, debug: $mask:expr, check: $check:expr) => {
        crate::values::string_value!($(#[$doc])* $name, debug: $mask);

        impl $name {
            /// Checks `value` and keeps it exactly as it is.
            pub fn parse(value: &str) -> Result<Self, crate::Error> {
                let check: fn(&str) -> Result<(), (crate::ErrorCode, &'static str)> = $check;
                match check(value) {
                    Ok(()) => Ok(Self(value.into())),
                    Err((code, why)) => Err(crate::Error::invalid_argument(code, why)),
                }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = crate::Error;

            fn try_from(value: &str) -> Result<Self, crate::Error> {
                Self::parse(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = crate::Error;

            fn try_from(value: String) -> Result<Self, crate::Error> {
                Self::parse(&value)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = crate::Error;

            fn try_from(value: &String) -> Result<Self, crate::Error> {
                Self::parse(value)
            }
        }

        impl TryFrom<&$name> for $name {
            type Error = crate::Error;

            fn try_from(value: &$name) -> Result<Self, crate::Error> {
                Ok(value.clone())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::Error;

            fn from_str(value: &str) -> Result<Self, crate::Error> {
                Self::parse(value)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&value).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// An incoming value: any string.
macro_rules! incoming_value {
    ($(#[$doc:meta])* $name:ident, debug: $mask:expr) => {
        crate::values::string_value!($(#[$doc])* $name, debug: $mask);

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self(value.into())
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self(value.into())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Ok(Self(value.as_ref().into()))
            }
        }
    };
}

pub(crate) use {incoming_value, outgoing_value, string_value};

/// Whether `value` is `prefix` and then 1 to `longest` ASCII letters and digits. Of Prelude's
/// identifiers only the prefix is documented, so no more than this is asked of them.
fn is_prefixed_id(value: &str, prefix: &str, longest: usize) -> bool {
    value.strip_prefix(prefix).is_some_and(|body| {
        (1..=longest).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// Whether `value` is an absolute URL as it stands. (`url` alone repairs what is not: it trims
/// blanks, drops line breaks, and adds slashes.)
fn is_absolute_url(value: &str, schemes: &[&str]) -> bool {
    let scheme = value.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| schemes.iter().any(|s| s.eq_ignore_ascii_case(scheme)))
        && !value.contains(|c: char| c.is_whitespace() || c.is_control())
        && url::Url::parse(value).is_ok()
}
