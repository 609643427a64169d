//! The exact JSON of an event or an answer.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::mask::MaskedBytes;
use crate::repair::tree;

/// JSON exactly as it was received. `Debug` prints its length only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawJson(Arc<str>);

impl RawJson {
    pub(crate) fn new(json: &str) -> Self {
        Self(json.into())
    }

    /// The JSON as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The JSON as bytes: what the signature was made over.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The JSON as a tree, for fields that have no name here yet. Half a surrogate pair becomes
    /// U+FFFD, and a number beyond `f64` a string; null for JSON nested deeper than 128 levels.
    pub fn to_value(&self) -> Value {
        tree(&self.0).unwrap_or(Value::Null)
    }

    /// For serde, as the tree and not as the text of it.
    pub(super) fn serialize_tree<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl From<&str> for RawJson {
    fn from(json: &str) -> Self {
        Self::new(json)
    }
}

/// Empty: nothing was received.
impl Default for RawJson {
    fn default() -> Self {
        Self::new("")
    }
}

impl AsRef<[u8]> for RawJson {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({:?})", MaskedBytes(self.as_bytes()))
    }
}
