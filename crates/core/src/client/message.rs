//! A POST that sends a message: its path, its body, and what its answer tells.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use tokio::time::Instant;

use super::Settings;
use super::endpoint::Endpoint;
use super::failure::not_ours;
use super::head::Head;
use super::retry_loop::{Request, RetryLoop, Tried};
use super::shutdown::cancelled_or_closed;
use super::transport::{Answer, Cut, Heard, Outgoing, Permit};
use crate::echo::Echo;
use crate::repair::repair_strings;
use crate::{
    Error, ErrorCode, Outcome, Reply, ReplyResponse, RequestId, SendResponse, SentMessageId,
    TemplateMessage,
};

/// More of an answer is not read, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// How long the connection is listened to after an answer that names no message: a server that
/// answers twice sends the true one then. An answer that names this message is believed at once.
const LISTEN: Duration = Duration::from_millis(25);
/// After an answer that another POST may follow, of this call or of its caller's, for so long, in
/// which the call counts as begun,
const LISTEN_BEGUN: Duration = Duration::from_millis(50);
/// and then on to this, in which it can be cancelled.
const LISTEN_BEFORE_REPEAT: Duration = Duration::from_millis(150);
/// On a connection whose answers are slow the true one takes longer.
const LONGEST_LISTEN: Duration = Duration::from_millis(500);

/// The doubt about an answer that cannot be about the whole message.
const EARLY: &str = "an answer came before the request was sent";

/// A message as the API takes it.
pub(super) trait Message: Serialize + Sync {
    type Response: Send;
    const OPERATION: &'static str;

    fn endpoint(settings: &Settings) -> &Endpoint;
    /// Reads `json`, and keeps `raw`.
    fn read(
        &self,
        json: &str,
        raw: &str,
        request_id: Option<RequestId>,
    ) -> Option<(Self::Response, Echo)>;
    fn sent_id(response: &Self::Response) -> SentMessageId;
}

impl Message for Reply {
    type Response = ReplyResponse;
    const OPERATION: &'static str = "reply";

    fn endpoint(settings: &Settings) -> &Endpoint {
        &settings.reply
    }

    fn read(
        &self,
        json: &str,
        raw: &str,
        request_id: Option<RequestId>,
    ) -> Option<(ReplyResponse, Echo)> {
        ReplyResponse::read(json, raw, self, request_id)
    }

    fn sent_id(response: &ReplyResponse) -> SentMessageId {
        response.id.clone()
    }
}

impl Message for TemplateMessage {
    type Response = SendResponse;
    const OPERATION: &'static str = "send";

    fn endpoint(settings: &Settings) -> &Endpoint {
        &settings.send
    }

    fn read(
        &self,
        json: &str,
        raw: &str,
        request_id: Option<RequestId>,
    ) -> Option<(SendResponse, Echo)> {
        SendResponse::read(json, raw, self, request_id)
    }

    fn sent_id(response: &SendResponse) -> SentMessageId {
        response.id.clone()
    }
}

/// The POST of a message.
pub(super) struct Post<'a, M> {
    message: &'a M,
    body: Bytes,
}

impl<'a, M: Message> Post<'a, M> {
    pub(super) fn new(message: &'a M) -> Result<Self, Error> {
        let body = serde_json::to_vec(message)
            .map_err(|e| Error::configuration("request", e.to_string()))?;
        Ok(Self {
            message,
            body: body.into(),
        })
    }

    /// Reads a 2xx answer's body.
    fn read(&self, body: &[u8], request_id: Option<&RequestId>) -> Option<(M::Response, Echo)> {
        let raw = std::str::from_utf8(body).ok()?;
        let read = |json: &str| self.message.read(json, raw, request_id.cloned());
        read(raw).or_else(|| read(&repair_strings(raw)?))
    }
}

impl<M: Message> Request for Post<'_, M> {
    type Response = M::Response;
    const OPERATION: &'static str = M::OPERATION;

    fn add_headers(headers: &mut HeaderMap) {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, JSON);
        headers.entry(ACCEPT).or_insert(JSON);
    }

    fn sent_id(response: &M::Response) -> Option<SentMessageId> {
        Some(M::sent_id(response))
    }

    async fn attempt(&self, calls: &RetryLoop, fresh: bool) -> Tried<M::Response> {
        let outgoing = Outgoing {
            method: Method::POST,
            endpoint: M::endpoint(&calls.client.settings),
            headers: &calls.headers,
            body: self.body.clone(),
            permit: Some(Permit {
                call: Arc::clone(&calls.call),
                shutdown: Arc::clone(&calls.client.shutdown),
            }),
            call: &calls.call,
            shutdown: &calls.client.shutdown,
            deadline: calls.deadline,
            silence: None,
            fresh,
        };
        match outgoing.send(&calls.transport).await {
            Ok(answer) => self.judge(calls, answer).await,
            Err(failed) => Tried::failed(failed.of_post()),
        }
    }
}

