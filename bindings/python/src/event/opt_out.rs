//! `marketing.subscription.*`: a user opted out, in again, or asked for help.

use backchat_core as core;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyString};

use super::{Event, behind, methods};
use crate::repr::Repr;
use crate::time;

/// `marketing.subscription.*`: a user opted out of marketing messages, in again, or asked for help.
///
/// <https://docs.prelude.so/notify/v2/documentation/webhook>
#[pyclass(frozen, extends = Event, module = "backchat")]
pub(crate) struct OptOutEvent;

behind!(opt_out, OptOutEvent, OptOut, core::OptOutEvent);

methods! {
    OptOutEvent, opt_out {
        /// What happened: `stop`, `start`, `help` or `carrier_disconnect`.
        kind: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.kind.as_str()) }
        /// The word that the user sent: `STOP`, `START`, `HELP`.
        action: |py, event| -> Option<Bound<'py, PyString>> {
            event.action.as_ref().map(|word| PyString::new(py, word))
        }
        /// Who sent it. (The wire's `from`.)
        from_: |py, event| -> Option<Bound<'py, PyString>> {
            event.from.as_ref().map(|from| PyString::new(py, from.as_str()))
        }
        /// What they wrote to; sometimes a short code.
        to: |py, event| -> Option<Bound<'py, PyString>> {
            event.to.as_ref().map(|to| PyString::new(py, to.as_str()))
        }
        /// When it was received, in UTC.
        received_at: |py, event| -> Option<Bound<'py, PyDateTime>> {
            time::of_wire(py, event.received_at.as_ref())?
        }
        /// `received_at` exactly as it came.
        received_at_raw: |py, event| -> Option<Bound<'py, PyString>> {
            event.received_at.as_ref().map(|at| PyString::new(py, at.as_str()))
        }
    }
    own {
        #[classattr]
        fn __match_args__() -> (&'static str, &'static str) {
            ("kind", "from_")
        }
    }
}

pub(super) fn repr(event: &core::OptOutEvent) -> String {
    Repr::new("OptOutEvent")
        .field("kind", Some(event.kind.as_str()))
        .masked("from_", event.from.as_ref().map(core::Address::masked))
        .masked("to", event.to.as_ref().map(core::Address::masked))
        .masked("id", Some(event.id.masked()))
        .moment("created_at", Some(&event.created_at))
        .flag("verified", event.verified)
        .end()
}
