//! The forms in which a key may be given, and several keys at once.

use super::super::Error;
use super::super::draft::Draft;
use super::super::keys::Keys;
use super::signed;

/// The case's name, the key's name, who signs, and why the key is taken.
const FORMS: [(&str, &str, &str, &str); 14] = [
    (
        "key-pkcs1",
        "a-pkcs1",
        "rsa-2048-a",
        "`RSA PUBLIC KEY` is the older form of the same key.",
    ),
    (
        "key-escaped",
        "a-escaped",
        "rsa-2048-a",
        "Environment files write line breaks as a backslash and an n.",
    ),
    (
        "key-pkcs1-escaped",
        "a-pkcs1-escaped",
        "rsa-2048-a",
        "The older form may be escaped too.",
    ),
    (
        "key-with-crlf",
        "a-crlf",
        "rsa-2048-a",
        "A key that came through Windows has other line breaks.",
    ),
    (
        "key-indented",
        "a-indented",
        "rsa-2048-a",
        "A key in YAML or in a triple-quoted string is indented.",
    ),
    (
        "key-with-a-comment",
        "a-with-a-comment",
        "rsa-2048-a",
        "RFC 7468 allows text before a block.",
    ),
    (
        "key-two-blocks-first-signs",
        "a-then-b",
        "rsa-2048-a",
        "During a rotation a file holds both keys.",
    ),
    (
        "key-two-blocks-second-signs",
        "a-then-b",
        "rsa-2048-b",
        "Every block of a file counts.",
    ),
    (
        "jwks",
        "jwks-a",
        "rsa-2048-a",
        "A JWKS is the other form of keys.",
    ),
    (
        "jwks-second-key-signs",
        "jwks-b-then-a",
        "rsa-2048-a",
        "Every key of a JWKS counts.",
    ),
    (
        "jwks-without-hints",
        "jwks-bare",
        "rsa-2048-a",
        "`use`, `alg` and `kid` may be missing.",
    ),
    (
        "jwks-with-an-ec-key",
        "jwks-with-an-ec-key",
        "rsa-2048-a",
        "Keys of other kinds are passed over.",
    ),
    (
        "jwks-with-an-encryption-key",
        "jwks-with-an-encryption-key",
        "rsa-2048-b",
        "Keys for encryption are passed over.",
    ),
    (
        "jwk-alone",
        "jwk-alone",
        "rsa-2048-a",
        "One key without its set is clear enough.",
    ),
];

/// The case's name, the keys in their order, who signs, and why that is good.
const SEVERAL: [(&str, &[&str], &str, &str); 4] = [
    (
        "keys-first-signs",
        &["rsa-2048-a", "rsa-2048-b"],
        "rsa-2048-a",
        "The old key signs until the rotation is over.",
    ),
    (
        "keys-second-signs",
        &["rsa-2048-a", "rsa-2048-b"],
        "rsa-2048-b",
        "The new key signs once it has begun.",
    ),
    (
        "keys-of-two-sizes",
        &["rsa-4096", "rsa-2048-a"],
        "rsa-2048-a",
        "A rotation may change the size.",
    ),
    (
        "keys-of-two-forms",
        &["rsa-3072", "jwks-a"],
        "rsa-2048-a",
        "Each key may have its own form.",
    ),
];

pub(super) fn all(keys: &Keys) -> Result<Vec<Draft>, Error> {
    let mut cases = Vec::new();
    for (name, key, signer, why) in FORMS {
        let header = signed(keys, signer, name, "seed")?;
        cases.push(
            Draft::verify(name, &[key], "seed", why)
                .signed(header)
                .verifies(),
        );
    }
    for (name, several, signer, why) in SEVERAL {
        let header = signed(keys, signer, name, "seed")?;
        cases.push(
            Draft::verify(name, several, "seed", why)
                .signed(header)
                .verifies(),
        );
    }
    let why = "A key for encryption does not sign.";
    let header = signed(keys, "rsa-2048-a", "jwks-encryption-key-signs", "seed")?;
    let case = Draft::verify(
        "jwks-encryption-key-signs",
        &["jwks-with-an-encryption-key"],
        "seed",
        why,
    );
    cases.push(case.signed(header).invalid("no_key_matches"));
    Ok(cases)
}
