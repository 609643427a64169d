//! Keys that a webhook refuses when it is made.

use super::draft::Draft;

/// The case's name, the key's name, and why it is refused.
const REFUSED: [(&str, &str, &str); 19] = [
    (
        "key-of-2047-bits",
        "rsa-2047",
        "A key of one bit less than 2048 is too small.",
    ),
    (
        "key-of-1024-bits",
        "rsa-1024",
        "A key of 1024 bits can be broken.",
    ),
    (
        "key-private-pkcs8",
        "a-private-pkcs8",
        "A private key does not belong on the server that receives.",
    ),
    (
        "key-private-pkcs1",
        "a-private-pkcs1",
        "A private key in the older form is private too.",
    ),
    (
        "key-private-in-jwks",
        "jwks-private",
        "A JWKS with `d` holds a private key.",
    ),
    (
        "key-private-after-a-public-one",
        "a-then-private-b",
        "One private key among public ones is one too many.",
    ),
    (
        "key-small-after-a-good-one",
        "a-then-1024",
        "One key that is too small weakens all.",
    ),
    (
        "key-ec",
        "ec-p256",
        "The scheme is RSA: an EC key can never match.",
    ),
    (
        "key-certificate",
        "certificate",
        "A certificate is not the key that the dashboard gives.",
    ),
    ("key-cut", "cut-pem", "Half a PEM block is no key."),
    (
        "key-broken-base64",
        "broken-base64",
        "A PEM block with a character that is not base64 is no key.",
    ),
    ("key-not-pem", "not-a-key", "A word is no key."),
    (
        "key-empty",
        "empty",
        "No key at all would let everybody in or nobody.",
    ),
    (
        "jwks-empty",
        "jwks-empty",
        "A JWKS without keys can verify nothing.",
    ),
    (
        "jwks-without-rsa",
        "jwks-ec-only",
        "A JWKS with keys of other kinds alone can verify nothing.",
    ),
    (
        "jwks-small-key",
        "jwks-small",
        "A key that is too small is too small in a JWKS too.",
    ),
    (
        "jwks-key-without-modulus",
        "jwks-no-modulus",
        "An RSA key without `n` is no key.",
    ),
    (
        "jwks-not-json",
        "jwks-not-json",
        "A JWKS that was cut is no JWKS.",
    ),
    (
        "json-that-is-no-jwks",
        "json-no-jwks",
        "JSON without `keys` and without `kty` is no JWKS.",
    ),
];

pub(super) fn all() -> impl Iterator<Item = Draft> {
    REFUSED
        .into_iter()
        .map(|(name, key, why)| Draft::refused_key(name, key, why))
}
