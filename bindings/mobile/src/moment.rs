//! Moments in RFC 3339, for languages that have a type for moments.

use backchat_core::jiff::Timestamp as Moment;
use backchat_core::{Instant, Timestamp};

/// A moment as the API writes it.
#[uniffi::export]
pub fn moment_of(instant: Instant) -> Timestamp {
    Timestamp::from(Moment::from(instant))
}

/// What these characters mean, if they are RFC 3339.
#[uniffi::export]
pub fn moment_read(wire: String) -> Timestamp {
    Timestamp::from(wire.as_str())
}
