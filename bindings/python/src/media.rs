//! `GET /v2/notify/inbound/{message_id}/media`: the file of an inbound message.

use backchat_core::InboundMedia as CoreMedia;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::repr::Repr;
use crate::response::ToPython;
use crate::value::frozen;

/// The file that a user sent.
#[pyclass(frozen, module = "backchat")]
pub(crate) struct InboundMedia {
    content_type: Option<String>,
    filename: Option<String>,
    bytes: Py<PyBytes>,
}

frozen!(InboundMedia {
    /// The `Content-Type`, such as `image/jpeg`.
    #[getter]
    fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Its name, without directories. The user chose it: do not take it for a path as it is.
    #[getter]
    fn filename(&self) -> Option<&str> {
        self.filename.as_deref()
    }

    /// The file itself.
    #[getter]
    fn bytes(&self, py: Python<'_>) -> Py<PyBytes> {
        self.bytes.clone_ref(py)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let hidden = |text: &Option<String>| text.as_ref().map(|_| "…".to_owned());
        let bytes = self.bytes.bind(py).as_bytes().len();
        Repr::new("InboundMedia")
            .masked("content_type", hidden(&self.content_type))
            .masked("filename", hidden(&self.filename))
            .masked("bytes", Some(format!("<{bytes} bytes>")))
            .end()
    }
});

impl ToPython for CoreMedia {
    fn to_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let media = InboundMedia {
            content_type: self.content_type,
            filename: self.filename,
            bytes: PyBytes::new(py, &self.bytes).unbind(),
        };
        Ok(Bound::new(py, media)?.into_any())
    }
}
