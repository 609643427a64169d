//! `backchat trigger`: a user writes to a running sandbox, or sends a file.

mod report;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::control;
use crate::exit::Failure;
use crate::files;
use crate::output::Output;
use report::{Report, Webhook};

/// How often the sandbox is asked for the bot's reply.
const POLL: Duration = Duration::from_millis(50);

#[derive(Args)]
#[command(after_help = "\
The event is posted to the bot, and what the bot answered and sent is printed. Exit codes:
  0  the bot answered 2xx, or the sandbox has no webhook URL: nothing is expected then
  8  the bot is not reached, or answered anything else

Examples:
  backchat trigger --from +33612345678 --text \"Hi, I have a question about my order\"
  backchat trigger --from +33612345678 --file photo.jpg --text \"It looks like this\"")]
pub(crate) struct Options {
    /// The user's number in E.164 format.
    #[arg(long)]
    from: String,
    /// What the user writes; beside a file its caption.
    #[arg(long, required_unless_present = "file")]
    text: Option<String>,
    /// The file that the user sends, at most 4 MiB.
    #[arg(long, value_name = "PHOTO")]
    file: Option<PathBuf>,
    /// The file's media type. Default: by its extension.
    #[arg(long, value_name = "TYPE", requires = "file")]
    content_type: Option<String>,
    /// The business number; for RCS an agent. Default: the sandbox's own.
    #[arg(long)]
    to: Option<String>,
    /// whatsapp or rcs. Default: whatsapp.
    #[arg(long)]
    channel: Option<String>,
    /// How many seconds to wait for a reply that comes after the webhook's answer, as from a queue.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    wait: f64,
    /// Only write: do not wait for the webhook's answer, nor for a reply.
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
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
    let limit = Duration::try_from_secs_f64(options.wait)
        .map_err(|_| Failure::Usage("--wait must be a number of seconds from 0 on".to_owned()))?;
    let started = Instant::now();
    let event = control::post(&options.url, "inbound", &request(options)?).await?;
    let mut report = Report::new(&options.from, event);
    if !options.no_wait {
        report.webhook = Some(webhook(options, &report, started.elapsed()).await?);
        report.messages = messages(options, &report, limit).await?;
    }
    output.result(&report.json(), &report.lines());
    report.end()
}

fn request(options: &Options) -> Result<Value, Failure> {
    let mut request = json!({"from": options.from, "wait": !options.no_wait});
    for (name, value) in [
        ("text", &options.text),
        ("to", &options.to),
        ("channel", &options.channel),
    ] {
        if let Some(value) = value {
            request[name] = json!(value);
        }
    }
    if let Some(path) = &options.file {
        request["file"] = file(path, options.content_type.as_deref())?;
    }
    Ok(request)
}

fn file(path: &Path, content_type: Option<&str>) -> Result<Value, Failure> {
    let data = files::bytes(path)?;
    let guessed = mime_guess::from_path(path).first_or_octet_stream();
    Ok(json!({
        "content_type": content_type.unwrap_or(guessed.essence_str()),
        "filename": path.file_name().map(|name| name.to_string_lossy()),
        "data": STANDARD.encode(data),
    }))
}

/// What became of the first attempt to post the event.
async fn webhook(options: &Options, report: &Report, took: Duration) -> Result<Webhook, Failure> {
    let deliveries = control::get(&options.url, "deliveries").await?;
    let about = |delivery: &&Value| delivery["event_id"] == report.event["id"];
    Ok(Webhook {
        attempts: deliveries
            .as_array()
            .into_iter()
            .flatten()
            .filter(about)
            .cloned()
            .collect(),
        took,
    })
}

/// What the bot sent, once it sent something or nothing more is to be expected.
async fn messages(
    options: &Options,
    report: &Report,
    limit: Duration,
) -> Result<Vec<Value>, Failure> {
    let started = Instant::now();
    loop {
        let sent = control::get(&options.url, "messages").await?;
        let ours = |message: &&Value| message["reply_to"] == report.event["payload"]["message_id"];
        let ours: Vec<_> = sent
            .as_array()
            .into_iter()
            .flatten()
            .filter(ours)
            .cloned()
            .collect();
        if !ours.is_empty() || !report.may_come_later() || started.elapsed() >= limit {
            return Ok(ours);
        }
        sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_names_the_content_type() {
        let folder = std::env::temp_dir();
        for (name, content_type) in [
            ("photo.JPG", "image/jpeg"),
            ("order.pdf", "application/pdf"),
            ("voice.ogg", "audio/ogg"),
            ("note.txt", "text/plain"),
            ("thing", "application/octet-stream"),
        ] {
            let path = folder.join(format!("backchat-{}-{name}", std::process::id()));
            std::fs::write(&path, b"\0\xFF").unwrap();
            let written = file(&path, None).unwrap();
            let given = file(&path, Some("a/b")).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert_eq!(written["content_type"], content_type);
            assert_eq!(written["data"], "AP8=");
            assert!(written["filename"].as_str().unwrap().ends_with(name));
            assert_eq!(given["content_type"], "a/b");
        }
        let missing = file(&folder.join("backchat-no-such-file"), None);
        assert!(
            matches!(missing, Err(Failure::Local(why)) if why.contains("backchat-no-such-file"))
        );
    }
}
