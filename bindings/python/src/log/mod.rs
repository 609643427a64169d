//! The lines for `logging.getLogger("backchat")`: those of the core and of the inbox, and our own.
//!
//! A line waits in a queue until the writer takes it, a thread that Python made (`_log.py`). So a
//! handler of the application that blocks holds up no call, and no thread of the core attaches to the
//! interpreter, which in CPython 3.11 hangs a child that is forked at that moment.

mod line;
mod lines;
mod subscriber;

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tracing::Level;

use line::ForPython;
pub(crate) use line::{Cause, Line, Value};
use lines::Lines;

/// The target of the core and of the inbox, and the logger of Python.
const LOGGER: &str = "backchat";

/// How long the end of a call waits for its lines. Later, they come later.
const PATIENCE: Duration = Duration::from_millis(100);

/// Whether the logger wants DEBUG, as far as the last look told.
static DEBUG: AtomicBool = AtomicBool::new(false);
static INSTALLED: Once = Once::new();

/// Called before anything is sent. (Not at import: nothing starts there.)
pub(crate) fn install(py: Python<'_>) -> PyResult<()> {
    // Another subscriber is there already only in the program `backchat`.
    INSTALLED.call_once(|| drop(tracing::subscriber::set_global_default(subscriber::Queue)));
    py.import("backchat._log").map(drop)
}

/// Asks the logger whether it wants DEBUG, and sees to it that there is a writer: cheap, and before
/// each call. Raises what is no `Exception`: Ctrl-C may come while Python runs it.
pub(crate) fn look(py: Python<'_>) -> PyResult<()> {
    static ENABLED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let wanted = || -> PyResult<bool> {
        let enabled = ENABLED.get_or_try_init(py, || {
            let logger = py.import("logging")?.call_method1("getLogger", (LOGGER,))?;
            logger.getattr("isEnabledFor").map(Bound::unbind)
        })?;
        enabled.call1(py, (10,))?.is_truthy(py)
    };
    DEBUG.store(quiet(py, wanted())?.unwrap_or(false), Ordering::Relaxed);
    let lines = Lines::current();
    if lines.claim_writer() {
        let start = || {
            py.import("backchat._log")?
                .call_method0("start")?
                .is_truthy()
        };
        let started = quiet(py, start());
        if !matches!(started, Ok(Some(true))) {
            lines.without_writer();
        }
        started?;
    }
    Ok(())
}

/// Adds a line.
pub(crate) fn push(line: Line) {
    if line.level <= Level::WARN || DEBUG.load(Ordering::Relaxed) {
        Lines::current().push(line);
    }
}

/// Ends when the lines so far are written, but does not wait for a writer that is stuck.
pub(crate) async fn written() {
    Lines::current().written(PATIENCE).await;
}

/// The same for a thread of Python. Without a writer it writes them itself.
pub(crate) fn wait_until_written(py: Python<'_>) -> PyResult<()> {
    let lines = Lines::current();
    if lines.is_written() {
        return Ok(());
    }
    py.detach(|| lines.wait_until_written(PATIENCE));
    write_here(py, &lines)
}

/// The process ends: what waits is written, and the writer returns. Not longer than `limit`.
pub(crate) fn end(py: Python<'_>, limit: Duration) -> PyResult<()> {
    let lines = Lines::current();
    lines.end();
    py.detach(|| lines.wait_until_written(limit));
    write_here(py, &lines)
}

/// Writes what waits, if there is no writer for it.
pub(crate) fn flush(py: Python<'_>) -> PyResult<()> {
    write_here(py, &Lines::current())
}

fn write_here(py: Python<'_>, lines: &Lines) -> PyResult<()> {
    if lines.has_writer() || lines.is_written() {
        return Ok(());
    }
    let write = py.import("backchat._log")?.getattr("write")?;
    while let Some(line) = lines.take_one() {
        let written = line.into_python(py).and_then(|line| write.call1(line));
        quiet(py, written)?;
    }
    Ok(())
}

/// For the writer: waits for the next line, and says that the one before is written; `None` is the end.
#[pyfunction]
#[pyo3(name = "_next_line")]
pub(crate) fn next_line(py: Python<'_>) -> PyResult<Option<ForPython<'_>>> {
    let lines = Lines::current();
    let next = py.detach(|| lines.next());
    next.map(|line| line.into_python(py)).transpose()
}

/// An application's function that failed where nobody asked for it: an `Exception` is the
/// application's own, anything else, such as Ctrl-C, goes on.
pub(crate) fn quiet<T>(py: Python<'_>, called: PyResult<T>) -> PyResult<Option<T>> {
    match called {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
        Err(error) => Err(error),
    }
}
