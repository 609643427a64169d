//! Mappings of strings, in their order.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};

/// A mapping from `str` to `str`.
#[derive(Default)]
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl From<Pairs> for BTreeMap<String, String> {
    fn from(pairs: Pairs) -> Self {
        pairs.0.into_iter().collect()
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Pairs {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(dict) = value.cast::<PyDict>() {
            let pairs = dict
                .iter()
                .map(|(name, value)| Ok((name.extract()?, value.extract()?)));
            return pairs.collect::<PyResult<_>>().map(Self);
        }
        value.cast::<PyMapping>()?.items()?.extract().map(Self)
    }
}
