//! X.509 certificates for 127.0.0.1, made on the spot: a good one, and the wrong ones.

use std::{
    io,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

const DAY: Duration = Duration::from_hours(24);
const HERE: [&str; 2] = ["127.0.0.1", "localhost"];
const ELSEWHERE: [&str; 1] = ["elsewhere.example"];

/// A certificate authority.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A server's certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// A client's certificate with its key, in PEM.
pub(crate) struct ClientIdentity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let mut params = params(name, &[], DAY)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, key()?).map_err(io::Error::other)?;
        Ok(Self { issuer })
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A client's certificate.
    pub(crate) fn client(&self) -> io::Result<ClientIdentity> {
        let mut params = params("Backchat client", &[], DAY)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = key()?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(io::Error::other)?;
        Ok(ClientIdentity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    pub(crate) fn valid(&self) -> io::Result<Identity> {
        self.sign(&server(&HERE, DAY)?)
    }

    pub(crate) fn expired(&self) -> io::Result<Identity> {
        self.sign(&server(&HERE, 400 * DAY)?)
    }

    pub(crate) fn wrong_host(&self) -> io::Result<Identity> {
        self.sign(&server(&ELSEWHERE, DAY)?)
    }

    fn sign(&self, params: &CertificateParams) -> io::Result<Identity> {
        let key = key()?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(io::Error::other)?;
        let certificate = certificate.der().clone();
        Ok(Identity {
            certificate,
            key: key.into(),
        })
    }
}

pub(crate) fn self_signed() -> io::Result<Identity> {
    let key = key()?;
    let certificate = server(&HERE, DAY)?
        .self_signed(&key)
        .map_err(io::Error::other)?;
    let certificate = certificate.der().clone();
    Ok(Identity {
        certificate,
        key: key.into(),
    })
}

fn key() -> io::Result<KeyPair> {
    KeyPair::generate().map_err(io::Error::other)
}

fn server(names: &[&str], age: Duration) -> io::Result<CertificateParams> {
    let mut params = params("Backchat fault server", names, age)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Valid for a year, from `age` ago on. Some platforms refuse certificates with a longer life.
fn params(name: &str, names: &[&str], age: Duration) -> io::Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = SystemTime::UNIX_EPOCH.elapsed().map_err(io::Error::other)?;
    params.not_before = date_time_ymd(1970, 1, 1) + now - age;
    params.not_after = params.not_before + 365 * DAY;
    Ok(params)
}
