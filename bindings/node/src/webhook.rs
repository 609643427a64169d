//! `Webhook`: bytes in, event out.

use backchat_core::Webhook;
use napi_derive::napi;

use crate::error::{Thrown, thrown};
use crate::event;

/// The core's webhook.
#[napi(js_name = "Webhook")]
pub struct NativeWebhook {
    pub(crate) webhook: Webhook,
}

#[napi]
impl NativeWebhook {
    /// Public keys, PEM or JWKS. None: the environment's.
    #[napi(constructor)]
    pub fn new(public_keys: Option<Vec<String>>) -> Result<Self, Thrown> {
        let webhook = match public_keys {
            Some(keys) => Webhook::with_keys(keys.iter().map(String::as_str)),
            None => Webhook::from_env(),
        };
        Ok(Self {
            webhook: webhook.map_err(thrown)?,
        })
    }

    /// Takes every request, whoever sent it.
    #[napi(factory)]
    pub fn unverified() -> Self {
        Self {
            webhook: Webhook::unverified(),
        }
    }

    /// `headers` are names and values, in turn.
    #[napi]
    pub fn verify(&self, body: &[u8], headers: Vec<String>) -> Result<String, Thrown> {
        let event = self.webhook.verify(body, pairs(&headers)).map_err(thrown)?;
        Ok(event::shown(&event))
    }
}

/// Names and values from a list that has them in turn.
pub(crate) fn pairs(headers: &[String]) -> impl Iterator<Item = (&str, &str)> {
    headers
        .chunks_exact(2)
        .filter_map(|pair| Some((pair.first()?.as_str(), pair.last()?.as_str())))
}

/// The longest body that an adapter needs to read: one byte more is refused anyhow.
#[napi]
pub fn longest_body() -> u32 {
    u32::try_from(Webhook::LONGEST_BODY).unwrap_or(u32::MAX)
}
