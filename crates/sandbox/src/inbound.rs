//! `POST /sandbox/inbound`: a user writes.

use backchat_core::PhoneNumber;
use serde::Deserialize;

use crate::{Channel, SandboxError};

/// The agent that RCS messages go to when none is named.
const RCS_AGENT: &str = "rbm_backchat_agent";

/// A message that a user is to write.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Inbound {
    /// The user's number, in E.164.
    pub from: String,
    /// What they write.
    pub text: String,
    /// The number they write to; for RCS an agent's name. The business number when none is given.
    #[serde(default)]
    pub to: Option<String>,
    /// WhatsApp when none is given.
    #[serde(default)]
    pub channel: Channel,
    /// Whether to wait until the webhook was posted once.
    #[serde(default = "yes")]
    pub wait: bool,
}

fn yes() -> bool {
    true
}

impl Inbound {
    /// A WhatsApp message to the sandbox's business number.
    pub fn new(from: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            from: from.into(),
            text: text.into(),
            to: None,
            channel: Channel::default(),
            wait: yes(),
        }
    }

    /// The same message to another number or agent.
    pub fn to(mut self, to: impl Into<String>) -> Self {
        self.to = Some(to.into());
        self
    }

    /// The same message over another channel.
    pub fn channel(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    /// The same message, not waiting for its webhook to be posted.
    pub fn without_waiting(mut self) -> Self {
        self.wait = false;
        self
    }

    pub(crate) fn check(self, business_number: &str) -> Result<Received, SandboxError> {
        let number = |name: &str, value: &str| {
            PhoneNumber::parse(value)
                .map(drop)
                .map_err(|_| SandboxError::Refused(format!("`{name}` must be in E.164")))
        };
        number("from", &self.from)?;
        let to = match (self.to, self.channel) {
            (_, Channel::Sms) => {
                return Err(SandboxError::Refused(
                    "`channel` must be whatsapp or rcs: users do not write by sms".to_owned(),
                ));
            }
            (Some(to), Channel::Whatsapp) => {
                number("to", &to)?;
                to
            }
            (None, Channel::Whatsapp) => business_number.to_owned(),
            (to, Channel::Rcs) => to.unwrap_or_else(|| RCS_AGENT.to_owned()),
        };
        if self.text.is_empty() {
            return Err(SandboxError::Refused("`text` must not be empty".to_owned()));
        }
        Ok(Received {
            from: self.from,
            to,
            text: self.text,
            channel: self.channel,
        })
    }
}

/// A message that a user wrote.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: String,
    pub(crate) channel: Channel,
}
