//! What to answer Prelude.

use backchat_inbox::Receipt as CoreReceipt;
use pyo3::prelude::*;

use crate::repr::Repr;
use crate::value::frozen;

/// What to answer Prelude: hand it to the web framework.
#[pyclass(frozen, eq, module = "backchat")]
#[derive(PartialEq)]
pub(crate) struct Receipt(pub(crate) CoreReceipt);

frozen!(Receipt {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("status", "body", "headers")
    }

    /// 200: done, do not send it again. 401: not from Prelude. 503: send it again.
    #[getter]
    fn status(&self) -> u16 {
        self.0.status
    }

    /// A word for people who read the log.
    #[getter]
    fn body(&self) -> &str {
        &self.0.body
    }

    /// Headers to send along: `Retry-After`, or none.
    #[getter]
    fn headers(&self) -> std::collections::BTreeMap<&str, &str> {
        self.0
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect()
    }

    fn __repr__(&self) -> String {
        Repr::new("Receipt")
            .field("status", Some(self.0.status))
            .field("body", Some(&self.0.body))
            .end()
    }
});
