//! `GET /sandbox/clock`: the sandbox's time, which runs with the real one and can leap ahead.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Real time plus what was skipped.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Timestamp,
    started: Instant,
    skipped: Duration,
}

impl Clock {
    /// A clock that shows `start` now; the real time when there is none.
    pub(crate) fn starting_at(start: Option<Timestamp>) -> Self {
        Self {
            start: start.unwrap_or_else(Timestamp::now),
            started: Instant::now(),
            skipped: Duration::ZERO,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now_after(self.skipped)
    }

    /// All that was skipped so far.
    pub(crate) fn skipped(&self) -> Duration {
        self.skipped
    }

    /// What the clock shows once `skipped` is all that was skipped.
    pub(crate) fn now_after(&self, skipped: Duration) -> Timestamp {
        later(self.start, self.started.elapsed().saturating_add(skipped))
    }

    /// Leaps ahead to `moment`. A moment that is over changes nothing.
    pub(crate) fn leap_to(&mut self, moment: Timestamp) {
        let ahead = moment.duration_since(self.now());
        if let Ok(ahead) = Duration::try_from(ahead) {
            self.skipped = self.skipped.saturating_add(ahead);
        }
    }

    /// Makes `skipped` all that was skipped. The clock never goes back.
    pub(crate) fn skip_up_to(&mut self, skipped: Duration) {
        self.skipped = self.skipped.max(skipped);
    }
}

/// `moment` and `by` after it, at most the last moment there is.
pub(crate) fn later(moment: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| moment.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

/// RFC 3339 with nanoseconds, as the API writes every moment.
pub(crate) fn wire(moment: Timestamp) -> String {
    format!("{moment:.9}")
}

/// [`wire`], for `#[serde(serialize_with = …)]`.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(crate) fn serialize_wire<S: serde::Serializer>(
    moment: &Timestamp,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&wire(*moment))
}

/// [`wire`], for an optional moment.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::ref_option,
    reason = "serde passes a reference"
)]
pub(crate) fn serialize_wire_option<S: serde::Serializer>(
    moment: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => serialize_wire(moment, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_where_it_was_told_and_leaps_only_ahead() {
        let start: Timestamp = "2025-10-24T08:59:10Z".parse().unwrap();
        let mut clock = Clock::starting_at(Some(start));
        assert!(clock.now() >= start);
        let noon: Timestamp = "2025-10-24T12:00:00Z".parse().unwrap();
        clock.leap_to(noon);
        assert!(clock.now() >= noon);
        clock.leap_to(start);
        assert!(clock.now() >= noon);
    }

    #[test]
    fn writes_nine_digits_of_nanoseconds() {
        let moment: Timestamp = "2025-10-24T08:59:10.5Z".parse().unwrap();
        assert_eq!(wire(moment), "2025-10-24T08:59:10.500000000Z");
    }
}
