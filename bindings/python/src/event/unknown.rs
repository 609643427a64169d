//! An event of a type that this version does not know.

use backchat_core as core;
use pyo3::prelude::*;

use super::{Event, behind, methods};
use crate::json;
use crate::repr::Repr;

/// An event of a type that this version does not know: its `type`, and its `payload`.
#[pyclass(frozen, extends = Event, module = "backchat")]
pub(crate) struct UnknownEvent;

behind!(unknown, UnknownEvent, Unknown, core::UnknownEvent);

methods! {
    UnknownEvent, unknown {
        /// The payload, as `json.loads` reads it.
        payload: |py, event| -> Bound<'py, PyAny> { json::object(py, &event.payload.to_value())? }
    }
    own {
        #[classattr]
        fn __match_args__() -> (&'static str, &'static str) {
            ("type", "payload")
        }
    }
}

pub(super) fn repr(event: &core::UnknownEvent) -> String {
    Repr::new("UnknownEvent")
        .word("type", Some(event.event_type.as_ref()))
        .masked("id", Some(event.id.masked()))
        .moment("created_at", Some(&event.created_at))
        .flag("verified", event.verified)
        .end()
}
