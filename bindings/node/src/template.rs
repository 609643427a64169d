//! A template as JavaScript writes it, through the doors of the core.

use std::collections::BTreeMap;

use backchat_core::{
    CallbackUrl, Channel, CorrelationId, DateTime, Document, DocumentUrl, Error, Locale,
    PhoneNumber, SenderId, Template, TemplateMessage,
};
use serde::Deserialize;

/// `{template_id, variables, …}`, with the API's names.
#[derive(Deserialize)]
pub(crate) struct TemplateArgs {
    #[serde(default)]
    template_id: String,
    #[serde(default)]
    variables: Option<BTreeMap<String, String>>,
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
struct DocumentArgs {
    url: String,
    filename: Option<String>,
}

/// The same with its receiver.
#[derive(Deserialize)]
pub(crate) struct SendArgs {
    #[serde(default)]
    to: String,
    #[serde(flatten)]
    template: TemplateArgs,
}

impl TemplateArgs {
    pub(crate) fn template(self) -> Result<Template, Error> {
        let mut template = Template::parse(&self.template_id)?;
        template.variables = self.variables.unwrap_or_default();
        template.from = parsed(self.from, SenderId::parse)?;
        template.locale = parsed(self.locale, Locale::parse)?;
        template.expires_at = parsed(self.expires_at, DateTime::parse)?;
        template.schedule_at = parsed(self.schedule_at, DateTime::parse)?;
        template.callback_url = parsed(self.callback_url, CallbackUrl::parse)?;
        template.correlation_id = parsed(self.correlation_id, CorrelationId::parse)?;
        template.preferred_channel = self.preferred_channel.as_deref().map(Channel::from);
        template.max_auto_retries = self.max_auto_retries;
        if let Some(document) = self.document {
            template.document = Some(Document {
                url: DocumentUrl::parse(&document.url)?,
                filename: document.filename,
            });
        }
        Ok(template)
    }
}

/// Reads a template of JavaScript.
pub(crate) fn template(json: &str) -> Result<Template, Error> {
    read::<TemplateArgs>(json)?.template()
}

/// Reads a template with its receiver.
pub(crate) fn message(json: &str) -> Result<TemplateMessage, Error> {
    let args: SendArgs = read(json)?;
    let to = PhoneNumber::parse(&args.to)?;
    Ok(args.template.template()?.to(to))
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Error> {
    // Serde's own words quote the value, which is private.
    serde_json::from_str(json).map_err(|_| {
        Error::configuration(
            "template",
            "must have strings in its fields, and in those of `variables` and `document`, and a whole \
             number in `max_auto_retries`",
        )
    })
}

pub(crate) fn parsed<T>(
    value: Option<String>,
    parse: fn(&str) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    value.as_deref().map(parse).transpose()
}
