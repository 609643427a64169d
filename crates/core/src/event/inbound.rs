//! `inbound.message.received`: a user wrote.

use serde::{Deserialize, Serialize};

use super::loose::{Loose, Object};
use super::wire::{Envelope, require};
use super::{Channel, RawJson, ReplyWindow, Timestamp};
use crate::{Address, EventId, InboundMessageId, MessageText};

/// A message from a user.
/// <https://docs.prelude.so/notify/v2/documentation/whatsapp>
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
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
    pub(super) const TYPE: &'static str = "inbound.message.received";

    /// A WhatsApp message as a test of one's own handler needs it: with this id, sender and text,
    /// unverified, and without a window. Change its fields for the rest.
    pub fn new(message_id: &str, from: &str, text: &str) -> Self {
        let (id, to, created_at) = ("evt_test", "+14155551234", "1970-01-01T00:00:00Z");
        let json = serde_json::json!({
            "id": id,
            "type": Self::TYPE,
            "payload": {
                "message_id": message_id,
                "channel": "whatsapp",
                "from": from,
                "to": to,
                "content": {"text": text},
            },
            "created_at": created_at,
        });
        Self {
            id: id.into(),
            created_at: created_at.into(),
            raw: RawJson::new(&json.to_string()),
            verified: false,
            message_id: message_id.into(),
            channel: Channel::Whatsapp,
            from: from.into(),
            to: to.into(),
            text: text.into(),
            reply_window: ReplyWindow::new(None, &Channel::Whatsapp),
        }
    }

    pub(super) fn read(
        envelope: &Envelope<'_, Payload<'_>>,
        json: &str,
        verified: bool,
    ) -> Result<Self, String> {
        let payload = &envelope.payload.0;
        let channel = Channel::from(require(&payload.channel, "payload.channel")?);
        let expires_at = payload.conversation.0.window_expires_at.optional();
        Ok(Self {
            id: require(&envelope.id, "id")?.into(),
            created_at: require(&envelope.created_at, "created_at")?.into(),
            raw: RawJson::new(json),
            verified,
            message_id: require(&payload.message_id, "payload.message_id")?.into(),
            from: require(&payload.from, "payload.from")?.into(),
            to: require(&payload.to, "payload.to")?.into(),
            text: require(&payload.content.0.text, "payload.content.text")?.into(),
            reply_window: ReplyWindow::new(expires_at.map(Timestamp::from), &channel),
            channel,
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    message_id: Loose<'a>,
    #[serde(borrow)]
    channel: Loose<'a>,
    #[serde(borrow)]
    from: Loose<'a>,
    #[serde(borrow)]
    to: Loose<'a>,
    #[serde(borrow)]
    content: Object<Content<'a>>,
    #[serde(borrow)]
    conversation: Object<Conversation<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    text: Loose<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Conversation<'a> {
    #[serde(borrow)]
    window_expires_at: Loose<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn a_made_message_is_what_its_json_says() {
        let made = InboundMessage::new("im_1", "+33612345678", "Hi");
        let read = Event::from_json(&made.raw).unwrap();
        assert_eq!(read, Event::InboundMessage(made));
    }
}
