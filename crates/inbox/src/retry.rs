//! The time until the next attempt at a message, or none.
//!
//! | an attempt ended because | tried again |
//! |---|---|
//! | the handler failed | `max_attempts` times in all, after waits of `backoff` to `longest_backoff` |
//! | nothing could be sent | with the same answer, after waits of up to an hour, until the message was first seen 25 hours ago |
//!
//! The window of a message is 24 hours: the last try meets `window_expired`, and its template.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use crate::options::QueueOptions;

/// The longest wait for the network, or for a server that asks to wait.
const LONGEST_SEND_BACKOFF: Duration = Duration::from_hours(1);

/// The age at the last try.
const LAST_TRY: Duration = Duration::from_hours(25);

/// The wait after the handler failed for the `attempts`-th time. `None`: no more attempts.
pub(crate) fn after_failure(attempts: u32, options: &QueueOptions) -> Option<Duration> {
    (attempts < options.max_attempts)
        .then(|| backoff(attempts, options.backoff, options.longest_backoff, random()))
}

/// The wait after nothing could be sent; not shorter than what the server `asked` for. `age`: the
/// time since the message was first seen. `None`: no more attempts.
pub(crate) fn after_not_sent(
    attempts: u32,
    asked: Option<Duration>,
    age: Duration,
    options: &QueueOptions,
) -> Option<Duration> {
    let left = LAST_TRY.checked_sub(age).filter(|left| !left.is_zero())?;
    let wait = backoff(attempts, options.backoff, LONGEST_SEND_BACKOFF, random());
    Some(wait.max(asked.unwrap_or_default()).min(left))
}

/// `first`, doubled with each attempt up to `longest`, the upper half of it at random.
fn backoff(attempts: u32, first: Duration, longest: Duration, random: u32) -> Duration {
    let factor = 1_u32
        .checked_shl(attempts.saturating_sub(1))
        .unwrap_or(u32::MAX);
    let doubled = first.saturating_mul(factor).min(longest);
    doubled / 2 + (doubled / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

fn random() -> u32 {
    let mut bytes = [0; 4];
    // Without randomness the waits are only less spread.
    let _filled = SystemRandom::new().fill(&mut bytes);
    u32::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits = |random| {
            (1..=5)
                .map(|n| backoff(n, SECOND, 5 * SECOND, random).as_millis())
                .collect::<Vec<_>>()
        };
        assert_eq!(waits(u32::MAX), [1000, 2000, 4000, 5000, 5000]);
        assert_eq!(waits(0), [500, 1000, 2000, 2500, 2500]);
        assert_eq!(backoff(1000, SECOND, HOUR, u32::MAX), HOUR);
    }

    #[test]
    fn a_failing_handler_has_a_number_of_attempts() {
        let options = QueueOptions::default().max_attempts(3);
        assert!(after_failure(1, &options).is_some());
        assert!(after_failure(2, &options).is_some());
        assert_eq!(after_failure(3, &options), None);
    }

    #[test]
    fn what_was_not_sent_is_tried_until_the_window_has_closed() {
        let options = QueueOptions::default().max_attempts(1);
        let wait = after_not_sent(1000, None, Duration::ZERO, &options).unwrap();
        assert!(wait >= HOUR / 2 && wait <= HOUR);
        // The last try comes when the window has closed for certain.
        let age = LAST_TRY.saturating_sub(SECOND);
        assert_eq!(after_not_sent(1000, None, age, &options), Some(SECOND));
        assert_eq!(after_not_sent(1, None, LAST_TRY, &options), None);
        assert_eq!(after_not_sent(1, None, 2 * LAST_TRY, &options), None);
    }

    #[test]
    fn the_wait_is_never_shorter_than_the_server_asked() {
        let minute = Duration::from_mins(1);
        let wait = after_not_sent(1, Some(minute), Duration::ZERO, &QueueOptions::default());
        assert_eq!(wait, Some(minute));
    }
}
