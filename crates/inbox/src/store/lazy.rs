//! A store that is opened by its first use: for applications that are set up before they may wait.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use backchat_core::fork::PerProcess;
use backchat_core::jiff::Timestamp;
use backchat_core::{Error, StoreError};
use tokio::sync::watch;
use tokio::time::timeout;

use super::{
    Backlog, Claimed, Counts, Due, DueQuery, EventKey, Finished, Gated, ListQuery, NewClaim,
    NewEvent, NewGate, Prune, Pruned, Rearmed, Rows, Settlement, Store, StoreFuture, url,
};
use crate::digest::Digest;
use crate::record::{Key, Record, StoredEvent, Ticket};
use crate::state::End;

/// The longest that an operation waits for the store to be opened: a webhook is answered within
/// 10 s.
const WAIT: Duration = Duration::from_secs(8);

/// A store that is named now and opened later. While it cannot be opened every operation fails, and
/// the next one tries again.
pub(crate) struct LazyStore {
    url: String,
    opened: ArcSwapOption<Arc<dyn Store>>,
    /// The newest attempt of this process. One that was under way at a fork never ends in the child.
    attempt: PerProcess<Mutex<Option<Attempt>>>,
}

/// An attempt to open the store, for all who wait for it; `None` until it has ended.
type Attempt = watch::Receiver<Option<Result<Arc<dyn Store>, StoreError>>>;

impl LazyStore {
    /// Raises `configuration` for a URL that names no store of this build.
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        Ok(Self {
            url: url.to_owned(),
            opened: ArcSwapOption::new(url::later(url)?.map(Arc::new)),
            attempt: PerProcess::new(),
        })
    }

    async fn store(&self) -> Result<Arc<dyn Store>, StoreError> {
        let url = self.url.clone();
        self.opened_by(async move { super::open(&url).await }).await
    }

    /// The store, opened with `open` unless it is open or being opened. An attempt goes on when
    /// nobody waits any more, and its failure is that of all who waited.
    async fn opened_by(
        &self,
        open: impl Future<Output = Result<Arc<dyn Store>, Error>> + Send + 'static,
    ) -> Result<Arc<dyn Store>, StoreError> {
        if let Some(store) = self.opened.load().as_deref() {
            return Ok(Arc::clone(store));
        }
        let mut attempt = self.attempt(open);
        let ended = match timeout(WAIT, attempt.wait_for(Option::is_some)).await {
            Ok(Ok(ended)) => ended.clone(),
            Ok(Err(_gone)) => None,
            Err(_elapsed) => {
                return Err(StoreError::new(
                    "the store is still being opened; try again",
                ));
            }
        };
        let store =
            ended.unwrap_or_else(|| Err(StoreError::new("opening the store was interrupted")))?;
        self.opened.store(Some(Arc::new(Arc::clone(&store))));
        Ok(store)
    }

    /// The attempt that is under way, or that has succeeded; else a new one.
    fn attempt(
        &self,
        open: impl Future<Output = Result<Arc<dyn Store>, Error>> + Send + 'static,
    ) -> Attempt {
        let newest = self.attempt.get();
        let mut newest = newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(attempt) = newest.as_ref() {
            let succeeded = attempt.borrow().as_ref().is_some_and(Result::is_ok);
            // The sender lives as long as the attempt.
            if succeeded || attempt.has_changed().is_ok() {
                return attempt.clone();
            }
        }
        let (sender, attempt) = watch::channel(None);
        tokio::spawn(async move {
            let end = open.await.map_err(|error| match error {
                Error::Store(error) => *error,
                other => StoreError::caused_by(other.to_string(), other),
            });
            sender.send_replace(Some(end));
        });
        *newest = Some(attempt.clone());
        attempt
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
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::task::JoinSet;
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn a_wrong_url_is_refused_at_once() {
        let error = LazyStore::new("mysql://host/d").err().unwrap();
        assert_eq!(error.code().as_str(), "configuration");
    }

    fn lazy() -> LazyStore {
        LazyStore::new("memory:").unwrap()
    }

    /// What an attempt that fails after a while does; `begun` counts.
    async fn failing(begun: Arc<AtomicU32>) -> Result<Arc<dyn Store>, Error> {
        begun.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(5)).await;
        Err(StoreError::new("locked by another program").into())
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_share_one_attempt() {
        let (store, begun) = (Arc::new(lazy()), Arc::<AtomicU32>::default());
        let started = Instant::now();
        for attempt in 1..=2 {
            let mut waiting = JoinSet::new();
            for _ in 0..20 {
                let (store, open) = (Arc::clone(&store), failing(Arc::clone(&begun)));
                waiting.spawn(async move { store.opened_by(open).await.err().unwrap().detail });
            }
            for detail in waiting.join_all().await {
                assert_eq!(detail, "locked by another program");
            }
            assert_eq!(begun.load(Ordering::Relaxed), attempt);
            assert!(started.elapsed() < attempt * Duration::from_secs(6));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_goes_on_without_whoever_began_it() {
        let store = lazy();
        let slow = async {
            tokio::time::sleep(Duration::from_secs(12)).await;
            super::super::open("memory:").await
        };
        let first = timeout(Duration::from_secs(1), store.opened_by(slow)).await;
        assert!(first.is_err());
        let never = || async { panic!("a second attempt") };
        let late = store.opened_by(never()).await.err().unwrap();
        assert!(late.detail.contains("still being opened"), "{late}");
        assert!(store.opened_by(never()).await.is_ok());
        assert!(store.opened_by(never()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_whose_runtime_ended_is_made_again() {
        let store = Arc::new(lazy());
        let begun = Arc::<AtomicU32>::default();
        let (lost, open) = (Arc::clone(&store), failing(Arc::clone(&begun)));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let wait = Duration::from_millis(20);
            assert!(
                runtime
                    .block_on(async { timeout(wait, lost.opened_by(open)).await })
                    .is_err()
            );
        })
        .join()
        .unwrap();
        assert!(store.opened_by(super::super::open("memory:")).await.is_ok());
        assert_eq!(begun.load(Ordering::Relaxed), 1);
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
