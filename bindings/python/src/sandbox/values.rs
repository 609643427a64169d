//! What the sandbox tells: the events that it posts, and the messages that users got.

use std::collections::BTreeMap;

use backchat_sandbox::{SentMessage as CoreSent, WebhookEvent};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDateTime};

use crate::event;
use crate::repr::Repr;
use crate::time;

/// An event of the sandbox as it is posted: hand `body` and `headers` to `Webhook.verify` or to
/// `Inbox.receive`.
#[pyclass(frozen, module = "backchat.testing")]
pub(crate) struct SignedEvent(pub(super) WebhookEvent);

#[pymethods]
impl SignedEvent {
    /// The event's id, `evt_…`: for `Sandbox.redeliver`.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// The event's type, such as `inbound.message.received`.
    #[getter]
    fn r#type(&self) -> &str {
        &self.0.kind
    }

    /// The message that it is about, `im_…` or `tx_…`, if it is about one.
    #[getter]
    fn message_id(&self) -> Option<&str> {
        self.0.message_id.as_deref()
    }

    /// The raw body of the webhook.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.body)
    }

    /// The headers of the webhook, its signature among them.
    #[getter]
    fn headers(&self) -> BTreeMap<&'static str, &str> {
        BTreeMap::from([
            ("Content-Type", "application/json"),
            ("X-Webhook-Signature", self.0.signature.as_str()),
        ])
    }

    /// The event itself, unverified.
    #[getter]
    fn event<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        event::rebuild(py, &self.0.body, false)
    }

    fn __repr__(&self) -> String {
        Repr::new("SignedEvent")
            .field("id", Some(self.id()))
            .field("type", Some(self.r#type()))
            .field("message_id", self.message_id())
            .end()
    }
}

/// What the user got: a reply or a template that the sandbox accepted. Printed in full, for a test.
#[pyclass(frozen, module = "backchat.testing")]
pub(crate) struct SentMessage(pub(super) CoreSent);

#[pymethods]
impl SentMessage {
    /// `reply` or `template`.
    #[getter]
    fn r#type(&self) -> &'static str {
        match self.0 {
            CoreSent::Reply(_) => "reply",
            _ => "template",
        }
    }

    /// `tx_…`.
    #[getter]
    fn id(&self) -> &str {
        self.0.id()
    }

    /// The user's number.
    #[getter]
    fn to(&self) -> &str {
        self.0.to()
    }

    /// What the user reads.
    #[getter]
    fn text(&self) -> &str {
        self.0.text()
    }

    /// The channel that it goes out on.
    #[getter]
    fn channel(&self) -> &str {
        self.0.channel().as_str()
    }

    /// When the API accepted it, by the sandbox's clock.
    #[getter]
    fn created_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        time::datetime(py, self.0.created_at())
    }

    /// Where its delivery events go.
    #[getter]
    fn callback_url(&self) -> Option<&str> {
        self.0.callback_url()
    }

    /// The application's own name for it.
    #[getter]
    fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id()
    }

    /// For a reply: the message that is answered, `im_…`.
    #[getter]
    fn reply_to(&self) -> Option<&str> {
        self.0.as_reply().map(|reply| reply.reply_to.as_str())
    }

    /// For a reply: the text of the message that is answered.
    #[getter]
    fn quoted_text(&self) -> Option<&str> {
        self.0.as_reply().map(|reply| reply.quoted_text.as_str())
    }

    /// For a template: its id.
    #[getter]
    fn template_id(&self) -> Option<&str> {
        self.0
            .as_template()
            .map(|template| template.template_id.as_str())
    }

    /// For a template: what was filled in.
    #[getter]
    fn variables(&self) -> Option<BTreeMap<String, String>> {
        self.0
            .as_template()
            .map(|template| template.variables.clone())
    }

    fn __repr__(&self) -> String {
        Repr::new("SentMessage")
            .field("type", Some(self.r#type()))
            .field("to", Some(self.to()))
            .field("text", Some(self.text()))
            .field("reply_to", self.reply_to())
            .field("template_id", self.template_id())
            .end()
    }
}
