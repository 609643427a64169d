//! What a call answers: all its fields, `raw`, and `sent`, which tells a reply from a template.

use backchat_core::{Answered, InboundMedia, ReplyResponse, SendResponse};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Shown<T> {
    sent: &'static str,
    #[serde(flatten)]
    fields: T,
    raw: String,
}

pub(crate) fn reply(response: ReplyResponse) -> Shown<ReplyResponse> {
    Shown {
        sent: "reply",
        raw: response.raw.as_str().to_owned(),
        fields: response,
    }
}

pub(crate) fn send(response: SendResponse) -> Shown<SendResponse> {
    Shown {
        sent: "template",
        raw: response.raw.as_str().to_owned(),
        fields: response,
    }
}

/// A file, whose bytes come by themselves.
#[derive(Serialize)]
pub(crate) struct Media {
    is_file: bool,
    content_type: Option<String>,
    filename: Option<String>,
}

pub(crate) fn media(media: InboundMedia, keep: impl FnOnce(Vec<u8>)) -> Media {
    keep(media.bytes.into());
    Media {
        is_file: true,
        content_type: media.content_type,
        filename: media.filename,
    }
}

/// One or the other.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Either {
    Reply(Shown<ReplyResponse>),
    Template(Shown<SendResponse>),
}

pub(crate) fn answered(answered: Answered) -> Either {
    match answered {
        Answered::Reply(response) => Either::Reply(reply(response)),
        Answered::Template(response) => Either::Template(send(response)),
    }
}
