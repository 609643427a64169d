//! `GET /v2/notify/inbound/{message_id}/media`: the file of a message that a user sent.

use std::sync::Arc;

use hyper::StatusCode;

use crate::answer::Answer;
use crate::refusal::Refusal;
use crate::shared::Shared;

pub(super) fn call(shared: &Arc<Shared>, message_id: &str) -> Result<Answer, Refusal> {
    let not_found = |why: &str| Refusal::http(StatusCode::NOT_FOUND, why);
    let state = shared.state();
    let Some(message) = state.received.get(message_id) else {
        return Err(not_found("there is no inbound message with this id"));
    };
    match &message.file {
        Some(file) => Ok(Answer::file(file)),
        None => Err(not_found("the inbound message has no file")),
    }
}
