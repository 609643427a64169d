//! JSON fields that are taken in whatever form they come.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::repair::repair_strings;

/// A field of an event: either a [`Loose`] one, or an `Option<&str>`, which is faster to read.
pub(super) trait Field {
    /// For fields that an event cannot be without: a string, or nothing.
    fn required(&self) -> Option<&str>;

    /// For all other fields: numbers are taken as their text.
    fn optional(&self) -> Option<&str>;
}

/// Takes a string without escapes, or null, as nearly all events have them. Anything else is an
/// error: the event is then read again with [`Loose`] fields.
impl Field for Option<&str> {
    fn required(&self) -> Option<&str> {
        *self
    }

    fn optional(&self) -> Option<&str> {
        *self
    }
}

impl Field for Loose<'_> {
    fn required(&self) -> Option<&str> {
        Loose::required(self)
    }

    fn optional(&self) -> Option<&str> {
        Loose::optional(self)
    }
}

/// A field that should be a string. Anything else is kept apart, and is never an error.
///
/// It is read from its raw JSON, so only `serde_json::from_str` can fill it. That way a number
/// beyond `f64`, or half a surrogate pair, does not make the whole document unreadable.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Loose<'a> {
    /// Missing, null, an array or an object.
    #[default]
    Absent,
    String(Cow<'a, str>),
    /// A number or a boolean, as it is written.
    Scalar(&'a str),
}

impl<'a> Loose<'a> {
    /// For fields that an event cannot be without: a string, or nothing.
    pub(crate) fn required(&self) -> Option<&str> {
        match self {
            Loose::String(string) => Some(string),
            Loose::Scalar(_) | Loose::Absent => None,
        }
    }

    /// For all other fields: numbers are taken as their text.
    pub(crate) fn optional(&self) -> Option<&str> {
        match self {
            Loose::String(string) => Some(string),
            Loose::Scalar(text) => Some(text),
            Loose::Absent => None,
        }
    }

    /// `json` is one whole value without blanks around it.
    fn read(json: &'a str) -> Self {
        match json.as_bytes() {
            [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
                Loose::String(Cow::Borrowed(&json[1..json.len() - 1]))
            }
            [b'"', ..] => unescaped(json).map_or(Loose::Absent, |text| Loose::String(text.into())),
            [b'{' | b'[' | b'n', ..] | [] => Loose::Absent,
            _ => Loose::Scalar(json),
        }
    }
}

/// The characters of a JSON string, with U+FFFD for half of a surrogate pair.
fn unescaped(json: &str) -> Option<String> {
    let repaired = || serde_json::from_str(&repair_strings(json)?).ok();
    serde_json::from_str(json).ok().or_else(repaired)
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|json| Loose::read(json.get()))
    }
}

/// A JSON object and nothing else. (serde's own structs take arrays too.)
pub(crate) struct Strict<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StrictVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for StrictVisitor<T> {
            type Value = Strict<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Strict)
            }
        }

        deserializer.deserialize_map(StrictVisitor(PhantomData))
    }
}

/// A field that should be an object. Anything else counts as an empty one.
#[derive(Default)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Object::default())
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Object::default())
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Object::default())
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Object::default())
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Object::default())
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Object::default())
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Object::default())
            }
        }

        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}
