//! A TCP connection, plain or under TLS, and the three ways in which it ends.

use std::{io, net::Shutdown, time::Duration};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, Interest},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::server::TlsStream;

use super::{Fault, Point};

/// Long enough for the client to read what was sent before a reset discards it.
const SETTLE: Duration = Duration::from_millis(30);
/// How long bytes of a request are still taken after a FIN, so that they do not turn it into an RST.
const LINGER: Duration = Duration::from_secs(1);
/// How often a stalled connection is looked at.
const LOOK: Duration = Duration::from_millis(20);

pub(super) type Wire = Box<dyn Socket>;

pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl Fault {
    /// Ends the connection this way.
    pub(super) async fn play(self, wire: Wire) -> io::Result<()> {
        let point = self.point();
        match self {
            Self::Reset(_) => {
                if point > Point::Request {
                    sleep(SETTLE).await;
                }
                reset(wire)
            }
            Self::Close(_) => {
                SockRef::from(wire.tcp()).shutdown(Shutdown::Write)?;
                if point < Point::Request {
                    // Time is up or the client has gone: either way the connection is over.
                    let _ = timeout(LINGER, discard(wire.tcp())).await;
                }
                Ok(())
            }
            Self::Stall(_) => until_gone(wire.tcp()).await,
        }
    }
}

/// An RST: closing a socket that lingers for no time discards what is in flight.
pub(super) fn reset(wire: Wire) -> io::Result<()> {
    SockRef::from(wire.tcp()).set_linger(Some(Duration::ZERO))?;
    drop(wire);
    Ok(())
}

/// A FIN, under TLS after `close_notify`.
pub(super) async fn close(mut wire: Wire) -> io::Result<()> {
    wire.shutdown().await
}

async fn discard(tcp: &TcpStream) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        tcp.readable().await?;
        match tcp.try_read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Waits, without reading, until the client has closed or reset.
async fn until_gone(tcp: &TcpStream) -> io::Result<()> {
    while !tcp.ready(Interest::READABLE).await?.is_read_closed() {
        sleep(LOOK).await;
    }
    Ok(())
}
