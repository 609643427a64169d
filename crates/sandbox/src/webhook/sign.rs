//! `X-Webhook-Signature: rsassa-pss-sha256=<url-safe base64>`, over the body's exact bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PSS_SHA256, RsaKeyPair};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pss::BlindedSigningKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::traits::PublicKeyParts as _;

use crate::{SandboxError, key};

/// The header's name.
pub(crate) const HEADER: &str = "x-webhook-signature";

/// SHA-256.
const DIGEST_LENGTH: usize = 32;

/// How long the random part of a signature is. Which one Prelude uses is not documented, so a
/// receiver has to take both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaltLength {
    /// As long as the digest, 32 bytes: what RFC 7518 asks of PS256.
    #[default]
    Digest,
    /// As long as the key allows: what Go signs with unless told otherwise.
    Max,
}

/// Signs webhooks with one private key.
pub struct Signer(Key);

enum Key {
    /// `ring` knows no other salt than the digest's length.
    Digest(Box<RsaKeyPair>, SystemRandom),
    /// The crate `rsa` takes any. It blinds the private key's operation.
    Max(Box<BlindedSigningKey<Sha256>>),
}

/// Without the key.
impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads a private key: RSA of 2048 to 4096 bits, PKCS#8 or PKCS#1 in PEM.
    pub fn from_pem(pem: &str, salt: SaltLength) -> Result<Self, SandboxError> {
        Self::new(key::parse(pem)?, salt)
    }

    pub(crate) fn new(key: RsaPrivateKey, salt: SaltLength) -> Result<Self, SandboxError> {
        let der = key
            .to_pkcs1_der()
            .map_err(|error| SandboxError::Key(error.to_string()))?;
        // For both salts, so that a key is good or bad whatever the salt: 2048 to 4096 bits.
        let pair = RsaKeyPair::from_der(der.as_bytes())
            .map_err(|rejected| SandboxError::Key(rejected.to_string()))?;
        match salt {
            SaltLength::Digest => Ok(Self(Key::Digest(Box::new(pair), SystemRandom::new()))),
            SaltLength::Max => {
                // RFC 8017, 9.1.1: what is left of the encoded message beside the digest and two
                // fixed bytes. The encoded message is one bit shorter than the modulus.
                let encoded = (key.n().bits() - 1).div_ceil(8);
                let salt = encoded - DIGEST_LENGTH - 2;
                let key = BlindedSigningKey::new_with_salt_len(key, salt);
                Ok(Self(Key::Max(Box::new(key))))
            }
        }
    }

    /// The value of `X-Webhook-Signature` for `body`. It differs each time: its salt is random.
    pub fn sign(&self, body: &[u8]) -> Result<String, SandboxError> {
        let signature = match &self.0 {
            Key::Digest(pair, random) => {
                let mut signature = vec![0; pair.public_key().modulus_len()];
                pair.sign(&RSA_PSS_SHA256, random, body, &mut signature)
                    .map_err(|_| SandboxError::Key("the system gave no randomness".to_owned()))?;
                signature
            }
            Key::Max(key) => key
                .try_sign_with_rng(&mut OsRng, body)
                .map_err(|error| SandboxError::Key(error.to_string()))?
                .to_vec(),
        };
        Ok(format!("rsassa-pss-sha256={}", URL_SAFE.encode(signature)))
    }
}
