//! The runtime that drives the calls of other languages: one for the process, one worker thread,
//! never idle-blocked by a caller.
//!
//! A runtime that only runs inside calls would not see idle connections close, and turned half of
//! the next calls into `maybe_sent`. A runtime inherited through `fork` hangs: it is left behind,
//! and the child builds its own. One that does not answer is left behind as well.

mod beside;

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

pub use beside::verify;

use crate::Error;
use crate::fork::Working;

thread_local! {
    static ON_SHARED_THREAD: Cell<bool> = const { Cell::new(false) };
}

static SHARED: ArcSwapOption<Shared> = ArcSwapOption::const_empty();

struct Shared {
    process: u32,
    runtime: tokio::runtime::Runtime,
    running: Arc<AtomicUsize>,
}

/// Runs `future` on the shared runtime, which is started by its first use.
pub fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
    let shared = shared()?;
    let running = Running::new(&shared.running);
    shared.runtime.spawn(async move {
        let _running = running;
        future.await;
    });
    Ok(())
}

/// Waits, blocking, until nothing runs on the shared runtime, but not longer than `limit`. Called
/// by other languages when their process ends, so that begun POSTs can finish.
pub fn drain(limit: Duration) {
    let Some(shared) = SHARED.load_full() else {
        return;
    };
    let end = Instant::now() + limit;
    while shared.process == std::process::id()
        && shared.running.load(Ordering::Acquire) > 0
        && Instant::now() < end
    {
        thread::sleep(Duration::from_millis(2));
    }
}

/// How long a runtime may take to run a task that does nothing.
const ANSWER: Duration = Duration::from_millis(250);

/// Asks the shared runtime for a sign of life, blocking. Without one it is left behind, with all that
/// runs on it, and the next call builds another.
pub(super) fn replace_if_dead() {
    let current = SHARED.load();
    let Some(shared) = current.as_ref() else {
        return;
    };
    let answered = Arc::new(AtomicBool::new(false));
    let answer = Arc::clone(&answered);
    shared
        .runtime
        .spawn(async move { answer.store(true, Ordering::Release) });
    let end = Instant::now() + ANSWER;
    while !answered.load(Ordering::Acquire) {
        if Instant::now() >= end {
            // Dropping it would wait for its thread.
            std::mem::forget(Arc::clone(shared));
            SHARED.compare_and_swap(&current, None);
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Returns true on the thread that drives the calls: waiting here would wait for itself.
pub(super) fn is_shared_thread() -> bool {
    ON_SHARED_THREAD.get()
}

fn shared() -> Result<Arc<Shared>, Error> {
    let process = std::process::id();
    loop {
        let current = SHARED.load();
        if let Some(shared) = current.as_ref()
            && shared.process == process
        {
            return Ok(Arc::clone(shared));
        }
        let working = Working::begin();
        let fresh = Arc::new(Shared {
            process,
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                // A thread that begins at a fork can leave the child with a broken heap (glibc): the
                // few for blocking work, such as looking up names, stay.
                .thread_keep_alive(Duration::from_hours(1))
                .thread_name("backchat")
                .enable_all()
                .build()
                .map_err(|e| Error::configuration("runtime", e.to_string()))?,
            running: Arc::default(),
        });
        drop(working);
        // The worker alone: on a thread for blocking work it is fine to wait.
        fresh.runtime.spawn(async { ON_SHARED_THREAD.set(true) });
        let previous = SHARED.compare_and_swap(&current, Some(Arc::clone(&fresh)));
        let won = match (previous.as_ref(), current.as_ref()) {
            (None, None) => true,
            (Some(before), Some(expected)) => Arc::ptr_eq(before, expected),
            _ => false,
        };
        if won {
            // The runtime of the parent process has no threads here: dropping it would hang.
            std::mem::forget(previous.clone());
            return Ok(fresh);
        }
        drop(previous);
        if let Some(unused) = Arc::into_inner(fresh) {
            unused.runtime.shutdown_background();
        }
    }
}

/// Counts a future for as long as it runs.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
