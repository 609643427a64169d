//! What the webhook answered and what the bot sent, and how `trigger` ends then.

use std::time::Duration;

use serde_json::{Value, json};

use crate::exit::Failure;

/// Words of an inbox's answer after which no reply follows.
const FINISHED: [&str; 5] = ["sent", "rejected", "skipped", "maybe_sent", "given_up"];

/// What became of one message of a user.
pub(super) struct Report {
    from: String,
    /// The event, as the sandbox wrote it.
    pub(super) event: Value,
    /// `None` when it was not waited for.
    pub(super) webhook: Option<Webhook>,
    /// What the bot sent.
    pub(super) messages: Vec<Value>,
}

/// The attempts to post the event; none without a webhook URL.
pub(super) struct Webhook {
    pub(super) attempts: Vec<Value>,
    pub(super) took: Duration,
}

impl Webhook {
    fn last(&self) -> Option<&Value> {
        self.attempts.last()
    }

    fn status(&self) -> Option<u64> {
        self.last()?["status"].as_u64()
    }

    fn was_taken(&self) -> bool {
        self.status()
            .is_some_and(|status| (200..300).contains(&status))
    }

    /// The bot's own word.
    fn answer(&self) -> &str {
        self.last()
            .and_then(|last| last["answer"].as_str())
            .unwrap_or_default()
    }
}

impl Report {
    pub(super) fn new(from: &str, event: Value) -> Self {
        Self {
            from: from.to_owned(),
            event,
            webhook: None,
            messages: Vec::new(),
        }
    }

    /// Whether the bot may still send something for this event.
    pub(super) fn may_come_later(&self) -> bool {
        let webhook = self.webhook.as_ref();
        webhook.is_some_and(|webhook| webhook.was_taken() && !FINISHED.contains(&webhook.answer()))
    }

    /// The event's own fields, so that the whole is still an event, and beside them `webhook` and
    /// `messages`.
    pub(super) fn json(&self) -> Value {
        let mut json = self.event.clone();
        if let Some(webhook) = &self.webhook {
            json["webhook"] = webhook.last().map_or(Value::Null, |last| {
                json!({
                    "url": last["url"],
                    "status": last["status"],
                    "answer": last["answer"],
                    "error": last["error"],
                    "attempts": webhook.attempts.len(),
                    "next_attempt_at": last["next_attempt_at"],
                    "seconds": webhook.took.as_secs_f64(),
                })
            });
            json["messages"] = json!(self.messages);
        }
        json
    }

    pub(super) fn lines(&self) -> String {
        let (event_id, message_id) = (&self.event["id"], &self.event["payload"]["message_id"]);
        let mut lines = vec![format!(
            "{} wrote: {} (event {})",
            self.from,
            word(message_id),
            word(event_id)
        )];
        match &self.webhook {
            None => lines.push(self.suggestion()),
            Some(webhook) => match webhook.last() {
                None => {
                    lines.push(
                        "no webhook: the sandbox has no URL to post to (`backchat sandbox --webhook \
                         URL`), so no bot heard of it"
                            .to_owned(),
                    );
                    lines.push(self.suggestion());
                }
                Some(last) => {
                    lines.push(answered(webhook, last));
                    lines.extend(self.sent(webhook));
                }
            },
        }
        lines.join("\n")
    }

    fn suggestion(&self) -> String {
        format!(
            "answer it with:\n  backchat reply --to {} --reply-to {} --text \"…\"",
            self.from,
            word(&self.event["payload"]["message_id"])
        )
    }

    fn sent(&self, webhook: &Webhook) -> Vec<String> {
        let sent = |message: &Value| {
            format!(
                "the bot sent {}: {}",
                word(&message["id"]),
                word(&message["text"])
            )
        };
        if !self.messages.is_empty() {
            return self.messages.iter().map(sent).collect();
        }
        if !webhook.was_taken() {
            return vec!["the bot sent nothing".to_owned()];
        }
        let why = match webhook.answer() {
            "skipped" => "its handler returned no reply",
            "rejected" => "the API refused its reply, and its log says why",
            "maybe_sent" => "no answer told whether its reply arrived",
            "given_up" => "it does not try any more, and its log says why",
            "queued" => "the message waits in its queue: is a worker running?",
            _ => "no reply came in time: its log may say why",
        };
        vec![format!("the bot sent nothing: {why}")]
    }

    /// Fails when the bot did not take the event.
    pub(super) fn end(&self) -> Result<(), Failure> {
        let Some(webhook) = self.webhook.as_ref().filter(|webhook| !webhook.was_taken()) else {
            return Ok(());
        };
        let Some(last) = webhook.last() else {
            return Ok(());
        };
        let (url, answer) = (word(&last["url"]), webhook.answer());
        let why = match webhook.status() {
            None => format!("{url} is not reached: start the bot there, or set another URL"),
            Some(401) => format!(
                "the bot refused the signature: start it with the PRELUDE_WEBHOOK_PUBLIC_KEY that \
                 this sandbox printed, and verify the raw body ({answer})"
            ),
            Some(404 | 405) => format!("nothing takes a POST at {url}: check its path"),
            Some(503) => {
                format!("the bot asks to be sent the event again: its log says why ({answer})")
            }
            Some(status) => format!("the bot failed with {status}: its log says why"),
        };
        Err(Failure::Webhook(why))
    }
}

/// One line about the last attempt.
fn answered(webhook: &Webhook, last: &Value) -> String {
    let (url, attempt) = (word(&last["url"]), webhook.attempts.len());
    let seconds = webhook.took.as_secs_f64();
    let mut line = match webhook.status() {
        Some(status) => {
            let mut line = format!("{url} answered {status}");
            if !webhook.answer().is_empty() {
                line = format!("{line} ({})", webhook.answer());
            }
            line
        }
        None => format!("{url} did not answer ({})", word(&last["error"])),
    };
    line = format!("{line} after {seconds:.2} s, attempt {attempt}");
    match last["next_attempt_at"].as_str() {
        Some(next) if webhook.was_taken() => {
            format!("{line}; only 200 ends it, so it comes again at {next}")
        }
        Some(next) => format!("{line}; it comes again at {next}"),
        None => line,
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
