//! Cleaning up, and taking what an operator re-armed: beside the requests, or as they come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use backchat_core::fork::Owned;
use backchat_core::jiff::Timestamp;
use backchat_core::{Error, Event, StoreError};

use crate::failure::{Failure, Stage};
use crate::inbox::Inner;
use crate::options::Mode;
use crate::record::Record;
use crate::state::State;

/// The time between two rounds of cleaning up.
const PRUNE_EVERY: Duration = Duration::from_mins(1);

/// The pause between two steps of it.
const PAUSE: Duration = Duration::from_millis(20);

/// The time between two looks for re-armed messages, while requests come.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The runs of [`Inbox::run`](crate::Inbox::run) in this process, and the times of the next rounds.
#[derive(Debug)]
pub(crate) struct Housekeeping {
    running: AtomicUsize,
    began: Instant,
    /// The times of the next rounds, in milliseconds since `began`.
    next_prune: AtomicU64,
    next_look: AtomicU64,
    /// Whether a look for messages that no worker takes is planned.
    pub(super) watching: AtomicBool,
    /// The time of the latest event, in microseconds since 1970.
    latest_event: AtomicI64,
}

impl Default for Housekeeping {
    fn default() -> Self {
        Self {
            running: AtomicUsize::new(0),
            began: Instant::now(),
            next_prune: AtomicU64::new(0),
            next_look: AtomicU64::new(0),
            watching: AtomicBool::new(false),
            latest_event: AtomicI64::new(i64::MIN),
        }
    }
}

/// One [`Inbox::run`](crate::Inbox::run) that is under way.
pub(super) struct Running(Arc<Owned<Housekeeping>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Housekeeping {
    fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire) > 0
    }

    /// Takes the turn that comes every `every`: one caller gets it.
    fn turn(&self, next: &AtomicU64, every: Duration) -> bool {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let every = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
        next.fetch_update(Ordering::AcqRel, Ordering::Acquire, |next| {
            (now >= next).then(|| now.saturating_add(every))
        })
        .is_ok()
    }
}

impl Inner {
    pub(super) fn running(&self) -> Running {
        let house = self.housekeeping.get();
        house.running.fetch_add(1, Ordering::AcqRel);
        Running(house)
    }

    /// Whether [`Inbox::run`](crate::Inbox::run) is under way in this process.
    pub(crate) fn is_running(&self) -> bool {
        self.housekeeping.get().is_running()
    }

    /// Does, as a request comes, what [`Inbox::run`](crate::Inbox::run) does where it is called.
    pub(crate) async fn look_around(self: &Arc<Self>) {
        let house = self.housekeeping.get();
        if house.is_running() {
            return;
        }
        if house.turn(&house.next_prune, PRUNE_EVERY) {
            let inner = Arc::clone(self);
            self.tasks.spawn(async move { inner.prune_all().await });
        }
        if self.mode != Mode::Inline {
            self.watch_backlog();
        }
        if self.mode == Mode::Inline && house.turn(&house.next_look, LOOK_EVERY) {
            self.take_one().await;
        }
    }

    /// Answers one message that an operator re-armed from elsewhere.
    async fn take_one(self: &Arc<Self>) {
        match self.ledger.backlog().await {
            Ok(backlog) if backlog.oldest_due.is_some() && self.handlers.message.is_set() => {}
            // A store that is gone is reported by the request itself.
            Ok(_) | Err(_) => return,
        }
        match self.ledger.next_due(1).await {
            Ok(due) => {
                for due in due {
                    self.work_on(due).await;
                }
            }
            Err(error) => self.report_store(error),
        }
    }

    pub(super) async fn keep_clean(self: &Arc<Self>) {
        loop {
            self.prune_all().await;
            if tokio::time::timeout(PRUNE_EVERY, self.stopped())
                .await
                .is_ok()
            {
                return;
            }
        }
    }

    /// Cleans up to the end, or until [`Inbox::shutdown`](crate::Inbox::shutdown).
    async fn prune_all(&self) {
        while self.prune_once().await {
            if tokio::time::timeout(PAUSE, self.stopped()).await.is_ok() {
                return;
            }
        }
    }

    /// One step. Tells whether another may find something.
    async fn prune_once(&self) -> bool {
        match self.prune_step().await {
            Ok(changed) => changed > 0,
            Err(error) => {
                self.report_store(error.into());
                false
            }
        }
    }

    pub(crate) async fn prune_step(&self) -> Result<u64, StoreError> {
        let pruned = self
            .ledger
            .prune_step(self.retention, self.latest_event())
            .await?;
        for record in &pruned.lost {
            self.report_lost(record);
        }
        Ok(pruned.changed)
    }

    /// Reports a row that became `maybe_sent` or `given_up` while nobody held it.
    fn report_lost(&self, record: &Record) {
        let (stage, error) = if record.state == State::MaybeSent {
            (Stage::Send, Lost::MaybeSent)
        } else {
            (Stage::Handler, Lost::GivenUp)
        };
        let failure = Failure::new(stage, Arc::new(error))
            .about(&record.key.message_id)
            .finally(true);
        self.handlers.report(&failure);
    }

    /// Notes the time that Prelude wrote into an event. No clock of this machine has a part in it.
    pub(crate) fn note_time(&self, event: &Event) {
        if let Some(made) = event.created_at().instant() {
            let house = self.housekeeping.get();
            house
                .latest_event
                .fetch_max(made.as_microsecond(), Ordering::AcqRel);
        }
    }

    fn latest_event(&self) -> Option<Timestamp> {
        let latest = self.housekeeping.get().latest_event.load(Ordering::Acquire);
        Timestamp::from_microsecond(latest).ok()
    }

    pub(super) fn report_store(&self, error: Error) {
        let failure = Failure::new(Stage::Store, Arc::new(error));
        self.handlers.report(&failure);
    }
}

/// The reason why a row is listed that no worker held any more.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(
        "maybe_sent: the process that sent the reply did not record its end; a delivery event settles it, or an operator"
    )]
    MaybeSent,
    #[error("given_up: the message was not delivered again, and nobody has answered it")]
    GivenUp,
}
