//! `events.json`: from the bytes of a webhook to an event, or to the reason why there is none.

use backchat_core::{Event, Webhook};
use serde::Deserialize;

use super::bytes::Bytes;
use super::case::{Case, Via, same_json};
use super::file::Document;
use super::received::Expected;
use super::report::Report;

#[derive(Deserialize)]
struct EventCase {
    calls: Vec<Call>,
    body: Bytes,
    expect: Expected,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Call {
    #[serde(rename = "event.from_json")]
    FromJson,
    #[serde(rename = "webhook.unverified")]
    Unverified,
}

pub(super) fn run(document: &Document, report: &mut Report) {
    for case in &document.cases {
        report.add(case, Case::read(case).and_then(|case| check(&case)));
    }
}

fn check(case: &Case<EventCase>) -> Result<Via, String> {
    let body = case.what.body.bytes()?;
    for call in &case.what.calls {
        let got = match call {
            Call::FromJson => Event::from_json(&body),
            Call::Unverified => Webhook::unverified().verify(&body, NO_HEADERS),
        };
        let end = case
            .what
            .expect
            .check(got, &body, |e, g| same_json("event", e, g));
        end.map_err(|why| format!("{call:?}: {why}"))?;
    }
    if case.what.calls.is_empty() {
        return Err("no call".to_owned());
    }
    Ok(case.via)
}

const NO_HEADERS: [(&str, &str); 0] = [];