impl<M: Message> Post<'_, M> {
    /// Finds what an answer tells about the message, and whether it is the answer to it.
    async fn judge(&self, calls: &RetryLoop, mut answer: Answer<'_>) -> Tried<M::Response> {
        let head = Head::new(answer.head.status, &answer.head.headers, SystemTime::now());
        let (status, request_id) = (head.status, head.request_id.clone());
        let accepted = head.is_accepted();
        if !accepted && status.is_success() {
            return Tried::failed(head.refusal(Bytes::new()));
        }
        let body = match answer.body(LONGEST_ANSWER).await {
            Ok(body) => body,
            Err(cut) => return Tried::failed(unread(head, &cut, answer.early)),
        };
        let (end, echo) = match accepted.then(|| self.read(&body, request_id.as_ref())) {
            Some(Some((response, echo))) => (Ok(response), echo),
            Some(None) => {
                let unreadable = head.unconfirmed("the answer is not the documented JSON");
                (Err(unreadable), calls.echo_of(&body))
            }
            None => {
                let echo = calls.echo_of(&body);
                (Err(head.refusal(body)), echo)
            }
        };
        let read = Instant::now();
        let doubt = match echo {
            // A server that names the message has not read all of it either.
            Echo::Own if answer.early && end.as_ref().is_err_and(leads_to_another) => Some(EARLY),
            Echo::Own => {
                answer.keep().await;
                None
            }
            Echo::Foreign => Some("an answer to another message came back"),
            Echo::Absent => listen(calls, answer, end.as_ref().err()).await,
        };
        let end = match doubt {
            None => end,
            Some(doubt) => {
                let code = end.as_ref().err().and_then(server_code);
                Err(not_ours(doubt, status.as_u16(), code, request_id.clone()))
            }
        };
        if end.is_ok() {
            calls.transport.budget.refund();
        }
        Tried {
            status: Some(status.as_u16()),
            request_id: match &end {
                Ok(_) => request_id,
                Err(error) => error.request_id().cloned(),
            },
            end,
            listened: read.elapsed(),
        }
    }
}

/// Returns the doubt about an answer that names no message; `error` is what it would mean.
async fn listen(
    calls: &RetryLoop,
    answer: Answer<'_>,
    error: Option<&Error>,
) -> Option<&'static str> {
    const TWICE: Option<&str> = Some("two answers came back, and neither names the message");
    if error.is_some_and(|error| error.outcome() == Some(Outcome::MaybeSent)) {
        answer.keep().await;
        return None;
    }
    let leads_on = error.is_some_and(leads_to_another);
    if answer.early && (leads_on || error.is_none_or(|e| e.outcome() == Some(Outcome::Sent))) {
        return Some(EARLY);
    }
    let slow = (2 * answer.slowest()).min(LONGEST_LISTEN);
    let left = calls.deadline.saturating_duration_since(Instant::now());
    let mut ear = answer.ear().await;
    if !leads_on {
        return match ear.listen(LISTEN.max(slow).min(left)).await {
            Heard::More => TWICE,
            Heard::End => None,
            Heard::Nothing => {
                ear.keep().await;
                None
            }
        };
    }
    match ear.listen(LISTEN_BEGUN.min(left)).await {
        Heard::More => return TWICE,
        Heard::End => return None,
        Heard::Nothing => {}
    }
    // No POST begins before this ends. The connection ends with it: a repeat has one of its own.
    calls.call.rearm();
    let rest = LISTEN_BEFORE_REPEAT.max(slow).min(left);
    tokio::select! {
        heard = ear.listen(rest.saturating_sub(LISTEN_BEGUN)) => {
            if heard == Heard::More { TWICE } else { None }
        }
        () = cancelled_or_closed(&calls.call, &calls.client.shutdown) => None,
    }
}

/// The error of an answer whose body was not read to its end. Another POST follows only when this
/// one provably had no effect: the rest of the body may have been the true answer.
fn unread(head: Head, cut: &Cut, early: bool) -> Error {
    let (status, request_id) = (head.status.as_u16(), head.request_id.clone());
    let error = if head.is_accepted() {
        head.unconfirmed(describe(cut))
    } else {
        head.refusal(Bytes::new())
    };
    let swallows = matches!(cut, Cut::Broken | Cut::Stalled);
    if early && (leads_to_another(&error) || error.outcome() == Some(Outcome::Sent)) {
        not_ours(EARLY, status, None, request_id)
    } else if swallows && leads_to_another(&error) {
        not_ours(describe(cut), status, None, request_id)
    } else {
        error
    }
}

/// Returns true when another POST may follow this answer.
fn leads_to_another(error: &Error) -> bool {
    error.outcome() == Some(Outcome::NotSent)
        || error.status() == Some(401)
        || error.code() == ErrorCode::WindowExpired
}

fn server_code(error: &Error) -> Option<ErrorCode> {
    match error {
        Error::Api(error) => error.body.as_ref()?.code(),
        _ => None,
    }
}

fn describe(cut: &Cut) -> &'static str {
    match cut {
        Cut::TooLong => "the answer's body is longer than 1 MiB",
        Cut::Crumbled => "the answer's body came in too many pieces",
        Cut::Broken => "the answer's body was cut",
        Cut::Stalled => "the answer's body stalled",
    }
}
