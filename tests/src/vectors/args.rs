//! The arguments of a call, and the same as the core's types.

use std::collections::BTreeMap;

use backchat_core::{
    CallbackUrl, Channel, CorrelationId, DateTime, Document, DocumentUrl, Error, Event,
    InboundMessage, Locale, PhoneNumber, Reply, SenderId, Template, TemplateMessage,
};
use serde::Deserialize;
use serde_json::Value;

/// `notify.reply`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyArgs {
    to: String,
    text: String,
    reply_to: String,
    callback_url: Option<String>,
    correlation_id: Option<String>,
}

impl ReplyArgs {
    pub(super) fn reply(&self) -> Result<Reply, Error> {
        let mut reply = Reply::parse(&self.to, &self.text, &self.reply_to)?;
        reply.callback_url = parsed(self.callback_url.as_ref(), CallbackUrl::parse)?;
        reply.correlation_id = parsed(self.correlation_id.as_ref(), CorrelationId::parse)?;
        Ok(reply)
    }
}

/// `notify.send`.
#[derive(Deserialize)]
pub(super) struct SendArgs {
    to: String,
    #[serde(flatten)]
    template: TemplateArgs,
}

impl SendArgs {
    pub(super) fn message(&self) -> Result<TemplateMessage, Error> {
        let to = PhoneNumber::parse(&self.to)?;
        Ok(self.template.template()?.to(to))
    }
}

/// A template without its receiver.
#[derive(Deserialize)]
pub(super) struct TemplateArgs {
    template_id: String,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    from: Option<String>,
    locale: Option<String>,
    expires_at: Option<String>,
    schedule_at: Option<String>,
    callback_url: Option<String>,
    correlation_id: Option<String>,
    preferred_channel: Option<String>,
    max_auto_retries: Option<u32>,
    document: Option<DocumentArgs>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentArgs {
    url: String,
    filename: Option<String>,
}

impl TemplateArgs {
    fn template(&self) -> Result<Template, Error> {
        let mut template = Template::parse(&self.template_id)?;
        template.variables.clone_from(&self.variables);
        template.from = parsed(self.from.as_ref(), SenderId::parse)?;
        template.locale = parsed(self.locale.as_ref(), Locale::parse)?;
        template.expires_at = parsed(self.expires_at.as_ref(), DateTime::parse)?;
        template.schedule_at = parsed(self.schedule_at.as_ref(), DateTime::parse)?;
        template.callback_url = parsed(self.callback_url.as_ref(), CallbackUrl::parse)?;
        template.correlation_id = parsed(self.correlation_id.as_ref(), CorrelationId::parse)?;
        template.preferred_channel = self.preferred_channel.as_deref().map(Channel::from);
        template.max_auto_retries = self.max_auto_retries;
        if let Some(document) = &self.document {
            template.document = Some(Document {
                url: DocumentUrl::parse(&document.url)?,
                filename: document.filename.clone(),
            });
        }
        Ok(template)
    }
}

/// `reply`, and with a template `reply_or_template`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerArgs {
    event: Value,
    pub(super) text: String,
    template: Option<TemplateArgs>,
}

impl AnswerArgs {
    pub(super) fn message(&self) -> Result<InboundMessage, String> {
        match Event::from_json(self.event.to_string()) {
            Ok(Event::InboundMessage(message)) => Ok(message),
            other => Err(format!("not an inbound message: {other:?}")),
        }
    }

    pub(super) fn template(&self) -> Result<Template, Error> {
        let template = self.template.as_ref().map(TemplateArgs::template);
        template.unwrap_or_else(|| Err(Error::configuration("template", "missing")))
    }
}

fn parsed<T>(
    value: Option<&String>,
    parse: fn(&str) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    value.map(|value| parse(value)).transpose()
}
