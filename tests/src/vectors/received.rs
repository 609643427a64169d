//! What becomes of received bytes: an event, or an error that keeps them.

use backchat_core::{Error, Event};
use serde::Deserialize;
use serde_json::Value;

use super::case::same;
use super::error::ErrorFields;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Expected {
    Event(Value),
    Error(ErrorFields),
}

impl Expected {
    /// `compare` says how much of the event is expected.
    pub(super) fn check(
        &self,
        got: Result<Event, Error>,
        body: &[u8],
        compare: impl Fn(&Value, &Value) -> Result<(), String>,
    ) -> Result<(), String> {
        match (self, got) {
            (Expected::Event(expected), Ok(event)) => {
                same("raw", &body, &event.raw().as_bytes())?;
                compare(expected, &flat(&event)?)
            }
            (Expected::Error(expected), Err(error)) => {
                if let Error::UnreadableEvent(error) = &error {
                    same("raw", &body, &&*error.raw)?;
                }
                expected.check(&error)
            }
            (Expected::Event(_), Err(error)) => Err(format!("expected an event, got {error}")),
            (Expected::Error(expected), Ok(event)) => Err(format!(
                "expected {}, got the event {}",
                expected.code,
                flat(&event)?
            )),
        }
    }
}

/// An event as every language shows it: its fields side by side.
fn flat(event: &Event) -> Result<Value, String> {
    let mut flat = serde_json::to_value(event).map_err(|e| e.to_string())?;
    flat["verified"] = event.verified().into();
    Ok(flat)
}
