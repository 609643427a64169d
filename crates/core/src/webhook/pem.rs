//! `-----BEGIN PUBLIC KEY-----`: keys as the dashboard gives them.

use rsa::pkcs1::der::{Decode, pem};
use rsa::pkcs8::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::key::{VerifyingKey, refused};
use crate::Error;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const BEGIN: &str = "-----BEGIN ";

/// Every key in `text`, which may hold several blocks and `\n` for line breaks.
pub(super) fn parse(text: &str) -> Result<Vec<VerifyingKey>, Error> {
    let text = text.replace("\\r", "").replace("\\n", "\n");
    let mut keys = Vec::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(BEGIN) {
        let block = &rest[start..];
        let end = block[BEGIN.len()..]
            .find(BEGIN)
            .map_or(block.len(), |next| BEGIN.len() + next);
        keys.push(parse_block(&normal_lines(&block[..end]))?);
        rest = &block[end..];
    }
    if keys.is_empty() {
        return Err(refused("neither PEM nor a JWKS"));
    }
    Ok(keys)
}

/// One block without indentation, blank lines and what stands after its end.
fn normal_lines(block: &str) -> String {
    let mut lines = String::with_capacity(block.len());
    for line in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
        lines.push_str(line);
        lines.push('\n');
        if line.starts_with("-----END ") {
            break;
        }
    }
    lines
}

fn parse_block(block: &str) -> Result<VerifyingKey, Error> {
    let label = block[BEGIN.len()..]
        .split("-----")
        .next()
        .unwrap_or_default();
    if label.ends_with("PRIVATE KEY") {
        return Err(refused(
            "this is a private key: the webhook needs only the public one",
        ));
    }
    let (label, der) = pem::decode_vec(block.as_bytes())
        .map_err(|e| refused(format!("the PEM block cannot be read: {e}")))?;
    match label {
        "PUBLIC KEY" => {
            let info = SubjectPublicKeyInfoRef::from_der(&der)
                .map_err(|e| refused(format!("not a public key: {e}")))?;
            if ![RSA_ENCRYPTION, RSASSA_PSS].contains(&info.algorithm.oid) {
                return Err(refused("not an RSA key"));
            }
            pkcs1(info.subject_public_key.raw_bytes())
        }
        "RSA PUBLIC KEY" => pkcs1(&der),
        "CERTIFICATE" => Err(refused("this is a certificate: give its public key alone")),
        other => Err(refused(format!("`{other}` is not a public key"))),
    }
}

fn pkcs1(der: &[u8]) -> Result<VerifyingKey, Error> {
    let key = rsa::pkcs1::RsaPublicKey::from_der(der)
        .map_err(|e| refused(format!("not an RSA public key: {e}")))?;
    VerifyingKey::new(key.modulus.as_bytes(), key.public_exponent.as_bytes())
}
