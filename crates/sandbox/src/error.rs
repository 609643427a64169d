//! What the sandbox can refuse to its owner.

/// Why the sandbox did not start, or did not do what it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// `start` was called outside a tokio runtime.
    #[error("the sandbox needs a tokio runtime to run on")]
    NoRuntime,
    /// The signing key is not one, or the system gave no randomness to make one.
    #[error("the webhook signing key: {0}")]
    Key(String),
    /// The client that posts webhooks cannot be built.
    #[error("the webhook client: {0}")]
    WebhookClient(String),
    /// A setting or a control's argument is wrong.
    #[error("{0}")]
    Refused(String),
    /// A control names something that does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The sandbox was stopped, or reset meanwhile.
    #[error("the sandbox was stopped or reset meanwhile")]
    Stopped,
}
