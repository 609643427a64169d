//! Where the ledger lives: a few atomic operations, and what each must guarantee.

mod lazy;
mod memory;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod per_process;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod url;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{
    CorrelationId, DeliveryStatus, EchoedCorrelationId, EventId, SentMessageId, StoreError,
};

pub(crate) use lazy::LazyStore;
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub(crate) use url::open;
pub use url::schema;

use crate::digest::Digest;
use crate::machine::is_rearmable;
use crate::record::{Key, Record, StoredEvent, Ticket};
use crate::state::{End, State};

/// What an operation of a store gives, later.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A ledger's store.
///
/// Each operation is one atomic step of [`machine::apply`](crate::machine::apply): two that run at
/// once, in whatever processes, act as if one came after the other. **An operation that answers has
/// been made durable**: it survives a crash of this process, of the store, and a power cut. One
/// that answers with an error may or may not have happened; whoever asked must act as if it had
/// not. [`testing::suite`](crate::testing) (feature `testing`) checks a store.
///
/// `now` is the clock of the caller. A store with a clock of its own, shared by all callers, uses
/// that instead.
pub trait Store: Send + Sync + 'static {
    /// Takes the message for one worker: a new row, one that waits, or one whose claim is over.
    ///
    /// Of any number of callers at one moment, at most one wins. Never wins a row that is, or was
    /// since its last re-arming, `sending`.
    fn claim(&self, claim: NewClaim, now: Timestamp) -> StoreFuture<'_, Claimed>;

    /// Stores an event for the queue. When it answers `true` the event will be handed out by
    /// [`Store::next_due`] until its row is finished; `false`: the message needs no queue any more.
    fn enqueue(&self, event: NewEvent, now: Timestamp) -> StoreFuture<'_, bool>;

    /// Claims up to `limit` rows that are due, the longest due first, as [`Store::claim`] does.
    /// Never a row while an earlier one of the same sender is unfinished: the order is kept.
    fn next_due(&self, query: DueQuery, now: Timestamp) -> StoreFuture<'_, Vec<Due>>;

    /// The gate. Must be durable *before* it answers [`Gated::Open`]: the POST follows.
    ///
    /// Opens only for the newest claim of a `claimed` row, and at most once for it.
    fn begin_send(&self, gate: NewGate, now: Timestamp) -> StoreFuture<'_, Gated>;

    /// Records how an attempt ended. `Superseded` when the row has moved on.
    fn finish(&self, ticket: Ticket, end: End, now: Timestamp) -> StoreFuture<'_, Finished>;

    /// Finds the row of a delivery event, by the reply's id, else by its correlation id if exactly
    /// one row without a reply's id has it, and marks it `sent`. `None`: no such row.
    fn settle(&self, settlement: Settlement, now: Timestamp) -> StoreFuture<'_, Option<Record>>;

    /// One row.
    fn get(&self, key: Key, now: Timestamp) -> StoreFuture<'_, Option<Record>>;

    /// Rows in the order in which they were first seen.
    fn list(&self, query: ListQuery, now: Timestamp) -> StoreFuture<'_, Vec<Record>>;

    /// Counts the rows in each state. May read every row.
    fn counts(&self, rows: Rows, now: Timestamp) -> StoreFuture<'_, Counts>;

    /// The age of the oldest `maybe_sent`, which waits for somebody to decide.
    fn oldest_maybe_sent(&self, rows: Rows, now: Timestamp) -> StoreFuture<'_, Option<Duration>>;

    /// Tells how long the queue has waited for a worker.
    fn backlog(&self, rows: Rows, now: Timestamp) -> StoreFuture<'_, Backlog>;

    /// Makes a row claimable again, for the queue. Refused while a POST may be under way, and when
    /// one was accepted; `event` is for a row that keeps none any more.
    fn rearm(
        &self,
        key: Key,
        event: Option<StoredEvent>,
        now: Timestamp,
    ) -> StoreFuture<'_, Rearmed>;

    /// Erases what names or quotes the sender, and says in how many rows. The rows stay, so that
    /// a redelivery still finds them.
    fn forget(&self, scope: Arc<str>, sender: Digest, now: Timestamp) -> StoreFuture<'_, u64>;

    /// One small step of cleaning up:
    /// - deletes `sent`, `rejected` and `skipped` rows, erases events, and deletes the marks of
    ///   [`Store::mark_handled`], of what was first seen longer than `retention` ago;
    /// - makes `maybe_sent` what was `sending` when its lease ended;
    /// - makes `given_up` what waits for a redelivery and did not change for `abandoned`, and what
    ///   nobody has answered within `retention`.
    ///
    /// A `maybe_sent` and a `given_up` row stay listed. Each row that became one is named once, to
    /// one caller of all processes.
    ///
    /// For `retention` and `abandoned` the clock is believed for a day beyond the newest row: what a
    /// jump of the clock makes old is not touched before messages have come that confirm it.
    fn prune(&self, prune: Prune, now: Timestamp) -> StoreFuture<'_, Pruned>;

    /// Tells whether an event that is no message was handled before. See [`Store::mark_handled`].
    fn is_handled(&self, event: EventKey, now: Timestamp) -> StoreFuture<'_, bool>;

    /// Notes that the handler of an event that is no message has succeeded.
    fn mark_handled(&self, event: EventKey, now: Timestamp) -> StoreFuture<'_, ()>;
}

