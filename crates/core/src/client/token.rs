//! `Authorization: Bearer <API token>`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderValue;
use tokio::task::JoinSet;

use crate::{ApiError, Error, ErrorCode};

/// Why a token could not be had.
pub type TokenError = Box<dyn std::error::Error + Send + Sync>;

/// Gives the API token when it is needed: for tokens that expire, and for phones, which must not
/// carry one. Asked before each call, and once more after a 401. Any async closure is one.
pub trait TokenProvider: Send + Sync + 'static {
    /// The token for a call that is about to be made.
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<String, TokenError>> + Send + '_>>;
}

impl<F, R> TokenProvider for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<String, TokenError>> + Send + 'static,
{
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<String, TokenError>> + Send + '_>> {
        Box::pin(self())
    }
}

/// A token as the header that carries it, never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Bearer(HeaderValue);

impl Bearer {
    /// Raises `missing_api_token` for an empty token, `invalid_api_token` for one that no header
    /// can carry (a line break at its end, mostly).
    pub(crate) fn parse(token: &str) -> Result<Self, Error> {
        if token.is_empty() {
            return Err(missing("the token is empty"));
        }
        let visible = token.bytes().all(|b| b.is_ascii_graphic());
        match HeaderValue::try_from(format!("Bearer {token}")) {
            Ok(mut header) if visible => {
                header.set_sensitive(true);
                Ok(Self(header))
            }
            _ => Err(Error::invalid_argument(
                ErrorCode::InvalidApiToken,
                "the token holds a blank, a line break or another character that no token has",
            )),
        }
    }

    pub(crate) async fn from_provider(provider: Arc<dyn TokenProvider>) -> Result<Self, Error> {
        // A task of its own, so that a panic is the provider's alone; it ends with this future.
        let mut task = JoinSet::new();
        task.spawn(async move { provider.token().await });
        match task.join_next().await {
            Some(Ok(Ok(token))) => Self::parse(&token),
            // What the provider says stays out: it may quote a token.
            _ => Err(Error::Api(Box::new(ApiError {
                transient: true,
                ..ApiError::local(ErrorCode::MissingApiToken, "the token provider failed")
            }))),
        }
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

pub(crate) fn missing(why: &'static str) -> Error {
    Error::invalid_argument(ErrorCode::MissingApiToken, why)
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}
