//! The options of one call, and the numbers and files that options are.

use std::time::Duration;

use backchat_core::{Call, Error};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt};

use crate::error::raise;
use crate::pairs::Pairs;
use crate::time::Seconds;

/// More is meant as no limit, which these options do not have.
const LONGEST: Duration = Duration::from_hours(100 * 366 * 24);

/// The options of one call.
pub(crate) struct Options {
    pub(crate) timeout: Option<Seconds>,
    pub(crate) max_retries: Option<Count>,
    pub(crate) extra_headers: Option<Pairs>,
}

impl Options {
    pub(crate) fn apply<T: Send + 'static>(
        self,
        py: Python<'_>,
        mut call: Call<T>,
    ) -> PyResult<Call<T>> {
        if let Some(Seconds(timeout)) = self.timeout {
            call = call.timeout(timeout);
        }
        if let Some(retries) = self.max_retries {
            call = call.max_retries(retries.named(py, "max_retries")?);
        }
        for (name, value) in &self.extra_headers.unwrap_or_default().0 {
            call = call.header(name, value);
        }
        Ok(call)
    }
}

/// A count of the caller's, which Python may have given as any integer.
#[derive(Clone, Copy)]
pub(crate) struct Count(i64);

impl<'a, 'py> FromPyObject<'a, 'py> for Count {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        // One that is beyond all bounds is as wrong as a negative one, and is told by its name.
        let integer = value.cast::<PyInt>()?;
        if value.is_instance_of::<PyBool>() {
            return Err(PyTypeError::new_err("a bool is no count"));
        }
        Ok(Self(integer.extract().unwrap_or(-1)))
    }
}

impl Count {
    pub(crate) fn named(self, py: Python<'_>, option: &'static str) -> PyResult<u32> {
        let wrong = |_| {
            raise(
                py,
                &Error::configuration(option, "must be 0 or more, and below 2^32"),
            )
        };
        u32::try_from(self.0).map_err(wrong)
    }
}

/// An option that may be of a wrong type, which `ConfigurationError` tells by the option's name.
pub(crate) struct Given<T>(Option<T>);

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Given<T> {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(T::extract(value).ok()))
    }
}

impl<T> Given<T> {
    pub(crate) fn named(self, py: Python<'_>, option: &'static str, what: &str) -> PyResult<T> {
        let wrong = || raise(py, &Error::configuration(option, format!("must be {what}")));
        self.0.ok_or_else(wrong)
    }
}

impl Given<Count> {
    pub(crate) fn count(self, py: Python<'_>, option: &'static str) -> PyResult<u32> {
        self.named(py, option, "a whole number")?.named(py, option)
    }
}

impl Given<Seconds> {
    pub(crate) fn time(self, py: Python<'_>, option: &'static str) -> PyResult<Duration> {
        let what = "a number of seconds, or a timedelta";
        let Seconds(time) = self.named(py, option, what)?;
        if time > LONGEST {
            let why = "must be 100 years at most";
            return Err(raise(py, &Error::configuration(option, why)));
        }
        Ok(time)
    }
}

/// A certificate as text, or as the bytes of a file.
pub(crate) struct Pem(pub(crate) String);

impl<'a, 'py> FromPyObject<'a, 'py> for Pem {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match value.extract::<&[u8]>() {
            Ok(bytes) => Ok(Self(String::from_utf8_lossy(bytes).into_owned())),
            Err(_) => value.extract().map(Self),
        }
    }
}
