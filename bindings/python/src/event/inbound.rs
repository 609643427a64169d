//! `inbound.message.received`: a user wrote.

use backchat_core as core;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{Event, ReplyWindow, behind, methods};
use crate::repr::Repr;

/// `inbound.message.received`: a message from a user. Answer it with `client.reply(message, text)`.
///
/// `InboundMessage(message_id=…, from_=…, text=…)` makes one for the test of a handler: unverified,
/// over WhatsApp, without a window.
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
        /// The channel, mostly `whatsapp`; `rcs` and new ones keep their word.
        channel: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.channel.as_str()) }
        /// Who wrote, a phone number in E.164 format. (The wire's `from`.)
        from_: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.from.as_str()) }
        /// The business number that received it; for RCS an agent.
        to: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.to.as_str()) }
        /// What the user wrote.
        text: |py, event| -> Bound<'py, PyString> { PyString::new(py, event.text.as_str()) }
        /// Until when the user may be answered, as far as this event knows.
        reply_window: |py, event| -> Bound<'py, ReplyWindow> {
            Bound::new(py, ReplyWindow(event.reply_window.clone()))?
        }
    }
    own {
        #[new]
        #[pyo3(signature = (*, message_id, from_, text))]
        fn new(message_id: &str, from_: &str, text: &str) -> PyClassInitializer<Self> {
            let message = core::InboundMessage::new(message_id, from_, text);
            PyClassInitializer::from(Event(core::Event::InboundMessage(message))).add_subclass(Self)
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
