//! The pure state machine: a row, a step and a time give the next row.
//!
//! ```text
//!             claim                         begin_send (compare-and-set on the token,
//!  (none) ----------------> claimed ------- durable, BEFORE the POST) ---> sending
//!    |       ^    lease over: claim again, |  not_sent                       | 2xx -> sent
//!    | enqueue    token + 1                |                                 | refused -> rejected
//!    v       |                             v                                 | else, or lease over -> maybe_sent
//!  queued ---+---------------------- retrying <------------------------------+
//!    ^    claim                            |  last attempt
//!    |                                     v
//!    +--- operator: rearm ------------- given_up, maybe_sent, rejected, skipped
//! ```
//!
//! A handler that returns nothing makes a `claimed` row `skipped`; a delivery event makes any row
//! `sent`.
//!
//! No store decides anything else: the memory store runs this function, and the statements of the
//! SQL stores are held to it by a model test.

use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{CorrelationId, DeliveryStatus, SentMessageId};

use crate::digest::Digest;
use crate::record::{Key, Record, StoredEvent, later};
use crate::state::{End, State, delivery_rank};

/// Something that happens to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A worker wants to answer the message.
    Claim {
        /// The sender.
        sender: Digest,
        /// The event, kept until the row is done.
        event: StoredEvent,
        /// The time that the worker may take.
        lease: Duration,
    },
    /// A message is to be answered later.
    Enqueue {
        /// The sender.
        sender: Digest,
        /// The event.
        event: StoredEvent,
    },
    /// A worker of the queue takes the row, which is due.
    ClaimDue {
        /// How long the worker may take.
        lease: Duration,
    },
    /// The gate: the POST may leave if, and only if, this succeeds.
    BeginSend {
        /// The claim's number.
        token: i64,
        /// The hash of the text.
        text: Digest,
        /// What the reply will carry.
        correlation_id: CorrelationId,
        /// How long the POST may take.
        lease: Duration,
    },
    /// The attempt has ended.
    Finish {
        /// The claim's number.
        token: i64,
        /// How.
        end: End,
    },
    /// A delivery event names the row: proof that it was sent.
    Settle {
        /// The id that the event names, `tx_…`.
        reply_id: SentMessageId,
        /// What the event says.
        delivery: DeliveryStatus,
    },
    /// An operator says: send it after all.
    Rearm {
        /// The event, for a row that keeps none any more.
        event: Option<StoredEvent>,
    },
    /// The message is not worked on any more, and listed.
    GiveUp,
    /// The sender asks to be forgotten.
    Forget,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The row becomes this.
    To(Box<Record>),
    /// The row refuses the step, and stays.
    Stays,
}

/// The row under `key` after `step` at `now`.
pub fn apply(key: &Key, row: Option<&Record>, step: &Step, now: Timestamp) -> Transition {
    let next = match (row, step) {
        (
            None,
            Step::Claim {
                sender,
                event,
                lease,
            },
        ) => Some(Record {
            state: State::Claimed,
            token: 1,
            lease_until: later(now, *lease),
            attempts: 1,
            event: Some(event.clone()),
            ..Record::new(key.clone(), *sender, now)
        }),
        (None, Step::Enqueue { sender, event }) => Some(Record {
            due_at: Some(now),
            event: Some(event.clone()),
            ..Record::new(key.clone(), *sender, now)
        }),
        (None, _) => None,
        (Some(row), step) => change(row, step, now).map(|next| Record {
            updated_at: now,
            ..next
        }),
    };
    next.map_or(Transition::Stays, |next| Transition::To(Box::new(next)))
}

fn change(row: &Record, step: &Step, now: Timestamp) -> Option<Record> {
    match step {
        Step::Claim {
            sender,
            event,
            lease,
        } => row.is_claimable_at(now).then(|| Record {
            sender: Some(*sender),
            event: row.event.clone().or_else(|| Some(event.clone())),
            ..claimed(row, *lease, now)
        }),
        Step::ClaimDue { lease } => {
            let due = row.due_at.is_some_and(|due| due <= now) && row.event.is_some();
            (due && row.is_claimable_at(now)).then(|| claimed(row, *lease, now))
        }
        Step::Enqueue { sender, event } => attach(row, *sender, event, now),
        Step::BeginSend {
            token,
            text,
            correlation_id,
            lease,
        } => (row.state == State::Claimed && row.token == *token).then(|| {
            let lease_until = later(now, *lease);
            Record {
                state: State::Sending,
                lease_until,
                text: Some(*text),
                correlation_id: Some(correlation_id.clone()),
                code: None,
                due_at: row.due_at.map(|_| lease_until),
                ..row.clone()
            }
        }),
        Step::Finish { token, end } => finish(row, *token, end, now),
        Step::Settle { reply_id, delivery } => Some(settle(row, reply_id, *delivery)),
        Step::Rearm { event } => rearm(row, event.as_ref(), now),
        Step::GiveUp => row.is_claimable_at(now).then(|| given_up(row)),
        Step::Forget => Some(forget(row)),
    }
}

