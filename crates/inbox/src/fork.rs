//! `fork`, for languages whose processes do it: no call of SQLite may be under way at that moment.
//!
//! SQLite remembers its locks per process, and a child inherits the memory: a lock that was held at
//! the fork stays held there for ever. So whoever forks calls [`prepare`] before it, and [`resume`]
//! after it, in the parent and in the child. Atomics only: a lock could be held at the fork itself.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

static FORKING: AtomicBool = AtomicBool::new(false);
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// How long [`prepare`] waits: SQLite itself waits no longer for another process.
const LONGEST: Duration = Duration::from_secs(6);
const TICK: Duration = Duration::from_millis(1);

/// Waits until no store works in this process, and lets none begin.
pub fn prepare() {
    FORKING.store(true, Ordering::SeqCst);
    let end = Instant::now() + LONGEST;
    while RUNNING.load(Ordering::SeqCst) > 0 && Instant::now() < end {
        thread::sleep(TICK);
    }
}

/// The fork is over: stores work again. `in_child`: nothing of the parent's runs here.
pub fn resume(in_child: bool) {
    if in_child {
        RUNNING.store(0, Ordering::SeqCst);
    }
    FORKING.store(false, Ordering::SeqCst);
}

/// Held while a store works on a file.
#[cfg(feature = "sqlite")]
pub(crate) struct Working(());

#[cfg(feature = "sqlite")]
impl Working {
    pub(crate) fn begin() -> Self {
        loop {
            RUNNING.fetch_add(1, Ordering::SeqCst);
            if !FORKING.load(Ordering::SeqCst) {
                return Self(());
            }
            RUNNING.fetch_sub(1, Ordering::SeqCst);
            thread::sleep(TICK);
        }
    }
}

#[cfg(feature = "sqlite")]
impl Drop for Working {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}
