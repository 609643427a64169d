//! One row of the ledger.

use std::time::Duration;

use backchat_inbox::{QueueOptions as CoreQueueOptions, Record as CoreRecord};
use pyo3::prelude::*;
use pyo3::types::PyDateTime;

use crate::client::Count;
use crate::repr::Repr;
use crate::time::{self, Seconds};
use crate::value::frozen;

/// One row of the ledger: what is known about the answer to one message. It holds no text and no
/// number.
#[pyclass(frozen, eq, module = "backchat")]
#[derive(PartialEq)]
pub(crate) struct Record(pub(crate) CoreRecord);

frozen!(Record {
    /// The inbound message, `im_…`.
    #[getter]
    fn message_id(&self) -> &str {
        self.0.key.message_id.as_str()
    }

    /// What is known: `claimed`, `sending`, `released`, `sent`, `rejected`, `skipped`, `maybe_sent`.
    #[getter]
    fn state(&self) -> &'static str {
        self.0.state.as_str()
    }

    /// Why it was rejected, or why the last attempt was not sent.
    #[getter]
    fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The id of the reply, `tx_…`.
    #[getter]
    fn reply_id(&self) -> Option<&str> {
        self.0
            .reply_id
            .as_ref()
            .map(backchat_core::SentMessageId::as_str)
    }

    /// The correlation id of the reply.
    #[getter]
    fn correlation_id(&self) -> Option<&str> {
        self.0
            .correlation_id
            .as_ref()
            .map(backchat_core::CorrelationId::as_str)
    }

    /// What the delivery events have told so far, such as `delivered`.
    #[getter]
    fn delivery(&self) -> Option<&'static str> {
        self.0.delivery.map(backchat_core::DeliveryStatus::as_str)
    }

    /// How often it was tried.
    #[getter]
    fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the queue gave the message up, after its last attempt.
    #[getter]
    fn given_up(&self) -> bool {
        self.0.is_given_up()
    }

    /// When the message was first seen, in UTC.
    #[getter]
    fn created_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        time::datetime(py, self.0.created_at)
    }

    /// When the row last changed, in UTC.
    #[getter]
    fn updated_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        time::datetime(py, self.0.updated_at)
    }

    fn __repr__(&self) -> String {
        Repr::new("Record")
            .masked("message_id", Some(self.0.key.message_id.masked()))
            .field("state", Some(self.state()))
            .field("code", self.code())
            .masked(
                "reply_id",
                self.0
                    .reply_id
                    .as_ref()
                    .map(backchat_core::SentMessageId::masked),
            )
            .field("delivery", self.delivery())
            .field("attempts", Some(self.0.attempts))
            .end()
    }
});

/// How the queue of an inbox works. Times are seconds, or a `timedelta`.
///
/// - `concurrency`: how many messages this process works on at once, of one sender always only
///   one (8).
/// - `max_attempts`: how often a message is tried before it is given up, and listed as
///   `released` (8).
/// - `backoff`: the wait after the first failure, doubled with each further one (2 s), and
///   never longer than `longest_backoff` (5 minutes).
/// - `poll`: how often to look for what other processes stored (0.2 s).
#[pyclass(frozen, eq, module = "backchat")]
#[derive(PartialEq)]
pub(crate) struct QueueOptions(pub(crate) CoreQueueOptions);

frozen!(QueueOptions {
    #[new]
    #[pyo3(signature = (*, concurrency=None, max_attempts=None, backoff=None, longest_backoff=None, poll=None))]
    fn new(
        py: Python<'_>,
        concurrency: Option<Count>,
        max_attempts: Option<Count>,
        backoff: Option<Seconds>,
        longest_backoff: Option<Seconds>,
        poll: Option<Seconds>,
    ) -> PyResult<Self> {
        let mut options = CoreQueueOptions::default();
        if let Some(count) = concurrency {
            options.concurrency = usize::try_from(count.named(py, "concurrency")?)?;
        }
        if let Some(count) = max_attempts {
            options.max_attempts = count.named(py, "max_attempts")?;
        }
        let set = |place: &mut Duration, given: Option<Seconds>| {
            if let Some(Seconds(given)) = given {
                *place = given;
            }
        };
        set(&mut options.backoff, backoff);
        set(&mut options.longest_backoff, longest_backoff);
        set(&mut options.poll, poll);
        Ok(Self(options))
    }

    /// How many messages this process works on at once.
    #[getter]
    fn concurrency(&self) -> usize {
        self.0.concurrency
    }

    /// How often a message is tried.
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
