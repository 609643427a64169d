//! The ledger by itself: for operators, who need no client and no webhook, and for handlers of
//! one's own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{
    CorrelationId, DeliveryEvent, Error, EventId, InboundMessage, InboundMessageId, StoreError,
};
use ring::rand::{SecureRandom, SystemRandom};

use crate::clock::Clock;
use crate::digest::Digest;
use crate::record::{Key, Record, StoredEvent, Ticket, later};
use crate::state::{End, State};
use crate::store::{
    self, Backlog, Claimed, Counts, Due, DueQuery, EventKey, Finished, Gated, ListQuery, NewClaim,
    NewEvent, NewGate, Prune, Pruned, Rearmed, Rows, Settlement, Store,
};

/// The longest list that one call of [`Ledger::list`] gives.
const PAGE: u32 = 1000;

/// How many rows one step of [`Ledger::prune`] touches: one or two milliseconds of a store's time.
const PRUNE_STEP: u32 = 200;

/// Prelude delivers for two weeks: what still waits for a redelivery then gets none.
const ABANDONED: Duration = SHORTEST_RETENTION;

/// A ledger: what is known about the answer to every message.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use backchat_inbox::{Ledger, State};
///
/// let ledger = Ledger::open("memory:").await?;
/// for record in ledger.list(Some(State::MaybeSent), None).await? {
///     println!("{} has waited since {}", record.key.message_id, record.updated_at);
/// }
/// # Ok::<(), backchat_inbox::core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Ledger {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) scope: Arc<str>,
    pub(crate) slot: Arc<str>,
    pub(crate) lease: Duration,
    pub(crate) clock: Clock,
}

/// What [`Ledger::claim`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The message is yours: run the handler, then [`Ledger::begin_send`] or [`Ledger::finish`].
    Won(Ticket),
    /// Another worker has it: answer 503, so that it comes again should that one die.
    Running(Box<Record>),
    /// It has an outcome: answer 200.
    Done(Box<Record>),
}

/// What [`Ledger::begin_send`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Send the reply now, once, with this correlation id; then [`Ledger::finish`].
    Open {
        /// What the reply must carry, so that its delivery event finds the row.
        correlation_id: CorrelationId,
    },
    /// The claim was lost: send nothing.
    Shut {
        /// What is known of the first reply. `None`: the row is gone.
        record: Option<Box<Record>>,
        /// Whether that one had another text, as a second run of a language model would.
        text_differs: bool,
    },
}

impl Ledger {
    /// Opens the store that `url` names: `memory:`, `sqlite:inbox.db` (relative, as
    /// `sqlite:///inbox.db`), `sqlite:////srv/inbox.db`, `postgres://user@host/database`. Makes its
    /// tables, or brings them up to date.
    ///
    /// Raises `configuration` for a URL that names no store of this build, or a ledger made by a
    /// newer version; `store_unavailable` when it cannot be reached.
    pub async fn open(url: &str) -> Result<Self, Error> {
        store::open(url).await.map(Self::with_store)
    }

