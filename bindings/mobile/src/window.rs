//! Until when a user may be answered, at a moment of the caller's choice.

use backchat_core::jiff::Timestamp;
use backchat_core::{Instant, ReplyWindow, WindowState};

use crate::request::nanoseconds;

/// The window's state at `now`. At the very moment of its end it is closed.
#[uniffi::export]
pub fn window_state(window: ReplyWindow, now: Instant) -> WindowState {
    window.state_at(Timestamp::from(now))
}

/// The time left at `now`: nothing once closed, absent without a window or when unknown.
#[uniffi::export]
pub fn window_remaining(window: ReplyWindow, now: Instant) -> Option<i64> {
    window.remaining_at(Timestamp::from(now)).map(nanoseconds)
}
