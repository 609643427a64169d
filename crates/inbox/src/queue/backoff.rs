//! How long to wait before the next attempt.

use std::time::Duration;

use super::QueueOptions;

/// The wait after `attempts` attempts: doubled each time, the upper half of it at random, and never
/// shorter than what the server asked for. `None`: no more attempts.
pub(super) fn after(
    attempts: u32,
    asked: Option<Duration>,
    options: &QueueOptions,
    random: u32,
) -> Option<Duration> {
    if attempts >= options.max_attempts {
        return None;
    }
    let doubled = options
        .backoff
        .saturating_mul(
            1_u32
                .checked_shl(attempts.saturating_sub(1))
                .unwrap_or(u32::MAX),
        )
        .min(options.longest_backoff);
    let wait = doubled / 2 + (doubled / 2).mul_f64(f64::from(random) / f64::from(u32::MAX));
    Some(wait.max(asked.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: u32 = 0;
    const MAX: u32 = u32::MAX;

    #[test]
    fn doubles_up_to_the_longest_then_ends() {
        let options = QueueOptions::default()
            .backoff(Duration::from_secs(1), Duration::from_secs(5))
            .max_attempts(5);
        let waits = |random| {
            (1..=5)
                .map(|n| after(n, None, &options, random).map(|wait| wait.as_millis()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            waits(MAX),
            [Some(1000), Some(2000), Some(4000), Some(5000), None]
        );
        assert_eq!(
            waits(MIN),
            [Some(500), Some(1000), Some(2000), Some(2500), None]
        );
    }

    #[test]
    fn never_sooner_than_the_server_asked() {
        let wait = after(
            1,
            Some(Duration::from_mins(1)),
            &QueueOptions::default(),
            MIN,
        );
        assert_eq!(wait, Some(Duration::from_mins(1)));
    }

    #[test]
    fn a_thousand_attempts_do_not_overflow() {
        let options = QueueOptions::default().max_attempts(u32::MAX);
        let wait = after(1000, None, &options, MAX);
        assert_eq!(wait, Some(options.longest_backoff));
    }
}
