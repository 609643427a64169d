//! One request over one connection, and what is known when it has ended.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, response};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, timeout_at};

use super::Transport;
use super::body::RequestBody;
use super::cause::root_cause;
use super::connect::Unconnected;
use super::connection::{Connection, Listener};
use super::exchange::Permit;
use super::pool::Lease;
use super::socket::Look;
use crate::ErrorCode;
use crate::client::call_state::CallState;
use crate::client::endpoint::Endpoint;
use crate::client::shutdown::{Shutdown, cancelled_or_closed};

/// A body may come in so many pieces of any size,
const SOME_PIECES: usize = 1024;
/// and in more when they have so many bytes on average.
const SMALLEST_PIECES: usize = 128;

/// One request of a call.
pub(in crate::client) struct Outgoing<'a> {
    pub(in crate::client) method: Method,
    pub(in crate::client) endpoint: &'a Endpoint,
    pub(in crate::client) headers: &'a HeaderMap,
    pub(in crate::client) body: Bytes,
    /// Asked before the first byte; `None` for requests without an effect.
    pub(in crate::client) permit: Option<Permit>,
    pub(in crate::client) call: &'a CallState,
    pub(in crate::client) shutdown: &'a Shutdown,
    pub(in crate::client) deadline: Instant,
    /// The longest silence of the server; `None` when the deadline alone counts.
    pub(in crate::client) silence: Option<Duration>,
    /// Whether it must go on a connection of its own: a repeat must not meet the answer to what it
    /// repeats.
    pub(in crate::client) fresh: bool,
}

/// A request without an answer.
pub(in crate::client) struct Failed {
    pub(in crate::client) code: ErrorCode,
    pub(in crate::client) detail: String,
    /// Whether a byte of the request was written: without one, it provably had no effect.
    pub(in crate::client) written: bool,
}

/// An answer whose head was read. Dropping it closes its connection.
pub(in crate::client) struct Answer<'t> {
    pub(in crate::client) head: response::Parts,
    /// Whether it came before the request's last byte was written.
    pub(in crate::client) early: bool,
    body: Incoming,
    connection: Connection,
    lease: Lease<'t>,
    deadline: Instant,
    silence: Option<Duration>,
}

/// An answer's body that did not come to its end.
pub(in crate::client) enum Cut {
    /// It is longer than was asked for.
    TooLong,
    /// It came in pieces of a few bytes: each takes as long as a large one.
    Crumbled,
    /// The connection was closed or reset, or the framing is wrong.
    Broken,
    /// The deadline passed, or the server fell silent.
    Stalled,
}

/// An answer's connection, listened to for anything that follows.
pub(in crate::client) struct Ear<'t> {
    listener: Listener,
    lease: Lease<'t>,
    keeps: bool,
}

/// What followed an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum Heard {
    /// Nothing so far.
    Nothing,
    /// The end of the connection: nothing can follow.
    End,
    /// Another byte: the answer may have been to an earlier request.
    More,
}

impl Outgoing<'_> {
    /// Sends the request, once: nothing below repeats it after its first byte.
    pub(in crate::client) async fn send(self, transport: &Transport) -> Result<Answer<'_>, Failed> {
        if self.call.is_cancelled() || self.shutdown.is_closed() {
            return Err(Failed::cancelled());
        }
        tokio::select! {
            biased;
            end = self.exchange(transport) => end,
            () = cancelled_or_closed(self.call, self.shutdown) => Err(Failed::cancelled()),
        }
    }

    async fn exchange<'t>(&self, transport: &'t Transport) -> Result<Answer<'t>, Failed> {
        let lease = timeout_at(self.deadline, transport.pool.lease()).await;
        let mut lease = lease
            .map_err(|_elapsed| Failed::late("no connection was free before the deadline"))?
            .map_err(|_closed| Failed::closed())?;
        loop {
            let reused = !self.fresh && lease.reuse();
            if !reused {
                let connecting = lease.connect(&transport.connector);
                timeout_at(self.deadline, connecting)
                    .await
                    .map_err(|_elapsed| Failed::late("no connection before the deadline"))??;
            }
            let Some(mut connection) = lease.take_connection() else {
                return Err(Failed::closed());
            };
            match self.over(transport, &mut connection).await {
                Ok(response) => {
                    let (head, body) = response.into_parts();
                    return Ok(Answer {
                        early: connection.exchange.was_early(),
                        head,
                        body,
                        connection,
                        lease,
                        deadline: self.deadline,
                        silence: self.silence,
                    });
                }
                // An idle connection that was closed, or spoken on: not a byte was written.
                Err(failed) if reused && failed.is_stale() => {
                    drop(connection);
                    if self.call.is_cancelled() {
                        return Err(Failed::cancelled());
                    }
                    if !self.call.rearm() {
                        return Err(failed);
                    }
                }
                Err(failed) => return Err(failed),
            }
        }
    }

    async fn over(
        &self,
        transport: &Transport,
        connection: &mut Connection,
    ) -> Result<Response<Incoming>, Failed> {
        let exchange = Arc::clone(&connection.exchange);
        exchange.start(self.permit.clone(), !self.body.is_empty());
        let started = Instant::now();
        let end = {
            let request = self.request(transport, connection);
            let mut answer = pin!(connection.send(request));
            let limit = self.limit();
            match timeout_at(limit, answer.as_mut()).await {
                Ok(end) => Some(end),
                // A process that was frozen wakes up late: the answer may be there.
                Err(_elapsed) => {
                    exchange.read_at_once();
                    poll_once(answer.as_mut()).await
                }
            }
        };
        match end {
            Some(Ok(response)) => {
                exchange.head_was_read();
                connection.slowest = connection.slowest.max(started.elapsed());
                Ok(response)
            }
            Some(Err(_)) if exchange.was_withdrawn() && self.call.is_late() => Err(Failed::late(
                "the moment before which it had to begin passed",
            )),
            Some(Err(_)) if exchange.was_withdrawn() => Err(Failed::cancelled()),
            Some(Err(error)) => Err(Failed {
                code: ErrorCode::ConnectionFailed,
                detail: root_cause(&error),
                written: exchange.was_written(),
            }),
            None => Err(Failed {
                written: exchange.was_written(),
                ..Failed::late("no answer before the deadline")
            }),
        }
    }

    fn request(&self, transport: &Transport, connection: &Connection) -> Request<RequestBody> {
        let exchange = Arc::clone(&connection.exchange);
        let mut request = Request::new(RequestBody::new(self.body.clone(), exchange));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = transport.target(self.endpoint);
        request.headers_mut().clone_from(self.headers);
        transport.add_proxy_headers(request.headers_mut());
        request
    }

    /// When the server has been silent for too long, counted from now.
    fn limit(&self) -> Instant {
        limit(self.deadline, self.silence)
    }
}

