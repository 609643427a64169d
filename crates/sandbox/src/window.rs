//! The 24-hour conversation window, measured from the user's latest message to the same number.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::later;

const LENGTH: Duration = Duration::from_hours(24);

/// When each user last wrote to each business number, over WhatsApp.
#[derive(Debug, Default)]
pub(crate) struct Windows(HashMap<(String, String), Timestamp>);

impl Windows {
    /// A user wrote: their window starts again. Returns when it will close.
    pub(crate) fn reset(&mut self, user: &str, business: &str, now: Timestamp) -> Timestamp {
        self.0.insert((user.to_owned(), business.to_owned()), now);
        later(now, LENGTH)
    }

    /// Whether the user may be answered. At the moment of expiry it is too late.
    pub(crate) fn is_open(&self, user: &str, business: &str, now: Timestamp) -> bool {
        self.0
            .get(&(user.to_owned(), business.to_owned()))
            .is_some_and(|latest| now < later(*latest, LENGTH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(moment: &str) -> Timestamp {
        moment.parse().unwrap()
    }

    #[test]
    fn closes_24_hours_after_the_latest_message() {
        let mut windows = Windows::default();
        let first = at("2025-10-24T08:00:00Z");
        windows.reset("+336", "+1", first);
        assert!(windows.is_open("+336", "+1", at("2025-10-25T07:59:59.999999999Z")));
        assert!(!windows.is_open("+336", "+1", at("2025-10-25T08:00:00Z")));
        let expires = windows.reset("+336", "+1", at("2025-10-25T08:00:00Z"));
        assert_eq!(expires, at("2025-10-26T08:00:00Z"));
        assert!(windows.is_open("+336", "+1", at("2025-10-25T08:00:00Z")));
    }

    #[test]
    fn belongs_to_one_user_and_one_business_number() {
        let mut windows = Windows::default();
        let now = at("2025-10-24T08:00:00Z");
        windows.reset("+336", "+1", now);
        assert!(!windows.is_open("+336", "+2", now));
        assert!(!windows.is_open("+337", "+1", now));
    }
}
