//! `inbound.message.received`: a user wrote.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::loose::{Field, Loose, Object};
use super::wire::{Envelope, require};
use super::{Channel, RawJson, ReplyWindow, Timestamp};
use crate::{Address, EventId, InboundMessageId, MessageText};

/// A message from a user: a text, or a file with or without a caption.
///
/// A message without a text, such as a photo, has an empty one. The API does not document yet how
/// the event of a file looks: [`InboundMessage::content`] has all that came.
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
    /// The channel, mostly `whatsapp`; empty when the event names none.
    pub channel: Channel,
    /// Who wrote, a phone number.
    pub from: Address,
    /// The business number that received it; for RCS an agent. Empty when the event names none.
    pub to: Address,
    /// The text, or the caption of a file. Empty when there is none.
    pub text: MessageText,
    /// All that the event's `content` holds, also what has no name here, as JSON: mostly an
    /// object, and `null` when the event has no content.
    #[serde(serialize_with = "RawJson::serialize_tree")]
    pub content: RawJson,
    /// Until when the user may be answered, as far as this event knows.
    pub reply_window: ReplyWindow,
}

impl InboundMessage {
    pub(super) const TYPE: &'static str = "inbound.message.received";

    /// A WhatsApp message as a test of one's own handler needs it: with this id, sender and text,
    /// unverified, and without a window. Change its fields for the rest.
    pub fn new(message_id: &str, from: &str, text: &str) -> Self {
        Self::with_content(message_id, from, &json!({ "text": text }))
    }

    /// The same with any content, for instance that of a photo: `{"image": {…}}`. The text is the
    /// content's.
    pub fn with_content(message_id: &str, from: &str, content: &Value) -> Self {
        let (id, to, created_at) = ("evt_test", "+14155551234", "1970-01-01T00:00:00Z");
        let json = json!({
            "id": id,
            "type": Self::TYPE,
            "payload": {
                "message_id": message_id,
                "channel": "whatsapp",
                "from": from,
                "to": to,
                "content": content,
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
            text: content["text"].as_str().unwrap_or_default().into(),
            content: RawJson::new(&content.to_string()),
            reply_window: ReplyWindow::new(None, &Channel::Whatsapp),
        }
    }

    /// An event with an id and a sender can be answered, so nothing else of the payload is asked
    /// for.
    pub(super) fn read<F: Field>(
        envelope: &Envelope<Payload<'_, F>, F>,
        json: &str,
        verified: bool,
    ) -> Result<Self, String> {
        let payload = &envelope.payload.0;
        let channel = Channel::from(payload.channel.optional().unwrap_or_default());
        let expires_at = payload.conversation.0.window_expires_at.optional();
        let content = payload.content.map_or("null", RawValue::get);
        Ok(Self {
            id: require(&envelope.id, "id")?.into(),
            created_at: require(&envelope.created_at, "created_at")?.into(),
            raw: RawJson::new(json),
            verified,
            message_id: require(&payload.message_id, "payload.message_id")?.into(),
            from: require(&payload.from, "payload.from")?.into(),
            to: payload.to.optional().unwrap_or_default().into(),
            text: text(content)?.required().unwrap_or_default().into(),
            content: RawJson::new(content),
            reply_window: ReplyWindow::new(expires_at.map(Timestamp::from), &channel),
            channel,
        })
    }
}

/// The `text` of an object. Two of them are an error, as everywhere in an event.
fn text(content: &str) -> Result<Loose<'_>, String> {
    if !content.starts_with('{') {
        return Ok(Loose::Absent);
    }
    match serde_json::from_str::<Content>(content) {
        Ok(content) => Ok(content.text),
        Err(_) => Err("`payload.content.text` stands twice".to_owned()),
    }
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "F: Deserialize<'de> + Default"))]
pub(super) struct Payload<'a, F> {
    message_id: F,
    channel: F,
    from: F,
    to: F,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    conversation: Object<Conversation<F>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    text: Loose<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "F: Deserialize<'de> + Default"))]
