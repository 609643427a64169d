//! RSASSA-PSS with SHA-256 and MGF1-SHA-256, with a salt of 32 bytes or of the key's maximum.

use ring::signature::{RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents};
use rsa::sha2::{Digest, Sha256};
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pss, RsaPublicKey};

use crate::Error;

const SMALLEST_BITS: usize = 2048;
const LARGEST_BITS: usize = 8192;
const DIGEST_LENGTH: usize = 32;

/// An RSA public key. Its numbers are kept twice, for the two verifiers.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    max_salt: RsaPublicKey,
    max_salt_length: usize,
}

impl VerifyingKey {
    /// From big-endian modulus and exponent.
    pub(super) fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, Error> {
        let n = BigUint::from_bytes_be(modulus);
        let e = BigUint::from_bytes_be(exponent);
        let bits = n.bits();
        if bits < SMALLEST_BITS {
            return Err(refused(format!(
                "the key has {bits} bits; at least 2048 are required"
            )));
        }
        if bits > LARGEST_BITS {
            return Err(refused(format!(
                "the key has {bits} bits; at most 8192 are supported"
            )));
        }
        // EMSA-PSS (RFC 8017, 9.1.1): the encoded message has one bit less than the modulus, and
        // holds the digest, the salt and two bytes more.
        let encoded_length = (bits - 1).div_ceil(8);
        Ok(Self {
            modulus: n.to_bytes_be(),
            exponent: e.to_bytes_be(),
            max_salt: RsaPublicKey::new_with_max_size(n, e, LARGEST_BITS)
                .map_err(|e| refused(format!("not an RSA public key: {e}")))?,
            max_salt_length: encoded_length - DIGEST_LENGTH - 2,
        })
    }

    /// The length of its signatures in bytes.
    pub(super) fn size(&self) -> usize {
        self.modulus.len()
    }

    /// Whether this key made `signature` over `message`. A salt as long as the digest is what most
    /// signers use, and ring checks it in an eighth of the time; Go's signers use the longest salt
    /// by default, which only the rsa crate can check.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        if signature.len() != self.size() {
            return false;
        }
        let digest_salt = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        digest_salt
            .verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            .is_ok()
            || self.verify_max_salt(message, signature)
    }

    fn verify_max_salt(&self, message: &[u8], signature: &[u8]) -> bool {
        let pss = Pss::new_with_salt::<Sha256>(self.max_salt_length);
        self.is_in_range(signature)
            && self
                .max_salt
                .verify(pss, &Sha256::digest(message), signature)
                .is_ok()
    }

    /// What RFC 8017 asks before the padding is looked at, and rsa 0.9 leaves out: a signature
    /// below the modulus (8.1.2), and an encoded message that fits its length (9.1.2). Without
    /// them one signature would have several forms.
    fn is_in_range(&self, signature: &[u8]) -> bool {
        let encoded_bits = self.max_salt.n().bits() - 1;
        // Both are as long as the modulus: bytes compare as the numbers do.
        signature < self.modulus.as_slice()
            && (!encoded_bits.is_multiple_of(8) || {
                let signature = BigUint::from_bytes_be(signature);
                let encoded = signature.modpow(self.max_salt.e(), self.max_salt.n());
                encoded.bits() <= encoded_bits
            })
    }
}

/// A key that cannot be used, and why.
pub(super) fn refused(why: impl Into<String>) -> Error {
    Error::configuration("public_key", why)
}
