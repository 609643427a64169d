//! What went wrong, for the application's own log and alarms.

use std::sync::Arc;

use backchat_core::{Error, EventId, InboundMessageId};
use backchat_inbox::{Failure as CoreFailure, Stage};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use tracing::Level;

use super::wrong_answer::WrongAnswer;
use crate::error::exception;
use crate::function;
use crate::log::{Cause, Line, Value};
use crate::raised::Raised;
use crate::repr::Repr;

/// Something went wrong in an inbox, which has already dealt with it.
#[pyclass(frozen, module = "backchat")]
pub(crate) struct Failure {
    /// Where: `webhook` (the request holds no event that can be taken), `handler` (it raised, took
    /// too long, or is missing), `send` (the reply was not accepted, or nobody can know), `queue`
    /// (messages wait and no worker takes them), `store`.
    #[pyo3(get)]
    stage: &'static str,
    /// The event, as far as one was read.
    #[pyo3(get)]
    event_id: Option<String>,
    /// The message that was to be answered.
    #[pyo3(get)]
    message_id: Option<String>,
    /// Whether the inbox is done with it: the message was given up, refused, or may have been sent.
    /// `False` when the inbox, or a redelivery, tries again.
    #[pyo3(get, name = "final")]
    is_final: bool,
    /// What went wrong: a `BackchatError`, or what the handler raised; a `TypeError` says what it
    /// returned that is no answer.
    #[pyo3(get)]
    error: Py<PyAny>,
}

#[pymethods]
impl Failure {
    fn __repr__(&self, py: Python<'_>) -> String {
        let message_id = self.message_id.as_deref().map(InboundMessageId::from);
        let event_id = self.event_id.as_deref().map(EventId::from);
        Repr::new("Failure")
            .field("stage", Some(self.stage))
            .flag("final", self.is_final)
            .masked("event_id", event_id.map(|id| id.masked()))
            .masked("message_id", message_id.map(|id| id.masked()))
            .masked("error", Some(function::type_name(self.error.bind(py))))
            .end()
    }
}

/// The line of a failure, with the traceback of what a handler raised.
pub(super) fn line(failure: &CoreFailure) -> Line {
    let error = failure.error.downcast_ref::<Error>();
    let (level, message) = match failure.stage {
        Stage::Webhook => (Level::WARN, "webhook refused"),
        Stage::Handler => (Level::ERROR, "handler failed"),
        Stage::Send => (Level::WARN, "reply not accepted"),
        Stage::Queue => (Level::WARN, "messages wait in the queue"),
        Stage::Store => (Level::WARN, "store failed"),
        _ => (Level::WARN, "inbox failed"),
    };
    let id = |masked: Option<String>| Some(Value::text(masked?.trim_matches('"')));
    Line::new(level, message)
        .field("stage", Some(Value::text(failure.stage.as_str())))
        .field(
            "event_id",
            id(failure.event_id.as_ref().map(EventId::masked)),
        )
        .field(
            "message_id",
            id(failure.message_id.as_ref().map(InboundMessageId::masked)),
        )
        .field("final", Some(Value::Flag(failure.is_final)))
        .field(
            "code",
            error.map(|error| Value::text(error.code().to_string())),
        )
        .field("error", Some(Value::text(failure.error.to_string())))
        .cause(Cause::Handler(Arc::clone(&failure.error)))
}

pub(super) fn to_python<'py>(
    py: Python<'py>,
    failure: &CoreFailure,
) -> PyResult<Bound<'py, Failure>> {
    let error = if let Some(error) = failure.error.downcast_ref::<Error>() {
        exception(py, error)?.unbind()
    } else if let Some(raised) = failure.error.downcast_ref::<Raised>() {
        raised.exception.clone_ref(py)
    } else if let Some(wrong) = failure.error.downcast_ref::<WrongAnswer>() {
        let error = PyTypeError::new_err(wrong.to_string());
        error.into_value(py).into_any()
    } else {
        let error = PyRuntimeError::new_err(failure.error.to_string());
        error.into_value(py).into_any()
    };
    Bound::new(
        py,
        Failure {
            stage: failure.stage.as_str(),
            event_id: failure
                .event_id
                .as_ref()
                .map(|id: &EventId| id.as_str().to_owned()),
            message_id: failure
                .message_id
                .as_ref()
                .map(|id: &InboundMessageId| id.as_str().to_owned()),
            is_final: failure.is_final,
            error,
        },
    )
}
