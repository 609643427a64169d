//! Each kind of TLS, seen by a client that trusts the test authority.

use std::{io, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::fault::{Body, FaultServer, Framing, Point, Step, TlsFault, raw_client::REQUEST};

async fn connect(url: &str, ca_pem: &str) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let address = url.strip_prefix("https://").unwrap();
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, tcp).await
}

async fn handshake_error(kind: TlsFault) -> io::Error {
    let server = FaultServer::start_tls(kind).await.unwrap();
    let ca_pem = server.ca_pem();
    let handshake = timeout(Duration::from_secs(8), connect(server.url(), &ca_pem));
    let error = handshake.await.unwrap().unwrap_err();
    assert_eq!((server.connections(), server.requests().len()), (1, 0));
    error
}

/// A request over good TLS, and all that came back, with how it ended.
async fn exchange(step: Step) -> (Vec<u8>, io::Result<usize>) {
    let server = FaultServer::start_tls(TlsFault::Valid).await.unwrap();
    server.script(vec![step]);
    let mut tls = connect(server.url(), &server.ca_pem()).await.unwrap();
    tls.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    let end = timeout(Duration::from_secs(8), tls.read_to_end(&mut seen)).await;
    assert_eq!(server.posts(), 1);
    (seen, end.unwrap())
}

#[tokio::test]
async fn a_bad_certificate_is_told_apart() {
    for (kind, reason) in [
        (TlsFault::Expired, "Expired"),
        (TlsFault::SelfSigned, "UnknownIssuer"),
        (TlsFault::WrongHost, "NotValidForName"),
        (TlsFault::UnknownAuthority, "UnknownIssuer"),
        (TlsFault::OldVersion, "ProtocolVersion"),
    ] {
        let error = format!("{:?}", handshake_error(kind).await);
        assert!(error.contains(reason), "{kind:?}: {error}");
    }
}

#[tokio::test]
async fn a_handshake_is_closed_or_reset() {
    let closed = handshake_error(TlsFault::ClosedInHandshake).await;
    assert_eq!(closed.kind(), io::ErrorKind::UnexpectedEof);
    let reset = handshake_error(TlsFault::ResetInHandshake).await;
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_handshake_is_never_answered() {
    let server = FaultServer::start_tls(TlsFault::NeverAnswered)
        .await
        .unwrap();
    let ca_pem = server.ca_pem();
    let handshake = timeout(Duration::from_millis(500), connect(server.url(), &ca_pem));
    assert!(handshake.await.is_err());
    assert_eq!((server.connections(), server.requests().len()), (1, 0));
}

#[tokio::test]
async fn a_closed_connection_says_so_and_a_cut_one_does_not() {
    let body = Body::Text("whole".to_owned());
    let whole = Step::default().body(body).framing(Framing::UntilClose);
    let (seen, end) = exchange(whole).await;
    assert!(seen.ends_with(b"\r\n\r\nwhole"));
    assert!(end.is_ok(), "{end:?}");

    let (seen, end) = exchange(Step::close(Point::Body)).await;
    assert!(seen.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);

    let (seen, end) = exchange(Step::reset(Point::Body)).await;
    assert!(seen.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn one_more_port_shares_script_and_counts() {
    let server = FaultServer::start().await.unwrap();
    server.script(vec![Step::close(Point::StatusLine)]);
    let url = server.add_tls(TlsFault::Valid).await.unwrap();
    let mut tls = connect(&url, &server.ca_pem()).await.unwrap();
    tls.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    tls.read_to_end(&mut seen).await.unwrap_err();
    assert_eq!(seen, b"HTTP/1.1 200 OK\r\n");
    assert_eq!((server.posts(), server.connections()), (1, 1));
}
