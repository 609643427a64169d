//! The fields of a request: present, of the right JSON type, then parsed by the core's types.

use std::collections::BTreeMap;

use backchat_core::Error;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// A request's JSON object. Fields that nobody asks for are ignored, as by the API.
#[derive(Debug)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Refusal::request("the body must be a JSON object")),
            Err(error) => Err(Refusal::request(format!("the body is not JSON: {error}"))),
        }
    }

    /// A string. `null` is the same as no field.
    pub(crate) fn string(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(value)) => Ok(Some(value)),
            Some(_) => Err(Refusal::request(format!("`{name}` must be a string"))),
        }
    }

    /// A string that has to be there.
    pub(crate) fn required<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, Error>,
    ) -> Result<T, Refusal> {
        match self.string(name)? {
            Some(value) => Ok(parse(value)?),
            None => Err(Refusal::request(format!("`{name}` is missing"))),
        }
    }

    /// A string that may be there.
    pub(crate) fn optional<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, Error>,
    ) -> Result<Option<T>, Refusal> {
        Ok(self.string(name)?.map(parse).transpose()?)
    }

    /// An object of strings; empty when there is none.
    pub(crate) fn strings(&self, name: &str) -> Result<BTreeMap<String, String>, Refusal> {
        self.value(name, "an object of strings")
            .map(Option::unwrap_or_default)
    }

    /// A field of any other type.
    pub(crate) fn value<T: DeserializeOwned>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match serde_json::from_value(value.clone()) {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err(Refusal::request(format!("`{name}` must be {expected}"))),
            },
        }
    }
}
