//! The one decision of every call: did the POST begin, or was it cancelled first?
//!
//! ```text
//! Idle --begin--> Begun --rearm (provably without effect)--> Idle
//!  |                |
//! cancel          cancel
//!  v                v
//! Cancelled       Detached: runs on to its deadline, is never repeated
//! ```
//! Every arrow is a compare-and-set; who comes second obeys who came first. (A plain flag misjudged
//! 5 of 4,000 cancelled calls.)

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

const IDLE: u8 = 0;
const BEGUN: u8 = 1;
const CANCELLED: u8 = 2;
const DETACHED: u8 = 3;

/// The effect of cancelling a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum Cancellation {
    /// No POST had begun; none will.
    NothingSent,
    /// A POST had begun. It runs on in the background, is never repeated, and its outcome goes to
    /// the observer.
    LeftRunning,
}

/// A moment after which no POST begins, by two clocks: one may stand still while the machine sleeps,
/// the other may be set.
#[derive(Clone, Copy, Debug)]
pub struct Latest {
    monotonic: Option<Instant>,
    wall: Option<SystemTime>,
}

impl Latest {
    /// The moment that is `time` from now.
    pub fn after(time: Duration) -> Self {
        Self {
            monotonic: Instant::now().checked_add(time),
            wall: SystemTime::now().checked_add(time),
        }
    }

    fn has_passed(&self) -> bool {
        self.monotonic.is_some_and(|end| Instant::now() >= end)
            || self.wall.is_some_and(|end| SystemTime::now() >= end)
    }
}

#[derive(Default)]
pub(crate) struct CallState {
    state: AtomicU8,
    cancelled: Notify,
    latest: Option<Latest>,
}

impl CallState {
    /// The state of a call whose POSTs begin before `latest`.
    pub(crate) fn until(latest: Option<Latest>) -> Self {
        Self {
            latest,
            ..Self::default()
        }
    }

    /// Asked by the connection's stream right before the first byte is written: may it leave?
    pub(crate) fn begin(&self) -> bool {
        !self.is_late() && self.step(IDLE, BEGUN)
    }

    /// Returns true when it is too late for a POST to begin.
    pub(crate) fn is_late(&self) -> bool {
        self.latest.as_ref().is_some_and(Latest::has_passed)
    }

    /// Asked after an attempt that provably had no effect: may another begin? The connection of
    /// the first must be closed, or its answer read: nothing of it may leave any more.
    pub(crate) fn rearm(&self) -> bool {
        self.step(BEGUN, IDLE) || self.load() == IDLE
    }

    pub(crate) fn cancel(&self) -> Cancellation {
        let found = self.cancel_quietly();
        if found == Cancellation::NothingSent {
            // `notify_one` keeps its permit for a waiter that has yet to come.
            self.cancelled.notify_one();
        }
        found
    }

    /// Cancels without waking the call: in a child process it is not there, and a lock of its
    /// runtime may be held for ever.
    pub(crate) fn cancel_quietly(&self) -> Cancellation {
        loop {
            if self.step(IDLE, CANCELLED) {
                return Cancellation::NothingSent;
            }
            if self.step(BEGUN, DETACHED) {
                return Cancellation::LeftRunning;
            }
            match self.load() {
                CANCELLED => return Cancellation::NothingSent,
                DETACHED => return Cancellation::LeftRunning,
                _ => {}
            }
        }
    }

    /// Ends the call at its deadline: no POST may begin any more. Returns whether one had.
    pub(crate) fn expire(&self) -> bool {
        !self.step(IDLE, CANCELLED) && self.has_begun()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.load() == CANCELLED
    }

    /// Returns true when bytes of the current attempt may have left.
    pub(crate) fn has_begun(&self) -> bool {
        matches!(self.load(), BEGUN | DETACHED)
    }

    /// Returns true when the caller has gone and the POST runs on.
    pub(crate) fn is_detached(&self) -> bool {
        self.load() == DETACHED
    }

    /// Ends when the call is cancelled before a POST began; else never.
    pub(crate) async fn cancelled(&self) {
        if self.is_cancelled() {
            return;
        }
        self.cancelled.notified().await;
    }

    fn step(&self, from: u8, to: u8) -> bool {
        self.state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    fn load(&self) -> u8 {
        self.state.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn a_cancelled_call_never_begins() {
        let state = CallState::default();
        assert_eq!(state.cancel(), Cancellation::NothingSent);
        assert!(!state.begin());
        assert!(!state.rearm());
        assert_eq!(state.cancel(), Cancellation::NothingSent);
    }

    #[test]
    fn a_begun_post_runs_on_and_is_never_repeated() {
        let state = CallState::default();
        assert!(state.begin());
        assert_eq!(state.cancel(), Cancellation::LeftRunning);
        assert!(state.has_begun());
        assert!(!state.rearm());
    }

    #[test]
    fn another_attempt_begins_anew() {
        let state = CallState::default();
        assert!(state.begin());
        assert!(!state.begin());
        assert!(state.rearm());
        assert!(state.begin());
    }

    #[test]
    fn no_post_begins_after_the_latest_moment() {
        let state = CallState::until(Some(Latest::after(Duration::from_hours(1))));
        assert!(!state.is_late() && state.begin());
        let late = Latest::after(Duration::ZERO);
        for latest in [
            Latest { wall: None, ..late },
            Latest {
                monotonic: None,
                ..late
            },
        ] {
            let state = CallState::until(Some(latest));
            assert!(!state.begin() && state.is_late() && !state.has_begun());
        }
        assert!(CallState::until(Some(Latest::after(Duration::MAX))).begin());
    }

    #[test]
    fn of_a_race_exactly_one_side_wins() {
        for _ in 0..2_000 {
            let state = Arc::new(CallState::default());
            let other = Arc::clone(&state);
            let beginner = thread::spawn(move || other.begin());
            let cancelled = state.cancel();
            let begun = beginner.join().unwrap();
            assert_eq!(begun, cancelled == Cancellation::LeftRunning);
        }
    }
}
