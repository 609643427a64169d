//! `POST /v2/notify`: a template, the way out when the window has closed.

use std::collections::BTreeMap;

use backchat_core::{
    CallbackUrl, Channel, CorrelationId, DateTime, Document as CoreDocument, DocumentUrl, Error,
    Locale, SenderId, Template as CoreTemplate,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyDict, PyString};

use crate::error::raised;
use crate::json;
use crate::pairs::Pairs;
use crate::repr::Repr;
use crate::value::frozen;

/// A template and what fills it, without its receiver: what `reply_or_template` sends once the window
/// has closed, and what an `Answer` of an inbox may name. Frozen; compares, hashes and pickles.
///
/// <https://docs.prelude.so/notify/v2/api-reference/send-a-message>
///
/// - `template_id`: `template_…`.
/// - `variables`: exactly those that the template has.
/// - `from_`: the sender (default: the account's).
/// - `locale`: BCP 47 (default: the template's own).
/// - `expires_at`, `schedule_at`: until when Prelude tries to deliver it, and when it is sent;
///   an aware `datetime`, or RFC 3339.
/// - `callback_url`: where delivery events go (default: the client's).
/// - `correlation_id`: at most 80 characters that come back in every delivery event.
/// - `preferred_channel`: `sms`, `rcs` or `whatsapp`; Prelude may fall back to SMS.
/// - `max_auto_retries`: how often Prelude tries again by itself.
/// - `document`: a file that goes along.
///
/// Raises the `ApiError` that the API would answer with, as a `ValueError` too.
#[pyclass(frozen, eq, hash, module = "backchat")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Template(pub(crate) CoreTemplate);

frozen!(Template {
    #[new]
    #[pyo3(signature = (template_id, *, variables=None, from_=None, locale=None, expires_at=None, schedule_at=None, callback_url=None, correlation_id=None, preferred_channel=None, max_auto_retries=None, document=None))]
    pub(crate) fn new(
        py: Python<'_>,
        template_id: &str,
        variables: Option<Pairs>,
        from_: Option<&str>,
        locale: Option<&str>,
        expires_at: Option<When>,
        schedule_at: Option<When>,
        callback_url: Option<&str>,
        correlation_id: Option<&str>,
        preferred_channel: Option<&str>,
        max_auto_retries: Option<u32>,
        document: Option<AnyDocument>,
    ) -> PyResult<Self> {
        let build = || -> Result<CoreTemplate, Error> {
            let mut template = CoreTemplate::parse(template_id)?;
            template.variables = variables.unwrap_or_default().into();
            template.from = from_.map(SenderId::parse).transpose()?;
            template.locale = locale.map(Locale::parse).transpose()?;
            let moment = |when: When| DateTime::parse(&when.0);
            template.expires_at = expires_at.map(moment).transpose()?;
            template.schedule_at = schedule_at.map(moment).transpose()?;
            template.callback_url = callback_url.map(CallbackUrl::parse).transpose()?;
            template.correlation_id = correlation_id.map(CorrelationId::parse).transpose()?;
            template.preferred_channel = preferred_channel.map(Channel::from);
            template.max_auto_retries = max_auto_retries;
            template.document = document.map(AnyDocument::parse).transpose()?;
            Ok(template)
        };
        build().map(Self).map_err(raised(py))
    }

    /// The template's id, `template_…`.
    #[getter]
    fn template_id(&self) -> &str {
        self.0.template_id.as_str()
    }

    /// Its variables.
    #[getter]
    fn variables(&self) -> BTreeMap<String, String> {
        self.0.variables.clone()
    }

    /// The sender.
    #[getter]
    fn from_(&self) -> Option<&str> {
        self.0.from.as_ref().map(SenderId::as_str)
    }

    /// The language, BCP 47.
    #[getter]
    fn locale(&self) -> Option<&str> {
        self.0.locale.as_ref().map(Locale::as_str)
    }

    /// Until when Prelude tries to deliver it, RFC 3339.
    #[getter]
    fn expires_at(&self) -> Option<&str> {
        self.0.expires_at.as_ref().map(DateTime::as_str)
    }

    /// When it is sent, RFC 3339.
    #[getter]
    fn schedule_at(&self) -> Option<&str> {
        self.0.schedule_at.as_ref().map(DateTime::as_str)
    }

    /// Where delivery events go.
    #[getter]
    fn callback_url(&self) -> Option<&str> {
        self.0.callback_url.as_ref().map(CallbackUrl::as_str)
    }

    /// What comes back in every delivery event.
    #[getter]
    fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_ref().map(CorrelationId::as_str)
    }

    /// The channel to try first.
    #[getter]
    fn preferred_channel(&self) -> Option<&str> {
        self.0.preferred_channel.as_ref().map(Channel::as_str)
    }

    /// How often Prelude tries again by itself.
    #[getter]
    fn max_auto_retries(&self) -> Option<u32> {
        self.0.max_auto_retries
    }

    /// A file that goes along.
    #[getter]
    fn document(&self) -> Option<Document> {
        self.0.document.clone().map(Document)
    }

    pub(crate) fn __repr__(&self) -> String {
        let names: Vec<_> = self.0.variables.keys().collect();
        Repr::new("Template")
            .field("template_id", Some(self.template_id()))
            .field("variables", Some(names))
            .field("locale", self.locale())
            .field("correlation_id", self.correlation_id())
            .field("preferred_channel", self.preferred_channel())
            .end()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let rebuild = py.import("backchat._native")?.getattr("_template")?;
        Ok((rebuild, (json::text(&self.0)?,)))
    }
});

