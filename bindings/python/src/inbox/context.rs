//! The run of a handler that is under way: what the handler's second parameter tells.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use backchat_inbox::HandlerContext as CoreContext;
use pyo3::prelude::*;

use crate::own::Own;
use crate::repr::Repr;

/// The run of a handler that is under way. A handler that takes a second parameter gets it.
#[pyclass(frozen, module = "backchat")]
pub(crate) struct HandlerContext(pub(super) Arc<Run>);

#[pymethods]
impl HandlerContext {
    /// The number of this attempt at the message, from 1.
    #[getter]
    fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// The seconds until the inbox stops waiting for the handler, at least 0.
    fn remaining(&self) -> f64 {
        let left = self.0.deadline.saturating_duration_since(Instant::now());
        left.as_secs_f64()
    }

    /// Whether the answer is not wanted any more: the time is over, or the inbox shuts down.
    #[getter]
    fn cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn __repr__(&self) -> String {
        Repr::new("HandlerContext")
            .field("attempt", Some(self.0.attempt))
            .flag("cancelled", self.cancelled())
            .end()
    }
}

/// A run. No other run of the same message begins until this one has ended.
pub(super) struct Run {
    attempt: u32,
    deadline: Instant,
    /// Nothing once the function has ended.
    core: Own<Mutex<Option<CoreContext>>>,
    was_cancelled: AtomicBool,
    interest: Own<Mutex<Interest>>,
}

/// Whether somebody still waits for the answer, and what is to be called when nobody does.
enum Interest {
    Wanted(Option<Py<PyAny>>),
    Gone,
}

impl Run {
    pub(super) fn new(core: CoreContext) -> Self {
        Self {
            attempt: core.attempt(),
            deadline: core.deadline(),
            core: Own::new(Mutex::new(Some(core))),
            was_cancelled: AtomicBool::new(false),
            interest: Own::new(Mutex::new(Interest::Wanted(None))),
        }
    }

    /// The function has really ended.
    pub(super) fn end(&self) {
        let core = self.core.get().and_then(take);
        let cancelled = core.as_ref().is_some_and(CoreContext::is_cancelled);
        self.was_cancelled.fetch_or(cancelled, Ordering::Relaxed);
        if let Some(mut interest) = self.interest.get().map(lock)
            && let Interest::Wanted(callback) = &mut *interest
        {
            callback.take();
        }
    }

    /// Nobody waits for the answer any more: gives what is to be called then.
    pub(super) fn lose_interest(&self) -> Option<Py<PyAny>> {
        let mut interest = self.interest.get().map(lock)?;
        match mem::replace(&mut *interest, Interest::Gone) {
            Interest::Wanted(callback) => callback,
            Interest::Gone => None,
        }
    }

    /// Sets what is to be called. `false`: nobody waits for the answer already.
    pub(super) fn set_callback(&self, callback: Py<PyAny>) -> bool {
        let Some(mut interest) = self.interest.get().map(lock) else {
            return false;
        };
        match &mut *interest {
            Interest::Wanted(place) => {
                *place = Some(callback);
                true
            }
            Interest::Gone => false,
        }
    }

    pub(super) fn is_unwanted(&self) -> bool {
        let interest = self.interest.get().map(lock);
        interest.is_none_or(|interest| matches!(*interest, Interest::Gone))
    }

    fn is_cancelled(&self) -> bool {
        let going_on = self.core.get().map(lock);
        going_on
            .and_then(|core| core.as_ref().map(CoreContext::is_cancelled))
            .unwrap_or_else(|| self.was_cancelled.load(Ordering::Relaxed))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take<T>(place: &Mutex<Option<T>>) -> Option<T> {
    lock(place).take()
}
