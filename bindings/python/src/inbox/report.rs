//! A failure on its way to `on_error`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use backchat_core::fork::PerProcess;
use backchat_core::{Error, runtime};
use backchat_inbox::Failure as CoreFailure;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use tokio::sync::Semaphore;
use tracing::Level;

use super::failure;
use crate::error::raise;
use crate::function;
use crate::log::{self, Cause, Line, Value};
use crate::own::Own;
use crate::user_thread;

/// How many threads `on_error` may hold up where nobody waits for it.
const MOST: usize = 16;

/// The application's `on_error`, set once, and the event loop that latest called.
#[derive(Clone, Default)]
pub(super) struct Hook(Arc<Shared>);

#[derive(Default)]
struct Shared {
    function: OnceLock<Py<PyAny>>,
    latest_loop: ArcSwapOption<Py<PyAny>>,
}

impl Hook {
    /// Raises `ConfigurationError` for a function that the face could not call to its end, and for a
    /// second one.
    pub(super) fn set(&self, function: Bound<'_, PyAny>, asyncio: bool) -> PyResult<()> {
        let py = function.py();
        function::accept(&function, "on_error", asyncio)?;
        let second = "is set already: an inbox has one function of each kind";
        self.0
            .function
            .set(function.unbind())
            .map_err(|_| raise(py, &Error::configuration("on_error", second)))
    }

    /// The running loop is about to make a request.
    pub(super) fn set_loop(&self, running: Bound<'_, PyAny>) {
        self.0.latest_loop.store(Some(Arc::new(running.unbind())));
    }

    /// The report of a failure, if there is a function for it.
    pub(super) fn report(&self, failure: &CoreFailure) -> Option<Report> {
        self.0.function.get()?;
        Some(Report(Own::new(Untold {
            hook: self.clone(),
            failure: failure.clone(),
            is_taken: AtomicBool::new(false),
        })))
    }
}

/// A failure that the application is to be told of. One that nobody takes, for its request has gone,
/// is told on a thread of its own.
#[pyclass(frozen, name = "_Report", module = "backchat._native")]
pub(crate) struct Report(Own<Untold>);

struct Untold {
    hook: Hook,
    failure: CoreFailure,
    is_taken: AtomicBool,
}

#[pymethods]
impl Report {
    /// The function.
    #[getter]
    fn hook(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let function = self.0.get()?.hook.0.function.get()?;
        Some(function.clone_ref(py))
    }

    /// Its argument. Whoever asks tells it.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(untold) = self.0.get() else {
            return Ok(None);
        };
        untold.is_taken.store(true, Ordering::Release);
        Ok(Some(failure::to_python(py, &untold.failure)?.into_any()))
    }

    /// The function raised.
    #[staticmethod]
    fn fail(error: Bound<'_, PyAny>) {
        log_raised(error.unbind());
    }

    /// The function returned what would have to be run, such as a generator.
    #[staticmethod]
    fn left_undone(what: String) {
        let line = Line::new(Level::ERROR, "the on_error function did nothing");
        let why =
            format!("it returned {what}, which nobody runs: do the work in the function itself");
        log::push(line.field("error", Some(Value::Text(why))));
    }
}

impl Report {
    /// Tells the function on this thread. What is no `Exception`, such as Ctrl-C, goes on.
    pub(super) fn run_here(&self, py: Python<'_>) -> PyResult<()> {
        let (Some(hook), Some(failure)) = (self.hook(py), self.take(py)?) else {
            return Ok(());
        };
        match hook.bind(py).call1((failure,)) {
            Ok(given) => {
                if let Some(undone) = function::undone(&given)? {
                    function::close(&given);
                    Self::left_undone(undone);
                }
                Ok(())
            }
            Err(error) if error.is_instance_of::<PyException>(py) => {
                log_raised(error.into_value(py).into_any());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl Drop for Untold {
    fn drop(&mut self) {
        static THREADS: PerProcess<Threads> = PerProcess::new();
        if *self.is_taken.get_mut() {
            return;
        }
        let Ok(permit) = Arc::clone(&THREADS.get().0).try_acquire_owned() else {
            log::push(Line::new(
                Level::ERROR,
                "the on_error function is still busy: a failure was only logged",
            ));
            return;
        };
        let (hook, failure) = (self.hook.clone(), self.failure.clone());
        let tell = move |py: Python<'_>| {
            let told = hook.tell_alone(py, &failure);
            if let Err(error) = told {
                log_raised(error.into_value(py).into_any());
            }
            drop(permit);
        };
        // By the runtime, for this thread may have the GIL, which whoever forks waits for. Without a
        // thread the failure is in the log alone.
        let _started = runtime::spawn(async move { drop(user_thread::run(tell)) });
    }
}

/// The threads that may still be held up.
struct Threads(Arc<Semaphore>);

impl Default for Threads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

impl Hook {
    fn tell_alone(&self, py: Python<'_>, failure: &CoreFailure) -> PyResult<()> {
        let Some(function) = self.0.function.get() else {
            return Ok(());
        };
        let failure = failure::to_python(py, failure)?.into_any();
        let latest = self.0.latest_loop.load_full();
        let latest = latest.map(|latest| latest.bind(py).clone());
        function::call_alone(function.bind(py), failure, latest)
    }
}

fn log_raised(error: Py<PyAny>) {
    log::push(
        Line::new(Level::ERROR, "the on_error function raised").cause(Cause::Exception(error)),
    );
}
