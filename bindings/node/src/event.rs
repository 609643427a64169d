//! Events as JavaScript sees them: serde's flat form, `verified`, `raw`, and moments that a `Date`
//! can hold.

use backchat_core::jiff::Timestamp as Instant;
use backchat_core::{Error, Event, InboundMessage, Timestamp};
use napi_derive::napi;
use serde::Serialize;
use serde_json::Value;

use crate::error::{Thrown, thrown, to_json};

pub(crate) fn shown(event: &Event) -> String {
    #[derive(Serialize)]
    struct Shown<'a> {
        #[serde(flatten)]
        event: &'a Event,
        verified: bool,
        raw: &'a str,
    }
    match event {
        Event::InboundMessage(message) => message_json(message),
        event => to_json(&Shown {
            event,
            verified: event.verified(),
            raw: event.raw().as_str(),
        }),
    }
}

/// The same by hand, for `expires_at` becomes a number and then a `Date`.
fn message_json(message: &InboundMessage) -> String {
    #[derive(Serialize)]
    struct Shown<'a> {
        r#type: &'static str,
        id: &'a str,
        created_at: &'a str,
        verified: bool,
        message_id: &'a str,
        channel: &'a str,
        from: &'a str,
        to: &'a str,
        text: &'a str,
        content: Value,
        reply_window: Window,
        raw: &'a str,
    }
    #[derive(Serialize)]
    struct Window {
        expires_at: Option<i64>,
    }
    let expires_at = message.reply_window.expires_at.as_ref();
    to_json(&Shown {
        r#type: "inbound.message.received",
        id: message.id.as_str(),
        created_at: message.created_at.as_str(),
        verified: message.verified,
        message_id: message.message_id.as_str(),
        channel: message.channel.as_str(),
        from: message.from.as_str(),
        to: message.to.as_str(),
        text: message.text.as_str(),
        content: message.content.to_value(),
        reply_window: Window {
            expires_at: expires_at
                .and_then(Timestamp::instant)
                .map(Instant::as_millisecond),
        },
        raw: message.raw.as_str(),
    })
}

/// Reads an event that JavaScript kept: its wire form, and whether its signature was checked.
pub(crate) fn kept(raw: &str, verified: bool) -> Result<Event, Error> {
    Event::from_json(raw).map(|event| event.with_verified(verified))
}

/// `eventFromJson`.
#[napi]
pub fn event_from_json(json: &[u8]) -> Result<String, Thrown> {
    let event = Event::from_json(json).map_err(thrown)?;
    Ok(shown(&event))
}
