//! What all cases have, whatever their file.

use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How a case is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Via {
    /// By the library's interface alone.
    Api,
    /// Against a scripted server.
    Http,
}

#[derive(Deserialize)]
pub(super) struct Case<C> {
    pub(super) via: Via,
    #[serde(flatten)]
    pub(super) what: C,
}

impl<C: DeserializeOwned> Case<C> {
    pub(super) fn read(case: &Value) -> Result<Self, String> {
        serde_json::from_value(case.clone()).map_err(|e| format!("cannot be read: {e}"))
    }
}

/// `Ok` when both are equal, else both of them.
pub(super) fn same<T: PartialEq + Debug>(what: &str, expected: &T, got: &T) -> Result<(), String> {
    if expected == got {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, got {got:?}"))
    }
}

/// The same for JSON, which has a shorter form to print.
pub(super) fn same_json(what: &str, expected: &Value, got: &Value) -> Result<(), String> {
    if expected == got {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected}, got {got}"))
    }
}

/// Every field that `expected` names must be in `got`, and the same.
pub(super) fn includes(expected: &Value, got: &Value) -> Result<(), String> {
    let fields = expected.as_object().ok_or("an object is expected")?;
    for (name, value) in fields {
        same_json(name, value, got.get(name).unwrap_or(&Value::Null))?;
    }
    Ok(())
}
