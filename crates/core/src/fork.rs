//! `fork`, for languages whose processes do it: a child inherits what was held at that moment, for ever.
//!
//! SQLite remembers its locks per process, and what is being set up for the first time (a runtime, a
//! trust store) stays half done. So whoever forks calls [`prepare`] before it, and [`resume`] after
//! it, in the parent and in the child. Atomics only: a lock could be held at the fork itself.

#[cfg(feature = "client")]
mod per_process;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(feature = "client")]
pub use per_process::{Owned, PerProcess};

static FORKING: AtomicBool = AtomicBool::new(false);
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// How long [`prepare`] waits: SQLite itself waits no longer for another process.
const LONGEST: Duration = Duration::from_secs(6);
const TICK: Duration = Duration::from_millis(1);

/// Waits until nothing in this process holds a [`Working`], and lets nothing begin to.
pub fn prepare() {
    FORKING.store(true, Ordering::SeqCst);
    let end = Instant::now() + LONGEST;
    while RUNNING.load(Ordering::SeqCst) > 0 && Instant::now() < end {
        thread::sleep(TICK);
    }
}

/// The fork is over. `in_child`: nothing of the parent's runs here.
pub fn resume(in_child: bool) {
    if in_child {
        RUNNING.store(0, Ordering::SeqCst);
    }
    FORKING.store(false, Ordering::SeqCst);
}

/// Held by what must not be under way at a fork. Short, and never two by one thread.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Working(());

impl Working {
    /// Begins, after a fork that is under way. Waits no longer than [`prepare`] does: whoever forks
    /// may wait for a lock of this thread.
    pub fn begin() -> Self {
        let mut end = None;
        loop {
            RUNNING.fetch_add(1, Ordering::SeqCst);
            if !FORKING.load(Ordering::SeqCst)
                || Instant::now() >= *end.get_or_insert_with(|| Instant::now() + LONGEST)
            {
                return Self(());
            }
            RUNNING.fetch_sub(1, Ordering::SeqCst);
            thread::sleep(TICK);
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}
