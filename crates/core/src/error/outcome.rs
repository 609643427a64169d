//! What is known about a message after a call: `sent`, `not_sent`, `rejected` or `maybe_sent`.

use std::fmt;

/// What is known about a message. Only `not_sent` may ever be repeated by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum Outcome {
    /// Provably without effect: nothing left, or the server said that it did not look.
    NotSent,
    /// The API refused it.
    Rejected,
    /// The API accepted it.
    Sent,
    /// Bytes left and no answer tells what became of them.
    MaybeSent,
}

impl Outcome {
    /// The name that every language uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::NotSent => "not_sent",
            Outcome::Rejected => "rejected",
            Outcome::Sent => "sent",
            Outcome::MaybeSent => "maybe_sent",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a POST had come when it became a [`Outcome::MaybeSent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The request was on its way, or had arrived, and no status line came back.
    AwaitingAnswer,
    /// A status line came back that does not tell: 408, 5xx, or a page that is not the API's.
    Answered,
}

impl Phase {
    /// The name that every language uses: `awaiting_answer`, `answered`.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::AwaitingAnswer => "awaiting_answer",
            Phase::Answered => "answered",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
