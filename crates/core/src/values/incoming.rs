//! Strings of events and answers, kept as they came.

use super::{CorrelationId, PhoneNumber, ReplyTo};
use crate::Error;
use crate::mask::{MaskedNumber, MaskedText, MaskedUrl, Plain};

super::incoming_value! {
    /// The id of an event, such as `evt_01k8aq2zggeyssvt53zgvpx63a`.
    EventId, debug: Plain
}

super::incoming_value! {
    /// The id of a message from a user, such as `im_01k8aq2zggeyssvt53zgvpx63a`.
    InboundMessageId, debug: Plain
}

impl InboundMessageId {
    /// This id as the `reply_to` of an answer.
    pub fn as_reply_to(&self) -> Result<ReplyTo, Error> {
        ReplyTo::parse(self.as_str())
    }
}

impl From<&ReplyTo> for InboundMessageId {
    fn from(id: &ReplyTo) -> Self {
        id.as_str().into()
    }
}

super::incoming_value! {
    /// The id of a message that was sent, such as `tx_01k8aq2zggeyssvt53zgvpx63a`.
    SentMessageId, debug: Plain
}

super::incoming_value! {
    /// The id that the API gave to one request, for its support team.
    RequestId, debug: Plain
}

super::incoming_value! {
    /// A word of the API's that needs no type of its own, such as `EUR` or `expired`.
    Word, debug: Plain
}

impl std::ops::Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

super::incoming_value! {
    /// One end of a conversation: mostly a phone number, for RCS an agent, for opt-outs
    /// sometimes a short code.
    Address, debug: MaskedNumber
}

impl Address {
    /// This address as the `to` of an answer, when it is a phone number.
    pub fn as_phone_number(&self) -> Result<PhoneNumber, Error> {
        PhoneNumber::parse(self.as_str())
    }
}

super::incoming_value! {
    /// What the user wrote. `Display` prints it, `Debug` only its length.
    MessageText, debug: MaskedText
}

super::incoming_value! {
    /// The correlation id in a delivery event, as it came back.
    EchoedCorrelationId, debug: Plain
}

impl EchoedCorrelationId {
    /// The id of the inbound message, when the id was made by [`CorrelationId::for_reply`].
    pub fn reply_to(&self) -> Option<ReplyTo> {
        CorrelationId::parse(self.as_str()).ok()?.reply_to()
    }
}

super::incoming_value! {
    /// The callback URL of a message, as the API wrote it.
    EchoedCallbackUrl, debug: MaskedUrl
}
