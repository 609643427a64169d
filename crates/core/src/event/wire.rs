//! From bytes to an [`Event`]: one pass for a message, two for the rarer types.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose::{Field, Loose, Object, Strict};
use super::{
    DeliveryEvent, DeliveryStatus, Event, InboundMessage, OptOutEvent, OptOutKind, RawJson,
    UnknownEvent, delivery, inbound, opt_out,
};
use crate::Error;
use crate::error::UnreadableEventError;
use crate::repair::repair_strings;

pub(super) fn parse(bytes: &[u8], verified: bool) -> Result<Event, Error> {
    read(bytes, verified).map_err(|detail| {
        Error::UnreadableEvent(Box::new(UnreadableEventError {
            detail,
            raw: Bytes::copy_from_slice(bytes),
            verified,
        }))
    })
}

/// An event whose payload is read as `P`, and its fields as `F`.
#[derive(Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de> + Default, F: Deserialize<'de> + Default"))]
pub(super) struct Envelope<P, F> {
    #[serde(default)]
    pub(super) id: F,
    #[serde(default, rename = "type")]
    event_type: F,
    #[serde(default)]
    pub(super) payload: Object<P>,
    #[serde(default)]
    pub(super) created_at: F,
}

type Quick<'a> = Envelope<inbound::Payload<'a, Option<&'a str>>, Option<&'a str>>;
pub(super) type Tolerant<'a, P> = Envelope<P, Loose<'a>>;

/// An event whose payload is not looked into.
#[derive(Deserialize)]
struct Sealed<'a> {
    #[serde(borrow, default)]
    id: Loose<'a>,
    #[serde(borrow, default, rename = "type")]
    event_type: Loose<'a>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    created_at: Loose<'a>,
}

fn read(bytes: &[u8], verified: bool) -> Result<Event, String> {
    let raw = std::str::from_utf8(bytes)
        .map_err(|e| format!("not UTF-8 after {} bytes", e.valid_up_to()))?;
    match read_json(raw, raw, verified) {
        Ok(event) => Ok(event),
        // Half a surrogate pair in a key: in a value it is the field's own affair.
        Err(why) => match repair_strings(raw) {
            Some(json) => read_json(&json, raw, verified),
            None => Err(why),
        },
    }
}

/// The event that `json` tells; `raw` is what it keeps.
fn read_json(json: &str, raw: &str, verified: bool) -> Result<Event, String> {
    if let Ok(Strict(envelope)) = serde_json::from_str::<Strict<Quick>>(json)
        && envelope.event_type.required() == Some(InboundMessage::TYPE)
    {
        return InboundMessage::read(&envelope, raw, verified).map(Event::InboundMessage);
    }
    let sealed: Sealed = object(json)?;
    let event_type = require(&sealed.event_type, "type")?;
    if event_type == InboundMessage::TYPE {
        let envelope = object::<Tolerant<inbound::Payload<Loose>>>(json)?;
        return InboundMessage::read(&envelope, raw, verified).map(Event::InboundMessage);
    }
    if let Some(status) = DeliveryStatus::from_event_type(event_type) {
        let envelope = object::<Tolerant<delivery::Payload>>(json)?;
        return DeliveryEvent::read(&envelope, status, raw, verified).map(Event::Delivery);
    }
    if let Some(kind) = OptOutKind::from_event_type(event_type) {
        let envelope = object::<Tolerant<opt_out::Payload>>(json)?;
        return OptOutEvent::read(&envelope, kind, raw, verified).map(Event::OptOut);
    }
    Ok(Event::Unknown(UnknownEvent {
        id: require(&sealed.id, "id")?.into(),
        created_at: require(&sealed.created_at, "created_at")?.into(),
        raw: RawJson::new(raw),
        verified,
        event_type: event_type.into(),
        payload: RawJson::new(sealed.payload.map_or("null", RawValue::get)),
    }))
}

/// The string of a field that an event cannot be without.
pub(super) fn require<'a>(field: &'a impl Field, name: &str) -> Result<&'a str, String> {
    field
        .required()
        .ok_or_else(|| format!("`{name}` is missing or no string"))
}

/// Says where the JSON breaks. `serde_json` itself would quote the value, which may be private.
fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, String> {
    let parsed = serde_json::from_str::<Strict<T>>(json);
    parsed.map(|Strict(object)| object).map_err(|e| {
        let what = match e.classify() {
            serde_json::error::Category::Eof => "the JSON ends early",
            serde_json::error::Category::Data => "the JSON is not an event",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "not JSON",
        };
        format!("{what} (line {}, column {})", e.line(), e.column())
    })
}
