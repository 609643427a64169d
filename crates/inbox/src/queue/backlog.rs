//! The look at what nobody works on: a queue without `run()` takes messages for ever.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use backchat_core::Error;
use tokio::time::Instant;

use crate::failure::{Failure, Stage};
use crate::inbox::{Inbox, Inner};

/// The age at which waiting work is reported.
const TOO_LONG: Duration = Duration::from_mins(1);

/// The time between two looks, and between two reports.
const LOOK_EVERY: Duration = Duration::from_secs(10);
const REPORT_EVERY: Duration = Duration::from_mins(10);

/// The health of an inbox, for a health check of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// `false` when messages of the queue have waited for more than a minute and no worker of any
    /// process has one.
    pub ok: bool,
    /// Whether [`Inbox::run`] is under way in this process.
    pub running: bool,
    /// The time since the longest waiting message of the queue became due.
    pub oldest_due: Option<Duration>,
    /// The age of the oldest `maybe_sent`, which waits for somebody to decide.
    pub oldest_maybe_sent: Option<Duration>,
    /// The number of requests that this process refused, because they were not signed by Prelude.
    pub refused_requests: u64,
}

impl Inbox {
    /// The health of this inbox. Cheap enough for a check every few seconds.
    ///
    /// Raises `store_unavailable`.
    pub async fn health(&self) -> Result<Health, Error> {
        let backlog = self.ledger().backlog().await?;
        Ok(Health {
            ok: backlog.at_work || backlog.oldest_due.is_none_or(|age| age <= TOO_LONG),
            running: self.inner.is_running(),
            oldest_due: backlog.oldest_due,
            oldest_maybe_sent: self.oldest_maybe_sent_age().await?,
            refused_requests: self.inner.refused.load(Ordering::Relaxed),
        })
    }
}

impl Inner {
    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Looks for messages that no worker takes, until none waits any more.
    pub(crate) fn watch_backlog(self: &Arc<Self>) {
        let house = self.housekeeping.get();
        if self.is_running() || house.watching.swap(true, Ordering::AcqRel) {
            return;
        }
        let watched = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut reported: Option<Instant> = None;
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let Some(inner) = watched.upgrade() else {
                    return;
                };
                let Some(waits) = inner.waiting_backlog().await else {
                    house.watching.store(false, Ordering::Release);
                    return;
                };
                if waits >= TOO_LONG && reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
                    reported = Some(Instant::now());
                    inner.report_backlog(waits);
                }
            }
        });
    }

    /// The time that the queue has waited while no worker has a message of it. `None`: it is empty,
    /// or this process works on it now.
    async fn waiting_backlog(&self) -> Option<Duration> {
        if self.is_running() || *self.stopping.subscribe().borrow() {
            return None;
        }
        match self.ledger.backlog().await {
            Ok(backlog) if backlog.at_work => Some(Duration::ZERO),
            Ok(backlog) if !backlog.has_messages => None,
            Ok(backlog) => Some(backlog.oldest_due.unwrap_or_default()),
            // A store that is gone is reported by the requests.
            Err(_) => Some(Duration::ZERO),
        }
    }

    fn report_backlog(&self, waits: Duration) {
        let error = Error::configuration(
            "queue",
            format!(
                "messages have waited for {} s and no worker takes them: call `run()` in a process \
                 that uses this store",
                waits.as_secs()
            ),
        );
        self.handlers
            .report(&Failure::new(Stage::Queue, Arc::new(error)));
    }
}
