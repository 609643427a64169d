//! A handler that has to run, and what it returned.

use std::sync::{Arc, Mutex, PoisonError};

use backchat_core::Event;
use backchat_inbox::{Answer as CoreAnswer, HandlerContext as CoreContext, HandlerError, caller};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use tokio::sync::oneshot;

use super::answer::Answer;
use super::context::{HandlerContext, Run};
use super::steps::{Caller, Step};
use super::wrong_answer::WrongAnswer;
use crate::own::Own;
use crate::raised::Raised;
use crate::{event, function};

/// A function of the application, and what it is for.
#[derive(Clone)]
pub(super) struct Handler {
    pub(super) function: Arc<Py<PyAny>>,
    /// The name of the decorator, for the log.
    pub(super) role: &'static str,
    /// Whether what it returns is sent.
    pub(super) answers: bool,
    /// Whether somebody could await what it returns.
    pub(super) asyncio: bool,
    /// Whether it takes its context.
    pub(super) takes_context: bool,
}

impl Handler {
    /// Has the caller of this request run the handler on `event`.
    pub(super) async fn run(self, event: Event) -> Result<CoreAnswer, HandlerError> {
        let caller = caller::current::<Caller>().ok_or("nobody runs this request")?;
        let context = CoreContext::current().ok_or("not the run of a handler")?;
        let run = Arc::new(Run::new(context));
        let mut waits = Waits {
            caller: Arc::clone(&caller),
            run: Some(Arc::clone(&run)),
        };
        let (done, result) = oneshot::channel();
        caller.tell(Step::Job(Box::new(Job {
            handler: self,
            event,
            run,
            done: Own::new(Mutex::new(Some(done))),
        })));
        let result = result.await;
        waits.run = None;
        result.unwrap_or_else(|_| Err("nobody waits for this request any more".into()))
    }
}

/// Tells the caller when the inbox does not wait for the handler any more.
struct Waits {
    caller: Arc<Caller>,
    run: Option<Arc<Run>>,
}

impl Drop for Waits {
    fn drop(&mut self) {
        if let Some(callback) = self.run.take().and_then(|run| run.lose_interest()) {
            self.caller.call(callback);
        }
    }
}

/// A handler that has to run. Dropped, it has failed: it runs again on redelivery.
#[pyclass(frozen, name = "_Job", module = "backchat._native")]
pub(crate) struct Job {
    handler: Handler,
    event: Event,
    run: Arc<Run>,
    done: Own<Mutex<Option<Done>>>,
}

/// How a handler ended.
pub(super) type Ended = Result<CoreAnswer, HandlerError>;

type Done = oneshot::Sender<Ended>;

#[pymethods]
impl Job {
    #[getter]
    fn handler(&self, py: Python<'_>) -> Py<PyAny> {
        self.handler.function.clone_ref(py)
    }

    /// The event, and the context if the handler takes it.
    #[getter]
    fn arguments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let event = event::to_python(py, self.event.clone())?;
        if !self.handler.takes_context {
            return PyTuple::new(py, [event]);
        }
        let context = Bound::new(py, HandlerContext(Arc::clone(&self.run)))?;
        PyTuple::new(py, [event, context.into_any()])
    }

    /// Has the loop of this request call `callback` when the inbox does not wait for the handler any
    /// more. `False`: it does not already.
    fn when_unwanted(&self, callback: Py<PyAny>) -> bool {
        self.run.set_callback(callback)
    }

    /// The handler has ended: another run of its message may begin.
    fn end(&self) {
        self.run.end();
    }

    /// The handler returned `value`.
    fn finish(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let answer = self.answer(value)?;
        self.settle(answer.map_err(Into::into));
        Ok(())
    }

    /// The handler raised `error`: the message is released. The inbox reports it, with its traceback.
    fn fail(&self, error: &Bound<'_, PyAny>) {
        self.settle(Err(Box::new(Raised::new(error))));
    }

    /// The handler was interrupted: the message is released.
    fn release(&self) {
        self.tell(Err("interrupted".into()));
    }

    /// Runs the handler on this thread.
    fn run(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(ended) = self.run_here(py)? {
            self.settle(ended);
        }
        Ok(())
    }
}

impl Job {
    /// Runs the handler on this thread, for [`Job::settle`]; `None`: the inbox does not want it any more.
    /// What is no `Exception`, such as Ctrl-C, goes on to the caller.
    pub(super) fn run_here(&self, py: Python<'_>) -> PyResult<Option<Ended>> {
        if self.run.is_unwanted() {
            return Ok(None);
        }
        match self.handler.function.call1(py, self.arguments(py)?) {
            Ok(value) => {
                let answer = self.answer(value.bind(py))?;
                Ok(Some(answer.map_err(Into::into)))
            }
            Err(error) if error.is_instance_of::<PyException>(py) => {
                // With its traceback.
                let raised = Raised::new(error.into_value(py).bind(py).as_any());
                Ok(Some(Err(Box::new(raised))))
            }
            Err(error) => {
                self.end();
                self.release();
                Err(error)
            }
        }
    }

    /// Tells the inbox how the handler ended.
    pub(super) fn settle(&self, ended: Ended) {
        self.end();
        self.tell(ended);
    }

    fn answer(&self, value: &Bound<'_, PyAny>) -> PyResult<Result<CoreAnswer, WrongAnswer>> {
        if value.is_none() {
            return Ok(Ok(CoreAnswer::none()));
        }
        if !self.handler.answers {
            let undone = function::undone(value)?;
            return Ok(undone.map_or_else(
                || Ok(CoreAnswer::none()),
                |what| {
                    function::close(value);
                    Err(WrongAnswer::undone(&self.handler, &what))
                },
            ));
        }
        if let Ok(text) = value.cast::<PyString>() {
            let text = text.to_cow().map(CoreAnswer::text);
            return Ok(text.map_err(|_| WrongAnswer::half_a_character()));
        }
        if let Ok(answer) = value.cast::<Answer>() {
            return Ok(Ok(answer.get().0.clone()));
        }
        WrongAnswer::to_message(&self.handler, value).map(Err)
    }

    fn tell(&self, ended: Ended) {
        let Some(done) = self.done.get() else {
            return;
        };
        let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(done) = done {
            let _nobody_waits = done.send(ended);
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.end();
    }
}
