//! A store that is opened by its first use: for applications that are set up before they may wait.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{Error, StoreError};
use tokio::sync::OnceCell;

use super::{
    Backlog, Claimed, Counts, Due, DueQuery, EventKey, Finished, Gated, ListQuery, NewClaim,
    NewEvent, NewGate, Prune, Pruned, Rearmed, Rows, Settlement, Store, StoreFuture, url,
};
use crate::digest::Digest;
use crate::record::{Key, Record, StoredEvent, Ticket};
use crate::state::End;

/// A store that is named now and opened later. While it cannot be opened every operation fails, and
/// the next one tries again.
pub(crate) struct LazyStore {
    url: String,
    opened: OnceCell<Arc<dyn Store>>,
}

impl LazyStore {
    /// Raises `configuration` for a URL that names no store of this build.
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        let opened = url::later(url)?.map_or_else(OnceCell::new, OnceCell::from);
        Ok(Self {
            url: url.to_owned(),
            opened,
        })
    }

    async fn store(&self) -> Result<&Arc<dyn Store>, StoreError> {
        let opened = self.opened.get_or_try_init(|| super::open(&self.url));
        opened.await.map_err(|error| match error {
            Error::Store(error) => *error,
            other => StoreError::caused_by(other.to_string(), other),
        })
    }
}

/// Each operation opens the store, and asks it.
macro_rules! operations {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl Store for LazyStore {
            $(fn $name(&self, $($argument: $kind),*) -> StoreFuture<'_, $answer> {
                Box::pin(async move { self.store().await?.$name($($argument),*).await })
            })*
        }
    };
}

operations! {
    claim(claim: NewClaim, now: Timestamp) -> Claimed;
    enqueue(event: NewEvent, now: Timestamp) -> bool;
    next_due(query: DueQuery, now: Timestamp) -> Vec<Due>;
    begin_send(gate: NewGate, now: Timestamp) -> Gated;
    finish(ticket: Ticket, end: End, now: Timestamp) -> Finished;
    settle(settlement: Settlement, now: Timestamp) -> Option<Record>;
    get(key: Key, now: Timestamp) -> Option<Record>;
    list(query: ListQuery, now: Timestamp) -> Vec<Record>;
    counts(rows: Rows, now: Timestamp) -> Counts;
    oldest_maybe_sent(rows: Rows, now: Timestamp) -> Option<Duration>;
    backlog(rows: Rows, now: Timestamp) -> Backlog;
    rearm(key: Key, event: Option<StoredEvent>, now: Timestamp) -> Rearmed;
    forget(scope: Arc<str>, sender: Digest, now: Timestamp) -> u64;
    prune(prune: Prune, now: Timestamp) -> Pruned;
    is_handled(event: EventKey, now: Timestamp) -> bool;
    mark_handled(event: EventKey, now: Timestamp) -> ();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_url_is_refused_at_once() {
        let error = LazyStore::new("mysql://host/d").err().unwrap();
        assert_eq!(error.code().as_str(), "configuration");
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn a_store_that_cannot_be_opened_is_tried_again() {
        let folder = std::env::temp_dir().join(format!("backchat-lazy-{}", std::process::id()));
        let url = format!("sqlite:{}/inbox.db", folder.display());
        let store = LazyStore::new(&url).unwrap();
        let now = Timestamp::now();
        let rows = Rows {
            scope: "default".into(),
            slot: None,
        };
        assert!(store.counts(rows.clone(), now).await.is_err());
        std::fs::create_dir(&folder).unwrap();
        let counted = store.counts(rows, now).await;
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(counted.unwrap().is_empty());
    }
}
