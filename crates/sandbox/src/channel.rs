//! `channel`: how a message travels.

use serde::{Deserialize, Serialize};

/// How a message travels between a user and the business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Channel {
    /// WhatsApp, with its 24-hour window.
    #[default]
    Whatsapp,
    /// RCS, which has no window.
    Rcs,
    /// SMS: only templates go out so, and no user writes so.
    Sms,
}

impl Channel {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Whatsapp => "whatsapp",
            Channel::Rcs => "rcs",
            Channel::Sms => "sms",
        }
    }
}
