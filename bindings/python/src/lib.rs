//! `backchat._native`: the core, the inbox and the sandbox for Python.
//!
//! What a class and its methods mean stands in their documentation here, which is `help()` in Python;
//! `_native.pyi` repeats it for editors, and a test compares the two.

mod body;
mod client;
mod error;
mod event;
mod function;
mod future;
mod inbox;
mod json;
mod log;
mod mailbox;
mod media;
mod notify;
mod options;
mod own;
mod pairs;
mod raised;
mod repr;
mod response;
mod sandbox;
mod template;
mod time;
mod token;
mod user_thread;
mod value;
mod wait;
mod webhook;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// Backchat's native part. Use `backchat`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::event::{
        DeliveryEvent, Event, Fee, InboundMessage, OptOutEvent, ReplyWindow, UnknownEvent, rebuild,
        rebuild_fee, rebuild_window,
    };
    #[pymodule_export]
    use super::future::Started;
    #[pymodule_export]
    use super::inbox::{
        Answer, AsyncSteps, Failure, HandlerContext, Health, Inbox, Job, QueueOptions, Receipt,
        Record, Report, Steps,
    };
    #[pymodule_export]
    use super::log::next_line;
    #[pymodule_export]
    use super::media::InboundMedia;
    #[pymodule_export]
    use super::notify::Notify;
    #[pymodule_export]
    use super::response::{ReplyResponse, SendResponse, rebuild_reply, rebuild_send};
    #[pymodule_export]
    use super::sandbox::{Sandbox, SentMessage, SignedEvent};
    #[pymodule_export]
    use super::template::{Document, Template, rebuild as rebuild_template, rebuild_document};
    #[pymodule_export]
    use super::token::AsyncToken;
    #[pymodule_export]
    use super::webhook::Webhook;
    #[pymodule_export]
    use super::{cli, drain, fork};

    use super::{Bound, PyModule, PyModuleMethods, PyResult, codes};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("LONGEST_BODY", backchat_core::Webhook::LONGEST_BODY)?;
        module.add("ERROR_CODES", codes(module.py())?)
    }
}

fn codes(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(
        py,
        backchat_core::ErrorCode::ALL
            .iter()
            .map(backchat_core::ErrorCode::as_str),
    )
}

/// Runs the program `backchat` with `arguments`, its own name first, and gives its exit code.
#[pyfunction]
#[pyo3(name = "_cli")]
fn cli(py: Python<'_>, arguments: Vec<std::ffi::OsString>) -> u8 {
    py.detach(|| backchat_cli::run(arguments))
}

/// Waits, at most 2 s, for POSTs that have begun and that nobody waits for, and then for the log: at
/// the process's exit.
#[pyfunction]
#[pyo3(name = "_drain")]
fn drain(py: Python<'_>) -> PyResult<()> {
    py.detach(|| backchat_core::runtime::drain(Duration::from_secs(2)));
    user_thread::end();
    log::end(py, Duration::from_secs(1))
}

/// The modules that are imported when they are needed.
const LAZY: [&str; 10] = [
    "asyncio",
    "datetime",
    "inspect",
    "json",
    "logging",
    "threading",
    "backchat.errors",
    "backchat._function",
    "backchat._log",
    "backchat._workers",
];

/// Told around a fork, by `os.register_at_fork`.
#[pyfunction]
#[pyo3(name = "_fork")]
fn fork(py: Python<'_>, step: &str) -> PyResult<()> {
    match step {
        "before" => {
            let imported = wait_for_imports(py);
            // Without the GIL: a thread that is about to attach waits for it.
            py.detach(backchat_core::fork::prepare);
            imported
        }
        step => {
            backchat_core::fork::resume(step == "child");
            Ok(())
        }
    }
}

/// A module that another thread is importing would stay half done in the child, which waits for it.
fn wait_for_imports(py: Python<'_>) -> PyResult<()> {
    let known = py.import("sys")?.getattr("modules")?;
    for name in LAZY {
        if known.contains(name)? {
            py.import(name)?;
        }
    }
    Ok(())
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
