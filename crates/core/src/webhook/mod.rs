//! `X-Webhook-Signature: rsassa-pss-sha256=<base64>`: only Prelude may speak.

mod header;
mod jwks;
mod key;
mod pem;
mod reason;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub use reason::{SignatureError, SignatureReason};

use crate::error::UnreadableEventError;
use crate::{Error, Event};
use key::VerifyingKey;

/// Turns webhook requests into events: bytes in, event out.
///
/// ```
/// # fn main() -> Result<(), backchat_core::Error> {
/// # let public_key_pem = include_str!("../../tests/data/public-key.pem");
/// use backchat_core::{Error, Webhook};
///
/// let webhook = Webhook::new(public_key_pem)?;
/// let error = webhook.verify(b"{}", [("content-type", "application/json")]).unwrap_err();
/// assert_eq!(error.code().as_str(), "signature_missing");
/// assert_eq!(error.webhook_status(), 401);
/// # Ok(())
/// # }
/// ```
/// <https://docs.prelude.so/notify/v2/documentation/webhook>
#[derive(Clone)]
pub struct Webhook {
    trust: Trust,
}

#[derive(Clone)]
enum Trust {
    Keys(Arc<[VerifyingKey]>),
    Anyone,
}

impl Webhook {
    /// A larger body is refused before it is hashed, in bytes: no server needs to read more.
    pub const LONGEST_BODY: usize = 1024 * 1024;

    /// Takes the webhook's public key: one or more PEM blocks (`PUBLIC KEY` or `RSA PUBLIC KEY`,
    /// with line breaks or with `\n` as in environment files), or a JWKS.
    ///
    /// Refuses keys under 2048 bits and private keys with `configuration`.
    pub fn new(public_key: &str) -> Result<Self, Error> {
        Self::with_keys([public_key])
    }

    /// The same with several keys, for the days of a rotation: any of them may have signed.
    pub fn with_keys<'a>(public_keys: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut keys = Vec::new();
        for text in public_keys {
            let text = text.trim_start_matches('\u{feff}').trim();
            keys.extend(if text.starts_with('{') {
                jwks::parse(text)?
            } else {
                pem::parse(text)?
            });
        }
        if keys.is_empty() {
            return Err(key::refused("no key was given"));
        }
        Ok(Self {
            trust: Trust::Keys(keys.into()),
        })
    }

    /// Takes the key from `PRELUDE_WEBHOOK_PUBLIC_KEY`.
    pub fn from_env() -> Result<Self, Error> {
        match std::env::var("PRELUDE_WEBHOOK_PUBLIC_KEY") {
            Ok(key) if !key.trim().is_empty() => Self::new(&key),
            _ => Err(key::refused(
                "give the webhook's public key: as an argument or in PRELUDE_WEBHOOK_PUBLIC_KEY",
            )),
        }
    }

    /// Takes every request, whoever sent it: for accounts that have not enabled signing, behind
    /// a network that lets only Prelude in. Events are marked `verified: false`.
    pub fn unverified() -> Self {
        Self {
            trust: Trust::Anyone,
        }
    }

    /// Checks the signature over `body`, the raw bytes as they were received, and reads the event.
    ///
    /// `headers` are pairs of name and value: `&http::HeaderMap`, an array, a map.
    ///
    /// Raises `signature_missing` or `signature_invalid` with a reason, and `event_unreadable`
    /// when the signature is good but the body is no event.
    pub fn verify<N, V>(
        &self,
        body: &[u8],
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Event, Error>
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        self.claim(body, headers)?.verify(body)
    }

    /// Refuses at once what cannot be Prelude's. The rest hashes the body: [`Claim::verify`].
    pub(crate) fn claim<N, V>(
        &self,
        body: &[u8],
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Claim, Error>
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let too_long = body.len() > Self::LONGEST_BODY;
        let Trust::Keys(keys) = &self.trust else {
            return if too_long {
                Err(self::too_long(body))
            } else {
                Ok(Claim(None))
            };
        };
        if too_long {
            return Err(SignatureReason::BodyTooLong.into());
        }
        let signature = header::signature(headers)?;
        if keys.iter().all(|key| key.size() != signature.len()) {
            return Err(SignatureReason::WrongLength.into());
        }
        Ok(Claim(Some((Arc::clone(keys), signature))))
    }
}

/// A signature that has yet to be verified, with the keys that may have made it. `None` when any
/// request is taken.
pub(crate) struct Claim(Option<(Arc<[VerifyingKey]>, Vec<u8>)>);

impl Claim {
    /// Whether there is nothing to hash.
    pub(crate) fn is_free(&self) -> bool {
        self.0.is_none()
    }

    /// Checks the signature over `body`, and reads the event. Takes up to milliseconds.
    pub(crate) fn verify(self, body: &[u8]) -> Result<Event, Error> {
        let Some((keys, signature)) = self.0 else {
            return Event::from_json(body);
        };
        if keys.iter().any(|key| key.verify(body, &signature)) {
            Event::from_verified(body)
        } else {
            Err(SignatureReason::NoKeyMatches.into())
        }
    }
}

fn too_long(body: &[u8]) -> Error {
    Error::UnreadableEvent(Box::new(UnreadableEventError {
        detail: "the body is longer than 1 MiB".into(),
        raw: Bytes::copy_from_slice(body),
        verified: false,
    }))
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trust {
            Trust::Keys(keys) => write!(f, "Webhook({} keys)", keys.len()),
            Trust::Anyone => f.write_str("Webhook(unverified)"),
        }
    }
}
