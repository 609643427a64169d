//! `{"keys": [{"kty": "RSA", "n": "…", "e": "…"}]}` (RFC 7517).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::key::{VerifyingKey, refused};
use crate::Error;
use crate::event::{Loose, Object, Strict};

/// The members of a key that matter here. One of another form counts as missing, and a key that
/// misses what it needs is passed over, as RFC 7517 (5) asks.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Jwk<'a> {
    #[serde(borrow)]
    kty: Loose<'a>,
    #[serde(borrow, rename = "use")]
    usage: Loose<'a>,
    #[serde(borrow)]
    n: Loose<'a>,
    #[serde(borrow)]
    e: Loose<'a>,
    d: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Set<'a> {
    #[serde(borrow)]
    keys: Vec<Object<Jwk<'a>>>,
}

/// Every RSA key for signatures in a key set; keys of other kinds are passed over.
pub(super) fn parse(text: &str) -> Result<Vec<VerifyingKey>, Error> {
    let jwks = match serde_json::from_str::<Strict<Set>>(text) {
        Ok(Strict(set)) => set.keys,
        Err(_) => match serde_json::from_str::<Strict<Jwk>>(text) {
            Ok(Strict(key)) => vec![Object(key)],
            Err(_) => {
                return Err(refused(
                    "not a JWKS: `keys` with `kty`, `n` and `e` expected",
                ));
            }
        },
    };
    let keys = jwks
        .iter()
        .map(|Object(jwk)| jwk)
        .filter(|jwk| {
            jwk.kty.required() == Some("RSA") && matches!(jwk.usage.optional(), None | Some("sig"))
        })
        .filter_map(|jwk| parse_key(jwk).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err(refused("the JWKS holds no RSA key for signatures"));
    }
    Ok(keys)
}

fn parse_key(jwk: &Jwk<'_>) -> Result<Option<VerifyingKey>, Error> {
    if jwk.d.is_some() || jwk.p.is_some() || jwk.q.is_some() {
        return Err(refused(
            "this is a private key: the webhook needs only the public one",
        ));
    }
    let (Some(n), Some(e)) = (jwk.n.required(), jwk.e.required()) else {
        return Ok(None);
    };
    VerifyingKey::new(&number(n, "n")?, &number(e, "e")?).map(Some)
}

fn number(encoded: &str, name: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD
        .decode(encoded.trim_end_matches('='))
        .map_err(|_| refused(format!("`{name}` of a key is not base64url")))
}
