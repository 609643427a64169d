//! The stream under hyper: it looks at the connection before a request's first byte, and records
//! what was written and read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::exchange::{Exchange, Reading};
use super::socket::{self, Look, Wire, look};

pub(super) struct Stream {
    wire: Wire,
    exchange: Arc<Exchange>,
    /// What came while a request was being written, and was not read yet.
    ahead: BytesMut,
}

/// Why a stream took no byte, or no more.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the server closed the connection before the request")]
    Closed,
    #[error("the server answered before it had the request")]
    Spoken,
    #[error("the call was cancelled before it was sent")]
    Withdrawn,
    #[error("the answer's head is longer than 64 KiB")]
    Flooded,
}

impl Refused {
    fn error(self) -> io::Error {
        io::Error::other(self)
    }
}

impl Stream {
    pub(super) fn new(wire: Wire, exchange: Arc<Exchange>) -> Self {
        Self {
            wire,
            exchange,
            ahead: BytesMut::new(),
        }
    }

    pub(super) fn look(&mut self) -> Look {
        if self.ahead.is_empty() {
            look(&mut self.wire)
        } else {
            Look::Spoken
        }
    }

    pub(super) fn into_wire(self) -> Wire {
        self.wire
    }

    /// Right before the first byte: nothing comes between this and the system call that writes it.
    fn begin(&mut self) -> Result<(), Refused> {
        match look(&mut self.wire) {
            Look::Quiet => {}
            Look::Spoken => return Err(Refused::Spoken),
            Look::Closed => return Err(Refused::Closed),
        }
        if self.exchange.begin() {
            Ok(())
        } else {
            Err(Refused::Withdrawn)
        }
    }

    /// Before each further byte. A large request is written without a pause while its receiver keeps
    /// up, so nobody else would see that an answer came before the last byte.
    fn look_ahead(&mut self, context: &mut Context<'_>) {
        let mut bytes = [0; 512];
        let mut buffer = ReadBuf::new(&mut bytes);
        let read = socket::read_at_once(&mut self.wire, context, &mut buffer);
        if let Poll::Ready(Ok(())) = read
            && !buffer.filled().is_empty()
        {
            self.ahead.extend_from_slice(buffer.filled());
            self.exchange.came_early();
            // The system will not tell of bytes that were taken.
            context.waker().wake_by_ref();
        }
    }

    fn recorded<T>(&mut self, write: impl FnOnce(Pin<&mut Wire>) -> T) -> T {
        let before = socket::written(&mut self.wire);
        let end = write(Pin::new(&mut self.wire));
        if socket::written(&mut self.wire) > before {
            self.exchange.wrote();
        }
        end
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let polled = match this.exchange.reading() {
            Reading::Waiting | Reading::AtOnce if !this.ahead.is_empty() => {
                let count = this.ahead.len().min(buffer.remaining());
                buffer.put_slice(&this.ahead.split_to(count));
                Poll::Ready(Ok(()))
            }
            Reading::Waiting => Pin::new(&mut this.wire).poll_read(context, buffer),
            Reading::AtOnce => socket::read_at_once(&mut this.wire, context, buffer),
            Reading::Flooded => return Poll::Ready(Err(Refused::Flooded.error())),
        };
        this.exchange.received(buffer.filled().len() - before);
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.exchange.is_waiting() {
            if let Err(refused) = self.begin() {
                return Poll::Ready(Err(refused.error()));
            }
        } else if self.ahead.is_empty() {
            self.look_ahead(context);
        }
        self.recorded(|wire| wire.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.recorded(|wire| wire.poll_flush(context));
        if let Poll::Ready(Ok(())) = polled {
            self.exchange.flushed();
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}
