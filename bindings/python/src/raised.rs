//! Carries the exception that a handler raised, as an error of the inbox.

use std::fmt;

use pyo3::prelude::*;

use crate::function;

/// Holds the exception that a handler raised. Printed as its class only: its words are the application's.
pub(crate) struct Raised {
    pub(crate) exception: Py<PyAny>,
    /// Kept, so that no thread has to attach to the interpreter for it.
    class: String,
}

impl Raised {
    pub(crate) fn new(exception: &Bound<'_, PyAny>) -> Self {
        Self {
            exception: exception.clone().unbind(),
            class: function::type_name(exception),
        }
    }
}

impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the handler raised {}", self.class)
    }
}

impl std::error::Error for Raised {}
