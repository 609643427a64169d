//! What went wrong, for the application's own log and alarms.

use std::sync::Arc;

use backchat_core::{Error, EventId, InboundMessageId};
use backchat_inbox::Failure as CoreFailure;
use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::prelude::*;

use super::job::Raised;
use crate::error::exception;
use crate::repr::Repr;

/// Something went wrong in an inbox, which has already dealt with it.
#[pyclass(frozen, module = "backchat")]
pub(crate) struct Failure {
    /// Where: `webhook` (the request was not Prelude's, or no event), `handler` (it raised, or is
    /// missing), `send` (the reply was not accepted, or nobody can know), `store`.
    #[pyo3(get)]
    stage: &'static str,
    /// The event, as far as one was read.
    #[pyo3(get)]
    event_id: Option<String>,
    /// The message that was to be answered.
    #[pyo3(get)]
    message_id: Option<String>,
    /// What went wrong: a `BackchatError`, or what the handler raised.
    #[pyo3(get)]
    error: Py<PyAny>,
}

#[pymethods]
impl Failure {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let error: String = self.error.bind(py).get_type().name()?.extract()?;
        Ok(Repr::new("Failure")
            .field("stage", Some(self.stage))
            .field("event_id", self.event_id.as_deref())
            .field("message_id", self.message_id.as_deref())
            .masked("error", Some(error))
            .end())
    }
}

/// A failure on its way to the function that wants to know.
#[pyclass(frozen, name = "_Report", module = "backchat._native")]
pub(crate) struct Report {
    hook: Arc<Py<PyAny>>,
    failure: CoreFailure,
}

impl Report {
    pub(super) fn new(hook: Arc<Py<PyAny>>, failure: CoreFailure) -> Self {
        Self { hook, failure }
    }
}

#[pymethods]
impl Report {
    /// Tells the function.
    fn run(&self, py: Python<'_>) -> PyResult<()> {
        tell(py, &self.hook, &self.failure)
    }
}

/// Tells `hook`. An exception that it raises is printed, for nobody could catch it; what is none, such
/// as Ctrl-C, goes on.
pub(super) fn tell(py: Python<'_>, hook: &Py<PyAny>, failure: &CoreFailure) -> PyResult<()> {
    let told = to_python(py, failure).and_then(|failure| hook.call1(py, (failure,)));
    match told {
        Err(error) if error.is_instance_of::<PyException>(py) => {
            error.write_unraisable(py, Some(hook.bind(py)));
            Ok(())
        }
        told => told.map(drop),
    }
}

fn to_python<'py>(py: Python<'py>, failure: &CoreFailure) -> PyResult<Bound<'py, Failure>> {
    let error = if let Some(error) = failure.error.downcast_ref::<Error>() {
        exception(py, error)?.unbind()
    } else if let Some(raised) = failure.error.downcast_ref::<Raised>() {
        raised.0.clone_ref(py)
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
            error,
        },
    )
}
