//! The test keys of `tests/vectors/keys`, in every form that a webhook may be given.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1::{EncodeRsaPrivateKey as _, EncodeRsaPublicKey as _};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use rsa::{BigUint, RsaPrivateKey};
use serde::Serialize;

use super::Error;
use crate::vectors::file;

const NAMES: [&str; 7] = [
    "rsa-1024",
    "rsa-2047",
    "rsa-2048-a",
    "rsa-2048-b",
    "rsa-2049",
    "rsa-3072",
    "rsa-4096",
];

/// 32 zero bytes: no key, but what an EC key looks like in a JWKS.
const EC_COORDINATE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) struct Keys(BTreeMap<&'static str, RsaPrivateKey>);

impl Keys {
    pub(super) fn load() -> Result<Self, Error> {
        let mut keys = BTreeMap::new();
        for name in NAMES {
            let key = RsaPrivateKey::from_pkcs8_pem(&read(&format!("{name}.pem"))?)?;
            keys.insert(name, key);
        }
        Ok(Self(keys))
    }

    pub(super) fn get(&self, name: &str) -> Result<&RsaPrivateKey, Error> {
        self.0
            .get(name)
            .ok_or_else(|| format!("there is no key {name}").into())
    }

    /// The texts that the cases name.
    pub(super) fn texts(&self) -> Result<BTreeMap<String, String>, Error> {
        let mut texts = BTreeMap::new();
        for (name, key) in &self.0 {
            texts.insert((*name).to_owned(), spki(key)?);
        }
        let (a, b) = (self.get("rsa-2048-a")?, self.get("rsa-2048-b")?);
        let pem = spki(a)?;
        let (jwk_a, jwk_b) = (Jwk::rsa(a), Jwk::rsa(b));
        let ec = Jwk::ec();
        let bare = Jwk {
            usage: None,
            alg: None,
            kid: None,
            ..jwk_a.clone()
        };
        let private = Jwk {
            d: Some(number(a.d())),
            ..jwk_a.clone()
        };
        let encryption = Jwk {
            usage: Some("enc"),
            ..jwk_a.clone()
        };
        let no_modulus = Jwk {
            n: None,
            ..bare.clone()
        };
        let mut add = |name: &str, text: String| texts.insert(name.to_owned(), text);

        add("a-pkcs1", a.to_public_key().to_pkcs1_pem(LineEnding::LF)?);
        add("a-escaped", pem.replace('\n', "\\n"));
        add(
            "a-pkcs1-escaped",
            a.to_public_key()
                .to_pkcs1_pem(LineEnding::LF)?
                .replace('\n', "\\n"),
        );
        add("a-crlf", pem.replace('\n', "\r\n"));
        add("a-indented", format!("    {}", pem.replace('\n', "\n    ")));
        add("a-with-a-comment", format!("The webhook's key:\n{pem}"));
        add("a-then-b", spki(a)? + &spki(b)?);
        add("jwks-a", set(&[&jwk_a])?);
        add("jwks-b-then-a", set(&[&jwk_b, &jwk_a])?);
        add("jwks-bare", set(&[&bare])?);
        add("jwks-with-an-ec-key", set(&[&ec, &jwk_a])?);
        add("jwks-with-an-encryption-key", set(&[&encryption, &jwk_b])?);
        add("jwk-alone", serde_json::to_string(&jwk_a)?);
        add("jwks-private", set(&[&private])?);
        add("jwks-empty", set(&[])?);
        add("jwks-ec-only", set(&[&ec])?);
        add("jwks-small", set(&[&Jwk::rsa(self.get("rsa-1024")?)])?);
        add("jwks-no-modulus", set(&[&no_modulus])?);
        add("jwks-not-json", "{\"keys\": [".to_owned());
        add("json-no-jwks", "{\"public_key\": \"none\"}".to_owned());
        add("a-private-pkcs8", read("rsa-2048-a.pem")?);
        add(
            "a-private-pkcs1",
            a.to_pkcs1_pem(LineEnding::LF)?.to_string(),
        );
        add("a-then-private-b", spki(a)? + &read("rsa-2048-b.pem")?);
        add("a-then-1024", spki(a)? + &spki(self.get("rsa-1024")?)?);
        add("certificate", read("certificate.pem")?);
        add("ec-p256", read("ec-p256-public.pem")?);
        add("cut-pem", pem.chars().take(pem.len() / 2).collect());
        add("broken-base64", pem.replacen("MII", "M!I", 1));
        add("not-a-key", "prelude".to_owned());
        add("empty", String::new());
        Ok(texts)
    }
}

fn read(name: &str) -> Result<String, Error> {
    let path = file::folder().join("keys").join(name);
    fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn spki(key: &RsaPrivateKey) -> Result<String, Error> {
    Ok(key.to_public_key().to_public_key_pem(LineEnding::LF)?)
}

/// A key of a JWKS (RFC 7517), written in the order of its fields.
#[derive(Clone, Default, Serialize)]
struct Jwk {
    kty: &'static str,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<&'static str>,
}

impl Jwk {
    fn rsa(key: &RsaPrivateKey) -> Self {
        Self {
            kty: "RSA",
            usage: Some("sig"),
            alg: Some("PS256"),
            kid: Some("test"),
            n: Some(number(key.n())),
            e: Some(number(key.e())),
            ..Self::default()
        }
    }

    fn ec() -> Self {
        Self {
            kty: "EC",
            crv: Some("P-256"),
            x: Some(EC_COORDINATE),
            y: Some(EC_COORDINATE),
            ..Self::default()
        }
    }
}

fn number(number: &BigUint) -> String {
    URL_SAFE_NO_PAD.encode(number.to_bytes_be())
}

fn set(keys: &[&Jwk]) -> Result<String, Error> {
    #[derive(Serialize)]
    struct Set<'a> {
        keys: &'a [&'a Jwk],
    }
    Ok(serde_json::to_string(&Set { keys })?)
}
