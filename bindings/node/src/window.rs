//! `replyWindowState`, `replyWindowRemaining`: until when a user may be answered.

use backchat_core::jiff::Timestamp;
use backchat_core::{Error, Event, ReplyWindow};
use napi_derive::napi;

use crate::error::{Thrown, thrown};

/// The state of the window of the message whose wire form is `raw`, at `now` (RFC 3339).
#[napi]
pub fn window_state(raw: String, now: String) -> Result<String, Thrown> {
    let (window, now) = read(&raw, &now).map_err(thrown)?;
    Ok(window.state_at(now).as_str().to_owned())
}

/// The milliseconds that are left of it.
#[napi]
pub fn window_remaining(raw: String, now: String) -> Result<Option<f64>, Thrown> {
    let (window, now) = read(&raw, &now).map_err(thrown)?;
    Ok(window
        .remaining_at(now)
        .map(|left| left.as_secs_f64() * 1e3))
}

fn read(raw: &str, now: &str) -> Result<(ReplyWindow, Timestamp), Error> {
    let now = now
        .parse()
        .map_err(|_| Error::configuration("now", "must be a Date, or a moment in RFC 3339"))?;
    match Event::from_json(raw)? {
        Event::InboundMessage(message) => Ok((message.reply_window, now)),
        _ => Err(Error::configuration(
            "message",
            "must be a message of a user",
        )),
    }
}
