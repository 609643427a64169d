//! SHA-256 of a text or a number: enough to compare, too little to read.

use std::fmt;

use ring::digest::{SHA256, digest};

/// The SHA-256 of a text or a number. Somebody who guesses the number can check the guess: it is
/// a pseudonym, not a secret.
///
/// It has no key. Every process of an application, and `backchat inbox forget` at a terminal, must
/// find a row by the number alone, so the key would lie beside the ledger, and a thief of the one has
/// the other. Nor is it slow: a country has some 10^8 mobile numbers, which a hash of 10 ms makes a
/// matter of days, and every message would wait those 10 ms. It is protected by the rights of the
/// store, and by not being kept: [`Ledger::forget`](crate::Ledger::forget) erases it, and its row is
/// deleted after the retention.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `text`, byte for byte.
    pub fn of(text: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self(bytes)
    }

    /// The digest with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}
