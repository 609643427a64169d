//! What the API answers to a reply and to a template.

use backchat_core::{
    Address, Answered, EchoedCallbackUrl, EchoedCorrelationId, RawJson, ReplyResponse as CoreReply,
    RequestId, SendResponse as CoreSend, Timestamp, Word,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDateTime};

use crate::repr::Repr;
use crate::{json, time};

/// The API's answer to a reply. Frozen; compares, hashes and pickles.
///
/// <https://docs.prelude.so/notify/v2/api-reference/send-a-reply>
#[pyclass(frozen, eq, hash, module = "backchat")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct ReplyResponse(pub(crate) CoreReply);

/// The API's answer to a template. Frozen; compares, hashes and pickles.
///
/// <https://docs.prelude.so/notify/v2/api-reference/send-a-message>
#[pyclass(frozen, eq, hash, module = "backchat")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct SendResponse(pub(crate) CoreSend);

/// What both answers have, and their own fields.
macro_rules! response {
    ($class:ident, $sent:literal, $rebuild:literal, { $($own:tt)* }) => {
        #[pymethods]
        impl $class {
            #[classattr]
            fn __match_args__() -> (&'static str,) {
                ("id",)
            }

            /// Which of the two it is: `reply` or `template`.
            #[getter]
            fn sent(&self) -> &'static str {
                $sent
            }

            /// The message's id, `tx_…`: delivery events name it.
            #[getter]
            fn id(&self) -> &str {
                self.0.id.as_str()
            }

            /// The receiver.
            #[getter]
            fn to(&self) -> &str {
                self.0.to.as_str()
            }

            /// When the API made the message, in UTC, to the microsecond.
            #[getter]
            fn created_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
                time::of_wire(py, self.0.created_at.as_ref())
            }

            /// `created_at` exactly as it came, mostly with nanoseconds.
            #[getter]
            fn created_at_raw(&self) -> Option<&str> {
                self.0.created_at.as_ref().map(Timestamp::as_str)
            }

            /// Where delivery events go.
            #[getter]
            fn callback_url(&self) -> Option<&str> {
                self.0.callback_url.as_ref().map(EchoedCallbackUrl::as_str)
            }

            /// The correlation id of the message: in every delivery event.
            #[getter]
            fn correlation_id(&self) -> Option<&str> {
                self.0.correlation_id.as_ref().map(EchoedCorrelationId::as_str)
            }

            /// The id of the request, for Prelude's support.
            #[getter]
            fn request_id(&self) -> Option<&str> {
                self.0.request_id.as_ref().map(RequestId::as_str)
            }

            /// The exact answer, for fields that have no name here yet.
            #[getter]
            fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                PyBytes::new(py, self.0.raw.as_bytes())
            }

            /// All fields as plain `dict` and `str`, with the API's names, texts and numbers in full.
            fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                json::object(py, &self.0)
            }

            /// `to_dict` as JSON.
            fn to_json(&self) -> PyResult<String> {
                json::text(&self.0)
            }

            fn __copy__(slf: Py<Self>) -> Py<Self> {
                slf
            }

            fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
                slf
            }

            fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String, String))> {
                let rebuild = py.import("backchat._native")?.getattr($rebuild)?;
                Ok((rebuild, (json::text(&self.0)?, self.0.raw.as_str().to_owned())))
            }

            $($own)*
        }
    };
}

response!(ReplyResponse, "reply", "_reply_response", {
    /// What the user reads.
    #[getter]
    fn text(&self) -> &str {
        self.0.text.as_str()
    }

    /// The message that was answered, `im_…`.
    #[getter]
    fn reply_to(&self) -> &str {
        self.0.reply_to.as_str()
    }

    fn __repr__(&self) -> String {
        Repr::new("ReplyResponse")
            .masked("id", Some(self.0.id.masked()))
            .masked("to", Some(self.0.to.masked()))
            .masked("text", Some(self.0.text.masked()))
            .masked("reply_to", Some(self.0.reply_to.masked()))
            .moment("created_at", self.0.created_at.as_ref())
            .masked(
                "correlation_id",
                self.0
                    .correlation_id
                    .as_ref()
                    .map(EchoedCorrelationId::masked),
            )
            .masked(
                "request_id",
                self.0.request_id.as_ref().map(RequestId::masked),
            )
            .end()
    }
});

