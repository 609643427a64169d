//! `Webhook::verify` of the seed's event (salt 32), against ring's verification alone.

use std::hint::black_box;

use backchat_core::Webhook;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};

use super::{Cores, line, measured, microseconds};
use crate::Done;

const EVENT: &str = include_str!("../../../../tests/vectors/seed-event.json");
const KEY: &str = include_str!("../../../../tests/vectors/keys/rsa-2048-a.pem");
const TIMES: u32 = 2_000;

#[derive(Serialize, Deserialize)]
struct Measured {
    webhook: f64,
    ring: f64,
}

pub(super) fn report() -> Done {
    let Measured { webhook, ring } = measured(Cores::One, &["verify"])?;
    println!("\nverifying and parsing the seed's event, 2048 bit, salt 32 (best of 20 x {TIMES})");
    line("verify", webhook, ring, "µs", "ring alone", 1.2);
    Ok(())
}

pub(super) fn measure() -> Done {
    let private = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes())?;
    let pair = RsaKeyPair::from_pkcs8(private.secret_pkcs8_der()).map_err(|e| e.to_string())?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PSS_SHA256,
        &SystemRandom::new(),
        EVENT.as_bytes(),
        &mut signature,
    )
    .map_err(|e| e.to_string())?;

    let public_key: &[u8] = pair.public().as_ref();
    let webhook = Webhook::new(&format!(
        "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
        lines(&STANDARD.encode(public_key))
    ))?;
    let header = format!("rsassa-pss-sha256={}", URL_SAFE_NO_PAD.encode(&signature));
    let headers = [("X-Webhook-Signature", header.as_str())];
    webhook.verify(EVENT.as_bytes(), headers)?;

    let components: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
    let (mut ours, mut alone) = (f64::MAX, f64::MAX);
    for _ in 0..20 {
        ours = ours.min(microseconds(TIMES, || {
            black_box(webhook.verify(EVENT.as_bytes(), headers).is_ok());
        }));
        alone = alone.min(microseconds(TIMES, || {
            let verified =
                components.verify(&RSA_PSS_2048_8192_SHA256, EVENT.as_bytes(), &signature);
            black_box(verified.is_ok());
        }));
    }
    let measured = Measured {
        webhook: ours,
        ring: alone,
    };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

/// PEM has 64 characters in a line.
fn lines(base64: &str) -> String {
    let lines: Vec<_> = base64
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    lines.join("\n")
}
