//! How the queue of an inbox works.

use std::time::Duration;

use backchat_inbox::QueueOptions as CoreQueueOptions;
use pyo3::prelude::*;

use crate::error::raised;
use crate::options::{Count, Given};
use crate::repr::Repr;
use crate::time::Seconds;
use crate::value::frozen;

/// How the queue of an inbox works. Times are seconds, or a `timedelta`.
///
/// - `concurrency`: how many messages this process works on at once, of one sender always only
///   one (8).
/// - `max_attempts`: how often a message is tried whose handler fails, before it is `given_up` (8).
/// - `backoff`: the wait after the first failure, doubled with each further one (2 s), and
///   never longer than `longest_backoff` (5 minutes).
/// - `poll`: how often to look for what other processes stored (0.2 s).
///
/// Raises `ConfigurationError` with the option's name.
#[pyclass(frozen, eq, module = "backchat")]
#[derive(PartialEq)]
pub(crate) struct QueueOptions(pub(crate) CoreQueueOptions);

frozen!(QueueOptions {
    #[new]
    #[pyo3(signature = (*, concurrency=None, max_attempts=None, backoff=None, longest_backoff=None, poll=None))]
    fn new(
        py: Python<'_>,
        concurrency: Option<Given<Count>>,
        max_attempts: Option<Given<Count>>,
        backoff: Option<Given<Seconds>>,
        longest_backoff: Option<Given<Seconds>>,
        poll: Option<Given<Seconds>>,
    ) -> PyResult<Self> {
        let mut options = CoreQueueOptions::default();
        if let Some(count) = concurrency {
            options.concurrency = usize::try_from(count.count(py, "concurrency")?)?;
        }
        if let Some(count) = max_attempts {
            options.max_attempts = count.count(py, "max_attempts")?;
        }
        let times = [
            ("backoff", backoff, &mut options.backoff),
            ("longest_backoff", longest_backoff, &mut options.longest_backoff),
            ("poll", poll, &mut options.poll),
        ];
        for (name, given, place) in times {
            if let Some(given) = given {
                *place = given.time(py, name)?;
            }
        }
        options.check().map_err(raised(py))?;
        Ok(Self(options))
    }

    /// How many messages this process works on at once.
    #[getter]
    fn concurrency(&self) -> usize {
        self.0.concurrency
    }

    /// How often a message is tried whose handler fails.
    #[getter]
    fn max_attempts(&self) -> u32 {
        self.0.max_attempts
    }

    /// The wait after the first failure.
    #[getter]
    fn backoff(&self) -> Duration {
        self.0.backoff
    }

    /// The longest wait.
    #[getter]
    fn longest_backoff(&self) -> Duration {
        self.0.longest_backoff
    }

    /// How often to look.
    #[getter]
    fn poll(&self) -> Duration {
        self.0.poll
    }

    fn __repr__(&self) -> String {
        Repr::new("QueueOptions")
            .field("concurrency", Some(self.0.concurrency))
            .field("max_attempts", Some(self.0.max_attempts))
            .end()
    }
});
