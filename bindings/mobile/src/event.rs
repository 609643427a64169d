//! Events that came some other way than through a webhook.

use backchat_core::{Event, InboundMessage, RawJson};

use crate::failure::Failed;

/// An event, and its `type` as the wire has it.
#[derive(uniffi::Record)]
pub struct ReadEvent {
    /// `type`, such as `inbound.message.received`.
    pub event_type: String,
    /// The event.
    pub event: Event,
}

impl From<Event> for ReadEvent {
    fn from(mut event: Event) -> Self {
        if let Event::InboundMessage(message) = &mut event {
            message.content = readable(&message.content).as_str().into();
        }
        Self {
            event_type: event.event_type().to_owned(),
            event,
        }
    }
}

/// Reads an event from its JSON, as a queue or a push message carries it. No signature is checked.
#[uniffi::export]
pub fn read_event(json: Vec<u8>) -> Result<ReadEvent, Failed> {
    Ok(Event::from_json(json)?.into())
}

/// An inbound message, and its `type` as the wire has it.
#[derive(uniffi::Record)]
pub struct MadeMessage {
    /// `inbound.message.received`.
    pub event_type: String,
    /// The message.
    pub message: InboundMessage,
}

/// A WhatsApp message as a test of one's own code needs it.
#[uniffi::export]
pub fn made_message(message_id: String, from: String, text: String) -> MadeMessage {
    let message = InboundMessage::new(&message_id, &from, &text);
    let event = Event::InboundMessage(message.clone());
    MadeMessage {
        event_type: event.event_type().to_owned(),
        message,
    }
}

/// The same JSON as every reader takes it: each name once, no half of a surrogate pair.
#[uniffi::export]
pub fn readable_json(json: String) -> String {
    readable(&RawJson::from(json.as_str()))
}

fn readable(json: &RawJson) -> String {
    json.to_value().to_string()
}
