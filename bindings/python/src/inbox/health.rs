//! The health of an inbox.

use std::time::Duration;

use backchat_inbox::Health as CoreHealth;
use pyo3::prelude::*;

use crate::repr::Repr;
use crate::value::frozen;

/// The health of an inbox, for a health check of the server.
#[pyclass(frozen, eq, module = "backchat")]
#[derive(PartialEq)]
pub(crate) struct Health(pub(crate) CoreHealth);

frozen!(Health {
    /// `False` when messages of the queue have waited for more than a minute and no worker of any
    /// process has one.
    #[getter]
    fn ok(&self) -> bool {
        self.0.ok
    }

    /// Whether `run` is under way in this process.
    #[getter]
    fn running(&self) -> bool {
        self.0.running
    }

    /// The time since the longest waiting message of the queue became due.
    #[getter]
    fn oldest_due(&self) -> Option<Duration> {
        self.0.oldest_due
    }

    /// The age of the oldest `maybe_sent`, which waits for somebody to decide.
    #[getter]
    fn oldest_maybe_sent(&self) -> Option<Duration> {
        self.0.oldest_maybe_sent
    }

    /// The number of requests that this process refused, because they were not signed by Prelude.
    #[getter]
    fn refused_requests(&self) -> u64 {
        self.0.refused_requests
    }

    fn __repr__(&self) -> String {
        let seconds = |age: Option<Duration>| age.map(|age| age.as_secs());
        Repr::new("Health")
            .flag("ok", self.0.ok)
            .flag("running", self.0.running)
            .field("oldest_due", seconds(self.0.oldest_due))
            .field("oldest_maybe_sent", seconds(self.0.oldest_maybe_sent))
            .field("refused_requests", Some(self.0.refused_requests))
            .end()
    }
});
