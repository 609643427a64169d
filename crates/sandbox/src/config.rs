//! What the builder settled, for the sandbox's whole life.

use jiff::Timestamp;

use crate::account::Account;
use crate::template::Template;

/// The settings that a reset returns to.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) token: String,
    pub(crate) business_number: String,
    pub(crate) webhook_url: Option<String>,
    pub(crate) start_at: Option<Timestamp>,
    pub(crate) templates: Vec<Template>,
    pub(crate) account: Account,
}

/// Without the token.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("webhook_url", &self.webhook_url)
            .field("start_at", &self.start_at)
            .finish_non_exhaustive()
    }
}
