//! What went wrong, for the application's log.

use std::error::Error as StdError;
use std::sync::Arc;

use backchat_core::{EventId, InboundMessageId};

/// Something went wrong. The inbox has already dealt with it; this is for logs and alarms.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Where.
    pub stage: Stage,
    /// The event, as far as one was read.
    pub event_id: Option<EventId>,
    /// The message that was to be answered.
    pub message_id: Option<InboundMessageId>,
    /// What went wrong. In the stages `webhook`, `send` and `store` a [`backchat_core::Error`], whose
    /// printed forms hold nothing private; in the stage `handler` the application's own error.
    pub error: Arc<dyn StdError + Send + Sync>,
}

/// Where something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The request was not Prelude's, or no event.
    Webhook,
    /// A handler failed, panicked, or is missing.
    Handler,
    /// The reply was not accepted, or nobody can know.
    Send,
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
            Stage::Store => "store",
        }
    }
}
