//! Moments and durations, between Python's `datetime` and the core.

use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::jiff::tz::Offset;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDateTime, PyDelta, PyTzInfo};

/// An aware `datetime` in UTC. Nanoseconds are cut off: they do not fit.
pub(crate) fn datetime(
    py: Python<'_>,
    moment: Timestamp,
) -> PyResult<Option<Bound<'_, PyDateTime>>> {
    let local = Offset::UTC.to_datetime(moment);
    let (date, time) = (local.date(), local.time());
    if date.year() < 1 {
        return Ok(None);
    }
    let microsecond = u32::try_from(time.subsec_nanosecond() / 1000).unwrap_or_default();
    let part = |value: i8| u8::try_from(value).unwrap_or_default();
    let utc = PyTzInfo::utc(py)?;
    PyDateTime::new(
        py,
        date.year().into(),
        part(date.month()),
        part(date.day()),
        part(time.hour()),
        part(time.minute()),
        part(time.second()),
        microsecond,
        Some(&utc),
    )
    .map(Some)
}

/// The moment of a timestamp on the wire; `None` when it is not RFC 3339.
pub(crate) fn of_wire<'py>(
    py: Python<'py>,
    wire: Option<&backchat_core::Timestamp>,
) -> PyResult<Option<Bound<'py, PyDateTime>>> {
    match wire.and_then(backchat_core::Timestamp::instant) {
        Some(moment) => datetime(py, moment),
        None => Ok(None),
    }
}

/// A moment of the caller's: an aware `datetime`.
pub(crate) struct Moment(pub(crate) Timestamp);

impl<'a, 'py> FromPyObject<'a, 'py> for Moment {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let text: String = value
            .cast::<PyDateTime>()?
            .call_method0("isoformat")?
            .extract()?;
        text.parse().map(Self).map_err(|_| {
            PyValueError::new_err("the datetime must be aware: datetime.now(timezone.utc), say")
        })
    }
}

/// A duration of the caller's: seconds, or a `timedelta`.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl<'a, 'py> FromPyObject<'a, 'py> for Seconds {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if value.is_instance_of::<PyBool>() {
            return Err(PyTypeError::new_err("a bool is no time"));
        }
        let seconds: f64 = if value.is_instance_of::<PyDelta>() {
            value.call_method0("total_seconds")?.extract()?
        } else {
            value.extract()?
        };
        // Negative ones and NaN are none: where that is wrong, the core names the option.
        let longest = Duration::MAX.as_secs_f64();
        Ok(Self(match Duration::try_from_secs_f64(seconds) {
            Ok(duration) => duration,
            Err(_) if seconds >= longest => Duration::MAX,
            Err(_) => Duration::ZERO,
        }))
    }
}
