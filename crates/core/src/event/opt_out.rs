//! `marketing.subscription.*`: a user opted out, in again, or asked for help.

use serde::{Deserialize, Serialize};

use super::loose::Loose;
use super::wire::{Tolerant, require};
use super::{RawJson, Timestamp};
use crate::{Address, EventId, Word};

/// A user opted out of marketing messages, in again, or asked for help.
/// <https://docs.prelude.so/notify/v2/documentation/webhook>
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
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
    pub action: Option<Word>,
    /// Who sent it.
    pub from: Option<Address>,
    /// What they wrote to; sometimes a short code.
    pub to: Option<Address>,
    /// When it was received.
    pub received_at: Option<Timestamp>,
}

impl OptOutEvent {
    pub(super) fn read(
        envelope: &Tolerant<'_, Payload<'_>>,
        kind: OptOutKind,
        json: &str,
        verified: bool,
    ) -> Result<Self, String> {
        let payload = &envelope.payload.0;
        Ok(Self {
            id: require(&envelope.id, "id")?.into(),
            created_at: require(&envelope.created_at, "created_at")?.into(),
            raw: RawJson::new(json),
            verified,
            kind,
            action: payload.action.optional().map(Into::into),
            from: payload.from.optional().map(Into::into),
            to: payload.to.optional().map(Into::into),
            received_at: payload.received_at.optional().map(Into::into),
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    action: Loose<'a>,
    #[serde(borrow)]
    from: Loose<'a>,
    #[serde(borrow)]
    to: Loose<'a>,
    #[serde(borrow)]
    received_at: Loose<'a>,
}

/// What a user, or their carrier, asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
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
