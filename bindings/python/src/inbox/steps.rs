//! What a request of the inbox asks of the Python that waits for it: run a handler, hear of a failure,
//! take the end.
//!
//! So a handler runs where its request is, on the thread that called `receive` or in its task, with
//! all that lives there: a database connection, Flask's `g`, context variables, a debugger.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use backchat_core::{Error, runtime};
use backchat_inbox::{Rearmed, Receipt as CoreReceipt, caller};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::job::Job;
use super::receipt::Receipt;
use super::report::Report;
use crate::error::raise;
use crate::mailbox::Mailbox;
use crate::own::Own;
use crate::{future, log, wait};

/// One step of a request.
pub(super) enum Step {
    /// A handler has to run.
    Job(Box<Job>),
    /// Something went wrong, and a function wants to know.
    Report(Report),
    /// `receive` has ended.
    Received(CoreReceipt),
    /// `rearm` has ended.
    Rearmed(Result<Rearmed, Error>),
    /// `run` has ended.
    Ran,
}

/// Where the steps of a request go: what its handlers find as their caller.
pub(super) struct Caller(Line);

enum Line {
    /// While a function of the application runs on the thread, nothing is read.
    Thread(Sender<Step>, Arc<AtomicBool>),
    Loop(Own<Mutex<Waiting>>, Arc<Mailbox>),
}

/// Steps that nobody has asked for yet, or somebody who waits for one.
#[derive(Default)]
struct Waiting {
    steps: VecDeque<Step>,
    future: Option<Py<PyAny>>,
    /// Nobody will ask any more: a job that is dropped says so to the inbox.
    gone: bool,
}

impl Caller {
    /// Hands over a step. When nobody asks any more it is dropped: a job then has failed, and a
    /// report finds another way.
    pub(super) fn tell(&self, step: Step) {
        match &self.0 {
            // The function may never return, and a report must not wait for it.
            Line::Thread(_, is_busy)
                if is_busy.load(Ordering::Acquire) && matches!(step, Step::Report(_)) => {}
            Line::Thread(sender, _) => drop(sender.send(step)),
            Line::Loop(waiting, mailbox) => {
                let Some(waiting) = waiting.get() else {
                    return;
                };
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if waiting.gone {
                    drop(waiting);
                    drop(step);
                } else if let Some(future) = waiting.future.take() {
                    drop(waiting);
                    mailbox.settle(future, |py| step.into_python(py));
                } else {
                    waiting.steps.push_back(step);
                }
            }
        }
    }
}

impl Caller {
    /// Has the loop call `function`. A thread that runs a handler cannot be told.
    pub(super) fn call(&self, function: Py<PyAny>) {
        if let Line::Loop(_, mailbox) = &self.0 {
            mailbox.post(Box::new(move |py| function.call0(py).map(drop)));
        }
    }
}

impl Step {
    pub(super) fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(match self {
            Step::Job(job) => Bound::new(py, *job)?.into_any(),
            Step::Received(receipt) => Bound::new(py, Receipt(receipt))?.into_any(),
            Step::Report(report) => Bound::new(py, report)?.into_any(),
            Step::Rearmed(Ok(rearmed)) => PyString::new(py, rearmed.as_str()).into_any(),
            Step::Rearmed(Err(error)) => return Err(raise(py, &error)),
            Step::Ran => py.None().into_bound(py),
        })
    }
}

/// The steps of a request on a thread.
pub(super) struct ThreadSteps {
    steps: Own<Mutex<Receiver<Step>>>,
    is_busy: Arc<AtomicBool>,
}

impl ThreadSteps {
    pub(super) fn start<W, F>(py: Python<'_>, work: W) -> PyResult<Self>
    where
        W: FnOnce() -> F,
        F: Future<Output = Step> + Send + 'static,
    {
        let (sender, receiver) = channel();
        let is_busy = Arc::new(AtomicBool::new(false));
        let line = Line::Thread(sender, Arc::clone(&is_busy));
        start(py, Caller(line), work())?;
        Ok(Self {
            steps: Own::new(Mutex::new(receiver)),
            is_busy,
        })
    }

    /// Runs the handlers of the request here, to its end.
    pub(super) fn finish(&self, py: Python<'_>) -> PyResult<Step> {
        loop {
            match wait::next(py, self.receiver()?)? {
                Step::Job(job) => {
                    // A report that follows the end of the handler is told here again.
                    if let Some(ended) = self.busy(|| job.run_here(py))? {
                        job.settle(ended);
                    }
                }
                Step::Report(report) => self.busy(|| report.run_here(py))?,
                end => return Ok(end),
            }
        }
    }

    fn busy<T>(&self, run: impl FnOnce() -> T) -> T {
        self.is_busy.store(true, Ordering::Release);
        let ran = run();
        self.is_busy.store(false, Ordering::Release);
        ran
    }

    /// Nobody asks for a step any more.
    fn close(&self) {
        let Some(receiver) = self.steps.get() else {
            return;
        };
        let (_, closed) = channel();
        let mut receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
        let unread = std::mem::replace(&mut *receiver, closed);
        drop(receiver);
        drop(unread);
    }

    /// The next step, for `Inbox.run`, which hands jobs to its threads.
    pub(super) fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        wait::next(py, self.receiver()?)?.into_python(py)
    }