/// What [`Store::claim`] needs.
#[derive(Clone, Debug)]
pub struct NewClaim {
    /// The row.
    pub key: Key,
    /// The sender.
    pub sender: Digest,
    /// The event, kept until the row is done.
    pub event: StoredEvent,
    /// The time that the worker may take.
    pub lease: Duration,
}

/// What [`Store::claim`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The caller has the row.
    Won(Ticket),
    /// Somebody else has it, or it is finished.
    Lost(Box<Record>),
}

/// What [`Store::enqueue`] needs.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The row.
    pub key: Key,
    /// Who wrote.
    pub sender: Digest,
    /// The event.
    pub event: StoredEvent,
}

/// What [`Store::next_due`] needs.
#[derive(Clone, Debug)]
pub struct DueQuery {
    /// The application.
    pub scope: Arc<str>,
    /// The answer.
    pub slot: Arc<str>,
    /// How many rows at most.
    pub limit: u32,
    /// How long the worker may take.
    pub lease: Duration,
}

/// A row of the queue that the caller has now claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The claim.
    pub ticket: Ticket,
    /// What is to be answered.
    pub event: StoredEvent,
}

/// What [`Store::begin_send`] needs.
#[derive(Clone, Debug)]
pub struct NewGate {
    /// The claim.
    pub ticket: Ticket,
    /// The hash of the text.
    pub text: Digest,
    /// What the reply will carry.
    pub correlation_id: CorrelationId,
    /// How long the POST may take before it counts as `maybe_sent`.
    pub lease: Duration,
}

/// What [`Store::begin_send`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gated {
    /// The POST may leave, once.
    Open,
    /// The claim was lost: nothing may be sent. The row, if there is one.
    Shut(Option<Box<Record>>),
}

/// What [`Store::finish`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The end is in the ledger.
    Recorded,
    /// The row has moved on and keeps what it says. The row, if there is one.
    Superseded(Option<Box<Record>>),
}

/// What [`Store::settle`] needs: a delivery event.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The application.
    pub scope: Arc<str>,
    /// The id that the event names, `tx_…`.
    pub reply_id: SentMessageId,
    /// The correlation id that came back.
    pub correlation_id: Option<EchoedCorrelationId>,
    /// What the event says.
    pub delivery: DeliveryStatus,
}

/// The rows of one application, of one slot or of all.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The application.
    pub scope: Arc<str>,
    /// Only rows of this slot.
    pub slot: Option<Arc<str>>,
}

/// What [`Store::list`] needs.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// The application and the slot.
    pub rows: Rows,
    /// Only rows in this state.
    pub state: Option<State>,
    /// Only rows first seen at this moment or later.
    pub since: Timestamp,
    /// Only rows after this place: `created_at` and key of the last row of the page before.
    pub after: Option<(Timestamp, Key)>,
    /// How many rows at most.
    pub limit: u32,
}

/// How many rows are in each state. States without rows are missing.
pub type Counts = BTreeMap<State, u64>;

/// What [`Store::rearm`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rearmed {
    /// The row is `queued`.
    Yes,
    /// A POST may be under way, one was accepted, or a handler of this process has not returned. The
    /// row.
    Refused(Box<Record>),
    /// The row keeps no event that could be answered. The row.
    NoEvent(Box<Record>),
    /// There is no such row.
    Unknown,
}

impl Rearmed {
    /// What a row says that refused to be re-armed.
    pub(crate) fn refused(record: Option<Record>) -> Self {
        match record {
            None => Rearmed::Unknown,
            Some(record) if record.event.is_none() && is_rearmable(record.state) => {
                Rearmed::NoEvent(Box::new(record))
            }
            Some(record) => Rearmed::Refused(Box::new(record)),
        }
    }

    /// The name that every language uses.
    pub fn as_str(&self) -> &'static str {
        match self {
            Rearmed::Yes => "rearmed",
            Rearmed::Refused(_) => "refused",
            Rearmed::NoEvent(_) => "no_event",
            Rearmed::Unknown => "unknown",
        }
    }
}

/// What [`Store::backlog`] answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The time since the longest waiting message of the queue became due, also one whose worker
    /// ended without a word.
    pub oldest_due: Option<Duration>,
    /// Whether a worker of any process has a message of the queue right now.
    pub at_work: bool,
    /// Whether the queue holds any message, also one that is due later.
    pub has_messages: bool,
}

/// A clock that is further ahead of the newest row or event may have jumped.
pub(crate) const AHEAD: Duration = Duration::from_hours(24);

/// What [`Store::prune`] needs.
#[derive(Clone, Debug)]
pub struct Prune {
    /// The application.
    pub scope: Arc<str>,
    /// How long rows are kept.
    pub retention: Duration,
    /// How long a row may wait for a redelivery.
    pub abandoned: Duration,
    /// The latest moment that the time can be, by somebody else's clock: the store's own may have
    /// jumped ahead, and stamped rows since.
    pub at_most: Timestamp,
    /// How many rows at most.
    pub limit: u32,
}

/// What [`Store::prune`] answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many rows and marks changed or were deleted: 0 means clean.
    pub changed: u64,
    /// The rows that became `maybe_sent` or `given_up` in this step.
    pub lost: Vec<Record>,
}

/// An event that is no message, for one slot of an application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// The application.
    pub scope: Arc<str>,
    /// The slot of the inbox whose handler runs.
    pub slot: Arc<str>,
    /// The event, `evt_…`.
    pub event_id: EventId,
}
