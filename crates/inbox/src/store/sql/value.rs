//! What a statement takes and gives: integers, texts, bytes, nothing.

use std::fmt;
use std::sync::Arc;

use backchat_core::StoreError;

/// One value of a statement or a row. `Debug` shows no text and no bytes, which may be an event or a
/// person's number: drivers log the values of statements.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Integer(integer) => integer.fmt(f),
            Value::Text(text) => write!(f, "[{} bytes of text]", text.len()),
            Value::Bytes(bytes) => write!(f, "[{} bytes]", bytes.len()),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.into())
    }
}

impl From<&Arc<str>> for Value {
    fn from(value: &Arc<str>) -> Self {
        Value::Text(Arc::clone(value))
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Value::Bytes(value.into())
    }
}

impl From<Arc<[u8]>> for Value {
    fn from(value: Arc<[u8]>) -> Self {
        Value::Bytes(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// One row of an answer, read from left to right.
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    fn next(&mut self) -> Result<Value, StoreError> {
        self.0.next().ok_or_else(unexpected)
    }

    pub(super) fn optional_integer(&mut self) -> Result<Option<i64>, StoreError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Integer(integer) => Ok(Some(integer)),
            _ => Err(unexpected()),
        }
    }

    pub(super) fn integer(&mut self) -> Result<i64, StoreError> {
        self.optional_integer()?.ok_or_else(unexpected)
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<Arc<str>>, StoreError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(unexpected()),
        }
    }

    pub(super) fn text(&mut self) -> Result<Arc<str>, StoreError> {
        self.optional_text()?.ok_or_else(unexpected)
    }

    pub(super) fn optional_bytes(&mut self) -> Result<Option<Arc<[u8]>>, StoreError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(unexpected()),
        }
    }
}

/// Somebody else wrote to the table.
pub(super) fn unexpected() -> StoreError {
    StoreError::new("the ledger holds a row that this version cannot read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_printed() {
        let values = [
            Value::from("+33612345678"),
            b"Hello".as_slice().into(),
            7.into(),
        ];
        let printed = format!("{values:?}");
        assert_eq!(printed, "[[12 bytes of text], [5 bytes], 7]");
    }
}
