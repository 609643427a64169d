//! Signatures of others, of other schemes, and numbers that only look like one.

use rsa::traits::PublicKeyParts as _;

use super::super::draft::Draft;
use super::super::keys::Keys;
use super::super::{Error, sign};
use super::{bodies, header, signed};

pub(super) fn all(keys: &Keys) -> Result<Vec<Draft>, Error> {
    let a = keys.get("rsa-2048-a")?;
    let odd = keys.get("rsa-2049")?;
    let seed = bodies::bytes("seed")?;
    let longest = sign::longest_salt(a);
    let mut flipped = sign::pss(a, 32, "forged", &seed)?;
    flipped[128] ^= 1;
    let mut one = vec![0; a.size()];
    one[a.size() - 1] = 1;
    let forged = |name: &'static str, key: &'static str, signature: Vec<u8>, why: &'static str| {
        let case = Draft::verify(name, &[key], "seed", why);
        case.signed(header(&signature)).invalid("no_key_matches")
    };
    let mut cases = vec![
        forged(
            "signature-one-bit-flipped",
            "rsa-2048-a",
            flipped,
            "One bit is enough.",
        ),
        forged(
            "signature-zero",
            "rsa-2048-a",
            vec![0; a.size()],
            "Zero to any power is zero.",
        ),
        forged(
            "signature-one",
            "rsa-2048-a",
            one,
            "One to any power is one.",
        ),
        forged(
            "signature-is-the-modulus",
            "rsa-2048-a",
            a.n().to_bytes_be(),
            "The modulus is zero in disguise, and out of range.",
        ),
        forged(
            "signature-plus-modulus-salt-32",
            "rsa-2048-a",
            sign::plus_modulus(a, 32, "plus-32", &seed)?,
            "RFC 8017 refuses numbers from the modulus on: each event has one signature, not several.",
        ),
        forged(
            "signature-plus-modulus-longest-salt",
            "rsa-2048-a",
            sign::plus_modulus(a, longest, "plus-longest", &seed)?,
            "The range counts for every length of salt.",
        ),
        forged(
            "signature-with-a-bit-above-salt-32",
            "rsa-2049",
            sign::with_a_bit_above(odd, 32, "above-32", &seed)?,
            "The encoded message has 8k bits: a bit above them is refused by RFC 8017.",
        ),
        forged(
            "signature-with-a-bit-above-longest-salt",
            "rsa-2049",
            sign::with_a_bit_above(odd, sign::longest_salt(odd), "above-longest", &seed)?,
            "The bit above the encoded message counts for every length of salt.",
        ),
        forged(
            "signature-pkcs1-v1-5",
            "rsa-2048-a",
            sign::pkcs1v15(a, &seed)?,
            "The older padding is another scheme.",
        ),
        forged(
            "signature-sha-512",
            "rsa-2048-a",
            sign::pss_sha512(a, "sha-512", &seed)?,
            "Another digest is another scheme.",
        ),
    ];
    for (name, key, signer, why) in [
        (
            "signature-of-another-key",
            &["rsa-2048-a"][..],
            "rsa-2048-b",
            "Anybody can make a key of the same size.",
        ),
        (
            "signature-of-none-of-two-keys",
            &["rsa-2048-a", "rsa-3072"],
            "rsa-2048-b",
            "Several keys do not mean any key.",
        ),
        (
            "signature-of-a-key-outside-the-jwks",
            &["jwks-a"],
            "rsa-2048-b",
            "A JWKS names the only keys.",
        ),
    ] {
        let header = signed(keys, signer, name, "seed")?;
        let case = Draft::verify(name, key, "seed", why).signed(header);
        cases.push(case.invalid("no_key_matches"));
    }
    Ok(cases)
}
