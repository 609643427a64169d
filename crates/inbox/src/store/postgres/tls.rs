//! TLS 1.2 and 1.3 by rustls on ring; no provider is installed for the whole process.

use std::sync::Arc;

use backchat_core::Error;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, WebPkiServerVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::parameters::refused;

/// The certificate authorities that may vouch for the server's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The operating system's.
    Platform,
    /// Those in this file, in PEM.
    File(String),
    /// None: the connection is encrypted, and the server may be any. `sslmode=prefer` means that.
    Anyone,
}

/// How a connection is encrypted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) trust: Trust,
    /// The files with the client's own certificate and its key, in PEM.
    pub(super) identity: Option<(String, String)>,
    /// TLS from the first byte on, without asking the server for it: Postgres 17 and later.
    pub(super) direct: bool,
}

impl Tls {
    /// Reads the files. Raises `configuration`, which names the parameter.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, Error> {
        let provider = Arc::new(ring::default_provider());
        let unusable = |e: rustls::Error| refused("sslmode", &format!("cannot be met: {e}"));
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(self.trust.verifier(&provider)?);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(
                    certificates("sslcert", certificate)?,
                    PrivateKeyDer::from_pem_file(key).map_err(|e| unreadable("sslkey", e))?,
                )
                .map_err(|e| refused("sslkey", &format!("does not go with `sslcert`: {e}")))?,
        };
        if self.direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(MakeRustlsConnect::new(config))
    }
}

impl Trust {
    fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, Error> {
        Ok(match self {
            Trust::Platform => Arc::new(
                rustls_platform_verifier::Verifier::new(Arc::clone(provider)).map_err(|e| {
                    let why = format!(
                        "needs certificates, and this system's cannot be read ({e}): name a file with \
                         `sslrootcert`"
                    );
                    refused("sslmode", &why)
                })?,
            ),
            Trust::File(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates("sslrootcert", path)? {
                    let added = roots.add(certificate);
                    added.map_err(|e| unreadable("sslrootcert", e))?;
                }
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                    .build()
                    .map_err(|e| unreadable("sslrootcert", e))?
            }
            Trust::Anyone => Arc::new(AcceptsAnyone(provider.signature_verification_algorithms)),
        })
    }
}

fn certificates(parameter: &str, path: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| unreadable(parameter, e))?;
    if read.is_empty() {
        return Err(unreadable(parameter, "it holds no certificate"));
    }
    Ok(read)
}

fn unreadable(parameter: &str, why: impl std::fmt::Display) -> Error {
    refused(
        parameter,
        &format!("names a file in PEM that cannot be used: {why}"),
    )
}

/// Checks that the server holds its certificate's key, and not whose certificate it is.
#[derive(Debug)]
struct AcceptsAnyone(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AcceptsAnyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
