//! `POST /v2/notify/reply`: answer an inbound message.

use serde::{Deserialize, Serialize};

use crate::{
    Address, CallbackUrl, CorrelationId, EchoedCallbackUrl, EchoedCorrelationId, Error,
    InboundMessage, InboundMessageId, MessageText, PhoneNumber, RawJson, ReplyTo, RequestId,
    SentMessageId, Text, Timestamp,
};

/// A reply: free text, quoted under the message that it answers.
/// <https://docs.prelude.so/notify/v2/api-reference/send-a-reply>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reply {
    /// The sender of the inbound message, in E.164 format, byte for byte as the webhook wrote it.
    pub to: PhoneNumber,
    /// What the user reads.
    pub text: Text,
    /// The `message_id` of the inbound message, `im_…`.
    pub reply_to: ReplyTo,
    /// Where Prelude posts the delivery events. Default: the client's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<CallbackUrl>,
    /// Comes back in every delivery event. Default: `<reply_to>.<12 random characters>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<CorrelationId>,
}

impl Reply {
    /// A reply from its three required fields.
    pub fn new(to: PhoneNumber, text: Text, reply_to: ReplyTo) -> Self {
        Self {
            to,
            text,
            reply_to,
            callback_url: None,
            correlation_id: None,
        }
    }

    /// The same from strings. Raises `invalid_phone_number`, `missing_text` or
    /// `invalid_reply_context`.
    pub fn parse(to: &str, text: &str, reply_to: &str) -> Result<Self, Error> {
        Ok(Self::new(
            PhoneNumber::parse(to)?,
            Text::parse(text)?,
            ReplyTo::parse(reply_to)?,
        ))
    }

    /// A reply to `message`. Raises as [`Reply::parse`] does.
    pub fn to_message(message: &InboundMessage, text: &str) -> Result<Self, Error> {
        Self::parse(message.from.as_str(), text, message.message_id.as_str())
    }
}

/// The API's answer to a reply. `to`, `text`, `reply_to` echo the request.
///
/// serde writes and reads all fields but `raw`: a queue keeps that beside them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct ReplyResponse {
    /// The message's id, `tx_…`: delivery events name it.
    pub id: SentMessageId,
    /// The receiver.
    pub to: Address,
    /// What the user reads.
    pub text: MessageText,
    /// The message that was answered.
    pub reply_to: InboundMessageId,
    /// When the API made the message.
    pub created_at: Option<Timestamp>,
    /// Where delivery events go.
    pub callback_url: Option<EchoedCallbackUrl>,
    /// The correlation id of the message.
    pub correlation_id: Option<EchoedCorrelationId>,
    /// The id of the request, for Prelude's support.
    pub request_id: Option<RequestId>,
    /// The exact answer.
    #[serde(skip)]
    pub raw: RawJson,
}

#[cfg(feature = "client")]
mod read {
    use super::{RawJson, Reply, ReplyResponse, RequestId};
    use crate::echo::Echo;
    use crate::event::{Loose, Strict};

    #[derive(serde::Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Wire<'a> {
        #[serde(borrow)]
        id: Loose<'a>,
        #[serde(borrow)]
        to: Loose<'a>,
        #[serde(borrow)]
        text: Loose<'a>,
        #[serde(borrow)]
        reply_to: Loose<'a>,
        #[serde(borrow)]
        created_at: Loose<'a>,
        #[serde(borrow)]
        callback_url: Loose<'a>,
        #[serde(borrow)]
        correlation_id: Loose<'a>,
    }

    impl ReplyResponse {
        /// Only the id is asked for: the message has been sent, so a field that is missing is no
        /// reason to raise. The echo tells whether it is the answer to `sent` at all.
        pub(crate) fn read(
            json: &str,
            raw: &str,
            sent: &Reply,
            request_id: Option<RequestId>,
        ) -> Option<(Self, Echo)> {
            let Strict(wire): Strict<Wire> = serde_json::from_str(json).ok()?;
            let callback_url = sent.callback_url.as_ref().map(AsRef::as_ref);
            let correlation_id = sent.correlation_id.as_ref().map(AsRef::as_ref);
            let echo = Echo::of([
                (wire.reply_to.required(), Some(sent.reply_to.as_str())),
                (wire.correlation_id.required(), correlation_id),
            ]);
            let response = Self {
                id: wire.id.required().filter(|id| !id.is_empty())?.into(),
                to: wire.to.optional().unwrap_or(sent.to.as_str()).into(),
                text: wire.text.optional().unwrap_or(sent.text.as_str()).into(),
                reply_to: wire
                    .reply_to
                    .optional()
                    .unwrap_or(sent.reply_to.as_str())
                    .into(),
                created_at: wire.created_at.optional().map(Into::into),
                callback_url: wire
                    .callback_url
                    .optional()
                    .or(callback_url)
                    .map(Into::into),
                correlation_id: wire
                    .correlation_id
                    .optional()
                    .or(correlation_id)
                    .map(Into::into),
                request_id,
                raw: RawJson::new(raw),
            };
            Some((response, echo))
        }
    }
}