impl Failed {
    pub(in crate::client) fn cancelled() -> Self {
        Self {
            code: ErrorCode::Cancelled,
            detail: "the call was cancelled, or its client closed, before it was sent".to_owned(),
            written: false,
        }
    }

    fn closed() -> Self {
        Self {
            detail: "the client is closed".to_owned(),
            ..Self::cancelled()
        }
    }

    fn late(detail: &str) -> Self {
        Self {
            code: ErrorCode::TimedOut,
            detail: detail.to_owned(),
            written: false,
        }
    }

    /// Returns true when another connection may do better, now.
    fn is_stale(&self) -> bool {
        !self.written && self.code == ErrorCode::ConnectionFailed
    }
}

impl From<Unconnected> for Failed {
    fn from(Unconnected { code, detail }: Unconnected) -> Self {
        Self {
            code,
            detail,
            written: false,
        }
    }
}

impl<'t> Answer<'t> {
    /// Reads the body, up to `cap` bytes.
    pub(in crate::client) async fn body(&mut self, cap: usize) -> Result<Bytes, Cut> {
        if self.body.size_hint().lower() > cap as u64 {
            return Err(Cut::TooLong);
        }
        let mut whole = BytesMut::new();
        let mut only = Bytes::new();
        let mut pieces = SOME_PIECES + cap / SMALLEST_PIECES;
        while !self.body.is_end_stream() {
            let limit = limit(self.deadline, self.silence);
            let next = self.connection.chunk(&mut self.body);
            let chunk = match timeout_at(limit, next).await {
                Ok(Some(Ok(chunk))) => chunk,
                Ok(Some(Err(_))) => return Err(Cut::Broken),
                Ok(None) => break,
                Err(_elapsed) => return Err(Cut::Stalled),
            };
            if whole.len() + only.len() + chunk.len() > cap {
                return Err(Cut::TooLong);
            }
            if whole.is_empty() && only.is_empty() {
                only = chunk;
            } else {
                whole.extend_from_slice(&std::mem::take(&mut only));
                whole.extend_from_slice(&chunk);
            }
            pieces = pieces.checked_sub(1).ok_or(Cut::Crumbled)?;
            // Many pieces that are there at once leave the thread to other calls now and then.
            consume_budget().await;
        }
        Ok(if whole.is_empty() {
            only
        } else {
            whole.freeze()
        })
    }

    /// The longest that this connection took for an answer.
    pub(in crate::client) fn slowest(&self) -> Duration {
        self.connection.slowest
    }

    /// Keeps the connection for the next request. The body must have been read to its end.
    pub(in crate::client) async fn keep(mut self) {
        if !self.early && self.connection.is_reusable().await {
            self.lease.put_back(self.connection);
        }
    }

    /// Listens to the connection. The body must have been read to its end.
    pub(in crate::client) async fn ear(self) -> Ear<'t> {
        Ear {
            keeps: !self.early,
            listener: self.connection.listener().await,
            lease: self.lease,
        }
    }
}

impl Ear<'_> {
    /// Listens until something follows the answer, but not longer than `limit`.
    pub(in crate::client) async fn listen(&mut self, limit: Duration) -> Heard {
        match self.listener.listen(limit).await {
            Look::Quiet => Heard::Nothing,
            Look::Closed => Heard::End,
            Look::Spoken => Heard::More,
        }
    }

    /// Keeps the connection for the next request. Nothing must have followed.
    pub(in crate::client) async fn keep(self) {
        if !self.keeps {
            return;
        }
        if let Some(connection) = self.listener.into_connection().await {
            self.lease.put_back(connection);
        }
    }
}

fn limit(deadline: Instant, silence: Option<Duration>) -> Instant {
    silence.map_or(deadline, |silence| deadline.min(Instant::now() + silence))
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}
