//! `X-Webhook-Signature`: bytes in, event out. For servers.

use backchat_core::Webhook;

use crate::event::ReadEvent;
use crate::failure::Failed;
use crate::request::Header;

/// Turns webhook requests into events.
#[derive(uniffi::Object)]
pub struct WebhookVerifier(Webhook);

#[uniffi::export]
impl WebhookVerifier {
    /// Takes the webhook's public keys, as PEM or JWKS. Raises `configuration`.
    #[uniffi::constructor]
    pub fn new(public_keys: Vec<String>) -> Result<Self, Failed> {
        let keys = public_keys.iter().map(String::as_str);
        Ok(Self(Webhook::with_keys(keys)?))
    }

    /// Takes the key from `PRELUDE_WEBHOOK_PUBLIC_KEY`.
    #[uniffi::constructor]
    pub fn from_environment() -> Result<Self, Failed> {
        Ok(Self(Webhook::from_env()?))
    }

    /// Takes every request, whoever sent it.
    #[uniffi::constructor]
    pub fn unverified() -> Self {
        Self(Webhook::unverified())
    }

    /// Checks the signature over the raw body, and reads the event.
    pub fn verify(&self, body: Vec<u8>, headers: Vec<Header>) -> Result<ReadEvent, Failed> {
        let headers = headers.iter().map(|header| (&header.name, &header.value));
        Ok(self.0.verify(&body, headers)?.into())
    }

    /// The webhook as it may be printed.
    pub fn printed(&self) -> String {
        format!("{:?}", self.0)
    }
}
