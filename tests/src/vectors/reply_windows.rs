//! `reply_windows.json`: until when a user may be answered, as the event said.

use backchat_core::jiff::Timestamp;
use backchat_core::{Event, Timestamp as WireTimestamp};
use serde::Deserialize;
use serde_json::Value;

use super::case::{Case, Via, same};
use super::file::Document;
use super::report::Report;

#[derive(Deserialize)]
struct WindowCase {
    event: Value,
    now: String,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    state: String,
    expires_at: Option<String>,
    remaining: Option<Remaining>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remaining {
    seconds: u64,
    nanoseconds: u32,
}

pub(super) fn run(document: &Document, report: &mut Report) {
    for case in &document.cases {
        report.add(case, Case::read(case).and_then(|case| check(&case)));
    }
}

fn check(case: &Case<WindowCase>) -> Result<Via, String> {
    let WindowCase { event, now, expect } = &case.what;
    let event = Event::from_json(event.to_string()).map_err(|e| e.to_string())?;
    let Event::InboundMessage(message) = event else {
        return Err("not an inbound message".to_owned());
    };
    let now: Timestamp = now.parse().map_err(|e| format!("now: {e}"))?;
    let window = &message.reply_window;
    let expires_at = window.expires_at.as_ref().map(WireTimestamp::as_str);
    same("expires_at", &expect.expires_at.as_deref(), &expires_at)?;
    same(
        "state",
        &expect.state.as_str(),
        &window.state_at(now).as_str(),
    )?;
    let remaining = window.remaining_at(now).map(|left| Remaining {
        seconds: left.as_secs(),
        nanoseconds: left.subsec_nanos(),
    });
    same("remaining", &expect.remaining, &remaining)?;
    Ok(case.via)
}
