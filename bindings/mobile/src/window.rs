//! Until when a user may be answered, at a moment of the caller's choice.

use backchat_core::jiff::Timestamp;
use backchat_core::{Instant, ReplyWindow, WindowState};

/// The window's state at `now`. At the very moment of its end it is closed.
#[uniffi::export]
pub fn window_state(window: ReplyWindow, now: Instant) -> WindowState {
    window.state_at(Timestamp::from(now))
}

/// A length of time, of thousands of years if need be.
#[derive(uniffi::Record)]
pub struct Span {
    /// Whole seconds.
    pub seconds: i64,
    /// 0 to 999,999,999, to be added.
    pub nanoseconds: i32,
}

/// The time left at `now`: nothing once closed, absent without a window or when unknown.
#[uniffi::export]
pub fn window_remaining(window: ReplyWindow, now: Instant) -> Option<Span> {
    let left = window.remaining_at(Timestamp::from(now))?;
    Some(Span {
        seconds: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        nanoseconds: i32::try_from(left.subsec_nanos()).unwrap_or_default(),
    })
}
