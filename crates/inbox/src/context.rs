//! One run of a handler: its attempt, its deadline, and the signal that its answer is not wanted any
//! more.
//!
//! A handler that is too slow cannot always be stopped: a blocked thread goes on. So each run is
//! noted until it really has ended, and no second run of the same message begins in this process.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backchat_core::fork::{Owned, PerProcess};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::record::Key;

tokio::task_local! {
    static CURRENT: HandlerContext;
}

/// The run of a handler that is under way.
///
/// ```
/// # fn register(inbox: &backchat_inbox::Inbox) -> Result<(), backchat_inbox::core::Error> {
/// use backchat_inbox::HandlerContext;
///
/// inbox.on_message(|message| async move {
///     let attempt = HandlerContext::current().map_or(1, |run| run.attempt());
///     format!("You said: {} (attempt {attempt})", message.text)
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct HandlerContext(Arc<Run>);

struct Run {
    key: Key,
    attempt: u32,
    deadline: Instant,
    cancelled: watch::Sender<bool>,
    all: Arc<Owned<Alive>>,
}

impl HandlerContext {
    /// The run that this task belongs to. `None` outside of a handler.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// The number of this attempt at the message, from 1.
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// The moment at which the inbox stops waiting for the handler.
    pub fn deadline(&self) -> std::time::Instant {
        self.0.deadline.into_std()
    }

    /// The time until [`HandlerContext::deadline`].
    pub fn remaining(&self) -> Duration {
        self.0.deadline.saturating_duration_since(Instant::now())
    }

    /// Tells that the answer is not wanted any more: the time is over, or the inbox shuts down.
    pub fn is_cancelled(&self) -> bool {
        *self.0.cancelled.borrow() || *self.0.all.shut_down.borrow()
    }

    /// Ends when the answer is not wanted any more.
    pub async fn cancelled(&self) {
        let mut cancelled = self.0.cancelled.subscribe();
        let mut shut_down = self.0.all.shut_down.subscribe();
        // The senders live in `self`: waiting can only end with the value.
        tokio::select! {
            _cancelled = cancelled.wait_for(|cancelled| *cancelled) => {}
            _shut_down = shut_down.wait_for(|shut_down| *shut_down) => {}
        }
    }

    pub(crate) fn cancel(&self) {
        self.0.cancelled.send_replace(true);
    }

    pub(crate) fn end(&self) -> Instant {
        self.0.deadline
    }

    /// Runs `future` as a part of this run.
    pub(crate) fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }
}

impl fmt::Debug for HandlerContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerContext")
            .field("attempt", &self.attempt())
            .field("remaining", &self.remaining())
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.all.keys().remove(&self.key);
        self.all.ended.notify_waiters();
    }
}

/// The runs of this process that have not ended. Those of a parent process do not end here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs(Arc<PerProcess<Alive>>);

#[derive(Debug, Default)]
struct Alive {
    /// With their deadlines.
    keys: Mutex<HashMap<Key, Instant>>,
    ended: Notify,
    /// Whether no answer is wanted any more at all.
    shut_down: watch::Sender<bool>,
}

impl Alive {
    fn keys(&self) -> MutexGuard<'_, HashMap<Key, Instant>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runs {
    /// Begins a run. `Err` while an earlier one of the same key goes on: its deadline.
    pub(crate) fn begin(
        &self,
        key: Key,
        attempt: u32,
        limit: Duration,
    ) -> Result<HandlerContext, Instant> {
        let all = self.0.get();
        let deadline = Instant::now() + limit;
        match all.keys().entry(key.clone()) {
            Entry::Occupied(earlier) => return Err(*earlier.get()),
            Entry::Vacant(place) => place.insert(deadline),
        };
        Ok(HandlerContext(Arc::new(Run {
            key,
            attempt,
            deadline,
            cancelled: watch::Sender::new(false),
            all,
        })))
    }

    /// Waits until no run of `key` is under way.
    pub(crate) async fn ended(&self, key: &Key) {
        self.wait_until(|keys| !keys.contains_key(key)).await;
    }

    /// Waits until no run is under way.
    pub(crate) async fn all_ended(&self) {
        self.wait_until(HashMap::is_empty).await;
    }

    async fn wait_until(&self, is_met: impl Fn(&HashMap<Key, Instant>) -> bool) {
        let all = self.0.get();
        loop {
            let mut ended = std::pin::pin!(all.ended.notified());
            // Registered before the look: an end in between is not missed.
            ended.as_mut().enable();
            if is_met(&all.keys()) {
                return;
            }
            ended.await;
        }
    }

    /// Tells every run that its answer is not wanted any more.
    pub(crate) fn cancel_all(&self) {
        self.0.get().shut_down.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::new("default", "im_1".into(), "reply")
    }

    #[tokio::test]
    async fn a_second_run_waits_for_the_end_of_the_first() {
        let runs = Runs::default();
        let minute = Duration::from_mins(1);
        let first = runs.begin(key(), 1, minute).unwrap();
        let kept = first.clone();
        assert!(runs.begin(key(), 2, minute).is_err());
        drop(first);
        assert!(runs.begin(key(), 2, minute).is_err());
        let waiting = tokio::spawn({
            let runs = runs.clone();
            async move { runs.ended(&key()).await }
        });
        tokio::task::yield_now().await;
        drop(kept);
        waiting.await.unwrap();
        assert_eq!(runs.begin(key(), 2, minute).unwrap().attempt(), 2);
    }

    #[tokio::test]
    async fn a_run_is_told_that_its_answer_is_not_wanted() {
        let run = Runs::default()
            .begin(key(), 1, Duration::from_mins(1))
            .unwrap();
        assert!(HandlerContext::current().is_none());
        run.clone()
            .scope(async {
                let inside = HandlerContext::current().unwrap();
                assert!(!inside.is_cancelled());
                run.cancel();
                inside.cancelled().await;
                assert!(inside.is_cancelled());
            })
            .await;
    }
}
