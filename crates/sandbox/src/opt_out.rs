//! `POST /sandbox/opt-out`: a user sends STOP, START or HELP.

use backchat_core::{OptOutKind, PhoneNumber};
use serde::{Deserialize, Serialize};

use crate::SandboxError;

/// The word that a user sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum OptOutAction {
    /// No more templates, please.
    Stop,
    /// Templates again.
    Start,
    /// What is this?
    Help,
}

impl OptOutAction {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            OptOutAction::Stop => "STOP",
            OptOutAction::Start => "START",
            OptOutAction::Help => "HELP",
        }
    }

    pub(crate) fn event_type(self) -> &'static str {
        let kind = match self {
            OptOutAction::Stop => OptOutKind::Stop,
            OptOutAction::Start => OptOutKind::Start,
            OptOutAction::Help => OptOutKind::Help,
        };
        kind.event_type()
    }
}

/// A word that a user is to send.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OptOut {
    /// The user's number, in E.164.
    pub from: String,
    /// The word.
    pub action: OptOutAction,
    /// What they write to, perhaps a short code. The business number when none is given.
    #[serde(default)]
    pub to: Option<String>,
    /// Whether to wait until the webhook was posted once.
    #[serde(default = "yes")]
    pub wait: bool,
}

fn yes() -> bool {
    true
}

impl OptOut {
    /// This word, to the sandbox's business number.
    pub fn new(from: impl Into<String>, action: OptOutAction) -> Self {
        Self {
            from: from.into(),
            action,
            to: None,
            wait: yes(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        match PhoneNumber::parse(&self.from) {
            Ok(_) => Ok(()),
            Err(_) => Err(SandboxError::Refused("`from` must be in E.164".to_owned())),
        }
    }
}
