//! What to answer Prelude.

use std::time::Duration;

use backchat_core::Error;

use crate::record::Record;
use crate::state::State;

/// What to answer Prelude: hand it to the web framework.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// 200: done, do not send it again. 401: not from Prelude. 503: send it again.
    pub status: u16,
    /// A word for people who read the log.
    pub body: String,
    /// Headers to send along: `Retry-After`, or none.
    pub headers: Vec<(&'static str, String)>,
}

impl Receipt {
    pub(crate) fn ok(word: &str) -> Self {
        Self::new(200, word)
    }

    pub(crate) fn again(word: &str) -> Self {
        Self::new(503, word)
    }

    /// Send it again, and not before `wait`.
    pub(crate) fn again_after(word: &str, wait: Option<Duration>) -> Self {
        let mut receipt = Self::again(word);
        if let Some(wait) = wait {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            receipt
                .headers
                .push(("Retry-After", seconds.max(1).to_string()));
        }
        receipt
    }

    pub(crate) fn of_webhook_error(error: &Error) -> Self {
        Self::new(error.webhook_status(), error.code().as_str())
    }

    /// A message that was claimed before: `lease_left` is how long its worker still has.
    pub(crate) fn of_duplicate(record: &Record, lease_left: Duration) -> Self {
        match record.state {
            state if state.is_finished() => Self::ok(state.as_str()),
            state @ (State::Queued | State::Retrying) => {
                Self::again_after(state.as_str(), Some(MINUTE / 60))
            }
            // The worker's clock may be another one: never ask for more than a minute.
            state => Self::again_after(state.as_str(), Some(lease_left.min(MINUTE))),
        }
    }

    fn new(status: u16, body: &str) -> Self {
        Self {
            status,
            body: body.to_owned(),
            headers: Vec::new(),
        }
    }
}

const MINUTE: Duration = Duration::from_mins(1);
