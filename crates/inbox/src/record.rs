//! One row of the ledger: what is known about the answer to one message.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{
    CorrelationId, DeliveryStatus, InboundMessage, InboundMessageId, SentMessageId,
};

use crate::answer::StoredAnswer;
use crate::digest::Digest;
use crate::state::State;

/// What a row is about: one answer to one message, within one application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The application. Several may share a store.
    pub scope: Arc<str>,
    /// The inbound message, `im_…`.
    pub message_id: InboundMessageId,
    /// Which of several answers to the same message.
    pub slot: Arc<str>,
}

impl Key {
    /// A key from its parts.
    pub fn new(
        scope: impl Into<Arc<str>>,
        message_id: InboundMessageId,
        slot: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            scope: scope.into(),
            message_id,
            slot: slot.into(),
        }
    }
}

/// One row of the ledger. It holds no text and no number, but for the raw event, and an answer that
/// could not be sent yet, until it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// What the row is about.
    pub key: Key,
    /// What is known. A `sending` whose lease is over is always shown as `maybe_sent`.
    pub state: State,
    /// How often the row was claimed: the newest claim holds it.
    pub token: i64,
    /// Until when the claim, or the POST, is given time.
    pub lease_until: Timestamp,
    /// The hash of the sender's number, until it is forgotten.
    pub sender: Option<Digest>,
    /// The hash of the text that was sent.
    pub text: Option<Digest>,
    /// The correlation id of the reply; the same for every attempt, unless the handler names one.
    pub correlation_id: Option<CorrelationId>,
    /// The id of the reply, `tx_…`.
    pub reply_id: Option<SentMessageId>,
    /// Why it was rejected, or why the last attempt was not sent.
    pub code: Option<String>,
    /// The furthest delivery event so far.
    pub delivery: Option<DeliveryStatus>,
    /// Claims since the message came, or since it was re-armed.
    pub attempts: u32,
    /// When the message was first seen.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// When the queue tries (again); `None` for rows that no queue works on.
    pub due_at: Option<Timestamp>,
    /// The event, until the row is done: kept for further attempts and for an operator.
    pub event: Option<StoredEvent>,
    /// The answer that an earlier attempt could not send, until the row is done.
    pub answer: Option<StoredAnswer>,
}

impl Record {
    /// A row that is first seen `now`: queued, and never claimed. For stores, which then set the
    /// fields as they were kept.
    pub fn new(key: Key, sender: Digest, now: Timestamp) -> Self {
        Self {
            key,
            state: State::Queued,
            token: 0,
            lease_until: now,
            sender: Some(sender),
            text: None,
            correlation_id: None,
            reply_id: None,
            code: None,
            delivery: None,
            attempts: 0,
            created_at: now,
            updated_at: now,
            due_at: None,
            event: None,
            answer: None,
        }
    }

    /// The state at `now`: a sender that never came back leaves a `maybe_sent`.
    pub fn state_at(&self, now: Timestamp) -> State {
        if self.state == State::Sending && self.lease_until < now {
            State::MaybeSent
        } else {
            self.state
        }
    }

    /// Whether a claim at `now` would get this row.
    pub fn is_claimable_at(&self, now: Timestamp) -> bool {
        match self.state {
            State::Queued | State::Retrying => true,
            State::Claimed => self.lease_until < now,
            _ => false,
        }
    }

    /// Whether the queue, at `now`, has yet to finish this row: later events of the same sender
    /// wait for it.
    pub fn is_queued_at(&self, now: Timestamp) -> bool {
        self.due_at.is_some() && self.state_at(now) != State::MaybeSent
    }

    /// The place of the row in a list: the order in which rows were first seen.
    pub(crate) fn place(&self) -> (Timestamp, Key) {
        (self.created_at, self.key.clone())
    }

    /// How long the claim, or the POST, still has at `now`.
    pub(crate) fn lease_left_at(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.lease_until.duration_since(now)).unwrap_or_default()
    }
}

/// A raw event, kept until it is done. `Debug` prints its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The exact bytes of the event.
    pub json: Arc<[u8]>,
    /// Whether Prelude's signature was checked when it came.
    pub verified: bool,
}

impl StoredEvent {
    pub(crate) fn of(message: &InboundMessage) -> Self {
        Self {
            json: message.raw.as_bytes().into(),
            verified: message.verified,
        }
    }
}

impl fmt::Debug for StoredEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredEvent([{} bytes])", self.json.len())
    }
}

/// The right to work on a row, until somebody else claims it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The row.
    pub key: Key,
    /// The claim's number.
    pub token: i64,
    /// The number of this attempt, from 1.
    pub attempts: u32,
    /// The correlation id of an earlier attempt: use it again, and a late delivery event still
    /// finds its row.
    pub correlation_id: Option<CorrelationId>,
    /// The answer that an earlier attempt could not send: send it, and do not run the handler.
    pub answer: Option<StoredAnswer>,
    /// When the message was first seen.
    pub created_at: Timestamp,
}

impl Ticket {
    /// The right to work on `record`, which the caller has claimed.
    pub(crate) fn of(record: &Record) -> Self {
        Self {
            key: record.key.clone(),
            token: record.token,
            attempts: record.attempts,
            correlation_id: record.correlation_id.clone(),
            answer: record.answer.clone(),
            created_at: record.created_at,
        }
    }
}

/// `now` plus `duration`, in the whole microseconds that every store keeps.
pub(crate) fn later(now: Timestamp, duration: Duration) -> Timestamp {
    let micros = now.as_microsecond().saturating_add(micros(duration));
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