fn claimed(row: &Record, lease: Duration, now: Timestamp) -> Record {
    let lease_until = later(now, lease);
    Record {
        state: State::Claimed,
        token: row.token + 1,
        lease_until,
        attempts: row.attempts + 1,
        due_at: row.due_at.map(|_| lease_until),
        ..row.clone()
    }
}

/// Puts a row that an inline worker has, or had, into the queue: its event is not lost when that
/// worker dies.
fn attach(row: &Record, sender: Digest, event: &StoredEvent, now: Timestamp) -> Option<Record> {
    let due_at = match row.state_at(now) {
        State::Queued | State::Retrying => now,
        State::Claimed | State::Sending => row.lease_until,
        _ => return None,
    };
    row.due_at.is_none().then(|| Record {
        sender: Some(sender),
        event: row.event.clone().or_else(|| Some(event.clone())),
        due_at: Some(due_at),
        ..row.clone()
    })
}

fn finish(row: &Record, token: i64, end: &End, now: Timestamp) -> Option<Record> {
    let mine = row.token == token;
    let state = row.state_at(now);
    match end {
        // Proof, whoever brings it: also after an operator re-armed the row, where it stops the
        // second reply that has not begun.
        End::Sent { reply_id } => (row.token >= token && state != State::Sent).then(|| Record {
            state: State::Sent,
            reply_id: reply_id.clone(),
            code: None,
            ..done(row)
        }),
        End::Rejected { code } => (mine
            && matches!(state, State::Claimed | State::Sending | State::MaybeSent))
        .then(|| Record {
            state: State::Rejected,
            code: Some(code.clone()),
            ..done(row)
        }),
        // Forgotten while it was under way: nothing of it is kept, so nothing can be tried again.
        End::NotSent { code, .. } if row.sender.is_none() => {
            (mine && matches!(state, State::Claimed | State::Sending)).then(|| Record {
                state: State::Skipped,
                code: code.clone(),
                ..done(row)
            })
        }
        End::NotSent {
            code,
            retry_in,
            answer,
        } => (mine && matches!(state, State::Claimed | State::Sending)).then(|| {
            let row = Record {
                code: code.clone(),
                answer: answer.clone().or_else(|| row.answer.clone()),
                ..row.clone()
            };
            match retry_in {
                Some(wait) => Record {
                    state: State::Retrying,
                    due_at: row.due_at.map(|_| later(now, *wait)),
                    ..row
                },
                None => given_up(&row),
            }
        }),
        End::MaybeSent => (mine && row.state == State::Sending).then(|| Record {
            state: State::MaybeSent,
            due_at: None,
            ..row.clone()
        }),
        End::Skipped => (mine && row.state == State::Claimed).then(|| Record {
            state: State::Skipped,
            code: None,
            ..done(row)
        }),
    }
}

fn settle(row: &Record, reply_id: &SentMessageId, delivery: DeliveryStatus) -> Record {
    let furthest = row
        .delivery
        .into_iter()
        .chain([delivery])
        .max_by_key(|status| delivery_rank(*status));
    Record {
        state: State::Sent,
        reply_id: Some(row.reply_id.clone().unwrap_or_else(|| reply_id.clone())),
        code: None,
        delivery: furthest,
        ..done(row)
    }
}

/// Only where no POST can be under way, and not where one was accepted. A `claimed` row needs no
/// operator: it is claimed again by itself. Without an event no worker could answer the message.
fn rearm(row: &Record, event: Option<&StoredEvent>, now: Timestamp) -> Option<Record> {
    let event = row.event.as_ref().or(event)?.clone();
    is_rearmable(row.state_at(now)).then(|| Record {
        state: State::Queued,
        attempts: 0,
        due_at: Some(now),
        event: Some(event),
        ..row.clone()
    })
}

/// Tells that no POST can be under way, and none was accepted.
pub(crate) fn is_rearmable(state: State) -> bool {
    matches!(
        state,
        State::MaybeSent
            | State::Rejected
            | State::Skipped
            | State::Queued
            | State::Retrying
            | State::GivenUp
    )
}

fn given_up(row: &Record) -> Record {
    Record {
        state: State::GivenUp,
        due_at: None,
        ..row.clone()
    }
}

/// The row stays, without what names or quotes the sender: a redelivery must still find it.
fn forget(row: &Record) -> Record {
    let waiting = matches!(
        row.state,
        State::Queued | State::Retrying | State::Claimed | State::GivenUp
    );
    Record {
        state: if waiting { State::Skipped } else { row.state },
        sender: None,
        text: None,
        ..done(row)
    }
}

/// The row without what only unfinished ones need.
fn done(row: &Record) -> Record {
    Record {
        due_at: None,
        event: None,
        answer: None,
        ..row.clone()
    }
}
