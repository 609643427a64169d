//! `marketing.subscription.*`: a user opted out, in again, or asked for help.

use std::sync::Arc;

use serde::Serialize;

use super::{RawJson, Timestamp};
use crate::{Address, EventId};

/// A user opted out of marketing messages, in again, or asked for help.
/// <https://docs.prelude.so/notify/v2/documentation/webhook>
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct OptOutEvent {
    /// The event's id, `evt_…`.
    pub id: EventId,
    /// When the event was made.
    pub created_at: Timestamp,
    /// The exact bytes of the event.
    #[serde(skip)]
    pub raw: RawJson,
    /// Whether Prelude's signature was checked.
    #[serde(skip)]
    pub verified: bool,
    /// What happened, from the event's type.
    pub kind: OptOutKind,
    /// The word that the user sent: `STOP`, `START`, `HELP`.
    pub action: Option<Arc<str>>,
    /// Who sent it.
    pub from: Option<Address>,
    /// What they wrote to; sometimes a short code.
    pub to: Option<Address>,
    /// When it was received.
    pub received_at: Option<Timestamp>,
}

/// What a user, or their carrier, asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OptOutKind {
    /// No more marketing messages.
    Stop,
    /// Marketing messages again.
    Start,
    /// Help.
    Help,
    /// The carrier cut the number off.
    CarrierDisconnect,
}

impl OptOutKind {
    /// The name that every language uses, such as `carrier_disconnect`.
    pub fn as_str(self) -> &'static str {
        self.event_type()
            .trim_start_matches("marketing.subscription.")
    }

    /// The event type that tells it, such as `marketing.subscription.stop`.
    pub fn event_type(self) -> &'static str {
        match self {
            OptOutKind::Stop => "marketing.subscription.stop",
            OptOutKind::Start => "marketing.subscription.start",
            OptOutKind::Help => "marketing.subscription.help",
            OptOutKind::CarrierDisconnect => "marketing.subscription.carrier_disconnect",
        }
    }

    pub(super) fn from_event_type(event_type: &str) -> Option<Self> {
        [
            OptOutKind::Stop,
            OptOutKind::Start,
            OptOutKind::Help,
            OptOutKind::CarrierDisconnect,
        ]
        .into_iter()
        .find(|kind| kind.event_type() == event_type)
    }
}
