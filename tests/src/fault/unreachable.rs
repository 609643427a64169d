//! Addresses that no connection gets through to: refused, never accepted, never secured.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use socket2::{Domain, Socket, Type};
use tokio::{net::TcpStream, time::timeout};

use super::{FaultServer, TlsFault};

const PATIENCE: Duration = Duration::from_millis(250);
/// More connections than any system queues when it was asked to queue one.
const MANY: usize = 256;

/// An address that stays unreachable until this is dropped.
#[derive(Debug)]
pub struct Unreachable {
    address: SocketAddr,
    _socket: Socket,
    _fill: Vec<TcpStream>,
}

impl Unreachable {
    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, with plain http.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// An address where every connection is refused: its port is taken, and nobody listens.
pub fn refused_address() -> io::Result<Unreachable> {
    let (socket, address) = bind()?;
    Ok(Unreachable {
        address,
        _socket: socket,
        _fill: Vec::new(),
    })
}

/// An address that leaves every connect unanswered: its queue is full, and nobody accepts.
pub async fn black_hole() -> io::Result<Unreachable> {
    let (socket, address) = bind()?;
    socket.listen(1)?;
    let mut fill = Vec::new();
    while fill.len() < MANY {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(connected) => fill.push(connected?),
            Err(_) => {
                return Ok(Unreachable {
                    address,
                    _socket: socket,
                    _fill: fill,
                });
            }
        }
    }
    Err(io::Error::other(
        "the queue of a listening socket does not fill",
    ))
}

/// A server that accepts connections, reads the `ClientHello` and never answers it.
pub async fn silent_tls() -> io::Result<FaultServer> {
    FaultServer::start_tls(TlsFault::NeverAnswered).await
}

fn bind() -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket.local_addr()?.as_socket();
    let address = address.ok_or_else(|| io::Error::other("a TCP socket has an address"))?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_refused_at_once() {
        let refused = refused_address().unwrap();
        for _ in 0..2 {
            let error = TcpStream::connect(refused.address()).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
    }

    #[tokio::test]
    async fn a_connect_into_the_black_hole_is_never_answered() {
        let hole = black_hole().await.unwrap();
        let connect = TcpStream::connect(hole.address());
        assert!(timeout(Duration::from_millis(400), connect).await.is_err());
    }
}
