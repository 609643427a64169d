//! `backchat reply`: POST /v2/notify/reply.

use backchat_core::{CallbackUrl, Client, CorrelationId, Reply};
use clap::Args;
use serde_json::to_value;

use crate::exit::Failure;
use crate::output::Output;

#[derive(Args)]
#[command(
    after_help = "Example:\n  backchat reply --to +33612345678 --reply-to im_01k8aq2zggeyssvt53zgvpx63a --text \"On it!\""
)]
pub(crate) struct Options {
    /// The user's number in E.164 format, as the webhook's `from`.
    #[arg(long)]
    to: String,
    /// The `message_id` of the message to answer, `im_…`.
    #[arg(long)]
    reply_to: String,
    /// What the user reads.
    #[arg(long)]
    text: String,
    /// Comes back in every delivery event; at most 80 characters.
    #[arg(long)]
    correlation_id: Option<String>,
    /// Where Prelude posts the delivery events.
    #[arg(long)]
    callback_url: Option<String>,
}

pub(crate) async fn run(options: Options, output: Output) -> Result<(), Failure> {
    let mut reply = Reply::parse(&options.to, &options.text, &options.reply_to)?;
    reply.correlation_id = options
        .correlation_id
        .map(CorrelationId::try_from)
        .transpose()?;
    reply.callback_url = options
        .callback_url
        .map(CallbackUrl::try_from)
        .transpose()?;
    let sent = Client::from_env()?.notify().reply(reply).await?;
    let correlation_id = sent
        .correlation_id
        .as_ref()
        .map_or("none", |id| id.as_str());
    output.result(
        &to_value(&sent).unwrap_or_default(),
        &format!("sent {} (correlation id {correlation_id})", sent.id),
    );
    Ok(())
}
