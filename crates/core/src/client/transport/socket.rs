//! A TCP connection that counts what it wrote, and can be looked at without waiting.

use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// How often one look reads: TLS tickets come in a few records, and a flood of them must end.
const LOOKS: u8 = 16;

pub(super) struct Socket {
    tcp: TcpStream,
    written: u64,
    /// How many reads may still ask the system; `None` when they ask the runtime.
    at_once: Option<u8>,
}

impl Socket {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            written: 0,
            at_once: None,
        }
    }
}

/// A socket, or TLS over a layer.
pub(super) trait Layer: AsyncRead + AsyncWrite + Send + Unpin {
    fn socket(&mut self) -> &mut Socket;
}

/// All layers of a connection. Two of TLS when an https proxy leads to an https server.
pub(super) type Wire = Box<dyn Layer>;

impl Layer for Socket {
    fn socket(&mut self) -> &mut Socket {
        self
    }
}

impl Layer for Wire {
    fn socket(&mut self) -> &mut Socket {
        (**self).socket()
    }
}

impl<L: Layer> Layer for TlsStream<L> {
    fn socket(&mut self) -> &mut Socket {
        self.get_mut().0.socket()
    }
}

/// How many bytes the socket has written in all, those of TLS included.
pub(super) fn written(wire: &mut Wire) -> u64 {
    wire.socket().written
}

/// A connection as it is at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Open, and nothing has come.
    Quiet,
    /// Bytes have come that belong to no request.
    Spoken,
    /// Closed or reset.
    Closed,
}

/// Looks at the connection by system calls. The runtime's own view is of the last time that it was
/// driven: a process that was frozen has an old one. Under TLS, tickets and the like are read and do
/// not count. A byte that has come is lost.
pub(super) fn look(wire: &mut Wire) -> Look {
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    let mut nobody = Context::from_waker(Waker::noop());
    match read_at_once(wire, &mut nobody, &mut buffer) {
        Poll::Pending => Look::Quiet,
        Poll::Ready(Ok(())) if !buffer.filled().is_empty() => Look::Spoken,
        Poll::Ready(_) => Look::Closed,
    }
}

/// Reads what the system has now; `Pending` wakes nobody.
pub(super) fn read_at_once(
    wire: &mut Wire,
    context: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    wire.socket().at_once = Some(LOOKS);
    let polled = Pin::new(&mut *wire).poll_read(context, buffer);
    wire.socket().at_once = None;
    polled
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(left) = self.at_once else {
            return Pin::new(&mut self.tcp).poll_read(context, buffer);
        };
        let Some(left) = left.checked_sub(1) else {
            return Poll::Pending;
        };
        self.at_once = Some(left);
        loop {
            match (&*SockRef::from(&self.tcp)).read(buffer.initialize_unfilled()) {
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.tcp).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = polled {
            self.written += count as u64;
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
