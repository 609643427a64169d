//! The exact JSON of an event or an answer.

use std::fmt;
use std::sync::Arc;

use crate::mask::MaskedBytes;

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

    /// The JSON as a tree, for fields that have no name here yet.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).unwrap_or(serde_json::Value::Null)
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
