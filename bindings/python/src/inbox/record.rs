//! One row of the ledger.

use backchat_inbox::Record as CoreRecord;
use pyo3::prelude::*;
use pyo3::types::PyDateTime;

use crate::repr::Repr;
use crate::time;
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

    /// Which of several replies to the message this is.
    #[getter]
    fn slot(&self) -> &str {
        &self.0.key.slot
    }

    /// What is known: `queued`, `claimed` (a handler runs), `sending` (a POST may be under way),
    /// `retrying` (nothing was sent yet), `sent`, `rejected`, `skipped` (the handler gave no reply),
    /// `maybe_sent`, `given_up`.
    #[getter]
    fn state(&self) -> &'static str {
        self.0.state.as_str()
    }

    /// Why it was rejected or given up, or why the last attempt was not sent.
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

    /// How often it was tried since it came, or since it was re-armed.
    #[getter]
    fn attempts(&self) -> u32 {
        self.0.attempts
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
            .word("code", self.code())
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
