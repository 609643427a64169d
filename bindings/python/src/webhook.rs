//! `X-Webhook-Signature`: bytes in, event out.

use backchat_core as core;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::body::{Body, Headers};
use crate::error::raised;
use crate::event;

/// Turns webhook requests into events: checks Prelude's signature over the raw body, then reads it.
///
/// <https://docs.prelude.so/notify/v2/documentation/webhook>
///
/// `public_key`: the webhook's public key from Prelude's dashboard, as PEM (line breaks or `\n`)
/// or JWKS; several, for the days of a rotation. Default: `PRELUDE_WEBHOOK_PUBLIC_KEY`.
///
/// Raises `ConfigurationError` for no key, a private one, or one under 2048 bits.
#[pyclass(frozen, module = "backchat")]
pub(crate) struct Webhook(pub(crate) core::Webhook);

#[pymethods]
impl Webhook {
    #[new]
    #[pyo3(signature = (public_key=None))]
    fn new(py: Python<'_>, public_key: Option<Keys>) -> PyResult<Self> {
        match public_key {
            None => core::Webhook::from_env(),
            Some(Keys(keys)) => core::Webhook::with_keys(keys.iter().map(String::as_str)),
        }
        .map(Self)
        .map_err(raised(py))
    }

    /// Takes every request, whoever sent it: for accounts that have not enabled signing, behind a
    /// network that lets only Prelude in. Events are marked `verified=False`.
    #[staticmethod]
    fn unverified() -> Self {
        Self(core::Webhook::unverified())
    }

    /// Checks the signature over `body`, the raw bytes as they were received, and reads the event.
    ///
    /// `headers`: a mapping, or pairs of name and value: `request.headers` of any framework.
    ///
    /// Raises `SignatureVerificationError` with a `reason`, and `UnreadableEventError`, which keeps
    /// the bytes, when the signature is good but the body is no event. `error.webhook_status` is
    /// what to answer. A body that is no bytes is a `TypeError`.
    fn verify<'py>(
        &self,
        py: Python<'py>,
        body: Body,
        headers: Headers,
    ) -> PyResult<Bound<'py, PyAny>> {
        let event = py.detach(|| self.0.verify(body.as_bytes(), headers.0));
        event::to_python(py, event.map_err(raised(py))?)
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// One key, or several.
struct Keys(Vec<String>);

impl<'a, 'py> FromPyObject<'a, 'py> for Keys {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match value.cast::<PyString>() {
            Ok(key) => Ok(Self(vec![key.to_string_lossy().into_owned()])),
            Err(_) => value.extract().map(Self),
        }
    }
}