/// What a pickle calls: the template of this JSON.
#[pyfunction]
#[pyo3(name = "_template")]
pub(crate) fn rebuild(json: &str) -> PyResult<Template> {
    json::read(json).map(Template)
}

/// A file that goes out with a template.
///
/// `url`: where Prelude fetches it, https. `filename`: the name that the user sees.
#[pyclass(frozen, eq, hash, module = "backchat")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Document(CoreDocument);

frozen!(Document {
    #[new]
    #[pyo3(signature = (url, *, filename=None))]
    fn new(py: Python<'_>, url: &str, filename: Option<String>) -> PyResult<Self> {
        let url = DocumentUrl::parse(url).map_err(raised(py))?;
        Ok(Self(CoreDocument { url, filename }))
    }

    /// Where Prelude fetches it.
    #[getter]
    fn url(&self) -> &str {
        self.0.url.as_str()
    }

    /// The name that the user sees.
    #[getter]
    fn filename(&self) -> Option<&str> {
        self.0.filename.as_deref()
    }

    fn __repr__(&self) -> String {
        Repr::new("Document")
            .masked("url", Some(self.0.url.masked()))
            .word("filename", self.filename())
            .end()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let rebuild = py.import("backchat._native")?.getattr("_document")?;
        Ok((rebuild, (json::text(&self.0)?,)))
    }
});

/// What a pickle calls: the document of this JSON.
#[pyfunction]
#[pyo3(name = "_document")]
pub(crate) fn rebuild_document(json: &str) -> PyResult<Document> {
    json::read(json).map(Document)
}

/// A moment of a template: RFC 3339, or a `datetime`, which must be aware.
pub(crate) struct When(String);

impl<'a, 'py> FromPyObject<'a, 'py> for When {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if value.is_instance_of::<PyDateTime>() {
            return value.call_method0("isoformat")?.extract().map(Self);
        }
        value.extract().map(Self)
    }
}

/// A document: `Document`, or Prelude's own `{"url": …, "filename": …}`.
pub(crate) enum AnyDocument {
    Made(CoreDocument),
    Dict {
        url: String,
        filename: Option<String>,
    },
}

impl AnyDocument {
    fn parse(self) -> Result<CoreDocument, Error> {
        match self {
            AnyDocument::Made(document) => Ok(document),
            AnyDocument::Dict { url, filename } => Ok(CoreDocument {
                url: DocumentUrl::parse(&url)?,
                filename,
            }),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for AnyDocument {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(document) = value.cast::<Document>() {
            return Ok(AnyDocument::Made(document.get().0.clone()));
        }
        let wrong = || {
            PyTypeError::new_err(
                "`document` must be a Document, or a dict with `url` and `filename`",
            )
        };
        let dict = value.cast::<PyDict>().map_err(|_| wrong())?;
        let (mut url, mut filename) = (None, None);
        for (name, value) in dict.iter() {
            match name.cast::<PyString>()?.to_string_lossy().as_ref() {
                "url" => url = Some(value.extract()?),
                "filename" => filename = value.extract()?,
                _ => return Err(wrong()),
            }
        }
        let url = url.ok_or_else(wrong)?;
        Ok(AnyDocument::Dict { url, filename })
    }
}
