//! `tx_…`: what the application sent, as it reaches the user.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::Channel;
use crate::clock::{serialize_wire, serialize_wire_option};

/// A message that the API accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SentMessage {
    /// `POST /v2/notify/reply`.
    Reply(SentReply),
    /// `POST /v2/notify`.
    Template(SentTemplate),
}

/// A reply, shown to the user as a quote of their own message and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SentReply {
    /// `tx_…`.
    pub id: String,
    /// The user's number.
    pub to: String,
    /// The answer.
    pub text: String,
    /// `im_…`: the message that is answered.
    pub reply_to: String,
    /// The text of the message that is answered.
    pub quoted_text: String,
    /// The channel that the message came by.
    pub channel: Channel,
    /// When the API accepted it.
    #[serde(serialize_with = "serialize_wire")]
    pub created_at: Timestamp,
    /// Where its delivery events go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// The application's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

/// A template with its variables filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SentTemplate {
    /// `tx_…`.
    pub id: String,
    /// The user's number.
    pub to: String,
    /// What the user reads.
    pub text: String,
    /// `template_…`.
    pub template_id: String,
    /// What was filled in.
    pub variables: BTreeMap<String, String>,
    /// The channel that it goes out on: the preferred one, else WhatsApp.
    pub channel: Channel,
    /// When the API accepted it.
    #[serde(serialize_with = "serialize_wire")]
    pub created_at: Timestamp,
    /// When it is given up, as the API answers it.
    pub expires_at: String,
    /// When it goes out; `None`: at once.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_wire_option"
    )]
    pub schedule_at: Option<Timestamp>,
    /// The sender that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The language that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The file that goes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_url: Option<String>,
    /// Where its delivery events go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// The application's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

/// A field that both kinds of messages have.
macro_rules! shared {
    ($message:expr, $field:ident) => {
        match $message {
            SentMessage::Reply(SentReply { $field, .. })
            | SentMessage::Template(SentTemplate { $field, .. }) => $field,
        }
    };
}

impl SentMessage {
    /// `tx_…`.
    pub fn id(&self) -> &str {
        shared!(self, id)
    }

    /// The user's number.
    pub fn to(&self) -> &str {
        shared!(self, to)
    }

    /// What the user reads.
    pub fn text(&self) -> &str {
        shared!(self, text)
    }

    /// The channel that it goes out on.
    pub fn channel(&self) -> Channel {
        *shared!(self, channel)
    }

    /// When the API accepted it.
    pub fn created_at(&self) -> Timestamp {
        *shared!(self, created_at)
    }

    /// Where its delivery events go.
    pub fn callback_url(&self) -> Option<&str> {
        shared!(self, callback_url).as_deref()
    }

    /// The application's own name for it.
    pub fn correlation_id(&self) -> Option<&str> {
        shared!(self, correlation_id).as_deref()
    }

    /// The reply, if it is one.
    pub fn as_reply(&self) -> Option<&SentReply> {
        match self {
            SentMessage::Reply(reply) => Some(reply),
            SentMessage::Template(_) => None,
        }
    }

    /// The template, if it is one.
    pub fn as_template(&self) -> Option<&SentTemplate> {
        match self {
            SentMessage::Template(template) => Some(template),
            SentMessage::Reply(_) => None,
        }
    }
}
