//! From bytes to an [`Event`], in one pass for known types.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose::{Loose, LooseText, Object};
use super::{
    Channel, DeliveryEvent, DeliveryReason, DeliveryStatus, Event, Fee, InboundMessage,
    OptOutEvent, OptOutKind, RawJson, ReplyWindow, Timestamp, UnknownEvent,
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

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Loose<'a>,
    #[serde(borrow, default, rename = "type")]
    event_type: Loose<'a>,
    #[serde(borrow, default)]
    payload: Object<Payload<'a>>,
    #[serde(borrow, default)]
    created_at: Loose<'a>,
}

/// The fields of every known payload together: one pass is enough for any of them.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Payload<'a> {
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
    #[serde(borrow)]
    id: Loose<'a>,
    #[serde(borrow)]
    correlation_id: Loose<'a>,
    #[serde(borrow)]
    reason: Loose<'a>,
    #[serde(borrow)]
    status: Loose<'a>,
    #[serde(borrow)]
    attempt_id: Loose<'a>,
    #[serde(borrow)]
    template_id: Loose<'a>,
    #[serde(borrow)]
    customer_uuid: Loose<'a>,
    #[serde(borrow)]
    created_at: Loose<'a>,
    #[serde(borrow)]
    expires_at: Loose<'a>,
    #[serde(borrow)]
    fee: Object<WireFee<'a>>,
    #[serde(borrow)]
    action: Loose<'a>,
    #[serde(borrow)]
    received_at: Loose<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    text: Option<LooseText<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Conversation<'a> {
    #[serde(borrow)]
    window_expires_at: Loose<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireFee<'a> {
    #[serde(borrow)]
    amount: Loose<'a>,
    #[serde(borrow)]
    currency: Loose<'a>,
}

/// The envelope alone, for types that are not known.
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
    let typed = serde_json::from_str::<Envelope>(json);
    if let Ok(envelope) = &typed
        && let Some(event_type) = envelope.event_type.required()
        && let Some(event) = known(envelope, event_type, json, verified)
    {
        return event;
    }
    let sealed: Sealed = serde_json::from_str(json).map_err(|e| describe(&e))?;
    let event_type = require(&sealed.event_type, "type")?;
    match typed {
        Err(e) if is_known(event_type) => Err(describe(&e)),
        _ => Ok(Event::Unknown(UnknownEvent {
            id: require(&sealed.id, "id")?.into(),
            created_at: require(&sealed.created_at, "created_at")?.into(),
            raw: RawJson::new(json),
            verified,
            event_type: event_type.into(),
            payload: RawJson::new(sealed.payload.ok_or("`payload` is missing")?.get()),
        })),
    }
}

fn is_known(event_type: &str) -> bool {
    event_type == InboundMessage::TYPE
        || DeliveryStatus::from_event_type(event_type).is_some()
        || OptOutKind::from_event_type(event_type).is_some()
}

/// The event of a known type, or why it is none; `None` for other types.
fn known(
    envelope: &Envelope<'_>,
    event_type: &str,
    json: &str,
    verified: bool,
) -> Option<Result<Event, String>> {
    if event_type == InboundMessage::TYPE {
        return Some(inbound(envelope, json, verified).map(Event::InboundMessage));
    }
    if let Some(status) = DeliveryStatus::from_event_type(event_type) {
        return Some(delivery(envelope, status, json, verified).map(Event::Delivery));
    }
    let kind = OptOutKind::from_event_type(event_type)?;
    Some(opt_out(envelope, kind, json, verified).map(Event::OptOut))
}

fn inbound(envelope: &Envelope<'_>, json: &str, verified: bool) -> Result<InboundMessage, String> {
    let payload = &envelope.payload.0;
    let channel = Channel::from(require(&payload.channel, "payload.channel")?);
    let text = payload.content.0.text.as_ref();
    let expires_at = payload.conversation.0.window_expires_at.optional();
    Ok(InboundMessage {
        id: require(&envelope.id, "id")?.into(),
        created_at: require(&envelope.created_at, "created_at")?.into(),
        raw: RawJson::new(json),
        verified,
        message_id: require(&payload.message_id, "payload.message_id")?.into(),
        from: require(&payload.from, "payload.from")?.into(),
        to: require(&payload.to, "payload.to")?.into(),
        text: text
            .ok_or("`payload.content.text` is missing")?
            .as_str()
            .into(),
        reply_window: ReplyWindow::new(expires_at.map(Timestamp::from), &channel),
        channel,
    })
}

fn delivery(
    envelope: &Envelope<'_>,
    status: DeliveryStatus,
    json: &str,
    verified: bool,
) -> Result<DeliveryEvent, String> {
    let payload = &envelope.payload.0;
    let message_id = payload.message_id.required().or(payload.id.required());
    let fee = &payload.fee.0;
    let fee = Fee {
        amount: fee.amount.optional().map(Into::into),
        currency: fee.currency.optional().map(Into::into),
    };
    Ok(DeliveryEvent {
        id: require(&envelope.id, "id")?.into(),
        created_at: require(&envelope.created_at, "created_at")?.into(),
        raw: RawJson::new(json),
        verified,
        status,
        message_id: message_id.ok_or("`payload.message_id` is missing")?.into(),
        correlation_id: payload.correlation_id.optional().map(Into::into),
        reason: payload.reason.optional().map(DeliveryReason::from),
        final_status: payload.status.optional().map(Into::into),
        to: payload.to.optional().map(Into::into),
        channel: payload.channel.optional().map(Channel::from),
        attempt_id: payload.attempt_id.optional().map(Into::into),
        template_id: payload.template_id.optional().map(Into::into),
        customer_uuid: payload.customer_uuid.optional().map(Into::into),
        message_created_at: payload.created_at.optional().map(Into::into),
        expires_at: payload.expires_at.optional().map(Into::into),
        fee: (fee.amount.is_some() || fee.currency.is_some()).then_some(fee),
    })
}

fn opt_out(
    envelope: &Envelope<'_>,
    kind: OptOutKind,
    json: &str,
    verified: bool,
) -> Result<OptOutEvent, String> {
    let payload = &envelope.payload.0;
    Ok(OptOutEvent {
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

fn require<'a>(field: &'a Loose<'_>, name: &str) -> Result<&'a str, String> {
    field
        .required()
        .ok_or_else(|| format!("`{name}` is missing or no string"))
}

/// Where the JSON breaks. `serde_json` itself would quote the value, which may be private.
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "the JSON ends early",
        serde_json::error::Category::Data => "the JSON is not an event",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}
