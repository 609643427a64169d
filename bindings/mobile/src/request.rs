//! The arguments of calls, as strings: the core parses them.

use std::collections::HashMap;
use std::time::Duration;

use backchat_core::{
    Call, CallbackUrl, Channel, CorrelationId, DateTime, Document, DocumentUrl, Error,
    InboundMessage, Locale, PhoneNumber, Reply, SenderId, Template, TemplateMessage,
};

/// The options of one call.
#[derive(uniffi::Record)]
pub struct CallOptions {
    /// For this call in all, retries included.
    pub timeout_nanoseconds: Option<i64>,
    /// How often a POST that provably had no effect is tried again.
    pub max_retries: Option<i32>,
    /// Sent along.
    pub headers: Vec<Header>,
}

/// One header of a request.
#[derive(uniffi::Record)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A reply.
#[derive(uniffi::Record)]
pub struct ReplyRequest {
    /// The sender of the inbound message, byte for byte.
    pub to: String,
    /// What the user reads.
    pub text: String,
    /// The id of the inbound message, `im_…`.
    pub reply_to: String,
    /// Where delivery events go.
    pub callback_url: Option<String>,
    /// Comes back in delivery events.
    pub correlation_id: Option<String>,
    /// The options of this call.
    pub options: CallOptions,
}

/// A template and its receiver.
#[derive(uniffi::Record)]
pub struct SendRequest {
    /// The receiver, in E.164 format.
    pub to: String,
    /// What is sent.
    pub template: TemplateRequest,
    /// The options of this call.
    pub options: CallOptions,
}

/// A template and what fills it.
#[derive(uniffi::Record)]
pub struct TemplateRequest {
    /// The template's id, `template_…`.
    pub template_id: String,
    /// Exactly the variables that the template has.
    pub variables: HashMap<String, String>,
    /// The sender.
    pub from: Option<String>,
    /// The language, BCP 47.
    pub locale: Option<String>,
    /// Until when Prelude tries to deliver it, in RFC 3339.
    pub expires_at: Option<String>,
    /// When to send it, in RFC 3339.
    pub schedule_at: Option<String>,
    /// Where delivery events go.
    pub callback_url: Option<String>,
    /// Comes back in delivery events.
    pub correlation_id: Option<String>,
    /// The channel to try first.
    pub preferred_channel: Option<String>,
    /// How often Prelude tries again by itself.
    pub max_auto_retries: Option<i32>,
    /// A file that goes along.
    pub document: Option<DocumentRequest>,
}

/// A file that goes out with a template.
#[derive(uniffi::Record)]
pub struct DocumentRequest {
    /// Where Prelude fetches it, `https`.
    pub url: String,
    /// The name that the user sees.
    pub filename: Option<String>,
}

impl CallOptions {
    pub(crate) fn apply<T: Send + 'static>(&self, mut call: Call<T>) -> Result<Call<T>, Error> {
        if let Some(timeout) = self.timeout_nanoseconds {
            call = call.timeout(duration(timeout));
        }
        if let Some(retries) = self.max_retries {
            call = call.max_retries(count("max_retries", retries)?);
        }
        for Header { name, value } in &self.headers {
            call = call.header(name, value);
        }
        Ok(call)
    }
}

impl ReplyRequest {
    pub(crate) fn reply(&self) -> Result<Reply, Error> {
        let mut reply = Reply::parse(&self.to, &self.text, &self.reply_to)?;
        reply.callback_url = optional(self.callback_url.as_deref(), CallbackUrl::parse)?;
        reply.correlation_id = optional(self.correlation_id.as_deref(), CorrelationId::parse)?;
        Ok(reply)
    }

    /// The message that is answered, as far as answering needs it.
    pub(crate) fn message(&self, channel: &str) -> InboundMessage {
        let mut message = InboundMessage::new(&self.reply_to, &self.to, "");
        message.channel = Channel::from(channel);
        message
    }
}

impl SendRequest {
    pub(crate) fn message(&self) -> Result<TemplateMessage, Error> {
        let to = PhoneNumber::parse(&self.to)?;
        Ok(self.template.template()?.to(to))
    }
}

impl TemplateRequest {
    pub(crate) fn template(&self) -> Result<Template, Error> {
        let mut template = Template::parse(&self.template_id)?;
        for (name, value) in &self.variables {
            template = template.variable(name, value);
        }
        template.from = optional(self.from.as_deref(), SenderId::parse)?;
        template.locale = optional(self.locale.as_deref(), Locale::parse)?;
        template.expires_at = optional(self.expires_at.as_deref(), DateTime::parse)?;
        template.schedule_at = optional(self.schedule_at.as_deref(), DateTime::parse)?;
        template.callback_url = optional(self.callback_url.as_deref(), CallbackUrl::parse)?;
        template.correlation_id = optional(self.correlation_id.as_deref(), CorrelationId::parse)?;
        template.preferred_channel = self.preferred_channel.as_deref().map(Channel::from);
        template.max_auto_retries = self
            .max_auto_retries
            .map(|retries| count("max_auto_retries", retries))
            .transpose()?;
        if let Some(document) = &self.document {
            template.document = Some(Document {
                url: DocumentUrl::parse(&document.url)?,
                filename: document.filename.clone(),
            });
        }
        Ok(template)
    }
}

fn optional<T>(
    value: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    value.map(parse).transpose()
}

/// Kotlin and Swift count with signed numbers.
pub(crate) fn count(option: &'static str, number: i32) -> Result<u32, Error> {
    u32::try_from(number).map_err(|_| Error::configuration(option, "must not be negative"))
}

/// Less than nothing counts as nothing, which the core refuses.
pub(crate) fn duration(nanoseconds: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or_default())
}

/// 292 years at most.
pub(crate) fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
