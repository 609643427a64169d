//! `GET /sandbox/webhook-key.pem`, `GET /sandbox/jwks.json`: the key that webhooks are signed with.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};

use crate::{SaltLength, SandboxError};

/// What Prelude's dashboard makes.
const BITS: usize = 2048;

/// The key that this process made for its sandboxes. Making it takes half a second, and seconds where
/// dependencies are not optimised: tests start many sandboxes.
pub(crate) fn of_this_process() -> Result<RsaPrivateKey, SandboxError> {
    static KEY: Mutex<Option<RsaPrivateKey>> = Mutex::new(None);
    let mut known = KEY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = &*known {
        return Ok(key.clone());
    }
    let made = RsaPrivateKey::new(&mut OsRng, BITS);
    let made = made.map_err(|error| SandboxError::Key(error.to_string()))?;
    Ok(known.insert(made).clone())
}

/// Reads a private key in PEM, PKCS#8 or PKCS#1.
pub(crate) fn parse(pem: &str) -> Result<RsaPrivateKey, SandboxError> {
    RsaPrivateKey::from_pkcs8_pem(pem)
        .or_else(|_| RsaPrivateKey::from_pkcs1_pem(pem))
        .map_err(|_| {
            SandboxError::Key("it is not an RSA private key in PEM (PKCS#8 or PKCS#1)".to_owned())
        })
}

/// The public half, in the forms that a receiver can be given.
#[derive(Debug)]
pub(crate) struct PublicKey {
    /// SPKI.
    pub(crate) pem: String,
    /// RFC 7517.
    pub(crate) jwks: Value,
}

impl PublicKey {
    pub(crate) fn of(key: &RsaPrivateKey, salt: SaltLength) -> Result<Self, SandboxError> {
        let key = RsaPublicKey::from(key);
        let failed = |error: rsa::pkcs8::spki::Error| SandboxError::Key(error.to_string());
        let pem = key.to_public_key_pem(LineEnding::LF).map_err(failed)?;
        let der = key.to_public_key_der().map_err(failed)?;
        let id = digest::digest(&digest::SHA256, der.as_bytes());
        let mut jwk = json!({
            "kty": "RSA",
            "use": "sig",
            "kid": URL_SAFE_NO_PAD.encode(&id.as_ref()[..12]),
            "n": URL_SAFE_NO_PAD.encode(key.n().to_bytes_be()),
            "e": URL_SAFE_NO_PAD.encode(key.e().to_bytes_be()),
        });
        // RFC 7518 fixes PS256's salt at the length of the digest: with another it is not PS256.
        if salt == SaltLength::Digest {
            jwk["alg"] = json!("PS256");
        }
        Ok(Self {
            pem,
            jwks: json!({ "keys": [jwk] }),
        })
    }
}