struct Conversation<F> {
    window_expires_at: F,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    fn read(payload: &str) -> Result<InboundMessage, String> {
        let json = format!(
            r#"{{"id": "evt_1", "type": "inbound.message.received", "payload": {payload},
                "created_at": "2025-10-24T08:59:10Z"}}"#
        );
        match Event::from_json(&json) {
            Ok(Event::InboundMessage(message)) => {
                assert_eq!(message.raw.as_str(), json);
                Ok(message)
            }
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    fn with_content(content: &str) -> InboundMessage {
        let payload = format!(
            r#"{{"message_id": "im_1", "channel": "whatsapp", "from": "+33612345678",
                "to": "+14155551234", "content": {content}}}"#
        );
        read(&payload).unwrap()
    }

    #[test]
    fn a_made_message_is_what_its_json_says() {
        let photo = json!({"image": {"size": 7}, "text": "Look"});
        for made in [
            InboundMessage::new("im_1", "+33612345678", "Hi"),
            InboundMessage::with_content("im_1", "+33612345678", &photo),
            InboundMessage::with_content("im_1", "+33612345678", &json!({})),
            InboundMessage::with_content("im_1", "+33612345678", &Value::Null),
        ] {
            let read = Event::from_json(&made.raw).unwrap();
            assert_eq!(read, Event::InboundMessage(made));
        }
    }

    #[test]
    fn a_message_without_a_text_has_an_empty_one_and_its_content() {
        for content in [
            "{}",
            r#"{"text": null}"#,
            r#"{"text": ""}"#,
            r#"{"text": 7}"#,
            r#"{"text": 1e999}"#,
            r#"{"text": true}"#,
            r#"{"text": ["Hi"]}"#,
            r#"{"text": {"body": "Hi"}}"#,
            r#"{"image": {"mime_type": "image/jpeg", "size": 1e999, "name": "\ud83d"}}"#,
            r#"{"image": 1, "image": 2}"#,
            "null",
            "[]",
            r#"[{"text": "Hi"}]"#,
            r#""Hi""#,
            "7",
            "-1e999",
            "false",
        ] {
            let message = with_content(content);
            assert_eq!(message.text, "", "{content}");
            assert_eq!(message.content.as_str(), content);
        }
    }

    #[test]
    fn a_caption_is_the_text_and_the_rest_of_the_content_stays() {
        let content = r#"{ "image": {"id": 7}, "text": "Look \ud83d\n", "n": 1e999 }"#;
        let message = with_content(content);
        assert_eq!(message.text, "Look \u{fffd}\n");
        assert_eq!(message.content.as_str(), content);
        let tree = message.content.to_value();
        assert_eq!(tree["image"]["id"], 7);
        assert_eq!(tree["n"], "1e999");
        assert_eq!(tree["text"], "Look \u{fffd}\n");
    }

    #[test]
    fn half_a_pair_in_a_key_costs_no_message() {
        let message = with_content(r#"{"\ud83d": 1e999, "text": "Hi"}"#);
        assert_eq!(message.text, "Hi");
        assert_eq!(message.content.to_value()["\u{fffd}"], "1e999");
    }

    #[test]
    fn content_that_is_missing_is_null() {
        let message = read(r#"{"message_id": "im_1", "from": "+33612345678"}"#).unwrap();
        assert_eq!(message.content.as_str(), "null");
        assert_eq!((message.text.as_str(), message.to.as_str()), ("", ""));
        assert_eq!(message.channel.as_str(), "");
    }

    #[test]
    fn an_odd_channel_or_receiver_survives() {
        for (odd, read_as) in [
            (r#""telegram""#, "telegram"),
            ("7", "7"),
            ("1e999", "1e999"),
            ("true", "true"),
            ("null", ""),
            ("{}", ""),
            ("[]", ""),
        ] {
            let payload = format!(
                r#"{{"message_id": "im_1", "from": "+33612345678", "channel": {odd}, "to": {odd}}}"#
            );
            let message = read(&payload).unwrap();
            assert_eq!(message.channel.as_str(), read_as, "{odd}");
            assert_eq!(message.to, read_as, "{odd}");
        }
    }

    #[test]
    fn nobody_can_be_answered_without_an_id_and_a_sender() {
        for odd in ["null", "7", "1e999", "true", "{}", "[]"] {
            for payload in [
                format!(r#"{{"message_id": {odd}, "from": "+33612345678"}}"#),
                format!(r#"{{"message_id": "im_1", "from": {odd}}}"#),
                // A huge number in the one, half a pair in a key: a repair must not mend both.
                format!(r#"{{"message_id": {odd}, "from": "+33612345678", "\ud83d": 1}}"#),
            ] {
                assert!(read(&payload).is_err(), "{payload}");
            }
        }
    }

    #[test]
    fn a_printed_message_shows_no_content() {
        let message = with_content(r#"{"text": "secret", "contact": "secret"}"#);
        assert!(!format!("{message:?}").contains("secret"));
    }
}