    /// A ledger in a store of one's own.
    pub fn with_store(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            scope: "default".into(),
            slot: "reply".into(),
            lease: Duration::from_mins(2),
            clock: Clock::default(),
        }
    }

    /// The application whose rows these are. Default: `default`.
    pub fn scope(mut self, scope: impl Into<Arc<str>>) -> Self {
        self.scope = scope.into();
        self
    }

    /// The slot: one of several answers to a message, each given at most once. Rows, lists and counts
    /// are those of the slot. Default: `reply`.
    pub fn slot(mut self, slot: impl Into<Arc<str>>) -> Self {
        self.slot = slot.into();
        self
    }

    /// How long a handler may take, and then its POST. Default: 120 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_millis(1));
        self
    }

    /// Where the time comes from. Default: this machine. (Postgres uses its own.)
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    /// What is known about the answer to `message_id`.
    pub async fn show(&self, message_id: &InboundMessageId) -> Result<Option<Record>, Error> {
        Ok(self.store.get(self.key(message_id), self.now()).await?)
    }

    /// Rows in the order in which they were first seen, at most 1000: those in `state`, first seen
    /// at `since` or later.
    pub async fn list(
        &self,
        state: Option<State>,
        since: Option<Timestamp>,
    ) -> Result<Vec<Record>, Error> {
        self.list_after(state, since, None).await
    }

    /// The same, after a row that an earlier call gave: for the next page.
    pub async fn list_after(
        &self,
        state: Option<State>,
        since: Option<Timestamp>,
        after: Option<&Record>,
    ) -> Result<Vec<Record>, Error> {
        let query = ListQuery {
            rows: self.rows(),
            state,
            since: since.unwrap_or(Timestamp::UNIX_EPOCH),
            after: after.map(|record| (record.created_at, record.key.clone())),
            limit: PAGE,
        };
        Ok(self.store.list(query, self.now()).await?)
    }

    /// Counts the rows in each state. It may read every row: not for every second.
    pub async fn counts(&self) -> Result<Counts, Error> {
        Ok(self.store.counts(self.rows(), self.now()).await?)
    }

    /// The age of the oldest `maybe_sent`, which waits for somebody to decide: watch this.
    pub async fn oldest_maybe_sent_age(&self) -> Result<Option<Duration>, Error> {
        Ok(self
            .store
            .oldest_maybe_sent(self.rows(), self.now())
            .await?)
    }

    /// Tells how long the queue has waited for a worker: watch this where other processes work.
    pub async fn backlog(&self) -> Result<Backlog, Error> {
        Ok(self.store.backlog(self.rows(), self.now()).await?)
    }

    /// Makes a message answerable again, because an operator says so. Its row becomes `queued`: the
    /// next `receive` or `run` of a process with a handler takes it, and in queue mode `run`.
    ///
    /// Refused while a POST may be under way, for a reply that was accepted, and for a row whose
    /// event is not kept any more: see [`Ledger::rearm_with`].
    pub async fn rearm(&self, message_id: &InboundMessageId) -> Result<Rearmed, Error> {
        let key = self.key(message_id);
        Ok(self.store.rearm(key, None, self.now()).await?)
    }

    /// As [`Ledger::rearm`], with the event that the application kept: for a row that keeps none any
    /// more, because it was `rejected` or `skipped`.
    pub async fn rearm_with(&self, message: &InboundMessage) -> Result<Rearmed, Error> {
        let key = self.key(&message.message_id);
        let event = StoredEvent::of(message);
        Ok(self.store.rearm(key, Some(event), self.now()).await?)
    }

    /// Erases what names or quotes `phone`, exactly as the events wrote it, and says in how many
    /// rows. What waits in the queue is dropped. The rows stay, with the message's id and the
    /// outcome, until the retention ends them: without them a redelivery would be answered again.
    pub async fn forget(&self, phone: &str) -> Result<u64, Error> {
        let (scope, now) = (self.scope_of(), self.now());
        Ok(self.store.forget(scope, Digest::of(phone), now).await?)
    }

    /// Deletes finished rows, and erases events, that are older than `retention` (at least 15 days,
    /// for Prelude delivers for two weeks). Small steps with pauses. [`Pruned::lost`] names the rows
    /// that became `maybe_sent` or `given_up` by it: report them.
    pub async fn prune(&self, retention: Duration) -> Result<Pruned, Error> {
        let mut all = Pruned::default();
        loop {
            let step = self.prune_step(retention, None).await?;
            if step.changed == 0 {
                return Ok(all);
            }
            all.changed += step.changed;
            all.lost.extend(step.lost);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// One step. `latest_event`: the time of the latest event that was seen. The store's clock is
    /// believed for a day beyond it.
    pub(crate) async fn prune_step(
        &self,
        retention: Duration,
        latest_event: Option<Timestamp>,
    ) -> Result<Pruned, StoreError> {
        let prune = Prune {
            at_most: latest_event.map_or(Timestamp::MAX, |latest| later(latest, store::AHEAD)),
            scope: self.scope_of(),
            retention: retention.max(SHORTEST_RETENTION),
            abandoned: ABANDONED,
            limit: PRUNE_STEP,
        };
        self.store.prune(prune, self.now()).await
    }

    /// Takes `message` for this worker. (For handlers of one's own: the inbox does it by itself.)
    pub async fn claim(&self, message: &InboundMessage) -> Result<Claim, Error> {
        let claim = NewClaim {
            key: self.key(&message.message_id),
            sender: Digest::of(message.from.as_str()),
            event: StoredEvent::of(message),
            lease: self.lease,
        };
        Ok(match self.store.claim(claim, self.now()).await? {
            Claimed::Won(ticket) => Claim::Won(ticket),
            Claimed::Lost(record) if record.state.is_finished() => Claim::Done(record),
            Claimed::Lost(record) => Claim::Running(record),
        })
    }

    /// The gate before the POST. When it raises, or is shut, send nothing.
    ///
    /// `correlation_id`: one of your own, unique to this message. Default: the one of an earlier
    /// attempt, else `<message id>.<12 random characters>`.
    pub async fn begin_send(
        &self,
        ticket: &Ticket,
        text: &str,
        correlation_id: Option<CorrelationId>,
    ) -> Result<Gate, Error> {
        let correlation_id = match correlation_id.or_else(|| ticket.correlation_id.clone()) {
            Some(id) => id,
            None => new_correlation_id(&ticket.key.message_id)?,
        };
        let text = Digest::of(text);
        let gate = NewGate {
            ticket: ticket.clone(),
            text,
            correlation_id: correlation_id.clone(),
            lease: self.lease,
        };
        Ok(match self.store.begin_send(gate, self.now()).await? {
            Gated::Open => Gate::Open { correlation_id },
            Gated::Shut(record) => Gate::Shut {
                text_differs: record
                    .as_ref()
                    .and_then(|record| record.text)
                    .is_some_and(|first| first != text),
                record,
            },
        })
    }

    /// Records how the attempt ended.
    pub async fn finish(&self, ticket: &Ticket, end: End) -> Result<Finished, Error> {
        let ticket = ticket.clone();
        Ok(self.store.finish(ticket, end, self.now()).await?)
    }

    /// Marks the reply that `event` is about as sent; `None` when no row is about it.
    pub async fn settle(&self, event: &DeliveryEvent) -> Result<Option<Record>, Error> {
        let settlement = Settlement {
            scope: self.scope_of(),
            reply_id: event.message_id.clone(),
            correlation_id: event.correlation_id.clone(),
            delivery: event.status,
        };
        Ok(self.store.settle(settlement, self.now()).await?)
    }

    pub(crate) async fn enqueue(&self, message: &InboundMessage) -> Result<bool, Error> {
        let event = NewEvent {
            key: self.key(&message.message_id),
            sender: Digest::of(message.from.as_str()),
            event: StoredEvent::of(message),
        };
        Ok(self.store.enqueue(event, self.now()).await?)
    }

    pub(crate) async fn is_handled(&self, event_id: &EventId) -> Result<bool, Error> {
        let event = self.event_key(event_id);
        Ok(self.store.is_handled(event, self.now()).await?)
    }

    pub(crate) async fn mark_handled(&self, event_id: &EventId) -> Result<(), Error> {
        let event = self.event_key(event_id);
        Ok(self.store.mark_handled(event, self.now()).await?)
    }

    pub(crate) async fn next_due(&self, limit: u32) -> Result<Vec<Due>, Error> {
        let query = DueQuery {
            scope: self.scope_of(),
            slot: Arc::clone(&self.slot),
            limit,
            lease: self.lease,
        };
        Ok(self.store.next_due(query, self.now()).await?)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn scope_of(&self) -> Arc<str> {
        Arc::clone(&self.scope)
    }

    fn rows(&self) -> Rows {
        Rows {
            scope: self.scope_of(),
            slot: Some(Arc::clone(&self.slot)),
        }
    }

    fn event_key(&self, event_id: &EventId) -> EventKey {
        EventKey {
            scope: self.scope_of(),
            slot: Arc::clone(&self.slot),
            event_id: event_id.clone(),
        }
    }

    pub(crate) fn key(&self, message_id: &InboundMessageId) -> Key {
        Key::new(self.scope_of(), message_id.clone(), Arc::clone(&self.slot))
    }
}

/// Prelude delivers for two weeks: a row that is gone sooner could be answered twice.
pub(crate) const SHORTEST_RETENTION: Duration = Duration::from_hours(15 * 24);

/// An id that the row can be found by. A message id of an odd form gets one that does not name it.
fn new_correlation_id(message_id: &InboundMessageId) -> Result<CorrelationId, Error> {
    let mut random = [0; 12];
    SystemRandom::new().fill(&mut random).map_err(|_| {
        Error::configuration("random", "the operating system gives no random bytes")
    })?;
    Ok(match message_id.as_reply_to() {
        Ok(reply_to) => CorrelationId::for_reply(&reply_to, random),
        Err(_) => CorrelationId::for_send(random),
    })
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("scope", &self.scope)
            .field("slot", &self.slot)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}
