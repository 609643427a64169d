//! The seed's event to a typed `Event`, against `serde_json` into plain structs.

use std::hint::black_box;

use backchat_core::Event;
use serde::{Deserialize, Serialize};

use super::{Cores, line, measured, microseconds};
use crate::Done;

const EVENT: &str = include_str!("../../../../tests/vectors/seed-event.json");
const TIMES: u32 = 50_000;

#[derive(Serialize, Deserialize)]
struct Measured {
    event: f64,
    plain: f64,
}

pub(super) fn report() -> Done {
    let Measured { event, plain } = measured(Cores::One, &["parse"])?;
    println!("\nparsing the seed's event (best of 20 x {TIMES})");
    line("parse", event, plain, "µs", "serde_json", 1.5);
    Ok(())
}

/// What parsing costs without a binding, in microseconds.
pub(super) fn event_alone() -> Result<f64, Box<dyn std::error::Error>> {
    Ok(measured::<Measured>(Cores::One, &["parse"])?.event)
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the peer's structs are only filled")]
struct PlainEvent {
    id: String,
    r#type: String,
    payload: PlainPayload,
    created_at: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the peer's structs are only filled")]
struct PlainPayload {
    message_id: String,
    channel: String,
    from: String,
    to: String,
    content: PlainContent,
    conversation: Option<PlainConversation>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the peer's structs are only filled")]
struct PlainContent {
    text: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the peer's structs are only filled")]
struct PlainConversation {
    window_expires_at: Option<String>,
}

pub(super) fn measure() -> Done {
    Event::from_json(EVENT)?;
    serde_json::from_str::<PlainEvent>(EVENT)?;
    let (mut event, mut plain) = (f64::MAX, f64::MAX);
    for _ in 0..20 {
        event = event.min(microseconds(TIMES, || {
            black_box(Event::from_json(black_box(EVENT)).is_ok());
        }));
        plain = plain.min(microseconds(TIMES, || {
            black_box(serde_json::from_str::<PlainEvent>(black_box(EVENT)).is_ok());
        }));
    }
    println!("{}", serde_json::to_string(&Measured { event, plain })?);
    Ok(())
}
