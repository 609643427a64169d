//! The raw body and the headers of a webhook request, as the web frameworks of Python have them.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyMapping, PyMemoryView, PyString};

const RAW: &str = "the signature is over the raw bytes as they were received, so a parsed or decoded body \
cannot be verified: give `await request.body()` in FastAPI and Starlette, `request.get_data()` in Flask, \
`request.body` in Django";

/// The raw body: `bytes`, `bytearray` or `memoryview`.
pub(crate) struct Body(PyBackedBytes);

impl Body {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Body {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>() {
            return value.extract().map(Self).map_err(Into::into);
        }
        if value.is_instance_of::<PyMemoryView>() {
            let bytes = value.call_method0("tobytes")?;
            return bytes.extract().map(Self).map_err(Into::into);
        }
        let kind = value.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "the body must be bytes, bytearray or memoryview, not {kind}: {RAW}"
        )))
    }
}

/// The headers: a mapping, or pairs; names and values are `str`, or `bytes` as ASGI has them.
pub(crate) struct Headers(pub(crate) Vec<(String, Vec<u8>)>);

impl<'a, 'py> FromPyObject<'a, 'py> for Headers {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let mut headers = Vec::new();
        if let Ok(dict) = value.cast_exact::<PyDict>() {
            for (name, value) in dict.iter() {
                headers.push(pair(&name, &value)?);
            }
            return Ok(Self(headers));
        }
        let pairs = if value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>() {
            return Err(wrong());
        } else if value.is_instance_of::<PyMapping>() || value.hasattr("items")? {
            value.call_method0("items")?
        } else {
            value.to_owned()
        };
        for item in pairs.try_iter().map_err(|_| wrong())? {
            let item = item?;
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) =
                item.extract().map_err(|_| wrong())?;
            headers.push(pair(&name, &value)?);
        }
        Ok(Self(headers))
    }
}

fn pair(name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<(String, Vec<u8>)> {
    let name = match name.cast::<PyString>() {
        Ok(name) => name.to_string_lossy().into_owned(),
        Err(_) => {
            String::from_utf8_lossy(name.extract::<&[u8]>().map_err(|_| wrong())?).into_owned()
        }
    };
    let value = match value.cast::<PyString>() {
        Ok(value) => value.to_string_lossy().into_owned().into_bytes(),
        Err(_) => value.extract::<&[u8]>().map_err(|_| wrong())?.to_vec(),
    };
    Ok((name, value))
}

fn wrong() -> PyErr {
    PyTypeError::new_err(
        "the headers must be a mapping or pairs of name and value, such as `request.headers`",
    )
}
