//! `backchat send`: POST /v2/notify.

use backchat_core::{CallbackUrl, Channel, Client, CorrelationId, Locale, PhoneNumber, Template};
use clap::Args;
use serde_json::to_value;

use crate::exit::Failure;
use crate::output::Output;

#[derive(Args)]
#[command(
    after_help = "Example:\n  backchat send --to +33612345678 --template template_01k8ap1btqf5r9fq2c8ax5fhc9 --variable name=Ada"
)]
pub(crate) struct Options {
    /// The user's number in E.164 format.
    #[arg(long)]
    to: String,
    /// The template's id, `template_…`.
    #[arg(long, value_name = "ID")]
    template: String,
    /// A variable of the template. May be given repeatedly.
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
    /// The language, BCP 47, such as fr-FR.
    #[arg(long)]
    locale: Option<String>,
    /// The channel to try first: whatsapp, rcs or sms.
    #[arg(long)]
    channel: Option<String>,
    /// Comes back in every delivery event; at most 80 characters.
    #[arg(long)]
    correlation_id: Option<String>,
    /// Where Prelude posts the delivery events.
    #[arg(long)]
    callback_url: Option<String>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE".to_owned())
}

pub(crate) async fn run(options: Options, output: Output) -> Result<(), Failure> {
    let mut template = Template::parse(&options.template)?;
    template.variables = options.variables.into_iter().collect();
    template.locale = options.locale.map(Locale::try_from).transpose()?;
    template.preferred_channel = options.channel.as_deref().map(Channel::from);
    template.correlation_id = options
        .correlation_id
        .map(CorrelationId::try_from)
        .transpose()?;
    template.callback_url = options
        .callback_url
        .map(CallbackUrl::try_from)
        .transpose()?;
    let message = template.to(PhoneNumber::parse(&options.to)?);
    let sent = Client::from_env()?.notify().send(message).await?;
    output.result(
        &to_value(&sent).unwrap_or_default(),
        &format!("sent {} (template {})", sent.id, sent.template_id),
    );
    Ok(())
}
