//! Waiting from a Python thread: without the GIL, and never deaf to Ctrl-C.

use std::future::Future;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backchat_core::{Call, Error, runtime};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error::raise;
use crate::log;

/// How long Ctrl-C may go unheard.
const SLICE: Duration = Duration::from_millis(50);

/// Runs a call to its end. An exception of a signal's handler cancels it: a POST that had not begun
/// never leaves, and one that had runs on in the background.
pub(crate) fn call<T: Send + 'static>(py: Python<'_>, call: Call<T>) -> PyResult<T> {
    log::look(py)?;
    let (mut pending, mut end) = py.detach(|| {
        let mut pending = call.start_shared();
        let end = pending.wait_for(SLICE);
        (pending, end)
    });
    loop {
        if let Some(end) = end {
            log::wait_until_written(py)?;
            return end.map_err(|error| raise(py, &error));
        }
        py.check_signals()?;
        end = py.detach(|| pending.wait_for(SLICE));
    }
}

/// Runs `work` on the runtime of the core, to its end. It goes on when a signal's handler raises.
pub(crate) fn work<T: Send + 'static>(
    py: Python<'_>,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> PyResult<T> {
    log::look(py)?;
    let (sender, receiver) = channel();
    let run = async move {
        let end = work.await;
        log::written().await;
        let _nobody_waits = sender.send(end);
    };
    py.detach(|| runtime::spawn(run))
        .map_err(|error| raise(py, &error))?;
    next(py, &Mutex::new(receiver))?.map_err(|error| raise(py, &error))
}

/// The next of `receiver`, which one thread waits for.
pub(crate) fn next<T: Send>(py: Python<'_>, receiver: &Mutex<Receiver<T>>) -> PyResult<T> {
    loop {
        let next = py.detach(|| {
            let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
            receiver.recv_timeout(SLICE)
        });
        match next {
            Ok(value) => {
                log::wait_until_written(py)?;
                return Ok(value);
            }
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err(
                    "the work has ended without an answer",
                ));
            }
        }
    }
}
