//! Threads for functions of the application that no thread of Python waits for: a token function, an
//! `on_error` whose request has gone.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use backchat_core::fork::Working;
use pyo3::prelude::*;

/// Whether the process ends: the interpreter takes no new thread then.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Runs `work` on a thread of its own, which may block for ever. It is dropped when Python is ending.
pub(crate) fn run(work: impl FnOnce(Python<'_>) + Send + 'static) -> io::Result<()> {
    let attach = move || {
        // In CPython 3.11 a thread that attaches holds a lock, which a child that is forked at that
        // moment waits for: so the fork waits for the thread.
        let working = Working::begin();
        if ENDING.load(Ordering::Acquire) {
            return;
        }
        Python::try_attach(move |py| {
            drop(working);
            work(py);
        });
    };
    thread::Builder::new()
        .name("backchat-user".to_owned())
        .spawn(attach)
        .map(drop)
}

/// The process ends.
pub(crate) fn end() {
    ENDING.store(true, Ordering::Release);
}
