//! `POST /sandbox/inbound`: a user writes.

use backchat_core::PhoneNumber;
use serde::Deserialize;

use crate::{Channel, InboundFile, SandboxError};

/// The agent that RCS messages go to when none is named.
const RCS_AGENT: &str = "rbm_backchat_agent";

/// A message that a user is to write.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Inbound {
    /// The user's number, in E.164.
    pub from: String,
    /// What they write; beside a file its caption.
    #[serde(default)]
    pub text: Option<String>,
    /// The file that they send.
    #[serde(default)]
    pub file: Option<InboundFile>,
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
        Self::of(from.into(), Some(text.into()), None)
    }

    /// A file without a caption, over WhatsApp to the sandbox's business number.
    ///
    /// ```
    /// use backchat_sandbox::{Inbound, InboundFile};
    ///
    /// let photo = InboundFile::new("image/jpeg", vec![0xFF, 0xD8]).filename("photo.jpg");
    /// let message = Inbound::file("+33612345678", photo).caption("It looks like this");
    /// # assert!(message.file.is_some());
    /// ```
    pub fn file(from: impl Into<String>, file: InboundFile) -> Self {
        Self::of(from.into(), None, Some(file))
    }

    fn of(from: String, text: Option<String>, file: Option<InboundFile>) -> Self {
        Self {
            from,
            text,
            file,
            to: None,
            channel: Channel::default(),
            wait: yes(),
        }
    }

    /// The same message with this text beside its file.
    pub fn caption(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
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
        let text = self.text.unwrap_or_default();
        if text.is_empty() && self.file.is_none() {
            return Err(SandboxError::Refused(
                "`text` must not be empty without a `file`".to_owned(),
            ));
        }
        self.file.as_ref().map(InboundFile::check).transpose()?;
        Ok(Received {
            from: self.from,
            to,
            text,
            file: self.file,
            channel: self.channel,
        })
    }
}

/// A message that a user wrote.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Empty for a file without a caption.
    pub(crate) text: String,
    pub(crate) file: Option<InboundFile>,
    pub(crate) channel: Channel,
}
