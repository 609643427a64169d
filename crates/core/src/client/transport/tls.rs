//! TLS 1.2 and 1.3 by rustls on ring.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{ClientConfig, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};

use crate::Error;

/// Which certificate authorities the client trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustStore {
    /// The operating system's certificates. (Feature `platform-verifier`; not on Android, where it
    /// would need a `Context` that only the JVM can hand over.)
    #[cfg(all(feature = "platform-verifier", not(target_os = "android")))]
    Platform,
    /// Mozilla's certificates, compiled in. (Feature `webpki-roots`.)
    #[cfg(feature = "webpki-roots")]
    WebpkiRoots,
    /// Only the certificates given to
    /// [`ClientBuilder::ca_certificate`](crate::ClientBuilder::ca_certificate).
    GivenOnly,
}

impl Default for TrustStore {
    #[allow(unreachable_code, reason = "the first one that is compiled in")]
    fn default() -> Self {
        #[cfg(all(feature = "platform-verifier", not(target_os = "android")))]
        return TrustStore::Platform;
        #[cfg(feature = "webpki-roots")]
        return TrustStore::WebpkiRoots;
        TrustStore::GivenOnly
    }
}

/// Reads `ca_certificate`: one or more PEM blocks.
pub(in crate::client) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |why: String| Error::configuration("ca_certificate", why);
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| wrong(format!("not PEM: {e}")))?;
    if certificates.is_empty() {
        return Err(wrong("it holds no certificate".into()));
    }
    for certificate in &certificates {
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|e| wrong(format!("not a certificate: {e}")))?;
    }
    Ok(certificates)
}

pub(super) fn config(
    store: TrustStore,
    extra: &[CertificateDer<'static>],
) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let wrong = |e: String| Error::configuration("trust_store", e);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|e| wrong(e.to_string()))?;
    let mut config = match verifier(store, extra, &provider).map_err(wrong)? {
        Some(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth(),
        None => builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// `None` when nothing at all is trusted.
fn verifier(
    store: TrustStore,
    extra: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ServerCertVerifier>>, String> {
    let mut roots = RootCertStore::empty();
    match store {
        #[cfg(all(feature = "platform-verifier", not(target_os = "android")))]
        TrustStore::Platform => {
            use rustls_platform_verifier::Verifier;
            let provider = Arc::clone(provider);
            let verifier = Verifier::new_with_extra_roots(extra.iter().cloned(), provider)
                .map_err(|e| format!("the system's certificates cannot be read: {e}"))?;
            return Ok(Some(Arc::new(verifier)));
        }
        #[cfg(feature = "webpki-roots")]
        TrustStore::WebpkiRoots => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        TrustStore::GivenOnly => {}
    }
    let (_, refused) = roots.add_parsable_certificates(extra.iter().cloned());
    debug_assert_eq!(refused, 0, "`certificates` has checked them");
    if roots.is_empty() {
        return Ok(None);
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map(|verifier| Some(verifier as Arc<dyn ServerCertVerifier>))
        .map_err(|e| e.to_string())
}
