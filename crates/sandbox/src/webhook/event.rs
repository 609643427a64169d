//! `{"id": "evt_…", "type": "…", "payload": {…}, "created_at": "…"}`: the events, byte for byte.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::sign::Signer;
use super::spelling::spell;
use crate::clock::wire;
use crate::fault::FailedDelivery;
use crate::inbound::Received;
use crate::message::SentMessage;
use crate::{Channel, SandboxError};

/// The account, in every delivery event. There is only one.
const CUSTOMER: &str = "00000000-0000-4000-8000-000000000001";

/// An event as it is posted: its bytes are made once and are the same in every attempt.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookEvent {
    /// `evt_…`.
    pub id: String,
    /// Such as `inbound.message.received`.
    pub kind: String,
    /// `im_…` or `tx_…`: the message that it is about, if it is about one.
    pub message_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The body.
    pub body: Bytes,
    /// The value of `X-Webhook-Signature`.
    pub signature: String,
}

impl WebhookEvent {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Without the body, which holds a number and perhaps a text.
impl std::fmt::Debug for WebhookEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookEvent")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}

/// An event that has no id yet.
#[derive(Debug)]
pub(crate) struct Draft<P> {
    pub(crate) kind: &'static str,
    pub(crate) message_id: Option<String>,
    pub(crate) payload: P,
}

impl<P: Serialize> Draft<P> {
    /// Writes and signs the event.
    pub(crate) fn sign(
        self,
        id: String,
        now: Timestamp,
        signer: &Signer,
    ) -> Result<WebhookEvent, SandboxError> {
        #[derive(Serialize)]
        struct Envelope<'a, P> {
            id: &'a str,
            #[serde(rename = "type")]
            kind: &'static str,
            created_at: String,
            payload: P,
        }
        // In another order than a type of the event would have, as `spell` has other spaces.
        let body = spell(&Envelope {
            id: &id,
            kind: self.kind,
            created_at: wire(now),
            payload: self.payload,
        })
        .map_err(|error| SandboxError::Refused(error.to_string()))?;
        Ok(WebhookEvent {
            signature: signer.sign(&body)?,
            id,
            kind: self.kind.to_owned(),
            message_id: self.message_id,
            created_at: now,
            body: body.into(),
        })
    }
}

/// `inbound.message.received`.
#[derive(Debug, Serialize)]
pub(crate) struct InboundPayload {
    message_id: String,
    channel: Channel,
    from: String,
    to: String,
    content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<Conversation>,
}

/// How the API writes a file is not documented. Only `text` may be counted on.
#[derive(Debug, Serialize)]
struct Content {
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<Media>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Debug, Serialize)]
struct Media {
    content_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    size: usize,
}

#[derive(Debug, Serialize)]
struct Conversation {
    window_expires_at: String,
}

/// A user wrote. Without a window (RCS) there is no `conversation`.
pub(crate) fn inbound(
    message_id: &str,
    message: &Received,
    window_expires_at: Option<Timestamp>,
) -> Draft<InboundPayload> {
    Draft {
        kind: "inbound.message.received",
        message_id: Some(message_id.to_owned()),
        payload: InboundPayload {
            message_id: message_id.to_owned(),
            channel: message.channel,
            from: message.from.clone(),
            to: message.to.clone(),
            content: Content {
                media: message.file.as_ref().map(|file| Media {
                    content_type: file.content_type.clone(),
                    filename: file.filename.clone(),
                    size: file.data.len(),
                }),
                text: Some(message.text.clone()).filter(|text| !text.is_empty()),
            },
            conversation: window_expires_at.map(|moment| Conversation {
                window_expires_at: wire(moment),
            }),
        },
    }
}

/// `marketing.subscription.*`.
#[derive(Debug, Serialize)]
pub(crate) struct OptOutPayload {
    action: &'static str,
    from: String,
    to: String,
    received_at: String,
}

/// A user sent STOP, START or HELP.
pub(crate) fn opt_out(
    action: crate::OptOutAction,
    from: String,
    to: String,
    now: Timestamp,
) -> Draft<OptOutPayload> {
    Draft {
        kind: action.event_type(),
        message_id: None,
        payload: OptOutPayload {
            action: action.as_str(),
            from,
            to,
            received_at: wire(now),
        },
    }
}

/// The delivery events of a message, in their order.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Created,
    Submitted,
    PendingDelivery,
    Delivered,
    Undelivered(FailedDelivery),
}

/// `transactional.message.*`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct DeliveryPayload {
    /// `created` names the message so, the others by `message_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    customer_uuid: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<Fee>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<Channel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct Fee {
    amount: &'static str,
    currency: &'static str,
}

/// What became of `message`. `attempt_id` is the one of `submitted`.
pub(crate) fn delivery(
    message: &SentMessage,
    stage: Stage,
    attempt_id: &str,
    now: Timestamp,
) -> Draft<DeliveryPayload> {
    let template = message.as_template();
    let mut payload = DeliveryPayload {
        message_id: Some(message.id().to_owned()),
        created_at: wire(now),
        customer_uuid: CUSTOMER,
        correlation_id: message.correlation_id().map(str::to_owned),
        template_id: template.map(|template| template.template_id.clone()),
        ..DeliveryPayload::default()
    };
    let kind = match stage {
        Stage::Created => {
            payload.id = payload.message_id.take();
            payload.to = Some(message.to().to_owned());
            payload.created_at = wire(message.created_at());
            payload.expires_at = template.map(|template| template.expires_at.clone());
            payload.variables = template.map(|template| template.variables.clone());
            payload.fee = Some(Fee {
                amount: "0.009",
                currency: "EUR",
            });
            "transactional.message.created"
        }
        Stage::Submitted => {
            payload.attempt_id = Some(attempt_id.to_owned());
            payload.kind = Some("transactional");
            payload.channel = Some(message.channel());
            "transactional.message.submitted"
        }
        Stage::PendingDelivery => "transactional.message.pending_delivery",
        Stage::Delivered => "transactional.message.delivered",
        Stage::Undelivered(failure) => {
            payload.status = Some(failure.status);
            payload.reason = Some(failure.reason);
            failure.outcome.event_type()
        }
    };
    Draft {
        kind,
        message_id: Some(message.id().to_owned()),
        payload,
    }
}
