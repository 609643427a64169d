//! `fork`, in languages whose processes do it: a child inherits a copy of the memory, and no thread.
//!
//! A file lock of POSIX belongs to the process that took it, and a runtime or a trust store that
//! another thread was making stays half made in the child. So a process that forks calls [`prepare`]
//! before, and [`resume`] after, in the parent and in the child. Python's package does both.
//!
//! A fork without them (C code, `libc::fork`) is noticed afterwards by the process id. Its child is
//! as good as one of a prepared fork, unless something held a [`Working`] at that moment: the child
//! then [`is_torn`], and what it inherited cannot be trusted.
//!
//! One atomic word, because a lock could be held at the fork itself. All of it is seen by the child
//! as it was at one moment: the kernel holds every writer up while it copies the page.

#[cfg(feature = "client")]
mod per_process;

use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(feature = "client")]
pub use per_process::{Owned, PerProcess};

static STATE: AtomicU64 = AtomicU64::new(0);
static TORN: AtomicBool = AtomicBool::new(false);
static CLOSERS: Mutex<Vec<fn()>> = Mutex::new(Vec::new());

/// The longest wait of [`prepare`]: SQLite waits no longer for another process.
const LONGEST: Duration = Duration::from_secs(6);
const TICK: Duration = Duration::from_millis(1);

/// Waits, at most 6 s, until nothing in this process holds a [`Working`], lets nothing begin to, and
/// closes what must not be open at a fork. [`resume`] ends it.
pub fn prepare() {
    change(|state| State {
        forks: state.forks.saturating_add(1),
        ..state
    });
    let end = Instant::now() + LONGEST;
    while current().working > 0 && Instant::now() < end {
        thread::sleep(TICK);
    }
    // Only a process that is torn finds the list locked.
    if let Ok(closers) = CLOSERS.try_lock() {
        for close in closers.iter() {
            close();
        }
    }
}

/// Ends [`prepare`] after the fork, in the parent and, with `in_child`, in the child. Harmless
/// without a `prepare`.
pub fn resume(in_child: bool) {
    if in_child {
        // The first look at the state in a new process forgets the parent's.
        current();
    } else {
        change(|state| State {
            forks: state.forks.saturating_sub(1),
            ..state
        });
    }
}

/// Has every later [`prepare`] call `close`, once nothing holds a [`Working`]. `close` must not begin
/// one. Registered while one is held: the list must not be locked at a fork.
pub fn on_prepare(close: fn()) {
    if let Ok(mut closers) = CLOSERS.lock() {
        closers.push(close);
    }
}

/// Tells whether this process was forked while its parent held a [`Working`]: without [`prepare`],
/// or with one that waited in vain.
pub fn is_torn() -> bool {
    current();
    TORN.load(Ordering::SeqCst)
}

/// Held by work that must not be under way at a fork. Short, and never two by one thread.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Working(());

impl Working {
    /// Begins, after a fork that is under way. Waits no longer than [`prepare`] does: whoever forks
    /// may wait for a lock of this thread.
    pub fn begin() -> Self {
        let mut end = None;
        loop {
            let begun = try_change(|state| {
                let wait = state.forks > 0
                    && Instant::now() < *end.get_or_insert_with(|| Instant::now() + LONGEST);
                (!wait).then_some(State {
                    working: state.working.saturating_add(1),
                    ..state
                })
            });
            if begun {
                return Self(());
            }
            thread::sleep(TICK);
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        change(|state| State {
            working: state.working.saturating_sub(1),
            ..state
        });
    }
}

/// The state of this process.
fn current() -> State {
    let mut seen = State::default();
    change(|state| {
        seen = state;
        state
    });
    seen
}

fn change(mut change: impl FnMut(State) -> State) {
    try_change(|state| Some(change(state)));
}

/// Replaces the state of this process by what `change` makes of it; `false` when that is `None`.
fn try_change(mut change: impl FnMut(State) -> Option<State>) -> bool {
    let process = process::id();
    loop {
        let word = STATE.load(Ordering::SeqCst);
        let (state, torn) = State::of(word).seen_by(process);
        if torn {
            TORN.store(true, Ordering::SeqCst);
        }
        let Some(next) = change(state) else {
            return false;
        };
        let changed = STATE.compare_exchange(word, next.word(), Ordering::SeqCst, Ordering::SeqCst);
        if changed.is_ok() {
            return true;
        }
    }
}

/// One process: the forks that are under way, and the [`Working`]s that are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    process: u32,
    forks: u16,
    working: u16,
}

impl State {
    fn of(word: u64) -> Self {
        let part = |shift: u32| (word >> shift) & u64::from(u16::MAX);
        Self {
            process: u32::try_from(word >> 32).unwrap_or_default(),
            forks: u16::try_from(part(16)).unwrap_or_default(),
            working: u16::try_from(part(0)).unwrap_or_default(),
        }
    }

    fn word(self) -> u64 {
        u64::from(self.process) << 32 | u64::from(self.forks) << 16 | u64::from(self.working)
    }

    /// The state as `process` may use it, and whether it was inherited in the midst of work.
    fn seen_by(self, process: u32) -> (Self, bool) {
        if self.process == process {
            return (self, false);
        }
        let own = Self {
            process,
            ..Self::default()
        };
        (own, self.working > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_begins_anew() {
        let parent = State {
            process: 7,
            forks: 1,
            working: 0,
        };
        assert_eq!(State::of(parent.word()), parent);
        assert_eq!(parent.seen_by(7), (parent, false));
        let child = State {
            process: 8,
            ..State::default()
        };
        assert_eq!(parent.seen_by(8), (child, false));
    }

    #[test]
    fn a_child_of_a_fork_in_the_midst_of_work_is_torn() {
        let parent = State {
            process: 7,
            forks: 0,
            working: 2,
        };
        assert!(parent.seen_by(8).1);
        assert!(!parent.seen_by(7).1);
    }

    #[test]
    fn nothing_works_while_a_fork_is_prepared() {
        use std::sync::atomic::AtomicUsize;

        static CLOSED: AtomicUsize = AtomicUsize::new(0);
        let working = Working::begin();
        on_prepare(|| {
            CLOSED.fetch_add(1, Ordering::SeqCst);
        });
        let forking = thread::spawn(prepare);
        while current().forks == 0 {
            thread::sleep(TICK);
        }
        assert_eq!(
            CLOSED.load(Ordering::SeqCst),
            0,
            "closed in the midst of work"
        );
        drop(working);
        forking.join().unwrap();
        assert_eq!(CLOSED.load(Ordering::SeqCst), 1);
        // Two threads may fork at once: the second is not over with the first.
        prepare();
        resume(false);
        let other = thread::spawn(|| drop(Working::begin()));
        thread::sleep(10 * TICK);
        assert!(!other.is_finished());
        resume(false);
        other.join().unwrap();
        assert!(!is_torn());
    }
}
