//! A webhook's body that is not an event.

use std::fmt;

use bytes::Bytes;

use crate::mask::MaskedBytes;

/// A webhook's body is not an event. The bytes are kept: nothing is lost.
#[derive(Clone, thiserror::Error)]
#[error("event_unreadable: {detail} ({})", if *verified { "its signature is good" } else { "its signature was not checked" })]
#[non_exhaustive]
pub struct UnreadableEventError {
    /// What is missing, or where the JSON breaks.
    pub detail: String,
    /// The body as it was received.
    pub raw: Bytes,
    /// Whether Prelude's signature over the bytes is good.
    pub verified: bool,
}

impl fmt::Debug for UnreadableEventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadableEventError")
            .field("detail", &self.detail)
            .field("raw", &MaskedBytes(&self.raw))
            .field("verified", &self.verified)
            .finish()
    }
}
