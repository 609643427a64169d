//! `GET /v2/notify/inbound/{message_id}/media`: the file that a user sent.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};

use super::endpoint::Endpoint;
use super::failure::{self, not_sent};
use super::head::Head;
use super::operation::Operation;
use super::retry_loop::{Request, RetryLoop, Tried};
use super::shutdown::cancelled_or_closed;
use super::transport::{Answer, Cut, Outgoing};
use super::{Inner, Settings, disposition};
use crate::mask::{MaskedBytes, MaskedText};
use crate::{
    AnswerBody, ApiError, CallInfo, Error, ErrorCode, InboundMessageId, Outcome, ReplyTo,
    SentMessageId,
};

/// The API's limit is 4 MB.
const LARGEST_FILE: usize = 5 * 1024 * 1024;
/// More of a refusal is not read, in bytes.
const LONGEST_REFUSAL: usize = 1024 * 1024;

/// A file takes longer than a reply.
const TIMEOUT: Duration = Duration::from_secs(30);
/// An attempt ends when the server has been silent for so long, or for a third of the call's time.
const SILENCE: Duration = Duration::from_secs(8);

/// The file that a user sent, at most 5 MiB. `Debug` prints lengths only.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboundMedia {
    /// The `Content-Type`, such as `image/jpeg`.
    pub content_type: Option<String>,
    /// The name in `Content-Disposition`, without directories. The user chose it: do not take it for
    /// a path as it is.
    pub filename: Option<String>,
    /// The file itself.
    pub bytes: Bytes,
}

impl fmt::Debug for InboundMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundMedia")
            .field(
                "content_type",
                &self.content_type.as_deref().map(MaskedText),
            )
            .field("filename", &self.filename.as_deref().map(MaskedText))
            .field("bytes", &MaskedBytes(&self.bytes))
            .finish()
    }
}

/// The call.
pub(super) struct FetchMedia {
    message_id: ReplyTo,
}

impl FetchMedia {
    pub(super) fn new(message_id: ReplyTo) -> Self {
        Self { message_id }
    }
}

impl Operation for FetchMedia {
    type Answer = InboundMedia;

    fn complete(self, _: &Inner) -> Result<Self, Error> {
        Ok(self)
    }

    fn info(&self) -> CallInfo {
        CallInfo {
            message_id: Some(InboundMessageId::from(&self.message_id)),
            ..CallInfo::default()
        }
    }

    fn timeout(settings: &Settings) -> Duration {
        settings.timeout.max(TIMEOUT)
    }

    async fn run(self, mut calls: RetryLoop) -> Result<InboundMedia, Error> {
        let path = format!("v2/notify/inbound/{}/media", self.message_id);
        let endpoint = Endpoint::new(&calls.client.settings.base_url, &path)?;
        calls.get(&Get { endpoint }).await
    }
}

struct Get {
    endpoint: Endpoint,
}

impl Request for Get {
    type Response = InboundMedia;
    const OPERATION: &'static str = "inbound_media";

    fn add_headers(headers: &mut HeaderMap) {
        const ANY: HeaderValue = HeaderValue::from_static("*/*");
        headers.entry(ACCEPT).or_insert(ANY);
    }

    fn sent_id(_: &InboundMedia) -> Option<SentMessageId> {
        None
    }

    async fn attempt(&self, calls: &RetryLoop, _: bool) -> Tried<InboundMedia> {
        let outgoing = Outgoing {
            method: Method::GET,
            endpoint: &self.endpoint,
            headers: &calls.headers,
            body: Bytes::new(),
            permit: None,
            call: &calls.call,
            shutdown: &calls.client.shutdown,
            deadline: calls.deadline,
            silence: Some(SILENCE.min((calls.deadline - calls.started) / 3)),
            // A file names no message: on a connection of its own no other answer can be taken for it.
            fresh: true,
        };
        let fetched = async {
            match outgoing.send(&calls.transport).await {
                Ok(answer) => read(answer).await,
                Err(failed) => Tried::failed(failed.not_sent()),
            }
        };
        tokio::select! {
            biased;
            tried = fetched => tried,
            () = cancelled_or_closed(&calls.call, &calls.client.shutdown) => {
                Tried::failed(failure::cancelled())
            }
        }
    }
}

async fn read(mut answer: Answer<'_>) -> Tried<InboundMedia> {
    let head = Head::new(answer.head.status, &answer.head.headers, SystemTime::now());
    let (status, request_id) = (head.status, head.request_id.clone());
    let cap = if status.is_success() {
        LARGEST_FILE
    } else {
        LONGEST_REFUSAL
    };
    let body = answer.body(cap).await;
    let end = match body {
        Ok(bytes) if status.is_success() => Ok(InboundMedia {
            content_type: content_type(&answer.head.headers),
            filename: filename(&answer.head.headers),
            bytes,
        }),
        Ok(body) => Err(refusal(head, body)),
        Err(_) if !status.is_success() => Err(refusal(head, Bytes::new())),
        Err(Cut::TooLong) => Err(too_large(&head)),
        Err(Cut::Broken | Cut::Crumbled) => {
            Err(not_sent(ErrorCode::ConnectionFailed, "the file was cut"))
        }
        Err(Cut::Stalled) => Err(not_sent(ErrorCode::TimedOut, "the file stalled")),
    };
    if end.is_ok() {
        answer.keep().await;
    }
    Tried {
        end,
        status: Some(status.as_u16()),
        request_id,
        listened: Duration::ZERO,
    }
}

/// A GET has no effect, so there is no doubt about one that failed.
fn refusal(head: Head, body: Bytes) -> Error {
    let kept = body.clone();
    match head.refusal(body) {
        Error::MaybeSent(error) => Error::Api(Box::new(ApiError {
            code: error.server_code.unwrap_or(ErrorCode::HttpError),
            outcome: Outcome::NotSent,
            status: error.status,
            retry_after: error.retry_after,
            request_id: error.request_id,
            body: Some(AnswerBody::parse(kept)),
            call: CallInfo::default(),
            detail: None,
            transient: true,
        })),
        other => other,
    }
}

fn too_large(head: &Head) -> Error {
    Error::Api(Box::new(ApiError {
        outcome: Outcome::Rejected,
        status: Some(head.status.as_u16()),
        request_id: head.request_id.clone(),
        ..ApiError::local(
            ErrorCode::HttpError,
            "the file is longer than 5 MiB: it was not read",
        )
    }))
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.as_bytes().trim_ascii();
    (!value.is_empty()).then(|| String::from_utf8_lossy(value).into_owned())
}

fn filename(headers: &HeaderMap) -> Option<String> {
    disposition::filename(headers.get(CONTENT_DISPOSITION)?.as_bytes())
}