    fn receiver(&self) -> PyResult<&Mutex<Receiver<Step>>> {
        self.steps.get().ok_or_else(inherited)
    }
}

/// A child went on with what its parent had begun.
fn inherited() -> PyErr {
    PyRuntimeError::new_err("this request belongs to the parent process, which goes on with it")
}

/// The steps of a request in an event loop.
pub(super) struct LoopSteps(Arc<Caller>);

impl LoopSteps {
    pub(super) fn start<W, F>(py: Python<'_>, work: W) -> PyResult<Self>
    where
        W: FnOnce() -> F,
        F: Future<Output = Step> + Send + 'static,
    {
        let (_, mailbox) = Mailbox::current(py)?;
        let line = Line::Loop(Own::default(), mailbox);
        Ok(Self(start(py, Caller(line), work())?))
    }

    /// A future of the next step. One at a time.
    pub(super) fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Line::Loop(waiting, _) = &self.0.0 else {
            return Err(PyRuntimeError::new_err("not of an event loop"));
        };
        let waiting = waiting.get().ok_or_else(inherited)?;
        let (running, _) = Mailbox::current(py)?;
        let future = running.call_method0(pyo3::intern!(py, "create_future"))?;
        let step = {
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let step = waiting.steps.pop_front();
            if step.is_none() {
                waiting.future = Some(future.clone().unbind());
            }
            step
        };
        if let Some(step) = step {
            future.call_method1(pyo3::intern!(py, "set_result"), (step.into_python(py)?,))?;
        }
        Ok(future)
    }
}

impl LoopSteps {
    /// Nobody asks for a step any more.
    fn close(&self) {
        let Line::Loop(waiting, _) = &self.0.0 else {
            return;
        };
        let Some(waiting) = waiting.get() else {
            return;
        };
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.gone = true;
        let unread = std::mem::take(&mut waiting.steps);
        drop(waiting);
        drop(unread);
    }
}

impl Drop for LoopSteps {
    fn drop(&mut self) {
        self.close();
    }
}

fn start(
    py: Python<'_>,
    caller: Caller,
    work: impl Future<Output = Step> + Send + 'static,
) -> PyResult<Arc<Caller>> {
    log::look(py)?;
    let caller = Arc::new(caller);
    let told = Arc::clone(&caller);
    let run = async move {
        let end = caller::with(Arc::clone(&told), work).await;
        log::written().await;
        told.tell(end);
    };
    let started: Result<(), Error> = py.detach(|| runtime::spawn(run));
    started.map_err(|error| raise(py, &error))?;
    Ok(caller)
}

/// The steps of `Inbox.run`, on its thread.
#[pyclass(frozen, name = "_Steps", module = "backchat._native")]
pub(crate) struct Steps(pub(super) ThreadSteps);

#[pymethods]
impl Steps {
    /// Waits for the next step; `None` is the end.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.next(py)
    }

    /// Nobody asks for a step any more: what is under way is released.
    fn close(&self) {
        self.0.close();
    }
}

/// The steps of `AsyncInbox`, in its event loop.
#[pyclass(frozen, name = "_AsyncSteps", module = "backchat._native")]
pub(crate) struct AsyncSteps(pub(super) LoopSteps);

#[pymethods]
impl AsyncSteps {
    /// A future of the next step; `None` is the end of `run`, a `Receipt` that of `receive`.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.next(py)
    }

    /// What is to be awaited for the lines of a step that was taken.
    #[staticmethod]
    fn logged(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let logged = async {
            log::written().await;
            Ok(())
        };
        future::work(py, logged, |py, ()| Ok(py.None().into_bound(py)))
    }

    /// Nobody asks for a step any more: what is under way is released.
    fn close(&self) {
        self.0.close();
    }
}
