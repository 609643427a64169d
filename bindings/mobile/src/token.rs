//! Where a token comes from: the app's session.

use std::future::Future;
use std::pin::Pin;

use backchat_core::{TokenError, TokenProvider};

/// Gives the token that the backend, or the API, wants. Asked before each call, and once more after
/// a 401. What is dropped here is cancelled there. Asking and cancelling come from the thread that
/// drives all calls, and only hand over.
#[uniffi::export(callback_interface)]
#[async_trait::async_trait]
pub trait TokenSource: Send + Sync {
    /// The token for a call that is about to be made.
    async fn token(&self) -> Result<String, NoToken>;
}

/// There is no token. Why stays where it was found: it may quote one.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum NoToken {
    /// The source failed.
    #[error("the token provider failed")]
    Unavailable,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for NoToken {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        NoToken::Unavailable
    }
}

/// A source as the core's provider.
pub(crate) struct Source(pub(crate) Box<dyn TokenSource>);

impl TokenProvider for Source {
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<String, TokenError>> + Send + '_>> {
        Box::pin(async { self.0.token().await.map_err(TokenError::from) })
    }
}
