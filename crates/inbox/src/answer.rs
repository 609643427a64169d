//! What a message handler returns: a text, nothing, or a reply with options.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use backchat_core::{CallbackUrl, CorrelationId, Template};
use serde::{Deserialize, Serialize};

/// Why a handler failed: any error.
pub type HandlerError = Box<dyn StdError + Send + Sync>;

/// What a message handler wants to be sent.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// What the user reads. `None`: no reply. An empty text counts as a failure of the handler.
    pub text: Option<String>,
    /// Where Prelude posts the delivery events. Default: the client's.
    pub callback_url: Option<CallbackUrl>,
    /// Comes back in every delivery event. Default: `<message id>.<12 random characters>`. One of
    /// your own must be unique to this message, or delivery events cannot settle its row.
    pub correlation_id: Option<CorrelationId>,
    /// What to send instead when the server says that the window has closed.
    pub template: Option<Template>,
}

impl Answer {
    /// No reply.
    pub fn none() -> Self {
        Self::default()
    }

    /// A reply.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// The answer that an earlier attempt could not send. `None`: it cannot be read.
    pub(crate) fn restore(stored: &StoredAnswer) -> Option<Self> {
        serde_json::from_slice(&stored.json).ok()
    }

    /// The answer as it is kept for the next attempt.
    pub(crate) fn store(&self) -> Option<StoredAnswer> {
        let json = serde_json::to_vec(self).ok()?;
        Some(StoredAnswer { json: json.into() })
    }

    /// Sets where Prelude posts the delivery events.
    pub fn callback_url(mut self, url: CallbackUrl) -> Self {
        self.callback_url = Some(url);
        self
    }

    /// Sets the correlation id.
    pub fn correlation_id(mut self, id: CorrelationId) -> Self {
        self.correlation_id = Some(id);
        self
    }

    /// Sets what to send instead when the window has closed.
    pub fn or_template(mut self, template: Template) -> Self {
        self.template = Some(template);
        self
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.text.as_ref().map(|text| text.chars().count());
        f.debug_struct("Answer")
            .field("text", &length.map(|n| format!("[{n} characters]")))
            .field("callback_url", &self.callback_url)
            .field("correlation_id", &self.correlation_id)
            .field("template", &self.template)
            .finish()
    }
}

/// What a message handler may return.
pub trait IntoAnswer {
    /// The answer, or why there is none.
    fn into_answer(self) -> Result<Answer, HandlerError>;
}

impl IntoAnswer for Answer {
    fn into_answer(self) -> Result<Answer, HandlerError> {
        Ok(self)
    }
}

impl IntoAnswer for String {
    fn into_answer(self) -> Result<Answer, HandlerError> {
        Ok(Answer::text(self))
    }
}

impl IntoAnswer for &str {
    fn into_answer(self) -> Result<Answer, HandlerError> {
        Ok(Answer::text(self))
    }
}

/// No reply.
impl IntoAnswer for () {
    fn into_answer(self) -> Result<Answer, HandlerError> {
        Ok(Answer::none())
    }
}

/// `None`: no reply.
impl<T: IntoAnswer> IntoAnswer for Option<T> {
    fn into_answer(self) -> Result<Answer, HandlerError> {
        self.map_or(Ok(Answer::none()), T::into_answer)
    }
}

/// `Err`: the handler failed, and runs again later.
impl<T: IntoAnswer, E: Into<HandlerError>> IntoAnswer for Result<T, E> {
    fn into_answer(self) -> Result<Answer, HandlerError> {
        self.map_err(Into::into).and_then(T::into_answer)
    }
}

/// What the handler of another event may return.
pub trait IntoHandled {
    /// Whether the event was taken.
    fn into_handled(self) -> Result<(), HandlerError>;
}

impl IntoHandled for () {
    fn into_handled(self) -> Result<(), HandlerError> {
        Ok(())
    }
}

/// `Err`: the event comes again.
impl<E: Into<HandlerError>> IntoHandled for Result<(), E> {
    fn into_handled(self) -> Result<(), HandlerError> {
        self.map_err(Into::into)
    }
}

/// An answer of a handler that could not be sent yet, as JSON. `Debug` prints its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The answer, as the inbox wrote it.
    pub json: Arc<[u8]>,
}

impl fmt::Debug for StoredAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredAnswer([{} bytes])", self.json.len())
    }
}
