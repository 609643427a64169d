//! A proxy that speaks TLS for a Postgres that does not.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::database::address;
use crate::fault::TlsFault;
use crate::fault::certificates::{Authority, Identity};

/// The proxy, its authority's certificate in a file, and a client's certificate with its key. All of
/// it goes with the value.
#[derive(Debug)]
pub struct TlsProxy {
    address: SocketAddr,
    folder: PathBuf,
    task: JoinHandle<()>,
}

impl TlsProxy {
    /// A proxy to the server of `url` with a certificate that is wrong in this way. `clients`: only
    /// with a certificate of the same authority.
    pub async fn to(url: &str, fault: TlsFault, clients: bool) -> io::Result<Self> {
        let authority = Authority::new("Backchat test authority")?;
        let identity = match fault {
            TlsFault::Expired => authority.expired()?,
            TlsFault::WrongHost => authority.wrong_host()?,
            TlsFault::UnknownAuthority => Authority::new("An unknown authority")?.valid()?,
            _ => authority.valid()?,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let at = listener.local_addr()?;
        let folder =
            std::env::temp_dir().join(format!("backchat-tls-{}-{}", std::process::id(), at.port()));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("ca.pem"), authority.pem())?;
        let client = authority.client()?;
        std::fs::write(folder.join("client.pem"), client.certificate)?;
        std::fs::write(folder.join("client.key"), client.key)?;
        let acceptor = acceptor(identity, clients.then_some(&authority))?;
        let server = address(url).to_owned();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass(client, server.clone(), acceptor.clone()));
            }
        });
        Ok(Self {
            address: at,
            folder,
            task,
        })
    }

    /// Host and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A file of the proxy's: `ca.pem`, `client.pem`, `client.key`.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        self.task.abort();
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

fn acceptor(identity: Identity, clients: Option<&Authority>) -> io::Result<TlsAcceptor> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(authority.certificate())
                .map_err(io::Error::other)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
        }
    };
    let config = builder
        .with_single_cert(vec![identity.certificate], identity.key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn pass(mut client: TcpStream, server: String, acceptor: TlsAcceptor) -> io::Result<()> {
    let mut request = [0; 8];
    client.read_exact(&mut request).await?;
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(server).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
