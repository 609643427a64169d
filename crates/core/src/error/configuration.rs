//! A wrong option, found when it is given.

use super::Outcome;

/// An option is wrong. `Display` names it and says why.
#[derive(Clone, Debug, thiserror::Error)]
#[error("configuration: `{option}`: {detail}")]
#[non_exhaustive]
pub struct ConfigurationError {
    /// The option's name, as in Rust.
    pub option: &'static str,
    /// What is wrong with it.
    pub detail: String,
    /// `not_sent` when it ended a call.
    pub outcome: Option<Outcome>,
}

impl ConfigurationError {
    pub(crate) fn new(option: &'static str, detail: impl Into<String>) -> Self {
        Self {
            option,
            detail: detail.into(),
            outcome: None,
        }
    }
}