response!(SendResponse, "template", "_send_response", {
    /// The template that was sent.
    #[getter]
    fn template_id(&self) -> &str {
        &self.0.template_id
    }

    /// Its variables.
    #[getter]
    fn variables(&self) -> std::collections::BTreeMap<String, String> {
        self.0.variables.clone()
    }

    /// Until when Prelude tries to deliver it, in UTC.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        time::of_wire(py, self.0.expires_at.as_ref())
    }

    /// `expires_at` exactly as it came.
    #[getter]
    fn expires_at_raw(&self) -> Option<&str> {
        self.0.expires_at.as_ref().map(Timestamp::as_str)
    }

    /// The sender. (The wire's `from`.)
    #[getter]
    fn from_(&self) -> Option<&str> {
        self.0.from.as_ref().map(Address::as_str)
    }

    /// When it will be sent, in UTC.
    #[getter]
    fn schedule_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        time::of_wire(py, self.0.schedule_at.as_ref())
    }

    /// `schedule_at` exactly as it came.
    #[getter]
    fn schedule_at_raw(&self) -> Option<&str> {
        self.0.schedule_at.as_ref().map(Timestamp::as_str)
    }

    /// `GSM-7` or `UCS-2`, for SMS.
    #[getter]
    fn encoding(&self) -> Option<&str> {
        self.0.encoding.as_deref()
    }

    /// How many SMS it would take.
    #[getter]
    fn estimated_segment_count(&self) -> Option<u64> {
        self.0.estimated_segment_count
    }

    fn __repr__(&self) -> String {
        let names = self.0.variables.keys();
        let names: Vec<_> = names.map(|name| Word::from(name.as_str())).collect();
        Repr::new("SendResponse")
            .masked("id", Some(self.0.id.masked()))
            .masked("to", Some(self.0.to.masked()))
            .word("template_id", Some(self.template_id()))
            .field("variables", Some(names))
            .moment("created_at", self.0.created_at.as_ref())
            .masked(
                "correlation_id",
                self.0
                    .correlation_id
                    .as_ref()
                    .map(EchoedCorrelationId::masked),
            )
            .masked(
                "request_id",
                self.0.request_id.as_ref().map(RequestId::masked),
            )
            .end()
    }
});

/// What a pickle calls: the answer of this JSON.
#[pyfunction]
#[pyo3(name = "_reply_response")]
pub(crate) fn rebuild_reply(json: &str, raw: &str) -> PyResult<ReplyResponse> {
    let mut reply: CoreReply = json::read(json)?;
    reply.raw = RawJson::from(raw);
    Ok(ReplyResponse(reply))
}

/// What a pickle calls: the answer of this JSON.
#[pyfunction]
#[pyo3(name = "_send_response")]
pub(crate) fn rebuild_send(json: &str, raw: &str) -> PyResult<SendResponse> {
    let mut sent: CoreSend = json::read(json)?;
    sent.raw = RawJson::from(raw);
    Ok(SendResponse(sent))
}

/// What a call of the core answers, as an object of Python.
pub(crate) trait ToPython: Send + 'static {
    fn to_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>>;
}

impl ToPython for CoreReply {
    fn to_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(Bound::new(py, ReplyResponse(self))?.into_any())
    }
}

impl ToPython for CoreSend {
    fn to_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(Bound::new(py, SendResponse(self))?.into_any())
    }
}

impl ToPython for Answered {
    fn to_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        match self {
            Answered::Reply(reply) => reply.to_python(py),
            Answered::Template(template) => template.to_python(py),
        }
    }
}

impl ToPython for () {
    fn to_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(py.None().into_bound(py))
    }
}
