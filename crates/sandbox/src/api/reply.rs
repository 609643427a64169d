//! `POST /v2/notify/reply`: answer a message that a user wrote.

use std::sync::Arc;

use backchat_core::{CallbackUrl, CorrelationId, ErrorCode, PhoneNumber, ReplyTo, Text};
use serde::Serialize;

use super::fields::Fields;
use crate::Channel;
use crate::answer::Answer;
use crate::clock::wire;
use crate::message::{SentMessage, SentReply};
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::state::State;
use crate::webhook::book::Outgoing;

struct Request {
    to: PhoneNumber,
    text: Text,
    reply_to: ReplyTo,
    callback_url: Option<CallbackUrl>,
    correlation_id: Option<CorrelationId>,
}

impl Request {
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        let fields = Fields::read(body)?;
        Ok(Self {
            to: fields.required("to", PhoneNumber::parse)?,
            // A missing text is an empty one: both are `missing_text`.
            text: Text::parse(fields.string("text")?.unwrap_or_default())?,
            reply_to: fields.required("reply_to", ReplyTo::parse)?,
            callback_url: fields.optional("callback_url", CallbackUrl::parse)?,
            correlation_id: fields.optional("correlation_id", CorrelationId::parse)?,
        })
    }
}

#[derive(Serialize)]
struct Accepted<'a> {
    id: &'a str,
    to: &'a str,
    text: &'a str,
    reply_to: &'a str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
}

pub(super) fn call(shared: &Arc<Shared>, body: &[u8]) -> Result<Answer, Refusal> {
    let request = Request::read(body)?;
    let mut state = shared.state();
    let generation = state.generation;
    let reply = accept(&mut state, &request)?;
    let message = SentMessage::Reply(reply.clone());
    state.sent.push(message.clone());
    let failure = state.faults.take_for_delivery();
    drop(state);
    shared.send(generation, Outgoing { message, failure });
    Answer::json(&Accepted {
        id: &reply.id,
        to: &reply.to,
        text: &reply.text,
        reply_to: &reply.reply_to,
        created_at: wire(reply.created_at),
        callback_url: reply.callback_url.as_deref(),
        correlation_id: reply.correlation_id.as_deref(),
    })
}

fn accept(state: &mut State, request: &Request) -> Result<SentReply, Refusal> {
    let to = request.to.as_str();
    if let Some(code) = state.account.refusal(to) {
        return Err(Refusal::because(code));
    }
    let Some(quoted) = state.received.get(request.reply_to.as_str()) else {
        return Err(Refusal::new(
            ErrorCode::InvalidReplyContext,
            "there is no inbound message with the id in `reply_to`",
        ));
    };
    if quoted.from != to {
        return Err(Refusal::new(
            ErrorCode::PhoneNumberMismatch,
            "`to` is not the number that sent the message in `reply_to`",
        ));
    }
    let now = state.clock.now();
    let open = match quoted.channel {
        Channel::Whatsapp => state.windows.is_open(&quoted.from, &quoted.to, now),
        Channel::Rcs | Channel::Sms => true,
    };
    if !open {
        return Err(Refusal::new(
            ErrorCode::WindowExpired,
            "the 24-hour conversation window has closed",
        ));
    }
    let (text, channel) = (quoted.text.clone(), quoted.channel);
    let (id, created_at) = state.stamp("tx");
    Ok(SentReply {
        id,
        to: to.to_owned(),
        text: request.text.as_str().to_owned(),
        reply_to: request.reply_to.as_str().to_owned(),
        quoted_text: text,
        channel,
        created_at,
        callback_url: request.callback_url.as_ref().map(ToString::to_string),
        correlation_id: request.correlation_id.as_ref().map(ToString::to_string),
    })
}
