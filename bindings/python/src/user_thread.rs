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
    // A fork waits until the thread has attached. While a thread begins, the C library (glibc 2.36)
    // frees what the stack held before: a child of that moment frees it again. And in CPython 3.11 a
    // thread that attaches holds a lock, which such a child waits for.
    let working = Working::begin();
    let attach = move || {
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
