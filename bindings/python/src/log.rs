//! The core's and the inbox's log lines, in `logging.getLogger("backchat")`.
//!
//! One line for each attempt to POST at DEBUG, warnings for what went wrong. They hold ids, status,
//! outcome and times; the core sees to it that no text, number or token is in them. A line waits in a
//! queue until a thread that has the GIL anyway comes by, or for a thread that fetches it.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// The target of the core and of the inbox, and the logger of Python.
const LOGGER: &str = "backchat";

/// Whether the logger wants DEBUG, as far as the last look told.
static DEBUG: AtomicBool = AtomicBool::new(false);
/// Whether lines wait.
static WAITING: AtomicBool = AtomicBool::new(false);
static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

struct Line {
    level: Level,
    text: String,
    fields: Vec<(&'static str, String)>,
}

static INSTALLED: Once = Once::new();

/// Called before anything is sent. (Not at import: nothing starts there.)
pub(crate) fn install() {
    // Another subscriber is there already only in the program `backchat`.
    INSTALLED.call_once(|| drop(tracing::subscriber::set_global_default(Queue)));
}

/// Asks the logger whether it wants DEBUG: cheap, and before each call. Raises what is no `Exception`:
/// Ctrl-C may come while Python runs it.
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
    Ok(())
}

/// Whether a client or an inbox was made.
pub(crate) fn is_installed() -> bool {
    INSTALLED.is_completed()
}

/// Hands waiting lines to the logger. Raises what is no `Exception`.
pub(crate) fn flush(py: Python<'_>) -> PyResult<()> {
    if !WAITING.swap(false, Ordering::AcqRel) {
        return Ok(());
    }
    let lines = std::mem::take(&mut *LINES.lock().unwrap_or_else(PoisonError::into_inner));
    let mut lines = lines.into_iter();
    while let Some(line) = lines.next() {
        if let Err(error) = quiet(py, write(py, line)) {
            let mut waiting = LINES.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.splice(..0, lines);
            WAITING.store(!waiting.is_empty(), Ordering::Release);
            return Err(error);
        }
    }
    Ok(())
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

fn write(py: Python<'_>, line: Line) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", (LOGGER,))?;
    let level = match line.level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        _ => 10,
    };
    let fields = PyDict::new(py);
    for (name, value) in line.fields {
        fields.set_item(name, value)?;
    }
    let extra = PyDict::new(py);
    extra.set_item("backchat", fields)?;
    let options = PyDict::new(py);
    options.set_item("extra", extra)?;
    logger
        .call_method("log", (level, "%s", line.text), Some(&options))
        .map(drop)
}

/// Takes the lines of `tracing`.
struct Queue;

impl Subscriber for Queue {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_event() && metadata.target() == LOGGER {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == LOGGER
            && (*metadata.level() <= Level::WARN || DEBUG.load(Ordering::Relaxed))
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let line = Line {
            level: *event.metadata().level(),
            text: text.whole(),
            fields: text.fields,
        };
        LINES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
        if !WAITING.swap(true, Ordering::AcqRel)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // For lines of work that nobody waits for: who does comes by sooner.
            runtime.spawn(async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                tokio::task::spawn_blocking(|| Python::try_attach(flush));
            });
        }
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}
    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}
    fn enter(&self, _span: &Id) {}
    fn exit(&self, _span: &Id) {}
}

/// `attempt operation="reply" status=200 …`
#[derive(Default)]
struct Text {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Text {
    fn whole(&self) -> String {
        let mut whole = self.message.clone();
        for (name, value) in &self.fields {
            let _never_fails = write!(whole, " {name}={value}");
        }
        whole
    }

    fn add(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            name => self.fields.push((name, value)),
        }
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }
}
