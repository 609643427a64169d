//! `GET /sandbox/account`: what Prelude knows about the account, and what it refuses because of it.

use std::collections::BTreeSet;

use backchat_core::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The account's standing. Everything in it makes the API refuse a message for its own reason.
///
/// Sending costs nothing here: the balance stays what it was set to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// At 0 or less: `insufficient_balance`.
    pub balance: f64,
    /// `suspended_account`.
    pub suspended: bool,
    /// `spending_limit_exceeded`.
    pub spending_limit_exceeded: bool,
    /// Beginnings of numbers that get `unsupported_country`, such as `+7`.
    pub unsupported_countries: BTreeSet<String>,
    /// Beginnings of numbers that get `unsupported_region`, such as `+1907`.
    pub unsupported_regions: BTreeSet<String>,
    /// Numbers that get `blocked_number`.
    pub blocked_numbers: BTreeSet<String>,
    /// Numbers that get `invalid_line_type`, as landlines do.
    pub invalid_line_numbers: BTreeSet<String>,
    /// Numbers whose user sent STOP: templates to them get `unsubscribed`.
    pub unsubscribed_numbers: BTreeSet<String>,
    /// The senders that `from` may name, else `invalid_sender_id`. Empty: any.
    pub sender_ids: BTreeSet<String>,
    /// Categories of templates that get `category_forbidden`.
    pub forbidden_categories: BTreeSet<String>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            balance: 100.0,
            suspended: false,
            spending_limit_exceeded: false,
            unsupported_countries: BTreeSet::new(),
            unsupported_regions: BTreeSet::new(),
            blocked_numbers: BTreeSet::new(),
            invalid_line_numbers: BTreeSet::new(),
            unsubscribed_numbers: BTreeSet::new(),
            sender_ids: BTreeSet::new(),
            forbidden_categories: BTreeSet::new(),
        }
    }
}

impl Account {
    /// The same account with the fields of `changes` (a JSON object) in place of its own.
    pub(crate) fn with(&self, changes: Value) -> Result<Self, serde_json::Error> {
        let changes: serde_json::Map<String, Value> = serde_json::from_value(changes)?;
        let mut account = serde_json::to_value(self)?;
        if let Some(fields) = account.as_object_mut() {
            fields.extend(changes);
        }
        serde_json::from_value(account)
    }

    /// Why no message at all may go to `to`.
    pub(crate) fn refusal(&self, to: &str) -> Option<ErrorCode> {
        let starts = |prefixes: &BTreeSet<String>| prefixes.iter().any(|p| to.starts_with(p));
        if self.suspended {
            Some(ErrorCode::SuspendedAccount)
        } else if self.balance <= 0.0 {
            Some(ErrorCode::InsufficientBalance)
        } else if self.spending_limit_exceeded {
            Some(ErrorCode::SpendingLimitExceeded)
        } else if starts(&self.unsupported_countries) {
            Some(ErrorCode::UnsupportedCountry)
        } else if starts(&self.unsupported_regions) {
            Some(ErrorCode::UnsupportedRegion)
        } else if self.blocked_numbers.contains(to) {
            Some(ErrorCode::BlockedNumber)
        } else if self.invalid_line_numbers.contains(to) {
            Some(ErrorCode::InvalidLineType)
        } else {
            None
        }
    }

    /// Whether `from` may be a template's sender.
    pub(crate) fn may_send_as(&self, from: &str) -> bool {
        !from.is_empty() && (self.sender_ids.is_empty() || self.sender_ids.contains(from))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_only_what_is_named() {
        let account = Account::default().with(json!({"balance": 0})).unwrap();
        assert!(account.balance <= 0.0);
        assert!(!account.suspended);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let error = Account::default().with(json!({"balanse": 0})).unwrap_err();
        assert!(error.to_string().contains("balanse"), "{error}");
        assert!(Account::default().with(json!([])).is_err());
        assert!(
            Account::default()
                .with(json!({"suspended": "yes"}))
                .is_err()
        );
    }
}
