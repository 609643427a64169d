//! `{"id": "evt_…", "type": "…", "payload": {…}, "created_at": "…"}`: what Prelude posts.

mod delivery;
mod inbound;
mod loose;
mod open_enum;
mod opt_out;
mod raw;
mod timestamp;
mod unknown;
mod window;
mod wire;

use serde::{Serialize, Serializer};

pub use delivery::{DeliveryEvent, DeliveryReason, DeliveryStatus, Fee};
pub use inbound::InboundMessage;
pub(crate) use loose::{Loose, Object, Strict};
pub use open_enum::Channel;
pub use opt_out::{OptOutEvent, OptOutKind};
pub use raw::RawJson;
pub use timestamp::Timestamp;
pub use unknown::UnknownEvent;
pub use window::{ReplyWindow, WindowState};

use crate::{Error, EventId};

/// One event of Prelude. A type that this version does not know is [`Event::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[non_exhaustive]
pub enum Event {
    /// `inbound.message.received`: a user wrote.
    InboundMessage(InboundMessage),
    /// `transactional.message.*`: what became of a message that was sent.
    Delivery(DeliveryEvent),
    /// `marketing.subscription.*`: a user opted out, in again, or asked for help.
    OptOut(OptOutEvent),
    /// Any other type.
    Unknown(UnknownEvent),
}

impl Event {
    /// Reads an event from its JSON, as a queue or a push message carries it. **No signature is
    /// checked**: `verified` is `false`. For webhooks use [`Webhook::verify`](crate::Webhook).
    ///
    /// Raises `event_unreadable`, which keeps the bytes.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, Error> {
        wire::parse(json.as_ref(), false)
    }

    pub(crate) fn from_verified(json: &[u8]) -> Result<Self, Error> {
        wire::parse(json, true)
    }

    /// The same event, with what somebody else knows of its signature: a queue may have kept it.
    #[must_use]
    pub fn with_verified(mut self, verified: bool) -> Self {
        let known = match &mut self {
            Event::InboundMessage(e) => &mut e.verified,
            Event::Delivery(e) => &mut e.verified,
            Event::OptOut(e) => &mut e.verified,
            Event::Unknown(e) => &mut e.verified,
        };
        *known = verified;
        self
    }

    /// `id`, such as `evt_01k8aq2zggeyssvt53zgvpx63a`.
    pub fn id(&self) -> &EventId {
        match self {
            Event::InboundMessage(e) => &e.id,
            Event::Delivery(e) => &e.id,
            Event::OptOut(e) => &e.id,
            Event::Unknown(e) => &e.id,
        }
    }

    /// `type`, such as `inbound.message.received`.
    pub fn event_type(&self) -> &str {
        match self {
            Event::InboundMessage(_) => InboundMessage::TYPE,
            Event::Delivery(e) => e.status.event_type(),
            Event::OptOut(e) => e.kind.event_type(),
            Event::Unknown(e) => &e.event_type,
        }
    }

    /// `created_at`: when the event was made.
    pub fn created_at(&self) -> &Timestamp {
        match self {
            Event::InboundMessage(e) => &e.created_at,
            Event::Delivery(e) => &e.created_at,
            Event::OptOut(e) => &e.created_at,
            Event::Unknown(e) => &e.created_at,
        }
    }

    /// The exact bytes of the event.
    pub fn raw(&self) -> &RawJson {
        match self {
            Event::InboundMessage(e) => &e.raw,
            Event::Delivery(e) => &e.raw,
            Event::OptOut(e) => &e.raw,
            Event::Unknown(e) => &e.raw,
        }
    }

    /// Whether [`Webhook::verify`](crate::Webhook::verify) checked Prelude's signature.
    pub fn verified(&self) -> bool {
        match self {
            Event::InboundMessage(e) => e.verified,
            Event::Delivery(e) => e.verified,
            Event::OptOut(e) => e.verified,
            Event::Unknown(e) => e.verified,
        }
    }
}

/// The flat form of other languages: `type`, `id`, `created_at` and the event's own fields, with
/// texts and numbers in full. The wire form is [`Event::raw`].
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a, T> {
            #[serde(rename = "type")]
            event_type: &'a str,
            #[serde(flatten)]
            fields: &'a T,
        }
        let event_type = self.event_type();
        match self {
            Event::InboundMessage(fields) => Flat { event_type, fields }.serialize(serializer),
            Event::Delivery(fields) => Flat { event_type, fields }.serialize(serializer),
            Event::OptOut(fields) => Flat { event_type, fields }.serialize(serializer),
            Event::Unknown(fields) => Flat { event_type, fields }.serialize(serializer),
        }
    }
}
