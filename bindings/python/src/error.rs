//! The core's errors as the exceptions of `backchat.errors`.

use backchat_core::{Error, ErrorCode, RequestId};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict};

/// The exception for `error`.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error).map_or_else(|failed| failed, PyErr::from_value)
}

/// For `map_err`.
pub(crate) fn raised(py: Python<'_>) -> impl Fn(Error) -> PyErr + '_ {
    move |error| raise(py, &error)
}

/// The function that makes an exception.
pub(crate) fn make(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    MAKE.import(py, "backchat.errors", "_make")
}

pub(crate) fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let make = make(py)?;
    // What `vars(error)` shows of words that came from elsewhere.
    let shown = [
        ("code", Some(error.code().to_string())),
        ("request_id", error.request_id().map(RequestId::masked)),
        ("server_code", server_code(error).map(ToString::to_string)),
    ];
    let error = error.fields();
    let fields = PyDict::new(py);
    fields.set_item("code", error.code)?;
    fields.set_item("outcome", error.outcome)?;
    fields.set_item("safe_to_retry", error.safe_to_retry)?;
    fields.set_item("retry_after", error.retry_after.map(|d| d.as_secs_f64()))?;
    fields.set_item("status", error.status)?;
    fields.set_item("request_id", error.request_id)?;
    fields.set_item("correlation_id", error.correlation_id)?;
    fields.set_item("message_id", error.message_id)?;
    fields.set_item("advice", error.advice)?;
    fields.set_item("webhook_status", error.webhook_status)?;
    fields.set_item("attempts", error.attempts)?;
    fields.set_item("elapsed", error.elapsed.map(|d| d.as_secs_f64()))?;
    // What only some classes have.
    let own = |name: &str, value: Option<Bound<'py, PyAny>>| match value {
        Some(value) => fields.set_item(name, value),
        None => Ok(()),
    };
    let string = |value: &str| value.into_pyobject(py).map(Bound::into_any);
    own(
        "server_message",
        error.server_message.as_deref().map(string).transpose()?,
    )?;
    own("phase", error.phase.map(string).transpose()?)?;
    own(
        "server_code",
        error.server_code.as_deref().map(string).transpose()?,
    )?;
    own("reason", error.reason.map(string).transpose()?)?;
    own("option", error.option.map(string).transpose()?)?;
    own(
        "raw",
        error.raw.map(|raw| PyBytes::new(py, &raw).into_any()),
    )?;
    if let Some(verified) = error.verified {
        fields.set_item("verified", verified)?;
    }
    let exact = PyDict::new(py);
    for (name, shown) in shown {
        let shown = shown.as_deref().map(|shown| shown.trim_matches('"'));
        let Some(given) = fields.get_item(name)?.filter(|given| !given.is_none()) else {
            continue;
        };
        if !given.eq(shown)? {
            exact.set_item(name, given)?;
            fields.set_item(name, shown)?;
        }
    }
    for name in ["raw", "server_message"] {
        if let Some(given) = fields.get_item(name)? {
            exact.set_item(name, given)?;
            fields.del_item(name)?;
        }
    }
    make.call1((error.class, error.text, error.is_argument, fields, exact))
}

fn server_code(error: &Error) -> Option<&ErrorCode> {
    match error {
        Error::MaybeSent(error) => error.server_code.as_ref(),
        _ => None,
    }
}
