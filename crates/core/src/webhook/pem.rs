//! `-----BEGIN PUBLIC KEY-----`: keys as the dashboard gives them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::der::Decode;
use rsa::pkcs8::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::key::{VerifyingKey, refused};
use crate::Error;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// Every key in `text`, which may hold several blocks. How the base64 is broken into lines does not
/// matter (RFC 7468, 3): environment files and dashboards write `\\n`, blanks, or one long line.
pub(super) fn parse(text: &str) -> Result<Vec<VerifyingKey>, Error> {
    let text = text.replace("\\r", "").replace("\\n", "\n");
    let keys: Vec<_> = text
        .split("-----BEGIN ")
        .skip(1)
        .map(parse_block)
        .collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(refused("neither PEM nor a JWKS"));
    }
    Ok(keys)
}

/// `PUBLIC KEY-----…-----END PUBLIC KEY-----`
fn parse_block(block: &str) -> Result<VerifyingKey, Error> {
    let unfinished = || refused("the PEM block has no end");
    let (label, rest) = block.split_once("-----").ok_or_else(unfinished)?;
    let kind = match label {
        "PUBLIC KEY" => Kind::Spki,
        "RSA PUBLIC KEY" => Kind::Pkcs1,
        "CERTIFICATE" => {
            return Err(refused("this is a certificate: give its public key alone"));
        }
        private if private.ends_with("PRIVATE KEY") => {
            return Err(refused(
                "this is a private key: the webhook needs only the public one",
            ));
        }
        _ => return Err(refused("a PEM block is no public key")),
    };
    let (base64, end) = rest.split_once("-----END ").ok_or_else(unfinished)?;
    if !end
        .strip_prefix(label)
        .is_some_and(|e| e.starts_with("-----"))
    {
        return Err(refused("the PEM block's end does not fit its beginning"));
    }
    let base64: String = base64.split_ascii_whitespace().collect();
    let der = STANDARD
        .decode(base64)
        .map_err(|_| refused("the PEM block is not base64"))?;
    match kind {
        Kind::Spki => spki(&der),
        Kind::Pkcs1 => pkcs1(&der),
    }
}

enum Kind {
    Spki,
    Pkcs1,
}

fn spki(der: &[u8]) -> Result<VerifyingKey, Error> {
    let info = SubjectPublicKeyInfoRef::from_der(der)
        .map_err(|e| refused(format!("not a public key: {e}")))?;
    if ![RSA_ENCRYPTION, RSASSA_PSS].contains(&info.algorithm.oid) {
        return Err(refused("not an RSA key"));
    }
    pkcs1(info.subject_public_key.raw_bytes())
}

fn pkcs1(der: &[u8]) -> Result<VerifyingKey, Error> {
    let key = rsa::pkcs1::RsaPublicKey::from_der(der)
        .map_err(|e| refused(format!("not an RSA public key: {e}")))?;
    VerifyingKey::new(key.modulus.as_bytes(), key.public_exponent.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../tests/data/public-key.pem");

    #[test]
    fn line_breaks_do_not_matter() {
        let mut one_line: Vec<_> = KEY.trim().lines().collect();
        let (first, last) = (one_line.remove(0), one_line.pop().unwrap());
        let base64 = one_line.concat();
        for written in [
            KEY.to_owned(),
            KEY.replace('\n', "\r\n"),
            KEY.replace('\n', "\\n"),
            KEY.replace('\n', " "),
            format!("\"{}\"", KEY.trim().replace('\n', "\\n")),
            format!("{first}\n{base64}\n{last}"),
            format!("{first}{base64}{last}"),
            format!("a comment\n{KEY}"),
        ] {
            assert_eq!(parse(&written).unwrap().len(), 1, "{written}");
        }
        assert_eq!(parse(&format!("{KEY}{KEY}")).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for wrong in [
            "",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            &KEY.replace("END PUBLIC", "END RSA PUBLIC"),
            &KEY.replace("PUBLIC KEY", "PRIVATE KEY"),
            &KEY.replace("PUBLIC KEY", "EC PUBLIC KEY"),
            &KEY[..200],
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
