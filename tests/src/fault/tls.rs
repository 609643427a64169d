//! TLS 1.2 and 1.3 on the server's side, and the ways in which a handshake fails.

use std::{io, sync::Arc};

use rustls::{ServerConfig, crypto::ring};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Fault, Point,
    certificates::{Authority, Identity, self_signed},
    wire::Wire,
};

/// A fatal alert, `protocol_version`, in a record of TLS 1.0: what a server answers that knows
/// nothing newer than TLS 1.1.
const TOO_NEW: [u8; 7] = [0x15, 3, 1, 0, 2, 2, 0x46];

/// What is wrong with a server's TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsFault {
    /// Nothing: a certificate for 127.0.0.1 and localhost, signed by the test authority.
    Valid,
    /// The certificate has expired.
    Expired,
    /// The certificate is signed by itself.
    SelfSigned,
    /// The certificate is for another host.
    WrongHost,
    /// The certificate is signed by an authority that nobody knows.
    UnknownAuthority,
    /// The server knows only versions below TLS 1.2, and says so by an alert.
    OldVersion,
    /// The `ClientHello` is read and never answered.
    NeverAnswered,
    /// A FIN follows the `ClientHello`.
    ClosedInHandshake,
    /// An RST follows the `ClientHello`.
    ResetInHandshake,
}

/// What happens between accepting a connection and its first request.
pub(super) enum Security {
    Plain,
    Certificate(TlsAcceptor),
    OldVersion,
    Fault(Fault),
}

impl Security {
    pub(super) fn new(kind: TlsFault, authority: &Authority) -> io::Result<Self> {
        let identity = match kind {
            TlsFault::Valid => authority.valid()?,
            TlsFault::Expired => authority.expired()?,
            TlsFault::SelfSigned => self_signed()?,
            TlsFault::WrongHost => authority.wrong_host()?,
            TlsFault::UnknownAuthority => Authority::new("An unknown authority")?.valid()?,
            TlsFault::OldVersion => return Ok(Self::OldVersion),
            TlsFault::NeverAnswered => return Ok(Self::Fault(Fault::Stall(Point::Request))),
            TlsFault::ClosedInHandshake => return Ok(Self::Fault(Fault::Close(Point::Request))),
            TlsFault::ResetInHandshake => return Ok(Self::Fault(Fault::Reset(Point::Request))),
        };
        acceptor(identity).map(Self::Certificate)
    }

    /// A connection that is ready for requests; `None` when the handshake was made to fail.
    pub(super) async fn handshake(&self, mut tcp: TcpStream) -> io::Result<Option<Wire>> {
        match self {
            Self::Plain => Ok(Some(Box::new(tcp))),
            Self::Certificate(acceptor) => Ok(Some(Box::new(acceptor.accept(tcp).await?))),
            Self::OldVersion => {
                read_client_hello(&mut tcp).await?;
                tcp.write_all(&TOO_NEW).await?;
                tcp.shutdown().await?;
                Ok(None)
            }
            Self::Fault(fault) => {
                read_client_hello(&mut tcp).await?;
                fault.play(Box::new(tcp)).await?;
                Ok(None)
            }
        }
    }
}

fn acceptor(identity: Identity) -> io::Result<TlsAcceptor> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate], identity.key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Reads one TLS record: five bytes, of which the last two are the length of the rest.
async fn read_client_hello(tcp: &mut TcpStream) -> io::Result<()> {
    let mut header = [0; 5];
    tcp.read_exact(&mut header).await?;
    let length = u16::from_be_bytes([header[3], header[4]]);
    let mut hello = vec![0; usize::from(length)];
    tcp.read_exact(&mut hello).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
