//! One HTTP/1.1 connection, driven by the call that uses it.
//!
//! hyper's connection is a future of its own. Here it is polled inside the call, not in a task beside
//! it: a call that stops polling knows that nothing more is written or read, and dropping the
//! connection closes it at once.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::runtime;
use tokio::time::timeout;

use super::body::RequestBody;
use super::exchange::Exchange;
use super::socket::{Look, Wire};
use super::stream::Stream;

pub(super) struct Connection {
    sender: http1::SendRequest<RequestBody>,
    /// Gone when it has ended while something waited for it.
    driver: Option<http1::Connection<TokioIo<Stream>, RequestBody>>,
    ended: bool,
    pub(super) exchange: Arc<Exchange>,
    /// The runtime that wakes for this connection: on another one it would never be woken when that
    /// is not driven.
    pub(super) runtime: Option<runtime::Id>,
    /// The longest time from a request to its answer's head.
    pub(super) slowest: Duration,
}

/// A connection after an answer, listened to for anything that follows.
pub(super) struct Listener {
    /// Nothing when the connection has ended.
    stream: Option<Stream>,
    /// Bytes came together with the answer.
    spoken: bool,
    reusable: bool,
    slowest: Duration,
}

impl Connection {
    pub(super) async fn over(wire: Wire) -> Result<Self, hyper::Error> {
        let exchange = Arc::<Exchange>::default();
        let stream = Stream::new(wire, Arc::clone(&exchange));
        // One buffer, one write: the requests are small.
        let (sender, driver) = http1::Builder::new()
            .writev(false)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(Self {
            sender,
            driver: Some(driver),
            ended: false,
            exchange,
            runtime: this_runtime(),
            slowest: Duration::ZERO,
        })
    }

    /// Sends a request, and reads its answer's head.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, hyper::Error> {
        let answer = self.sender.send_request(request);
        self.driven(answer, 1).await
    }

    /// The next bytes of an answer's body; `None` at its end.
    pub(super) async fn chunk(
        &mut self,
        body: &mut Incoming,
    ) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            let next = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
            // A body is read on demand: its first poll only asks.
            match self.driven(next, 2).await? {
                Ok(frame) => match frame.into_data() {
                    Ok(data) => return Some(Ok(data)),
                    Err(_trailers) => {}
                },
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Returns true when the answer was read to its end and another request may follow.
    pub(super) async fn is_reusable(&mut self) -> bool {
        if !self.sender.is_ready() {
            self.driven(async {}, 1).await;
        }
        !self.ended && self.sender.is_ready()
    }

    /// Polls an idle connection; true when it was closed, or when bytes came that belong to nothing.
    pub(super) fn has_ended(&mut self, context: &mut Context<'_>) -> bool {
        self.drive(context);
        self.ended
    }

    /// Says goodbye as far as that takes no waiting: the alert of TLS, and a FIN.
    pub(super) fn close(self, context: &mut Context<'_>) {
        let Self {
            sender,
            driver,
            ended,
            ..
        } = self;
        drop(sender);
        if let Some(mut driver) = driver.filter(|_| !ended) {
            let _closed_anyway = Pin::new(&mut driver).poll(context);
        }
    }

    /// Takes the connection out of hyper. Its answer must have been read to its end.
    pub(super) async fn listener(mut self) -> Listener {
        let reusable = self.is_reusable().await;
        let parts = self.driver.map(http1::Connection::into_parts);
        self.exchange.end();
        Listener {
            spoken: parts
                .as_ref()
                .is_some_and(|parts| !parts.read_buf.is_empty()),
            stream: parts.map(|parts| parts.io.into_inner()),
            reusable,
            slowest: self.slowest,
        }
    }

    /// Runs `future` and the connection, which nothing else drives. Both are polled up to `times` at
    /// each wake.
    async fn driven<F: Future>(&mut self, future: F, times: u8) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            for _ in 0..times {
                self.drive(context);
                if let Poll::Ready(output) = future.as_mut().poll(context) {
                    return Poll::Ready(output);
                }
            }
            if self.ended {
                // It still holds a request that it found after the server's FIN, and nobody would
                // ever hear of that one. Without it `future` ends.
                self.driver = None;
                return future.as_mut().poll(context);
            }
            Poll::Pending
        })
        .await
    }

    fn drive(&mut self, context: &mut Context<'_>) {
        // Without hyper's shutdown: an answer that ends its connection may be listened after.
        self.ended = self.ended
            || self
                .driver
                .as_mut()
                .is_none_or(|driver| driver.poll_without_shutdown(context).is_ready());
    }
}

impl Listener {
    /// Listens until something happens, but not longer than `limit`.
    pub(super) async fn listen(&mut self, limit: Duration) -> Look {
        if self.spoken {
            return Look::Spoken;
        }
        let Some(stream) = &mut self.stream else {
            return Look::Closed;
        };
        match timeout(limit, next_byte(stream)).await {
            Ok(look) => look,
            // The runtime may have had no time to look.
            Err(_elapsed) => stream.look(),
        }
    }

    /// Makes a connection for the next request of it, when it can take one.
    pub(super) async fn into_connection(self) -> Option<Connection> {
        if !self.reusable {
            return None;
        }
        let connection = Connection::over(self.stream?.into_wire()).await.ok()?;
        Some(Connection {
            slowest: self.slowest,
            ..connection
        })
    }
}

async fn next_byte(stream: &mut Stream) -> Look {
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    let read = poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut buffer)).await;
    match read {
        Ok(()) if !buffer.filled().is_empty() => Look::Spoken,
        _ => Look::Closed,
    }
}

pub(super) fn this_runtime() -> Option<runtime::Id> {
    runtime::Handle::try_current()
        .ok()
        .map(|handle| handle.id())
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::super::socket::Socket;
    use super::*;

    async fn send(connection: &mut Connection) -> Result<Response<Incoming>, hyper::Error> {
        let exchange = Arc::clone(&connection.exchange);
        exchange.start(None, true);
        let body = RequestBody::new(Bytes::from_static(b"{}"), exchange);
        let sent = timeout(Duration::from_secs(5), connection.send(Request::new(body)));
        sent.await.expect("it waits for ever")
    }

    #[tokio::test]
    async fn a_request_that_meets_the_end_of_its_connection_ends_unwritten() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tcp = TcpStream::connect(address).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let answering = tokio::spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"{}") {
                server.readable().await.unwrap();
                let mut bytes = [0; 1024];
                if let Ok(count) = server.try_read(&mut bytes) {
                    request.extend_from_slice(&bytes[..count]);
                }
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            assert_eq!(server.try_write(answer).unwrap(), answer.len());
            server
        });
        let mut connection = Connection::over(Box::new(Socket::new(tcp))).await.unwrap();
        let mut body = send(&mut connection).await.unwrap().into_body();
        while connection.chunk(&mut body).await.is_some() {}
        assert!(connection.is_reusable().await);
        drop(answering.await.unwrap());
        // Meanwhile the runtime learns of the end, so that hyper reads it before it writes.
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(send(&mut connection).await.is_err());
        assert!(!connection.exchange.was_written());
    }
}
