//! `payload.conversation.window_expires_at`: until when a user may be answered.

use std::time::Duration;

use serde::Serialize;

use super::{Channel, Timestamp};

/// The 24-hour window, as the event said when it was made.
///
/// It is information, **not** a gate: a newer message of the same user may have reset the window,
/// so a reply always asks the server, whose `window_expired` is the truth.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[non_exhaustive]
pub struct ReplyWindow {
    /// When it closes. Absent for RCS.
    pub expires_at: Option<Timestamp>,
    #[serde(skip)]
    unlimited: bool,
}

/// Whether a user may still be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum WindowState {
    /// A reply is in time.
    Open,
    /// A reply is too late, unless the user wrote again since.
    Closed,
    /// The channel has no window (RCS): a reply is always in time.
    None,
    /// The event does not say.
    Unknown,
}

impl WindowState {
    /// The name that every language uses: `open`, `closed`, `none`, `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            WindowState::Open => "open",
            WindowState::Closed => "closed",
            WindowState::None => "none",
            WindowState::Unknown => "unknown",
        }
    }
}

impl ReplyWindow {
    /// The window of a message over `channel`, as far as its event says.
    pub fn new(expires_at: Option<Timestamp>, channel: &Channel) -> Self {
        let unlimited = expires_at.is_none() && *channel == Channel::Rcs;
        Self {
            expires_at,
            unlimited,
        }
    }

    /// The state at `now`. At the very moment of `expires_at` it is closed.
    pub fn state_at(&self, now: jiff::Timestamp) -> WindowState {
        match self.expires() {
            Some(expires) if now < expires => WindowState::Open,
            Some(_) => WindowState::Closed,
            None if self.unlimited => WindowState::None,
            None => WindowState::Unknown,
        }
    }

    /// The time left at `now`: zero once closed, `None` without a window or when unknown.
    pub fn remaining_at(&self, now: jiff::Timestamp) -> Option<Duration> {
        let left = self.expires()?.duration_since(now);
        Some(Duration::try_from(left).unwrap_or_default())
    }

    /// [`ReplyWindow::state_at`] by the clock of this machine.
    pub fn state(&self) -> WindowState {
        self.state_at(jiff::Timestamp::now())
    }

    /// [`ReplyWindow::remaining_at`] by the clock of this machine.
    pub fn remaining(&self) -> Option<Duration> {
        self.remaining_at(jiff::Timestamp::now())
    }

    fn expires(&self) -> Option<jiff::Timestamp> {
        self.expires_at.as_ref()?.instant()
    }
}
