//! Two lengths of salt are good for every size of key, all others are not.

use super::super::draft::Draft;
use super::super::keys::Keys;
use super::super::{Error, sign};
use super::{bodies, header};

const KEYS: [&str; 4] = ["rsa-2048-a", "rsa-2049", "rsa-3072", "rsa-4096"];

pub(super) fn all(keys: &Keys) -> Result<Vec<Draft>, Error> {
    let mut cases = Vec::new();
    for key in KEYS {
        cases.push(
            case(
                keys,
                key,
                32,
                "A salt as long as the digest is what RFC 7518 asks of PS256.",
            )?
            .verifies(),
        );
        let longest = sign::longest_salt(keys.get(key)?);
        cases.push(
            case(
                keys,
                key,
                longest,
                "The longest salt that the key has room for is what Go signs with by default.",
            )?
            .verifies(),
        );
        let shorter = case(
            keys,
            key,
            longest - 1,
            "One byte less than the longest salt is neither of the two.",
        )?;
        cases.push(shorter.invalid("no_key_matches"));
    }
    for salt in [0, 20, 31, 33, 64] {
        let other = case(
            keys,
            "rsa-2048-a",
            salt,
            "No signer uses this length by default.",
        )?;
        cases.push(other.invalid("no_key_matches"));
    }
    Ok(cases)
}

fn case(keys: &Keys, key: &'static str, salt: usize, why: &'static str) -> Result<Draft, Error> {
    let name = format!("salt-of-{salt}-with-{key}");
    let signature = sign::pss(keys.get(key)?, salt, &name, &bodies::bytes("seed")?)?;
    Ok(Draft::verify(name, &[key], "seed", why).signed(header(&signature)))
}
