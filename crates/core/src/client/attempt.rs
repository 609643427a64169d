//! One POST, and what is known when it has ended.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::header::CONNECTION;
use http::{HeaderMap, Version};
use reqwest::{Method, Request, Response};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::body::GatedBody;
use super::closing::{Closing, withdrawn};
use super::connections::{Connections, Seat, Wanted};
use super::gate::Gate;
use super::transport::Transport;
use super::verdict::Head;
use crate::{CallInfo, Error, ErrorCode, MaybeSentError, NotSentError, Phase};

/// More of an answer than this is not read.
const LONGEST_ANSWER: usize = 1024 * 1024;

pub(super) struct Post<'a> {
    pub(super) url: &'a Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) gate: &'a Arc<Gate>,
    pub(super) closing: &'a Arc<Closing>,
    pub(super) deadline: Instant,
}

/// A 2xx answer of the API and its body.
pub(super) struct Accepted {
    pub(super) head: Head,
    pub(super) body: Bytes,
}

impl Post<'_> {
    /// Sends the POST, once.
    pub(super) async fn send(mut self, transport: &Transport) -> Result<Accepted, Error> {
        let Self {
            gate,
            closing,
            deadline,
            ..
        } = self;
        if gate.is_cancelled() || closing.is_closed() {
            return Err(cancelled());
        }
        let seat = tokio::select! {
            biased;
            seat = timeout_at(deadline, transport.connections.seat(gate)) => seat,
            () = withdrawn(gate, closing) => return Err(cancelled()),
        };
        let mut seat = match seat {
            Ok(Ok(seat)) => seat,
            Ok(Err(_closed)) => {
                return Err(closed());
            }
            Err(_elapsed) => return Err(self.expired("no connection was free before the deadline")),
        };
        let wanted = Arc::new(Wanted);
        let waiting = Arc::downgrade(&wanted);
        let mut request = Request::new(Method::POST, self.url.clone());
        *request.headers_mut() = std::mem::take(&mut self.headers);
        *request.body_mut() = Some(reqwest::Body::wrap(GatedBody::new(
            self.body.clone(),
            wanted,
            Arc::clone(gate),
            Arc::clone(closing),
        )));
        let answer = Connections::wanted_by(waiting, transport.http.execute(request));
        let answer = tokio::select! {
            biased;
            answer = timeout_at(deadline, answer) => answer,
            () = withdrawn(gate, closing) => return Err(cancelled()),
        };
        match answer {
            Ok(Ok(response)) => self.read(response, &mut seat).await,
            Ok(Err(error)) if gate.has_begun() => Err(maybe_sent(root_cause(&error))),
            Ok(Err(error)) => Err(never_begun(&error, gate)),
            Err(_elapsed) => Err(self.expired("no answer before the deadline")),
        }
    }

    /// The deadline has passed: whether the POST had begun decides what is known.
    fn expired(&self, detail: &str) -> Error {
        if self.gate.expire() {
            maybe_sent(detail.to_owned())
        } else {
            not_sent(ErrorCode::TimedOut, detail)
        }
    }

    async fn read(&self, mut response: Response, seat: &mut Seat<'_>) -> Result<Accepted, Error> {
        let kept = is_kept(&response);
        let head = Head::new(response.status(), response.headers(), SystemTime::now());
        let accepted = head.is_accepted();
        if !accepted && head.status.is_success() {
            return Err(head.refusal(Bytes::new()));
        }
        let body = timeout_at(self.deadline, read_body(&mut response)).await;
        if kept && matches!(body, Ok(Ok(_))) {
            seat.returned();
        }
        match (body, accepted) {
            (Ok(Ok(body)), true) => Ok(Accepted { head, body }),
            (Ok(Ok(body)), false) => Err(head.refusal(body)),
            (Ok(Err(detail)), true) => Err(head.unconfirmed(detail)),
            (Err(_elapsed), true) => Err(head.unconfirmed("the answer's body stalled")),
            (Ok(Err(_)) | Err(_), false) => Err(head.refusal(Bytes::new())),
        }
    }
}

/// Whether the server keeps the connection.
fn is_kept(response: &Response) -> bool {
    response.version() == Version::HTTP_11
        && !response.headers().get_all(CONNECTION).iter().any(|value| {
            value
                .as_bytes()
                .split(|byte| *byte == b',')
                .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
        })
}

async fn read_body(response: &mut Response) -> Result<Bytes, String> {
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST_ANSWER => {
                return Err("the answer's body is longer than 1 MiB".to_owned());
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body.freeze()),
            Err(_) => return Err("the answer's body was cut".to_owned()),
        }
    }
}

fn never_begun(error: &reqwest::Error, gate: &Gate) -> Error {
    if gate.is_cancelled() {
        return cancelled();
    }
    let code = if is_tls(error) {
        ErrorCode::TlsFailed
    } else if error.is_timeout() {
        ErrorCode::TimedOut
    } else {
        ErrorCode::ConnectionFailed
    };
    not_sent(code, root_cause(error))
}

fn is_tls(error: &reqwest::Error) -> bool {
    causes(error).any(|mut cause| {
        // An `io::Error` hides what it wraps from `source`, and may wrap another one.
        while let Some(inner) = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
        {
            cause = inner;
        }
        cause.is::<rustls::Error>()
    })
}

/// The innermost cause: the outer ones repeat the address.
fn root_cause(error: &reqwest::Error) -> String {
    causes(error)
        .last()
        .map_or_else(|| "the connection failed".to_owned(), ToString::to_string)
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

pub(super) fn cancelled() -> Error {
    not_sent(
        ErrorCode::Cancelled,
        "the call was cancelled, or its client closed, before it was sent",
    )
}

pub(super) fn closed() -> Error {
    not_sent(ErrorCode::Cancelled, "the client is closed")
}

pub(super) fn not_sent(code: ErrorCode, detail: impl Into<String>) -> Error {
    Error::NotSent(Box::new(NotSentError {
        code,
        detail: detail.into(),
        call: CallInfo::default(),
    }))
}

fn maybe_sent(detail: String) -> Error {
    Error::MaybeSent(Box::new(MaybeSentError {
        phase: Phase::AwaitingAnswer,
        detail,
        status: None,
        server_code: None,
        request_id: None,
        retry_after: None,
        call: CallInfo::default(),
    }))
}
