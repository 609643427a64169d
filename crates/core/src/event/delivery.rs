//! `transactional.message.*`: what became of a message that was sent.

use serde::{Deserialize, Serialize};

use super::loose::{Loose, Object};
use super::open_enum::open_enum;
use super::wire::{Tolerant, require};
use super::{Channel, RawJson, Timestamp};
use crate::{Address, EchoedCorrelationId, EventId, SentMessageId, Word};

/// What became of a reply or a template. All but the message's id may be missing.
/// <https://docs.prelude.so/notify/v2/documentation/webhook>
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
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
    pub final_status: Option<Word>,
    /// The receiver.
    pub to: Option<Address>,
    /// The channel that was used.
    pub channel: Option<Channel>,
    /// The attempt, `att_…`.
    pub attempt_id: Option<Word>,
    /// The template, for templates.
    pub template_id: Option<Word>,
    /// The account.
    pub customer_uuid: Option<Word>,
    /// When the message was made. (The wire's `payload.created_at`.)
    pub message_created_at: Option<Timestamp>,
    /// Until when Prelude tries to deliver it.
    pub expires_at: Option<Timestamp>,
    /// What it cost.
    pub fee: Option<Fee>,
}

/// What a message cost, in the API's own strings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct Fee {
    /// A decimal number, such as `0.05`.
    pub amount: Option<Word>,
    /// ISO 4217, such as `EUR`.
    pub currency: Option<Word>,
}

impl DeliveryEvent {
    pub(super) fn read(
        envelope: &Tolerant<'_, Payload<'_>>,
        status: DeliveryStatus,
        json: &str,
        verified: bool,
    ) -> Result<Self, String> {
        let payload = &envelope.payload.0;
        let message_id = payload.message_id.required().or(payload.id.required());
        let fee = Fee {
            amount: payload.fee.0.amount.optional().map(Into::into),
            currency: payload.fee.0.currency.optional().map(Into::into),
        };
        Ok(Self {
            id: require(&envelope.id, "id")?.into(),
            created_at: require(&envelope.created_at, "created_at")?.into(),
            raw: RawJson::new(json),
            verified,
            status,
            message_id: message_id.ok_or("`payload.message_id` is missing")?.into(),
            correlation_id: payload.correlation_id.optional().map(Into::into),
            reason: payload.reason.optional().map(Into::into),
            final_status: payload.status.optional().map(Into::into),
            to: payload.to.optional().map(Into::into),
            channel: payload.channel.optional().map(Into::into),
            attempt_id: payload.attempt_id.optional().map(Into::into),
            template_id: payload.template_id.optional().map(Into::into),
            customer_uuid: payload.customer_uuid.optional().map(Into::into),
            message_created_at: payload.created_at.optional().map(Into::into),
            expires_at: payload.expires_at.optional().map(Into::into),
            fee: (fee.amount.is_some() || fee.currency.is_some()).then_some(fee),
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    id: Loose<'a>,
    #[serde(borrow)]
    message_id: Loose<'a>,
    #[serde(borrow)]
    correlation_id: Loose<'a>,
    #[serde(borrow)]
    reason: Loose<'a>,
    #[serde(borrow)]
    status: Loose<'a>,
    #[serde(borrow)]
    to: Loose<'a>,
    #[serde(borrow)]
    channel: Loose<'a>,
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
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireFee<'a> {
    #[serde(borrow)]
    amount: Loose<'a>,
    #[serde(borrow)]
    currency: Loose<'a>,
}

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
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
