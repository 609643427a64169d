//! What a handler returned that is no answer: told by its class only.

use std::fmt;

use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::job::Handler;
use crate::function;

/// A handler returned something that nobody can send, or work that nobody has done.
#[derive(Debug)]
pub(super) struct WrongAnswer(String);

impl WrongAnswer {
    /// A message handler returned `value`.
    pub(super) fn to_message(handler: &Handler, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let undone = function::undone(value)?;
        let hint = if value.is_instance_of::<PyBaseException>() {
            "raise it instead"
        } else if value.is_instance_of::<PyBytes>() {
            "decode it"
        } else if undone.is_some_and(|what| !what.ends_with("generator")) {
            handler.awaiting()
        } else if ["__next__", "__anext__", "__aiter__"]
            .iter()
            .any(|method| has(value, method))
        {
            "if it is a stream, join its parts into one string"
        } else {
            "return the text itself, and None for no reply"
        };
        function::close(value);
        let kind = function::type_name(value);
        Ok(Self(format!(
            "a message handler must return a str, an Answer or None, not {kind}: {hint}"
        )))
    }

    /// A text holds half of a character.
    pub(super) fn half_a_character() -> Self {
        let why = "a message handler returned a str with half a character in it (a lone surrogate)";
        Self(why.to_owned())
    }

    /// Another handler returned `what` nobody runs.
    pub(super) fn undone(handler: &Handler, what: &str) -> Self {
        let hint = if what.ends_with("generator") {
            "do the work in the function itself"
        } else {
            handler.awaiting()
        };
        Self(format!(
            "the {} function returned {what}, which did not run: {hint}",
            handler.role
        ))
    }
}

impl Handler {
    fn awaiting(&self) -> &'static str {
        if self.asyncio {
            "await it in the function"
        } else {
            "an `async def` function needs an AsyncInbox"
        }
    }
}

fn has(value: &Bound<'_, PyAny>, method: &str) -> bool {
    value.get_type().hasattr(method).unwrap_or(false)
}

impl fmt::Display for WrongAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongAnswer {}
