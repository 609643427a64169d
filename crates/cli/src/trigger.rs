//! `backchat trigger`: a user writes to a running sandbox.

use clap::Args;
use serde_json::json;

use crate::control;
use crate::exit::Failure;
use crate::output::Output;

#[derive(Args)]
#[command(
    after_help = "Example:\n  backchat trigger --from +33612345678 --text \"Hi, I have a question about my order\""
)]
pub(crate) struct Options {
    /// The user's number in E.164 format.
    #[arg(long)]
    from: String,
    /// What the user writes.
    #[arg(long)]
    text: String,
    /// The business number; for RCS an agent. Default: the sandbox's own.
    #[arg(long)]
    to: Option<String>,
    /// whatsapp or rcs. Default: whatsapp.
    #[arg(long)]
    channel: Option<String>,
    /// The sandbox.
    #[arg(
        long,
        value_name = "SANDBOX",
        env = "PRELUDE_BASE_URL",
        default_value = "http://127.0.0.1:8787"
    )]
    url: String,
}

pub(crate) async fn run(options: &Options, output: Output) -> Result<(), Failure> {
    let mut request = json!({"from": options.from, "text": options.text});
    for (name, value) in [("to", &options.to), ("channel", &options.channel)] {
        if let Some(value) = value {
            request[name] = json!(value);
        }
    }
    let event = control::post(&options.url, "inbound", &request).await?;
    let id = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
    let lines = format!(
        "{} wrote: event {}\nanswer it with:\n  backchat reply --to {} --reply-to {} --text \"…\"",
        options.from,
        id(&event["id"]),
        options.from,
        id(&event["payload"]["message_id"]),
    );
    output.result(&event, &lines);
    Ok(())
}
