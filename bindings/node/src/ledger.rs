//! Rows of the ledger, and its health, as JavaScript sees them.

use std::time::Duration;

use backchat_inbox::{Counts, Health, Record};
use serde::Serialize;

/// One row.
#[derive(Serialize)]
pub(crate) struct Shown<'a> {
    message_id: &'a str,
    scope: &'a str,
    slot: &'a str,
    state: &'static str,
    reply_id: Option<&'a str>,
    correlation_id: Option<&'a str>,
    code: Option<&'a str>,
    delivery: Option<&'static str>,
    attempts: u32,
    created_at: String,
    updated_at: String,
    due_at: Option<String>,
}

impl<'a> From<&'a Record> for Shown<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            message_id: record.key.message_id.as_str(),
            scope: &record.key.scope,
            slot: &record.key.slot,
            state: record.state.as_str(),
            reply_id: record.reply_id.as_ref().map(AsRef::as_ref),
            correlation_id: record.correlation_id.as_ref().map(AsRef::as_ref),
            code: record.code.as_deref(),
            delivery: record.delivery.map(backchat_core::DeliveryStatus::as_str),
            attempts: record.attempts,
            created_at: record.created_at.to_string(),
            updated_at: record.updated_at.to_string(),
            due_at: record.due_at.as_ref().map(ToString::to_string),
        }
    }
}

/// How many rows are in each state.
pub(crate) fn counts(counts: &Counts) -> serde_json::Map<String, serde_json::Value> {
    let counts = counts.iter();
    counts
        .map(|(state, rows)| (state.as_str().to_owned(), (*rows).into()))
        .collect()
}

/// The health of an inbox, with times in milliseconds.
#[derive(Serialize)]
pub(crate) struct ShownHealth {
    ok: bool,
    running: bool,
    oldest_due: Option<f64>,
    oldest_maybe_sent: Option<f64>,
    refused_requests: u64,
}

impl From<Health> for ShownHealth {
    fn from(health: Health) -> Self {
        Self {
            ok: health.ok,
            running: health.running,
            oldest_due: health.oldest_due.map(milliseconds),
            oldest_maybe_sent: health.oldest_maybe_sent.map(milliseconds),
            refused_requests: health.refused_requests,
        }
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
