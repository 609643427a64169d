//! The cases of `signatures.json` that end in a signature being checked.

mod bodies;
mod forged;
mod headers;
mod key_forms;
mod salts;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

pub(super) use bodies::bodies;

use super::Error;
use super::draft::Draft;
use super::keys::Keys;
use super::sign;

pub(super) fn all(keys: &Keys) -> Result<Vec<Draft>, Error> {
    let mut cases = salts::all(keys)?;
    cases.extend(headers::all(keys)?);
    cases.extend(key_forms::all(keys)?);
    cases.extend(bodies::all(keys)?);
    cases.extend(forged::all(keys)?);
    Ok(cases)
}

/// The scheme, and a signature as Prelude writes it.
fn header(signature: &[u8]) -> String {
    with_scheme(&URL_SAFE_NO_PAD.encode(signature))
}

fn with_scheme(encoded: &str) -> String {
    format!("rsassa-pss-sha256={encoded}")
}

/// The header of a good signature with the digest's salt.
fn signed(keys: &Keys, key: &str, label: &str, body: &str) -> Result<String, Error> {
    let body = bodies::bytes(body)?;
    Ok(header(&sign::pss(keys.get(key)?, 32, label, &body)?))
}

/// The four ways to write base64.
fn encodings(signature: &[u8]) -> [(&'static str, String); 4] {
    [
        ("url-safe", URL_SAFE_NO_PAD.encode(signature)),
        ("url-safe-padded", URL_SAFE.encode(signature)),
        ("standard", STANDARD_NO_PAD.encode(signature)),
        ("standard-padded", STANDARD.encode(signature)),
    ]
}
