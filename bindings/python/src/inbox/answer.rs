//! What a message handler may return besides a text: a reply with options.

use backchat_core::{CallbackUrl, CorrelationId, Error, MessageText};
use backchat_inbox::Answer as CoreAnswer;
use pyo3::prelude::*;

use crate::error::raised;
use crate::repr::Repr;
use crate::template::Template;
use crate::value::frozen;

/// What a message handler of an inbox returns when a text alone does not say enough.
///
/// - `text`: what the user reads.
/// - `callback_url`: where Prelude posts the delivery events (default: the client's).
/// - `correlation_id`: comes back in them; unique to this message, or they cannot settle it.
/// - `template`: what to send instead when the server says that the window has closed.
#[pyclass(frozen, module = "backchat")]
pub(crate) struct Answer(pub(crate) CoreAnswer);

frozen!(Answer {
    #[new]
    #[pyo3(signature = (text, *, callback_url=None, correlation_id=None, template=None))]
    fn new(
        py: Python<'_>,
        text: String,
        callback_url: Option<&str>,
        correlation_id: Option<&str>,
        template: Option<&Template>,
    ) -> PyResult<Self> {
        let build = || -> Result<CoreAnswer, Error> {
            let mut answer = CoreAnswer::text(text);
            answer.callback_url = callback_url.map(CallbackUrl::parse).transpose()?;
            answer.correlation_id = correlation_id.map(CorrelationId::parse).transpose()?;
            answer.template = template.map(|template| template.0.clone());
            Ok(answer)
        };
        build().map(Self).map_err(raised(py))
    }

    /// What the user reads.
    #[getter]
    fn text(&self) -> &str {
        self.0.text.as_deref().unwrap_or_default()
    }

    /// Where Prelude posts the delivery events.
    #[getter]
    fn callback_url(&self) -> Option<&str> {
        self.0.callback_url.as_ref().map(CallbackUrl::as_str)
    }

    /// What comes back in the delivery events.
    #[getter]
    fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_ref().map(CorrelationId::as_str)
    }

    /// What is sent instead when the window has closed.
    #[getter]
    fn template(&self) -> Option<Template> {
        self.0.template.clone().map(Template)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other
            .cast::<Self>()
            .is_ok_and(|other| self.0 == other.get().0)
    }

    fn __repr__(&self) -> String {
        let id = self.correlation_id();
        let template = self.template().map(|template| template.__repr__());
        Repr::new("Answer")
            .masked("text", self.0.text.as_deref().map(|text| MessageText::from(text).masked()))
            .masked("callback_url", self.0.callback_url.as_ref().map(CallbackUrl::masked))
            .word("correlation_id", id)
            .masked("template", template)
            .end()
    }
});
