//! A webhook that is not answered with 200 comes again after 1, 2, 4 … minutes, for two weeks.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::later;

const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(12);
const GIVE_UP_AFTER: Duration = Duration::from_hours(14 * 24);

/// When an event made at `created` comes again, whose attempt number `attempt` (from 1) was made
/// at `attempted` and failed. `None`: never.
pub(crate) fn next_attempt(
    created: Timestamp,
    attempted: Timestamp,
    attempt: u32,
) -> Option<Timestamp> {
    let doublings = attempt.saturating_sub(1);
    let pause = 2u32
        .checked_pow(doublings)
        .and_then(|factor| FIRST_PAUSE.checked_mul(factor))
        .map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE));
    let next = later(attempted, pause);
    (next <= later(created, GIVE_UP_AFTER)).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_twelve_hours_and_ends_after_two_weeks() {
        let created: Timestamp = "2025-10-24T08:59:10.736925502Z".parse().unwrap();
        let (mut at, mut attempt, mut minutes) = (created, 1, Vec::new());
        while let Some(next) = next_attempt(created, at, attempt) {
            minutes.push(next.duration_since(at).as_mins());
            (at, attempt) = (next, attempt + 1);
        }
        assert_eq!(minutes[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
        assert!(minutes[10..].iter().all(|pause| *pause == 720));
        // 1,023 minutes of doubling, then 26 pauses of 12 hours: the 27th would end after 20,160.
        assert_eq!(minutes.len(), 36);
    }

    #[test]
    fn holds_for_any_attempt() {
        let now: Timestamp = "2025-10-24T08:59:10Z".parse().unwrap();
        assert_eq!(
            next_attempt(now, now, u32::MAX),
            Some(later(now, LONGEST_PAUSE))
        );
        assert_eq!(next_attempt(now, now, 0), Some(later(now, FIRST_PAUSE)));
    }
}
