//! `{"keys": [{"kty": "RSA", "n": "…", "e": "…"}]}` (RFC 7517).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::key::{VerifyingKey, refused};
use crate::Error;

#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    Set { keys: Vec<Jwk> },
    One(Jwk),
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<serde::de::IgnoredAny>,
}

/// Every RSA key for signatures in a key set; keys of other kinds are passed over.
pub(super) fn parse(text: &str) -> Result<Vec<VerifyingKey>, Error> {
    let jwks = match serde_json::from_str(text) {
        Ok(Document::Set { keys }) => keys,
        Ok(Document::One(key)) => vec![key],
        Err(_) => {
            return Err(refused(
                "not a JWKS: `keys` with `kty`, `n` and `e` expected",
            ));
        }
    };
    let keys = jwks
        .iter()
        .filter(|jwk| jwk.kty == "RSA" && jwk.usage.as_deref().is_none_or(|usage| usage == "sig"))
        .map(parse_key)
        .collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err(refused("the JWKS holds no RSA key for signatures"));
    }
    Ok(keys)
}

fn parse_key(jwk: &Jwk) -> Result<VerifyingKey, Error> {
    if jwk.d.is_some() {
        return Err(refused(
            "this is a private key: the webhook needs only the public one",
        ));
    }
    VerifyingKey::new(
        &number(jwk.n.as_deref(), "n")?,
        &number(jwk.e.as_deref(), "e")?,
    )
}

fn number(field: Option<&str>, name: &str) -> Result<Vec<u8>, Error> {
    let encoded = field.ok_or_else(|| refused(format!("a key of the JWKS has no `{name}`")))?;
    URL_SAFE_NO_PAD
        .decode(encoded.trim_end_matches('='))
        .map_err(|_| refused(format!("`{name}` of a key is not base64url")))
}
