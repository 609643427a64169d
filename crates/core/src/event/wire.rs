//! From bytes to an [`Event`]: one pass for a message, two for the rarer types.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose::{Loose, Object};
use super::{
    DeliveryEvent, DeliveryStatus, Event, InboundMessage, OptOutEvent, OptOutKind, RawJson,
    UnknownEvent, delivery, inbound, opt_out,
};
use crate::Error;
use crate::error::UnreadableEventError;

pub(super) fn parse(bytes: &[u8], verified: bool) -> Result<Event, Error> {
    read(bytes, verified).map_err(|detail| {
        Error::UnreadableEvent(Box::new(UnreadableEventError {
            detail,
            raw: Bytes::copy_from_slice(bytes),
            verified,
        }))
    })
}

/// An event whose payload is read as `P`.
#[derive(Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de> + Default"))]
pub(super) struct Envelope<'a, P> {
    #[serde(borrow, default)]
    pub(super) id: Loose<'a>,
    #[serde(borrow, default, rename = "type")]
    event_type: Loose<'a>,
    #[serde(default)]
    pub(super) payload: Object<P>,
    #[serde(borrow, default)]
    pub(super) created_at: Loose<'a>,
}

/// An event whose payload is not looked into.
#[derive(Deserialize)]
struct Sealed<'a> {
    #[serde(borrow, default)]
    id: Loose<'a>,
    #[serde(borrow, default, rename = "type")]
    event_type: Loose<'a>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    created_at: Loose<'a>,
}

fn read(bytes: &[u8], verified: bool) -> Result<Event, String> {
    let json = std::str::from_utf8(bytes)
        .map_err(|e| format!("not UTF-8 after {} bytes", e.valid_up_to()))?;
    if let Ok(envelope) = serde_json::from_str::<Envelope<inbound::Payload>>(json)
        && envelope.event_type.required() == Some(InboundMessage::TYPE)
    {
        return InboundMessage::read(&envelope, json, verified).map(Event::InboundMessage);
    }
    let sealed: Sealed = from_str(json)?;
    let event_type = require(&sealed.event_type, "type")?;
    if event_type == InboundMessage::TYPE {
        return Err(from_str::<Envelope<inbound::Payload>>(json)
            .err()
            .unwrap_or_default());
    }
    if let Some(status) = DeliveryStatus::from_event_type(event_type) {
        let envelope = from_str::<Envelope<delivery::Payload>>(json)?;
        return DeliveryEvent::read(&envelope, status, json, verified).map(Event::Delivery);
    }
    if let Some(kind) = OptOutKind::from_event_type(event_type) {
        let envelope = from_str::<Envelope<opt_out::Payload>>(json)?;
        return OptOutEvent::read(&envelope, kind, json, verified).map(Event::OptOut);
    }
    Ok(Event::Unknown(UnknownEvent {
        id: require(&sealed.id, "id")?.into(),
        created_at: require(&sealed.created_at, "created_at")?.into(),
        raw: RawJson::new(json),
        verified,
        event_type: event_type.into(),
        payload: RawJson::new(sealed.payload.ok_or("`payload` is missing")?.get()),
    }))
}

/// The string of a field that an event cannot be without.
pub(super) fn require<'a>(field: &'a Loose<'_>, name: &str) -> Result<&'a str, String> {
    field
        .required()
        .ok_or_else(|| format!("`{name}` is missing or no string"))
}

/// Says where the JSON breaks. `serde_json` itself would quote the value, which may be private.
fn from_str<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|e| {
        let what = match e.classify() {
            serde_json::error::Category::Eof => "the JSON ends early",
            serde_json::error::Category::Data => "the JSON is not an event",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "not JSON",
        };
        format!("{what} (line {}, column {})", e.line(), e.column())
    })
}
