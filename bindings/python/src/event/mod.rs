//! Events: frozen classes over the core's, made by `Webhook.verify` and `Event.from_json`.

mod delivery;
mod inbound;
mod opt_out;
mod unknown;
mod window;

use backchat_core as core;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDateTime, PyString};

use crate::body::Body;
use crate::{error, json, time};

pub(crate) use delivery::{DeliveryEvent, Fee, rebuild_fee};
pub(crate) use inbound::{InboundMessage, inbound};
pub(crate) use opt_out::OptOutEvent;
pub(crate) use unknown::UnknownEvent;
pub(crate) use window::{ReplyWindow, rebuild_window};

/// One event of Prelude: an `InboundMessage`, a `DeliveryEvent`, an `OptOutEvent` or an
/// `UnknownEvent`. `match` works by class and by attribute. Events are frozen, and compare, hash,
/// copy and pickle by what Prelude wrote.
///
/// <https://docs.prelude.so/notify/v2/documentation/webhook>
#[pyclass(frozen, subclass, module = "backchat")]
pub(crate) struct Event(pub(crate) core::Event);

#[pymethods]
impl Event {
    /// Reads an event from its JSON, as a queue or a push message carries it. **No signature is
    /// checked**: `verified` is `False`. For webhooks use `Webhook.verify`.
    ///
    /// Raises `UnreadableEventError`, which keeps the bytes.
    #[staticmethod]
    #[pyo3(signature = (json, /))]
    fn from_json(py: Python<'_>, json: Json) -> PyResult<Bound<'_, PyAny>> {
        let event = core::Event::from_json(json.as_bytes());
        to_python(py, event.map_err(error::raised(py))?)
    }

    /// The event's id, `evt_…`.
    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, self.0.id().as_str())
    }

    /// The event's type, such as `inbound.message.received`.
    #[getter]
    fn r#type<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, self.0.event_type())
    }

    /// When the event was made, in UTC, to the microsecond. `None` when the string that came is not
    /// RFC 3339: `created_at_raw` has it.
    #[getter]
    fn created_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        time::of_wire(py, Some(self.0.created_at()))
    }

    /// `created_at` exactly as it came, mostly with nanoseconds.
    #[getter]
    fn created_at_raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, self.0.created_at().as_str())
    }

    /// The exact bytes of the event: keep these, and `Event.from_json` reads them again.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.raw().as_bytes())
    }

    /// Whether Prelude's signature was checked.
    #[getter]
    fn verified(&self) -> bool {
        self.0.verified()
    }

    /// The event as plain `dict`, `list` and `str`, flat, with the API's names (`from`) and with
    /// texts and numbers in full.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::object(py, &self.0)
    }

    /// The event as Prelude wrote it: `Event.from_json` reads it again.
    fn to_json(&self) -> &str {
        self.0.raw().as_str()
    }

    fn __repr__(&self) -> String {
        match &self.0 {
            core::Event::InboundMessage(e) => inbound::repr(e),
            core::Event::Delivery(e) => delivery::repr(e),
            core::Event::OptOut(e) => opt_out::repr(e),
            core::Event::Unknown(e) => unknown::repr(e),
            other => format!("{other:?}"),
        }
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other
            .cast::<Self>()
            .is_ok_and(|other| self.0 == other.get().0)
    }

    fn __hash__(&self) -> u64 {
        crate::hash(&self.0)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Pickled<'py>> {
        let rebuild = py.import("backchat._native")?.getattr("_event")?;
        Ok((rebuild, (self.raw(py), self.0.verified())))
    }
}

/// The function that makes the event again, and its arguments.
type Pickled<'py> = (Bound<'py, PyAny>, (Bound<'py, PyBytes>, bool));

/// What a pickle calls: the event of these bytes.
#[pyfunction]
#[pyo3(name = "_event")]
pub(crate) fn rebuild<'py>(
    py: Python<'py>,
    raw: &[u8],
    verified: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let event = core::Event::from_json(raw).map_err(error::raised(py))?;
    to_python(py, event.with_verified(verified))
}

/// The event as an object of its class.
pub(crate) fn to_python(py: Python<'_>, event: core::Event) -> PyResult<Bound<'_, PyAny>> {
    let kind = match &event {
        core::Event::InboundMessage(_) => Kind::Inbound,
        core::Event::Delivery(_) => Kind::Delivery,
        core::Event::OptOut(_) => Kind::OptOut,
        _ => Kind::Unknown,
    };
    let event = PyClassInitializer::from(Event(event));
    Ok(match kind {
        Kind::Inbound => Bound::new(py, event.add_subclass(InboundMessage))?.into_any(),
        Kind::Delivery => Bound::new(py, event.add_subclass(DeliveryEvent))?.into_any(),
        Kind::OptOut => Bound::new(py, event.add_subclass(OptOutEvent))?.into_any(),
        Kind::Unknown => Bound::new(py, event.add_subclass(UnknownEvent))?.into_any(),
    })
}

enum Kind {
    Inbound,
    Delivery,
    OptOut,
    Unknown,
}

/// The JSON of an event: text, or bytes.
struct Json(JsonKind);

enum JsonKind {
    Text(String),
    Bytes(Body),
}

impl Json {
    fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            JsonKind::Text(text) => text.as_bytes(),
            JsonKind::Bytes(bytes) => bytes.as_bytes(),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Json {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(match value.cast::<PyString>() {
            Ok(text) => JsonKind::Text(text.to_string_lossy().into_owned()),
            Err(_) => JsonKind::Bytes(value.extract()?),
        }))
    }
}

/// The core's event behind an object of one class.
macro_rules! behind {
    ($function:ident, $class:ident, $variant:ident, $core:ty) => {
        pub(crate) fn $function<'a>(slf: &'a Bound<'_, $class>) -> PyResult<&'a $core> {
            match &slf.as_super().get().0 {
                core::Event::$variant(event) => Ok(event),
                _ => Err(pyo3::exceptions::PyRuntimeError::new_err(
                    "an event of another class",
                )),
            }
        }
    };
}

/// The methods of an event's class: getters over the core's event, and what is its own.
macro_rules! methods {
    (
        $class:ident, $behind:ident {
            $($(#[doc = $doc:literal])* $name:ident: |$py:ident, $event:ident| -> $type:ty $value:block)*
        }
        own { $($own:tt)* }
    ) => {
        #[pymethods]
        #[allow(unused_braces, reason = "a block of the macro's caller")]
        impl $class {
            $(
                $(#[doc = $doc])*
                #[getter]
                fn $name<'py>(slf: &Bound<'py, Self>) -> PyResult<$type> {
                    let ($py, $event) = (slf.py(), $behind(slf)?);
                    Ok($value)
                }
            )*

            $($own)*
        }
    };
}

pub(crate) use {behind, methods};
