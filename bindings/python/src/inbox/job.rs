//! A handler that has to run, and what it returned.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use backchat_core::Event;
use backchat_inbox::{Answer as CoreAnswer, HandlerError, caller};
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use tokio::sync::oneshot;

use super::answer::Answer;
use super::steps::{Caller, Step};
use crate::{event, log};

/// A function of the application, and what it is for.
#[derive(Clone)]
pub(super) struct Handler {
    pub(super) function: Arc<Py<PyAny>>,
    /// The name of the decorator, for the log.
    pub(super) role: &'static str,
    /// Whether what it returns is sent.
    pub(super) answers: bool,
}

impl Handler {
    /// Has the caller of this request run the handler on `event`.
    pub(super) async fn run(self, event: Event) -> Result<CoreAnswer, HandlerError> {
        let caller = caller::current::<Caller>().ok_or("nobody runs this request")?;
        let (done, result) = oneshot::channel();
        caller.tell(Step::Job(Box::new(Job {
            handler: self,
            event,
            done: Mutex::new(Some(done)),
        })));
        result
            .await
            .unwrap_or_else(|_| Err("nobody waits for this request any more".into()))
    }
}

/// A handler that has to run. Dropped, it has failed: it runs again on redelivery.
#[pyclass(frozen, name = "_Job", module = "backchat._native")]
pub(crate) struct Job {
    handler: Handler,
    event: Event,
    done: Mutex<Option<oneshot::Sender<Result<CoreAnswer, HandlerError>>>>,
}

#[pymethods]
impl Job {
    #[getter]
    fn handler(&self, py: Python<'_>) -> Py<PyAny> {
        self.handler.function.clone_ref(py)
    }

    #[getter]
    fn event<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        event::to_python(py, self.event.clone())
    }

    /// The handler returned `value`.
    fn finish(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match self.answer(value) {
            Ok(answer) => {
                self.settle(Ok(answer));
                Ok(())
            }
            Err(error) => self.fail(value.py(), error.into_value(value.py()).into_any()),
        }
    }

    /// The handler raised `error`: logged with its traceback, and the message is released.
    fn fail(&self, py: Python<'_>, error: Py<PyAny>) -> PyResult<()> {
        let logged = self.log(error.bind(py));
        self.settle(Err(Box::new(Raised(error))));
        log::quiet(py, logged).map(drop)
    }

    /// The handler was interrupted: the message is released.
    fn release(&self) {
        self.settle(Err("interrupted".into()));
    }

    /// Runs the handler on this thread.
    fn run(&self, py: Python<'_>) -> PyResult<()> {
        self.run_here(py)
    }
}

impl Job {
    /// What is no `Exception`, such as Ctrl-C, goes on to the caller.
    pub(super) fn run_here(&self, py: Python<'_>) -> PyResult<()> {
        let called = self.handler.function.call1(py, (self.event(py)?,));
        match called {
            Ok(value) => self.finish(value.bind(py)),
            Err(error) if error.is_instance_of::<PyException>(py) => {
                self.fail(py, error.into_value(py).into_any())
            }
            Err(error) => {
                self.release();
                Err(error)
            }
        }
    }

    fn answer(&self, value: &Bound<'_, PyAny>) -> PyResult<CoreAnswer> {
        if !self.handler.answers || value.is_none() {
            return Ok(CoreAnswer::none());
        }
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(CoreAnswer::text(text.to_cow()?));
        }
        if let Ok(answer) = value.cast::<Answer>() {
            return Ok(answer.get().0.clone());
        }
        let kind = value.get_type().name()?;
        let hint = if value.hasattr("__await__")? {
            ": an `async def` handler needs an AsyncInbox"
        } else {
            ""
        };
        Err(PyTypeError::new_err(format!(
            "a message handler must return a str, None or an Answer, not {kind}{hint}"
        )))
    }

    fn log(&self, error: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = error.py();
        let logger = py
            .import("logging")?
            .call_method1("getLogger", ("backchat",))?;
        let options = PyDict::new(py);
        options.set_item("exc_info", error)?;
        let (role, id) = (self.handler.role, self.event.id().masked());
        logger
            .call_method(
                "error",
                ("the %s handler raised (event %s)", role, id),
                Some(&options),
            )
            .map(drop)
    }

    fn settle(&self, result: Result<CoreAnswer, HandlerError>) {
        let done = self
            .done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(done) = done {
            let _nobody_waits = done.send(result);
        }
    }
}

/// What a handler raised. Printed as its class only: its words are the application's.
pub(super) struct Raised(pub(super) Py<PyAny>);

impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Python::try_attach(|py| -> PyResult<String> {
            self.0.bind(py).get_type().name()?.extract()
        });
        match name {
            Some(Ok(name)) => write!(f, "the handler raised {name}"),
            _ => f.write_str("the handler raised"),
        }
    }
}

impl std::error::Error for Raised {}
