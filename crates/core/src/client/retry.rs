//! When a POST that provably had no effect is tried again.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// Full jitter: anything from nothing to twice as much each time, 0.5 s to 8 s at most.
/// `random` is uniform over its range.
pub(crate) fn backoff(retry: u32, random: u32) -> Duration {
    let ceiling = FIRST.saturating_mul(1 << retry.min(10)).min(LONGEST);
    ceiling.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// A budget of retries, so that an outage is not multiplied: 100 at first, and one more for every
/// ten answers.
pub(crate) struct Budget {
    tenths: AtomicU32,
}

const CAPACITY: u32 = 1_000;
const RETRY: u32 = 10;

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            tenths: AtomicU32::new(CAPACITY),
        }
    }

    pub(crate) fn take(&self) -> bool {
        self.tenths
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |t| {
                t.checked_sub(RETRY)
            })
            .is_ok()
    }

    pub(crate) fn refund(&self) {
        let _full = self
            .tenths
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |t| {
                (t < CAPACITY).then_some(t + 1)
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_half_a_second_to_eight() {
        let most: Vec<_> = (0..6)
            .map(|retry| backoff(retry, u32::MAX).as_millis())
            .collect();
        assert_eq!(most, [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
        assert_eq!(backoff(3, 0), Duration::ZERO);
        assert_eq!(backoff(u32::MAX, u32::MAX), LONGEST);
    }

    #[test]
    fn an_outage_ends_the_retries_and_answers_bring_them_back() {
        let budget = Budget::new();
        assert_eq!((0..200).filter(|_| budget.take()).count(), 100);
        for _ in 0..10 {
            budget.refund();
        }
        assert!(budget.take());
        assert!(!budget.take());
    }
}
