//! `inbound.message.received`: a user wrote.

use backchat_core as core;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{Event, ReplyWindow, behind, methods};
use crate::json;
use crate::repr::Repr;

/// `inbound.message.received`: a message from a user, a text or a file. Answer it with
/// `client.reply(message, text)`.
///
/// `InboundMessage(message_id=…, from_=…, text=…)` makes one for the test of a handler: unverified,
/// over WhatsApp, without a window. `content=…` in place of `text` is the whole content, as that of a
/// photo; its `text` is the message's.
///
/// <https://docs.prelude.so/notify/v2/documentation/whatsapp>
#[pyclass(frozen, extends = Event, module = "backchat")]
pub(crate) struct InboundMessage;

behind!(
    inbound,
    InboundMessage,
    InboundMessage,
    core::InboundMessage
);

methods! {
    InboundMessage, inbound {
        /// The message's id, `im_…`: give it as `reply_to`. The same on every redelivery.
        message_id: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.message_id.as_str()) }
        /// The channel, mostly `whatsapp`; `rcs` and new ones keep their word. Empty when the event
        /// names none.
        channel: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.channel.as_str()) }
        /// Who wrote, a phone number in E.164 format. (The wire's `from`.)
        from_: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.from.as_str()) }
        /// The business number that received it; for RCS an agent. Empty when the event names none.
        to: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.to.as_str()) }
        /// The text, or the caption of a file. Empty when there is none.
        text: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.text.as_str()) }
        /// All that the event's content holds, as `json.loads` reads it: mostly a `dict`. How the
        /// content of a file looks is not documented. `None` when the event has no content.
        content: |py, event| -> Bound<'py, PyAny> { json::object(py, &event.content.to_value())? }
        /// Until when the user may be answered, as far as this event knows.
        reply_window: |py, event| -> Bound<'py, ReplyWindow> {
            Bound::new(py, ReplyWindow(event.reply_window.clone()))?
        }
    }
    own {
        #[new]
        #[pyo3(signature = (*, message_id, from_, text = None, content = None))]
        fn new(
            message_id: &str,
            from_: &str,
            text: Option<&str>,
            content: Option<&Bound<'_, PyAny>>,
        ) -> PyResult<PyClassInitializer<Self>> {
            let message = match (text, content) {
                (Some(text), None) => core::InboundMessage::new(message_id, from_, text),
                (None, Some(content)) => {
                    let content: serde_json::Value = json::read(&json::dumps(content)?)?;
                    core::InboundMessage::with_content(message_id, from_, &content)
                }
                _ => return Err(PyValueError::new_err(
                    "give `text`, or `content` with the text in it",
                )),
            };
            let event = Event(core::Event::InboundMessage(message));
            Ok(PyClassInitializer::from(event).add_subclass(Self))
        }

        #[classattr]
        fn __match_args__() -> (&'static str, &'static str) {
            ("text", "from_")
        }
    }
}

pub(super) fn repr(event: &core::InboundMessage) -> String {
    Repr::new("InboundMessage")
        .masked("message_id", Some(event.message_id.masked()))
        .masked("from_", Some(event.from.masked()))
        .masked("text", Some(event.text.masked()))
        .word("channel", Some(event.channel.as_str()))
        .masked("to", Some(event.to.masked()))
        .masked("id", Some(event.id.masked()))
        .moment("created_at", Some(&event.created_at))
        .flag("verified", event.verified)
        .end()
}
