//! `X-Webhook-Signature`, checked by two libraries and by the core.

use backchat_core::Webhook;
use backchat_sandbox::{Inbound, SaltLength, Sandbox, SandboxError, Signer};
use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use rsa::RsaPublicKey;
use rsa::pkcs1::{EncodeRsaPrivateKey as _, EncodeRsaPublicKey as _};
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use rsa::pss::{Signature, VerifyingKey};
use rsa::sha2::Sha256;
use rsa::signature::Verifier as _;

use crate::common::{Received, Receiver, USER, builder};

async fn signed(salt: SaltLength) -> (RsaPublicKey, String, Received) {
    let receiver = Receiver::start().await;
    let sandbox = builder()
        .salt(salt)
        .webhook_url(&receiver.url)
        .start()
        .await
        .unwrap();
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let request = receiver.requests().remove(0);
    assert_eq!(request.headers["x-webhook-signature"], event.signature);
    let pem = sandbox.public_key_pem().to_owned();
    let key = RsaPublicKey::from_public_key_pem(&pem).unwrap();
    (key, pem, request)
}

#[tokio::test]
async fn with_the_digests_length_ring_accepts_them() {
    let (key, pem, received) = signed(SaltLength::Digest).await;
    let der = key.to_pkcs1_der().unwrap();
    let key = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, der.as_bytes());
    let signature = received.signature();
    assert!(key.verify(&received.body, &signature).is_ok());
    assert!(key.verify(b"another body", &signature).is_err());
    verify_with_core(&pem, &received);
}

#[tokio::test]
async fn with_the_longest_salt_rsa_accepts_them() {
    let (key, pem, received) = signed(SaltLength::Max).await;
    let signature = Signature::try_from(received.signature().as_slice()).unwrap();
    let longest = VerifyingKey::<Sha256>::new_with_salt_len(key.clone(), 256 - 32 - 2);
    assert!(longest.verify(&received.body, &signature).is_ok());
    assert!(longest.verify(b"another body", &signature).is_err());
    let digest = VerifyingKey::<Sha256>::new(key);
    assert!(digest.verify(&received.body, &signature).is_err());
    verify_with_core(&pem, &received);
}

fn verify_with_core(pem: &str, received: &Received) {
    let webhook = Webhook::new(pem).unwrap();
    let headers = received
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    let event = webhook.verify(&received.body, headers).unwrap();
    assert!(matches!(event, backchat_core::Event::InboundMessage(_)));
}

#[tokio::test]
async fn the_key_comes_in_two_forms() {
    for (salt, alg) in [(SaltLength::Digest, Some("PS256")), (SaltLength::Max, None)] {
        let sandbox = builder().salt(salt).start().await.unwrap();
        let jwk = &sandbox.jwks()["keys"][0];
        assert_eq!(jwk["kty"], "RSA");
        assert_eq!(jwk["e"], "AQAB");
        assert_eq!(jwk["alg"].as_str(), alg);
        assert_eq!(jwk["n"].as_str().unwrap().len(), 342);
        assert!(
            sandbox
                .public_key_pem()
                .starts_with("-----BEGIN PUBLIC KEY-----\n")
        );
    }
}

#[tokio::test]
async fn a_key_is_made_when_none_is_given() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let key = RsaPublicKey::from_public_key_pem(sandbox.public_key_pem());
    assert!(key.is_ok());
    for pem in [
        "",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
        sandbox.public_key_pem(),
    ] {
        let refused = Sandbox::builder().signing_key_pem(pem).start().await;
        assert!(matches!(refused, Err(SandboxError::Key(_))));
    }
    let short = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 1024).unwrap();
    let pem = short.to_pkcs1_pem(rsa::pkcs8::LineEnding::LF).unwrap();
    let refused = Sandbox::builder()
        .signing_key_pem(pem.as_str())
        .start()
        .await;
    assert!(matches!(refused, Err(SandboxError::Key(_))));
}

#[test]
fn a_signer_signs_alone() {
    let private = crate::common::key_pem();
    let public = rsa::RsaPrivateKey::from_pkcs8_pem(private)
        .unwrap()
        .to_public_key()
        .to_public_key_pem(rsa::pkcs8::LineEnding::LF)
        .unwrap();
    let body = br#"{"id":"evt_1","type":"t","payload":{},"created_at":"2025-10-24T08:59:10Z"}"#;
    for salt in [SaltLength::Digest, SaltLength::Max] {
        let signer = Signer::from_pem(private, salt).unwrap();
        let header = signer.sign(body).unwrap();
        let webhook = Webhook::new(&public).unwrap();
        assert!(
            webhook
                .verify(body, [("X-Webhook-Signature", &header)])
                .is_ok()
        );
        assert!(
            webhook
                .verify(b"{}", [("X-Webhook-Signature", &header)])
                .is_err()
        );
    }
}
