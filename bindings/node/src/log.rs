//! One report per attempt, for `onLog` and `DEBUG=backchat`, and the inbox's own lines.

use std::sync::Arc;

use backchat_core::{Attempt, Observer, Outcome, plain_word};
use napi_derive::napi;
use serde::Serialize;
use tracing::Metadata;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;

use crate::error::to_json;
use crate::mailbox::{Inner, Kind};
use crate::stderr::Lines;

/// Prints the inbox's own lines to stderr: one for each request, and one for each failure.
#[napi]
pub fn print_inbox() {
    let own = |about: &Metadata<'_>| {
        about
            .module_path()
            .is_some_and(|path| path.starts_with("backchat_inbox"))
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| Lines)
        .with_ansi(false);
    // A second inbox, or another log of this process: it stays as it is.
    let _kept = tracing_subscriber::registry()
        .with(lines.with_filter(filter_fn(own)))
        .try_init();
}

/// What JavaScript gets to see: ids, a status, an outcome and a time.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    level: &'static str,
    operation: &'static str,
    attempt: u32,
    message_id: Option<&'a str>,
    correlation_id: Option<&'a str>,
    sent_id: Option<&'a str>,
    request_id: Option<&'a str>,
    status: Option<u16>,
    outcome: &'static str,
    code: Option<&'a str>,
    elapsed: f64,
    detached: bool,
}

/// Tells the client `client` of JavaScript.
pub(crate) fn observer(mailbox: Arc<Inner>, client: u32) -> impl Observer {
    move |attempt: &Attempt| {
        let well = attempt.outcome == Outcome::Sent && attempt.code.is_none();
        let entry = Entry {
            level: if well { "debug" } else { "warn" },
            operation: attempt.operation,
            attempt: attempt.number,
            message_id: attempt
                .message_id
                .as_ref()
                .map(|id| plain_word(id.as_str())),
            correlation_id: attempt.correlation_id.as_ref().map(AsRef::as_ref),
            sent_id: attempt.sent_id.as_ref().map(|id| plain_word(id.as_str())),
            request_id: attempt
                .request_id
                .as_ref()
                .map(|id| plain_word(id.as_str())),
            status: attempt.status,
            outcome: attempt.outcome.as_str(),
            code: attempt.code.as_ref().map(|code| plain_word(code.as_str())),
            elapsed: attempt.elapsed.as_secs_f64() * 1e3,
            detached: attempt.detached,
        };
        mailbox.post(Kind::Log, client, 0, &to_json(&entry));
    }
}
