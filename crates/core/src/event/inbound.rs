//! `inbound.message.received`: a user wrote.

use serde::Serialize;

use super::{Channel, RawJson, ReplyWindow, Timestamp};
use crate::{Address, EventId, InboundMessageId, MessageText};

/// A message from a user.
/// <https://docs.prelude.so/notify/v2/documentation/whatsapp>
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct InboundMessage {
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
    /// The message's id, `im_…`: give it as `reply_to`. The same on every redelivery.
    pub message_id: InboundMessageId,
    /// The channel, mostly `whatsapp`.
    pub channel: Channel,
    /// Who wrote, a phone number.
    pub from: Address,
    /// The business number that received it; for RCS an agent.
    pub to: Address,
    /// What the user wrote.
    pub text: MessageText,
    /// Until when the user may be answered, as far as this event knows.
    pub reply_window: ReplyWindow,
}

impl InboundMessage {
    pub(crate) const TYPE: &'static str = "inbound.message.received";
}
