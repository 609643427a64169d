//! `POST /v2/notify`: send a template, the way out when the window has closed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Address, CallbackUrl, Channel, CorrelationId, DateTime, DocumentUrl, EchoedCallbackUrl,
    EchoedCorrelationId, Error, Locale, PhoneNumber, RawJson, RequestId, SenderId, SentMessageId,
    TemplateId, Timestamp, Word,
};

/// A template and what fills it, without its receiver.
/// <https://docs.prelude.so/notify/v2/api-reference/send-a-message>
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Template {
    /// The template's id, `template_…`.
    pub template_id: TemplateId,
    /// Exactly the variables that the template has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// The sender. Default: the account's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<SenderId>,
    /// The language, BCP 47. Default: the template's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Until when Prelude tries to deliver it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime>,
    /// When to send it. Default: now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_at: Option<DateTime>,
    /// Where Prelude posts the delivery events. Default: the client's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<CallbackUrl>,
    /// Comes back in every delivery event. Default: made by the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<CorrelationId>,
    /// The channel to try first. Prelude may fall back to SMS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_channel: Option<Channel>,
    /// How often Prelude tries again by itself when the delivery fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_auto_retries: Option<u32>,
    /// A file that goes along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
}

/// A file that goes out with a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Document {
    /// Where Prelude fetches it, `https`.
    pub url: DocumentUrl,
    /// The name that the user sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

/// A template and its receiver.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateMessage {
    /// The receiver, in E.164 format.
    pub to: PhoneNumber,
    /// What is sent.
    #[serde(flatten)]
    pub template: Template,
}

impl Template {
    /// A template without variables.
    pub fn new(template_id: TemplateId) -> Self {
        Self {
            template_id,
            variables: BTreeMap::new(),
            from: None,
            locale: None,
            expires_at: None,
            schedule_at: None,
            callback_url: None,
            correlation_id: None,
            preferred_channel: None,
            max_auto_retries: None,
            document: None,
        }
    }

    /// The same from a string. Raises `invalid_template_id`.
    pub fn parse(template_id: &str) -> Result<Self, Error> {
        TemplateId::parse(template_id).map(Self::new)
    }

    /// Sets one variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// This template for `to`.
    pub fn to(self, to: PhoneNumber) -> TemplateMessage {
        TemplateMessage { to, template: self }
    }
}

/// Without the variables' values, which are as private as a text.
impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template")
            .field("template_id", &self.template_id)
            .field("variables", &self.variables.keys())
            .field("locale", &self.locale)
            .field("callback_url", &self.callback_url)
            .field("correlation_id", &self.correlation_id)
            .field("preferred_channel", &self.preferred_channel)
            .finish_non_exhaustive()
    }
}

/// The API's answer to a template.
///
/// serde writes and reads all fields but `raw`: a queue keeps that beside them.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct SendResponse {
    /// The message's id, `tx_…`: delivery events name it.
    pub id: SentMessageId,
    /// The receiver.
    pub to: Address,
    /// The template that was sent.
    pub template_id: Word,
    /// Its variables.
    pub variables: BTreeMap<String, String>,
    /// When the API made the message.
    pub created_at: Option<Timestamp>,
    /// Until when Prelude tries to deliver it.
    pub expires_at: Option<Timestamp>,
    /// The sender.
    pub from: Option<Address>,
    /// Where delivery events go.
    pub callback_url: Option<EchoedCallbackUrl>,
    /// The correlation id of the message.
    pub correlation_id: Option<EchoedCorrelationId>,
    /// When it will be sent.
    pub schedule_at: Option<Timestamp>,
    /// `GSM-7` or `UCS-2`, for SMS.
    pub encoding: Option<Word>,
    /// How many SMS it would take.
    pub estimated_segment_count: Option<u64>,
    /// The id of the request, for Prelude's support.
    pub request_id: Option<RequestId>,
    /// The exact answer.
    #[serde(skip)]
    pub raw: RawJson,
}

impl std::fmt::Debug for SendResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SendResponse")
            .field("id", &self.id)
            .field("to", &self.to)
            .field("template_id", &self.template_id)
            .field("variables", &self.variables.keys())
            .field("created_at", &self.created_at)
            .field("correlation_id", &self.correlation_id)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "client")]
mod read {
    use std::collections::BTreeMap;

    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::{RawJson, RequestId, SendResponse, TemplateMessage, Word};
    use crate::echo::Echo;
    use crate::event::{Loose, Object, Strict};

    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct Wire<'a> {
        #[serde(borrow)]
        id: Loose<'a>,
        #[serde(borrow)]
        to: Loose<'a>,
        #[serde(borrow)]
        template_id: Loose<'a>,
        #[serde(borrow)]
        variables: Option<Object<BTreeMap<String, &'a RawValue>>>,
        #[serde(borrow)]
        created_at: Loose<'a>,
        #[serde(borrow)]
        expires_at: Loose<'a>,
        #[serde(borrow)]
        from: Loose<'a>,
        #[serde(borrow)]
        callback_url: Loose<'a>,
        #[serde(borrow)]
        correlation_id: Loose<'a>,
        #[serde(borrow)]
        schedule_at: Loose<'a>,
        #[serde(borrow)]
        encoding: Loose<'a>,
        #[serde(borrow)]
        estimated_segment_count: Loose<'a>,
    }

    impl SendResponse {
        /// Only the id is asked for, as in a reply's answer.
        pub(crate) fn read(
            json: &str,
            raw: &str,
            sent: &TemplateMessage,
            request_id: Option<RequestId>,
        ) -> Option<(Self, Echo)> {
            let Strict(wire): Strict<Wire> = serde_json::from_str(json).ok()?;
            let template = &sent.template;
            let callback_url = template.callback_url.as_ref().map(AsRef::as_ref);
            let correlation_id = template.correlation_id.as_ref().map(AsRef::as_ref);
            let echo = Echo::of([(wire.correlation_id.required(), correlation_id)]);
            let response = Self {
                id: wire.id.required().filter(|id| !id.is_empty())?.into(),
                to: wire.to.optional().unwrap_or(sent.to.as_str()).into(),
                template_id: wire
                    .template_id
                    .optional()
                    .unwrap_or(template.template_id.as_str())
                    .into(),
                variables: wire.variables.map_or_else(
                    || template.variables.clone(),
                    |Object(variables)| variables.into_iter().map(text).collect(),
                ),
                created_at: wire.created_at.optional().map(Into::into),
                expires_at: wire.expires_at.optional().map(Into::into),
                from: wire.from.optional().map(Into::into),
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
                schedule_at: wire.schedule_at.optional().map(Into::into),
                encoding: wire.encoding.optional().map(Word::from),
                estimated_segment_count: wire
                    .estimated_segment_count
                    .optional()
                    .and_then(|count| count.parse().ok()),
                request_id,
                raw: RawJson::new(raw),
            };
            Some((response, echo))
        }
    }

    fn text((name, value): (String, &RawValue)) -> (String, String) {
        match RawJson::new(value.get()).to_value() {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        }
    }
}
