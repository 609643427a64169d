//! The inbox's store cannot be reached, or refused a statement.

use std::sync::Arc;

/// The inbox's store failed. Nothing was run that it did not record first.
#[derive(Clone, Debug, thiserror::Error)]
#[error("store_unavailable: {detail}")]
#[non_exhaustive]
pub struct StoreError {
    /// What the store said.
    pub detail: String,
    /// The store's own error.
    #[source]
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// A failure of a store, in its own words.
    pub fn new(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            source: None,
        }
    }

    /// The same, keeping the store's own error.
    pub fn caused_by(
        detail: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self {
            detail: detail.into(),
            source: Some(Arc::new(source)),
        }
    }
}

impl From<StoreError> for super::Error {
    fn from(error: StoreError) -> Self {
        super::Error::Store(Box::new(error))
    }
}
