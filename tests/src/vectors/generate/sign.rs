//! `rsassa-pss-sha256=<base64>`: signatures that come out the same every time.

use rsa::rand_core::{CryptoRng, Error as RandError, RngCore};
use rsa::sha2::{Digest, Sha256, Sha512};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPrivateKey};

use super::Error;

/// Salt bytes that depend on the case alone. A salt need not be secret, only these need not change.
struct Salts {
    seed: [u8; 32],
    block: u64,
    left: Vec<u8>,
}

impl Salts {
    fn new(label: &str) -> Self {
        Self {
            seed: Sha256::digest(label).into(),
            block: 0,
            left: Vec::new(),
        }
    }
}

impl RngCore for Salts {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.left.is_empty() {
                let block = self.block.to_be_bytes();
                self.left = Sha256::digest([&self.seed[..], &block].concat()).to_vec();
                self.block += 1;
            }
            *byte = self.left.pop().unwrap_or_default();
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RandError> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

/// The crate `rsa` asks for this mark. Nothing that must stay secret is drawn from here.
impl CryptoRng for Salts {}

/// RFC 8017, 9.1.1: what is left of the encoded message beside the digest and two fixed bytes.
pub(super) fn longest_salt(key: &RsaPrivateKey) -> usize {
    (key.n().bits() - 1).div_ceil(8) - 32 - 2
}

/// RSASSA-PSS with SHA-256. `label` picks the salt.
pub(super) fn pss(
    key: &RsaPrivateKey,
    salt: usize,
    label: &str,
    body: &[u8],
) -> Result<Vec<u8>, Error> {
    let padding = Pss::new_with_salt::<Sha256>(salt);
    let mut salts = Salts::new(label);
    Ok(key.sign_with_rng(&mut salts, padding, &Sha256::digest(body))?)
}

/// RSASSA-PSS with SHA-512: another scheme.
pub(super) fn pss_sha512(key: &RsaPrivateKey, label: &str, body: &[u8]) -> Result<Vec<u8>, Error> {
    let padding = Pss::new_with_salt::<Sha512>(32);
    let mut salts = Salts::new(label);
    Ok(key.sign_with_rng(&mut salts, padding, &Sha512::digest(body))?)
}

/// RSASSA-PKCS1-v1_5 with SHA-256: another scheme.
pub(super) fn pkcs1v15(key: &RsaPrivateKey, body: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(body))?)
}

/// A good signature plus the modulus: the same number to RSA, and out of range (RFC 8017, 5.2.2).
pub(super) fn plus_modulus(
    key: &RsaPrivateKey,
    salt: usize,
    label: &str,
    body: &[u8],
) -> Result<Vec<u8>, Error> {
    for attempt in 0..ATTEMPTS {
        let signature = pss(key, salt, &format!("{label}/{attempt}"), body)?;
        let sum = (BigUint::from_bytes_be(&signature) + key.n()).to_bytes_be();
        if sum.len() == key.size() {
            return Ok(sum);
        }
    }
    Err("no signature plus the modulus is as long as the key".into())
}

/// A good encoded message with a bit set above it, where RFC 8017 (8.1.2, step 2c) wants none. Only
/// a modulus of 8k + 1 bits has room for that.
pub(super) fn with_a_bit_above(
    key: &RsaPrivateKey,
    salt: usize,
    label: &str,
    body: &[u8],
) -> Result<Vec<u8>, Error> {
    for attempt in 0..ATTEMPTS {
        let signature = pss(key, salt, &format!("{label}/{attempt}"), body)?;
        let encoded = BigUint::from_bytes_be(&signature).modpow(key.e(), key.n());
        let raised = encoded + (BigUint::from(1_u8) << (key.n().bits() - 1));
        if raised < *key.n() {
            let signature = raised.modpow(key.d(), key.n()).to_bytes_be();
            return Ok(padded(&signature, key.size()));
        }
    }
    Err("no encoded message leaves room for a bit above it".into())
}

const ATTEMPTS: u32 = 64;

fn padded(number: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length.saturating_sub(number.len())];
    bytes.extend_from_slice(number);
    bytes
}
