//! A failure, for the application's log and alarms.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use backchat_core::{EventId, InboundMessageId};

/// Something went wrong. The inbox has already dealt with it; this is for logs and alarms.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The step that failed.
    pub stage: Stage,
    /// The event, as far as one was read.
    pub event_id: Option<EventId>,
    /// The message that was to be answered.
    pub message_id: Option<InboundMessageId>,
    /// Whether the inbox is done with it: the message was given up, refused, or may have been sent.
    /// `false` when the inbox, or a redelivery, tries again.
    pub is_final: bool,
    /// The error. In the stages `webhook`, `send`, `queue` and `store` a [`backchat_core::Error`],
    /// whose printed forms hold nothing private; in the stage `handler` the application's own error.
    pub error: Arc<dyn StdError + Send + Sync>,
}

/// The step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The request holds no event that can be taken.
    Webhook,
    /// A handler failed, panicked, took too long, or is missing.
    Handler,
    /// The reply was not accepted, or its end is not known.
    Send,
    /// Messages wait in the queue, and no worker takes them.
    Queue,
    /// The store failed.
    Store,
}

impl Stage {
    /// The name that every language uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Webhook => "webhook",
            Stage::Handler => "handler",
            Stage::Send => "send",
            Stage::Queue => "queue",
            Stage::Store => "store",
        }
    }
}

impl Failure {
    pub(crate) fn new(stage: Stage, error: Arc<dyn StdError + Send + Sync>) -> Self {
        Self {
            stage,
            event_id: None,
            message_id: None,
            is_final: false,
            error,
        }
    }

    pub(crate) fn about(mut self, message_id: &InboundMessageId) -> Self {
        self.message_id = Some(message_id.clone());
        self
    }

    pub(crate) fn of_event(mut self, event_id: &EventId) -> Self {
        self.event_id = Some(event_id.clone());
        self
    }

    pub(crate) fn finally(mut self, is_final: bool) -> Self {
        self.is_final = is_final;
        self
    }

    /// Writes it to the log.
    pub(crate) fn log(&self) {
        let message = if self.is_final {
            "inbox failure; not tried again"
        } else {
            "inbox failure; tried again"
        };
        tracing::warn!(
            target: "backchat",
            stage = self.stage.as_str(),
            event_id = self.event_id.as_ref().map(EventId::masked),
            message_id = self.message_id.as_ref().map(InboundMessageId::masked),
            is_final = self.is_final,
            error = %OneLine(&self.error.to_string()),
            "{message}"
        );
    }
}

/// A foreign text in one line, without control characters, and not longer than 500 characters.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 500;
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(LONGEST) {
            let shown = if character.is_control() {
                '\u{fffd}'
            } else {
                character
            };
            fmt::Write::write_char(f, shown)?;
        }
        if characters.next().is_some() {
            f.write_str("…")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::OneLine;

    #[test]
    fn a_foreign_text_stays_in_its_line() {
        assert_eq!(
            OneLine("a\r\nb\u{1b}[31m").to_string(),
            "a\u{fffd}\u{fffd}b\u{fffd}[31m"
        );
        assert_eq!(
            OneLine(&"é".repeat(501)).to_string(),
            format!("{}…", "é".repeat(500))
        );
    }
}
