//! One line: what happened, and its fields.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tracing::Level;

use crate::raised::Raised;

/// A line on its way to Python.
pub(crate) struct Line {
    pub(super) level: Level,
    message: Cow<'static, str>,
    fields: Vec<(&'static str, Option<Value>)>,
    cause: Option<Cause>,
}

/// What a field holds.
pub(crate) enum Value {
    Text(String),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Flag(bool),
}

/// The exception whose traceback belongs to a line.
pub(crate) enum Cause {
    /// Exactly this one.
    Exception(Py<PyAny>),
    /// What a handler raised, if it is that.
    Handler(Arc<dyn StdError + Send + Sync>),
}

/// Level, message, fields and exception: the arguments of `_log.write`.
pub(crate) type ForPython<'py> = (u8, String, Bound<'py, PyDict>, Option<Py<PyAny>>);

impl Line {
    pub(crate) fn new(level: Level, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            level,
            message: message.into(),
            fields: Vec::new(),
            cause: None,
        }
    }

    /// A field, which a line of the same message always has.
    pub(crate) fn field(mut self, name: &'static str, value: Option<Value>) -> Self {
        self.fields.push((name, value));
        self
    }

    pub(crate) fn cause(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }

    pub(super) fn set_message(&mut self, message: String) {
        self.message = message.into();
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        if let Some((_, place)) = self.fields.iter_mut().find(|(known, _)| *known == name) {
            *place = Some(value);
        }
    }

    pub(super) fn into_python(self, py: Python<'_>) -> PyResult<ForPython<'_>> {
        let level = match self.level {
            Level::ERROR => 40,
            Level::WARN => 30,
            Level::INFO => 20,
            _ => 10,
        };
        let fields = PyDict::new(py);
        for (name, value) in self.fields {
            match value {
                None => fields.set_item(name, py.None())?,
                Some(Value::Text(text)) => fields.set_item(name, one_line(text))?,
                Some(Value::Signed(number)) => fields.set_item(name, number)?,
                Some(Value::Unsigned(number)) => fields.set_item(name, number)?,
                Some(Value::Float(number)) => fields.set_item(name, number)?,
                Some(Value::Flag(flag)) => fields.set_item(name, flag)?,
            }
        }
        let cause = self.cause.and_then(|cause| match cause {
            Cause::Exception(exception) => Some(exception),
            Cause::Handler(error) => {
                let raised = error.downcast_ref::<Raised>()?;
                Some(raised.exception.clone_ref(py))
            }
        });
        Ok((level, self.message.into_owned(), fields, cause))
    }
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// What a line must not hold, because a terminal or a file of logs would obey it.
fn one_line(mut text: String) -> String {
    let obeyed = |c: char| {
        // Also line and paragraph separators, and what turns the direction of writing.
        c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(obeyed) {
        text = text.replace(obeyed, "\u{fffd}");
    }
    text
}
