//! `transactional.message.*`: what became of a message that was sent.

use backchat_core as core;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyString};

use super::{Event, behind, methods};
use crate::repr::Repr;
use crate::value::frozen;
use crate::{json, time};

/// `transactional.message.*`: what became of a reply or a template. All but the message's id may be
/// missing.
///
/// <https://docs.prelude.so/notify/v2/documentation/webhook>
#[pyclass(frozen, extends = Event, module = "backchat")]
pub(crate) struct DeliveryEvent;

behind!(delivery, DeliveryEvent, Delivery, core::DeliveryEvent);

methods! {
    DeliveryEvent, delivery {
        /// What happened: `created`, `submitted`, `pending_delivery`, `delivered`, `failed`, `unknown`.
        status: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.status.as_str()) }
        /// The message's id, `tx_…`: the one that the reply's answer gave. (The wire calls it `id` in
        /// `created` events.)
        message_id: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.message_id.as_str()) }
        /// The correlation id of the call that sent the message.
        correlation_id: |py, event| -> Option<Bound<'py, PyString>> {
            event.correlation_id.as_ref().map(|id| PyString::new(py, id.as_str()))
        }
        /// The inbound message that was answered, when the correlation id is one that Backchat made.
        reply_to: |py, event| -> Option<Bound<'py, PyString>> {
            let id = event.correlation_id.as_ref().and_then(core::EchoedCorrelationId::reply_to);
            id.map(|id| PyString::new(py, id.as_str()))
        }
        /// Why it failed, such as `carrier_rejected`; new reasons keep their word.
        reason: |py, event| -> Option<Bound<'py, PyString>> {
            event.reason.as_ref().map(|reason| PyString::new(py, reason.as_str()))
        }
        /// The word of `failed` and `unknown` events: `failed` or `expired`. (The wire's `status`.)
        final_status: |py, event| -> Option<Bound<'py, PyString>> {
            event.final_status.as_ref().map(|word| PyString::new(py, word))
        }
        /// The receiver.
        to: |py, event| -> Option<Bound<'py, PyString>> {
            event.to.as_ref().map(|to| PyString::new(py, to.as_str()))
        }
        /// The channel that was used.
        channel: |py, event| -> Option<Bound<'py, PyString>> {
            event.channel.as_ref().map(|channel| PyString::new(py, channel.as_str()))
        }
        /// The attempt, `att_…`.
        attempt_id: |py, event| -> Option<Bound<'py, PyString>> {
            event.attempt_id.as_ref().map(|id| PyString::new(py, id))
        }
        /// The template, for templates.
        template_id: |py, event| -> Option<Bound<'py, PyString>> {
            event.template_id.as_ref().map(|id| PyString::new(py, id))
        }
        /// The account.
        customer_uuid: |py, event| -> Option<Bound<'py, PyString>> {
            event.customer_uuid.as_ref().map(|id| PyString::new(py, id))
        }
        /// When the message was made, in UTC. (The wire's `payload.created_at`.)
        message_created_at: |py, event| -> Option<Bound<'py, PyDateTime>> {
            time::of_wire(py, event.message_created_at.as_ref())?
        }
        /// `message_created_at` exactly as it came.
        message_created_at_raw: |py, event| -> Option<Bound<'py, PyString>> {
            event.message_created_at.as_ref().map(|at| PyString::new(py, at.as_str()))
        }
        /// Until when Prelude tries to deliver it, in UTC.
        expires_at: |py, event| -> Option<Bound<'py, PyDateTime>> {
            time::of_wire(py, event.expires_at.as_ref())?
        }
        /// `expires_at` exactly as it came.
        expires_at_raw: |py, event| -> Option<Bound<'py, PyString>> {
            event.expires_at.as_ref().map(|at| PyString::new(py, at.as_str()))
        }
        /// What it cost.
        fee: |py, event| -> Option<Bound<'py, Fee>> {
            event.fee.clone().map(|fee| Bound::new(py, Fee(fee))).transpose()?
        }
    }
    own {
        #[classattr]
        fn __match_args__() -> (&'static str, &'static str) {
            ("status", "message_id")
        }
    }
}

pub(super) fn repr(event: &core::DeliveryEvent) -> String {
    Repr::new("DeliveryEvent")
        .field("status", Some(event.status.as_str()))
        .masked("message_id", Some(event.message_id.masked()))
        .masked(
            "correlation_id",
            event
                .correlation_id
                .as_ref()
                .map(core::EchoedCorrelationId::masked),
        )
        .word(
            "reason",
            event.reason.as_ref().map(core::DeliveryReason::as_str),
        )
        .masked("to", event.to.as_ref().map(core::Address::masked))
        .masked("id", Some(event.id.masked()))
        .moment("created_at", Some(&event.created_at))
        .flag("verified", event.verified)
        .end()
}

/// What a message cost, in the API's own strings.
#[pyclass(frozen, eq, hash, module = "backchat")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Fee(core::Fee);

frozen!(Fee {
    /// A decimal number, such as `0.05`.
    #[getter]
    fn amount(&self) -> Option<&str> {
        self.0.amount.as_deref()
    }

    /// ISO 4217, such as `EUR`.
    #[getter]
    fn currency(&self) -> Option<&str> {
        self.0.currency.as_deref()
    }

    fn __repr__(&self) -> String {
        Repr::new("Fee")
            .word("amount", self.amount())
            .word("currency", self.currency())
            .end()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let rebuild = py.import("backchat._native")?.getattr("_fee")?;
        Ok((rebuild, (json::text(&self.0)?,)))
    }
});

/// What a pickle calls: the fee of this JSON.
#[pyfunction]
#[pyo3(name = "_fee")]
pub(crate) fn rebuild_fee(json: &str) -> PyResult<Fee> {
    json::read(json).map(Fee)
}
