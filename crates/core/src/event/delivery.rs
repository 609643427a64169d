//! `transactional.message.*`: what became of a message that was sent.

use std::sync::Arc;

use serde::Serialize;

use super::open_enum::open_enum;
use super::{Channel, RawJson, Timestamp};
use crate::{Address, EchoedCorrelationId, EventId, SentMessageId};

/// What became of a reply or a template. All but the message's id may be missing.
/// <https://docs.prelude.so/notify/v2/documentation/webhook>
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct DeliveryEvent {
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
    /// What happened, from the event's type.
    pub status: DeliveryStatus,
    /// The message's id, `tx_…`: the one that the reply's answer gave. (The wire calls it `id` in
    /// `created` events.)
    pub message_id: SentMessageId,
    /// The correlation id of the call that sent the message.
    pub correlation_id: Option<EchoedCorrelationId>,
    /// Why it failed.
    pub reason: Option<DeliveryReason>,
    /// The word of `failed` and `unknown` events: `failed` or `expired`. (The wire's `status`.)
    pub final_status: Option<Arc<str>>,
    /// The receiver.
    pub to: Option<Address>,
    /// The channel that was used.
    pub channel: Option<Channel>,
    /// The attempt, `att_…`.
    pub attempt_id: Option<Arc<str>>,
    /// The template, for templates.
    pub template_id: Option<Arc<str>>,
    /// The account.
    pub customer_uuid: Option<Arc<str>>,
    /// When the message was made. (The wire's `payload.created_at`.)
    pub message_created_at: Option<Timestamp>,
    /// Until when Prelude tries to deliver it.
    pub expires_at: Option<Timestamp>,
    /// What it cost.
    pub fee: Option<Fee>,
}

/// What a message cost, in the API's own strings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Fee {
    /// A decimal number, such as `0.05`.
    pub amount: Option<Arc<str>>,
    /// ISO 4217, such as `EUR`.
    pub currency: Option<Arc<str>>,
}

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Prelude accepted it.
    Created,
    /// Prelude handed it to the channel.
    Submitted,
    /// The channel is delivering it.
    PendingDelivery,
    /// The user's device has it.
    Delivered,
    /// It will not arrive.
    Failed,
    /// The channel never said.
    Unknown,
}

impl DeliveryStatus {
    /// The name that every language uses, such as `pending_delivery`.
    pub fn as_str(self) -> &'static str {
        self.event_type()
            .trim_start_matches("transactional.message.")
    }

    /// The event type that tells it, such as `transactional.message.delivered`.
    pub fn event_type(self) -> &'static str {
        match self {
            DeliveryStatus::Created => "transactional.message.created",
            DeliveryStatus::Submitted => "transactional.message.submitted",
            DeliveryStatus::PendingDelivery => "transactional.message.pending_delivery",
            DeliveryStatus::Delivered => "transactional.message.delivered",
            DeliveryStatus::Failed => "transactional.message.failed",
            DeliveryStatus::Unknown => "transactional.message.unknown",
        }
    }

    pub(super) fn from_event_type(event_type: &str) -> Option<Self> {
        [
            DeliveryStatus::Created,
            DeliveryStatus::Submitted,
            DeliveryStatus::PendingDelivery,
            DeliveryStatus::Delivered,
            DeliveryStatus::Failed,
            DeliveryStatus::Unknown,
        ]
        .into_iter()
        .find(|status| status.event_type() == event_type)
    }
}

open_enum! {
    /// Why a message failed.
    DeliveryReason {
        /// The user cannot be reached now.
        Unavailable = "unavailable",
        /// No closer reason is known.
        Generic = "generic",
        /// A network on the way failed.
        Network = "network",
        /// The number is not on the channel.
        UnknownRecipient = "unknown_recipient",
        /// The account's balance is too low.
        InsufficientBalance = "insufficient_balance",
        /// The carrier refused it.
        CarrierRejected = "carrier_rejected",
        /// The channel gave no reason.
        Unknown = "unknown",
    }
}
