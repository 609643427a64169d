//! What a command prints: lines for people, JSON for machines.

use std::io::Write;

use serde_json::{Value, json};

use crate::exit::Failure;

#[derive(Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a result: `value` for machines, `lines` for people. A reader that has gone away is
    /// no failure of the command.
    pub(crate) fn result(self, value: &Value, lines: &str) {
        let text = if self.json {
            value.to_string()
        } else {
            lines.to_owned()
        };
        let _gone = writeln!(std::io::stdout(), "{text}");
    }

    /// Prints why a command failed, on standard error.
    pub(crate) fn failure(self, failure: &Failure) {
        let text = if self.json {
            described(failure).to_string()
        } else {
            match failure {
                Failure::Backchat(error) => format!("error: {error}\nadvice: {}", error.advice()),
                other => format!("error: {other}"),
            }
        };
        let _gone = writeln!(std::io::stderr(), "{text}");
    }
}

fn described(failure: &Failure) -> Value {
    let Failure::Backchat(error) = failure else {
        return json!({"error": failure.to_string()});
    };
    json!({
        "error": error.to_string(),
        "code": error.code().as_str(),
        "class": error.class().name(),
        "outcome": error.outcome().map(backchat_core::Outcome::as_str),
        "safe_to_retry": error.safe_to_retry(),
        "retry_after": error.retry_after().map(|wait| wait.as_secs_f64()),
        "status": error.status(),
        "request_id": error.request_id(),
        "correlation_id": error.correlation_id(),
        "advice": error.advice(),
    })
}
