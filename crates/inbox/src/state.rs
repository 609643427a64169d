//! The states of a row, and how an attempt ends.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use backchat_core::{Answered, DeliveryStatus, Error, Outcome, ReplyResponse, SentMessageId};

use crate::answer::StoredAnswer;

/// What is known about the answer to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Waits for its first attempt, or was re-armed.
    Queued,
    /// A worker runs the handler. Claimable again when its lease is over.
    Claimed,
    /// A POST may be under way. Can never be claimed again.
    Sending,
    /// An attempt failed and sent nothing; another follows.
    Retrying,
    /// Not sent, and not tried again. An operator may re-arm it.
    GivenUp,
    /// The API accepted the reply.
    Sent,
    /// The API refused the reply.
    Rejected,
    /// The handler chose not to answer.
    Skipped,
    /// The POST may have been received, and nobody knows. A delivery event or an operator decides.
    MaybeSent,
}

impl State {
    /// Every state.
    pub const ALL: &'static [State] = &[
        State::Queued,
        State::Claimed,
        State::Sending,
        State::Retrying,
        State::GivenUp,
        State::Sent,
        State::Rejected,
        State::Skipped,
        State::MaybeSent,
    ];

    /// The name that every language and every store uses.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Claimed => "claimed",
            State::Sending => "sending",
            State::Retrying => "retrying",
            State::GivenUp => "given_up",
            State::Sent => "sent",
            State::Rejected => "rejected",
            State::Skipped => "skipped",
            State::MaybeSent => "maybe_sent",
        }
    }

    /// Tells that no worker touches the row by itself any more. This includes `maybe_sent` and
    /// `given_up`: a redelivery cannot help, and an operator decides.
    pub fn is_finished(self) -> bool {
        matches!(
            self,
            State::Sent | State::Rejected | State::Skipped | State::MaybeSent | State::GivenUp
        )
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not the name of a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a state: one of queued, claimed, sending, retrying, given_up, sent, rejected, skipped, maybe_sent"
)]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        State::ALL
            .iter()
            .copied()
            .find(|state| state.as_str() == name)
            .ok_or(UnknownState)
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The API accepted the reply.
    Sent {
        /// The reply's id, `tx_…`, when the answer could be read.
        reply_id: Option<SentMessageId>,
    },
    /// The API refused the reply, or would.
    Rejected {
        /// Why, such as `window_expired`.
        code: String,
    },
    /// Provably nothing was sent: the handler failed, or the POST never took effect.
    NotSent {
        /// The reason, such as `connection_failed`.
        code: Option<String>,
        /// The time until the queue tries again. `None` gives the message up. A row that no queue
        /// works on is claimable at once, whatever the time.
        retry_in: Option<Duration>,
        /// The answer of the handler, when it gave one: the next attempt sends the same.
        answer: Option<StoredAnswer>,
    },
    /// Nobody can know.
    MaybeSent,
    /// The handler chose not to answer.
    Skipped,
}

impl End {
    /// The state of a row that ended so.
    pub(crate) fn state(&self) -> State {
        match self {
            End::Sent { .. } => State::Sent,
            End::Rejected { .. } => State::Rejected,
            End::NotSent { retry_in: None, .. } => State::GivenUp,
            End::NotSent { .. } => State::Retrying,
            End::MaybeSent => State::MaybeSent,
            End::Skipped => State::Skipped,
        }
    }

    /// The end that a call's error means. An error that is not about sending came before any POST.
    pub fn of_error(error: &Error) -> Self {
        match error.outcome() {
            Some(Outcome::Sent) => End::Sent { reply_id: None },
            Some(Outcome::Rejected) => End::Rejected {
                code: error.code().as_str().to_owned(),
            },
            Some(Outcome::MaybeSent) => End::MaybeSent,
            Some(Outcome::NotSent) | None => End::NotSent {
                code: Some(error.code().as_str().to_owned()),
                retry_in: Some(Duration::ZERO),
                answer: None,
            },
        }
    }

    /// The end of a call of `client.reply` or `client.notify().reply`.
    pub fn of_reply(result: &Result<ReplyResponse, Error>) -> Self {
        match result {
            Ok(reply) => End::Sent {
                reply_id: Some(reply.id.clone()),
            },
            Err(error) => End::of_error(error),
        }
    }

    /// The end of a call of `client.reply_or_template`.
    pub fn of_answered(result: &Result<Answered, Error>) -> Self {
        match result {
            Ok(answered) => End::Sent {
                reply_id: Some(answered.id().clone()),
            },
            Err(error) => End::of_error(error),
        }
    }
}

/// Delivery events come in any order: a row keeps the furthest. The numbers are stored.
const DELIVERIES: [(DeliveryStatus, i64); 6] = [
    (DeliveryStatus::Created, 1),
    (DeliveryStatus::Submitted, 2),
    (DeliveryStatus::PendingDelivery, 3),
    (DeliveryStatus::Unknown, 4),
    (DeliveryStatus::Failed, 5),
    (DeliveryStatus::Delivered, 6),
];

pub(crate) fn delivery_rank(status: DeliveryStatus) -> i64 {
    DELIVERIES
        .iter()
        .find(|(known, _)| *known == status)
        .map_or(0, |(_, rank)| *rank)
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) fn delivery_of_rank(rank: i64) -> Option<DeliveryStatus> {
    DELIVERIES
        .iter()
        .find(|(_, known)| *known == rank)
        .map(|(status, _)| *status)
}
