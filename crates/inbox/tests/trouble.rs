//! Stores that are away, locked, full or wrong: no POST without a durable gate.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod desk;
mod places;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use backchat_inbox::core::jiff::Timestamp;
use backchat_inbox::core::{StoreError, Webhook};
use backchat_inbox::store::{
    Claimed, Due, DueQuery, EventKey, Gated, ListQuery, MemoryStore, NewClaim, NewEvent, NewGate,
    Prune, Rows, Settlement, StoreFuture,
};
use backchat_inbox::{
    Backlog, Counts, Digest, End, Finished, Inbox, Key, Ledger, Pruned, QueueOptions, Rearmed,
    Record, Stage, State, Store, StoredEvent, Ticket,
};
use desk::{Api, Failures, TestClock, hello, id, post_to, status};
use rusqlite::Connection;

/// A memory store with switches.
#[derive(Default)]
struct Flaky {
    store: MemoryStore,
    claim: AtomicBool,
    gate: AtomicBool,
    finish: AtomicBool,
    /// Cleaning up has no end.
    dirty: AtomicBool,
}

fn away<'a, T>() -> StoreFuture<'a, T> {
    Box::pin(async { Err(StoreError::new("away")) })
}

macro_rules! through {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> StoreFuture<'_, $answer> {
            self.store.$name($($argument),*)
        })*
    };
}

impl Store for Flaky {
    fn claim(&self, claim: NewClaim, now: Timestamp) -> StoreFuture<'_, Claimed> {
        if self.claim.load(Ordering::Relaxed) {
            return away();
        }
        self.store.claim(claim, now)
    }

    fn begin_send(&self, gate: NewGate, now: Timestamp) -> StoreFuture<'_, Gated> {
        if self.gate.load(Ordering::Relaxed) {
            return away();
        }
        self.store.begin_send(gate, now)
    }

    fn finish(&self, ticket: Ticket, end: End, now: Timestamp) -> StoreFuture<'_, Finished> {
        if self.finish.load(Ordering::Relaxed) {
            return away();
        }
        self.store.finish(ticket, end, now)
    }

    fn prune(&self, prune: Prune, now: Timestamp) -> StoreFuture<'_, Pruned> {
        if self.dirty.load(Ordering::Relaxed) {
            return Box::pin(async {
                Ok(Pruned {
                    changed: 1,
                    ..Pruned::default()
                })
            });
        }
        self.store.prune(prune, now)
    }

    through! {
        enqueue(event: NewEvent, now: Timestamp) -> bool;
        next_due(query: DueQuery, now: Timestamp) -> Vec<Due>;
        settle(settlement: Settlement, now: Timestamp) -> Option<Record>;
        get(key: Key, now: Timestamp) -> Option<Record>;
        list(query: ListQuery, now: Timestamp) -> Vec<Record>;
        counts(rows: Rows, now: Timestamp) -> Counts;
        oldest_maybe_sent(rows: Rows, now: Timestamp) -> Option<Duration>;
        backlog(rows: Rows, now: Timestamp) -> Backlog;
        rearm(key: Key, event: Option<StoredEvent>, now: Timestamp) -> Rearmed;
        forget(scope: Arc<str>, sender: Digest, now: Timestamp) -> u64;
        is_handled(event: EventKey, now: Timestamp) -> bool;
        mark_handled(event: EventKey, now: Timestamp) -> ();
    }
}

#[tokio::test]
async fn without_a_claim_nothing_runs() {
    let (api, store) = (Api::new().await, Arc::new(Flaky::default()));
    let inbox = api.silent(|b| b.with_store(store.clone()));
    let ran = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&ran);
    let answer = move |_| {
        noted.store(true, Ordering::Relaxed);
        async { "Hello" }
    };
    inbox.on_message(answer).unwrap();
    store.claim.store(true, Ordering::Relaxed);
    let receipt = post_to(&inbox, &hello(1)).await;
    assert_eq!(
        (receipt.status, receipt.body.as_str()),
        (503, "store_unavailable")
    );
    assert!(!ran.load(Ordering::Relaxed));
    store.claim.store(false, Ordering::Relaxed);
    assert_eq!(status(&inbox, &hello(1)).await, 200);
}

#[tokio::test]
async fn without_a_gate_nothing_is_sent() {
    let (api, store) = (Api::new().await, Arc::new(Flaky::default()));
    let inbox = api.inbox(|b| b.with_store(store.clone()));
    store.gate.store(true, Ordering::Relaxed);
    assert_eq!(status(&inbox, &hello(1)).await, 503);
    assert!(api.posts().is_empty());
    store.gate.store(false, Ordering::Relaxed);
    // Nothing was sent, so nobody need wait for the lease.
    let released = async {
        while inbox.outcome(&id(1)).await.unwrap().unwrap().state != State::Retrying {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), released)
        .await
        .unwrap();
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    assert_eq!(api.posts().len(), 1);
}

/// The last try of a message that is too old for another one.
#[tokio::test]
async fn without_a_gate_an_old_message_is_given_up_aloud() {
    let (api, store) = (Api::new().await, Arc::new(Flaky::default()));
    let clock = TestClock::new();
    let inbox = api.inbox(|b| b.with_store(store.clone()).clock(clock.read()));
    let failures = Failures::of(&inbox);
    store.gate.store(true, Ordering::Relaxed);
    for is_final in [false, true] {
        assert_eq!(status(&inbox, &hello(1)).await, 503);
        assert_eq!(failures.list().last(), Some(&(Stage::Store, is_final)));
        let state = if is_final {
            State::GivenUp
        } else {
            State::Retrying
        };
        while inbox.outcome(&id(1)).await.unwrap().unwrap().state != state {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        clock.forward(Duration::from_hours(26));
    }
    assert!(api.posts().is_empty());
}

/// Of two million old rows, say.
#[tokio::test]
async fn a_shutdown_does_not_wait_for_the_cleaning_up() {
    let (api, store) = (Api::new().await, Arc::new(Flaky::default()));
    let inbox = api.inbox(|b| b.with_store(store.clone()));
    store.dirty.store(true, Ordering::Relaxed);
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    let ended = tokio::time::timeout(Duration::from_secs(10), inbox.shutdown());
    ended.await.unwrap();
}

#[tokio::test]
async fn a_record_that_was_lost_is_made_again() {
    let (api, store) = (Api::new().await, Arc::new(Flaky::default()));
    let inbox = api.inbox(|b| b.with_store(store.clone()));
    store.finish.store(true, Ordering::Relaxed);
    assert_eq!(status(&inbox, &hello(1)).await, 503);
    assert_eq!(post_to(&inbox, &hello(1)).await.body, "sending");
    store.finish.store(false, Ordering::Relaxed);
    let recorded = async {
        while inbox.outcome(&id(1)).await.unwrap().unwrap().state != State::Sent {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), recorded)
        .await
        .unwrap();
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    assert_eq!(api.posts().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_file_ends_in_503_and_comes_back() {
    let (api, folder) = (Api::new().await, places::Folder::new());
    let inbox = api.inbox_at(&folder.url()).await;
    let other = Connection::open(folder.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(status(&inbox, &hello(1)).await, 503);
    assert!(api.posts().is_empty());
    // What operators read is not locked.
    assert!(inbox.list(None, None).await.unwrap().is_empty());
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(status(&inbox, &hello(1)).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_in_503_and_comes_back() {
    let (api, folder) = (Api::new().await, places::Folder::new());
    let inbox = api.inbox_at(&folder.url()).await;
    // A trigger that fails is the nearest thing to a full disk that needs no disk.
    let other = Connection::open(folder.file()).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER full BEFORE UPDATE ON backchat_ledger WHEN NEW.state = 'sending'
             BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END",
        )
        .unwrap();
    assert_eq!(status(&inbox, &hello(1)).await, 503);
    assert!(api.posts().is_empty());
    other.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(status(&inbox, &hello(2)).await, 200);
    assert_eq!(api.posts().len(), 1);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_deleted_or_replaced_takes_nothing_more() {
    let (api, folder) = (Api::new().await, places::Folder::new());
    let inbox = api.inbox_at(&folder.url()).await;
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    std::fs::remove_file(folder.file()).unwrap();
    assert_eq!(status(&inbox, &hello(2)).await, 503);
    std::fs::write(folder.file(), b"").unwrap();
    assert_eq!(status(&inbox, &hello(2)).await, 503);
    assert_eq!(api.posts().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_make_one_schema() {
    let folder = places::Folder::new();
    start_together(&folder.url()).await;
    if let Some(database) = places::Database::new().await {
        start_together(database.url()).await;
    }
}

async fn start_together(url: &str) {
    let starting: Vec<_> = (0..8)
        .map(|_| {
            let url = url.to_owned();
            tokio::spawn(async move { Ledger::open(&url).await })
        })
        .collect();
    for ledger in starting {
        let ledger = ledger.await.unwrap().unwrap();
        assert!(ledger.list(None, None).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_ledger_is_refused() {
    let folder = places::Folder::new();
    drop(Ledger::open(&folder.url()).await.unwrap());
    let other = Connection::open(folder.file()).unwrap();
    other
        .execute_batch("UPDATE backchat_schema SET version = 99")
        .unwrap();
    let error = Ledger::open(&folder.url()).await.unwrap_err();
    assert_eq!(error.code().as_str(), "configuration");
    assert!(error.to_string().contains("version 99"), "{error}");
    let Some(database) = places::Database::new().await else {
        return;
    };
    drop(Ledger::open(database.url()).await.unwrap());
    database
        .run("UPDATE backchat_schema SET version = 99")
        .await;
    let error = Ledger::open(database.url()).await.unwrap_err();
    assert_eq!(error.code().as_str(), "configuration");
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_to_a_newer_ledger_is_not_taken() {
    let (api, folder) = (Api::new().await, places::Folder::new());
    drop(Ledger::open(&folder.url()).await.unwrap());
    let other = Connection::open(folder.file()).unwrap();
    let newer = "UPDATE backchat_schema SET version = 99";
    other.execute_batch(newer).unwrap();
    let database = places::Database::new().await;
    if let Some(database) = &database {
        drop(Ledger::open(database.url()).await.unwrap());
        database.run(newer).await;
    }
    let urls = [
        Some(folder.url()),
        database.as_ref().map(|d| d.url().to_owned()),
    ];
    for url in urls.into_iter().flatten() {
        let inbox = api.silent(|builder| builder.store_later(&url).unwrap());
        inbox.on_message(|_| async { "Hi" }).unwrap();
        assert_eq!(status(&inbox, &hello(1)).await, 503);
    }
    assert_eq!(api.posts().len(), 0);
}

#[tokio::test]
async fn what_cannot_be_opened_says_so() {
    let folder = places::Folder::new();
    let missing = format!("sqlite:{}/no/inbox.db", folder.file().display());
    let error = Ledger::open(&missing).await.unwrap_err();
    assert_eq!(error.code().as_str(), "store_unavailable");
    std::fs::write(folder.file(), [b'x'; 8192]).unwrap();
    let error = Ledger::open(&folder.url()).await.unwrap_err();
    assert_eq!(error.code().as_str(), "store_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_is_noticed_soon() {
    // A listener that never speaks.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://u@{}/d", listener.local_addr().unwrap());
    let start = Instant::now();
    let error = Ledger::open(&url).await.unwrap_err();
    assert_eq!(error.code().as_str(), "store_unavailable");
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_locked_ends_in_503_soon() {
    let Some(database) = places::Database::new().await else {
        return;
    };
    let api = Api::new().await;
    let inbox = api.inbox_at(database.url()).await;
    let lock = database
        .hold("BEGIN; LOCK TABLE backchat_ledger IN ACCESS EXCLUSIVE MODE")
        .await;
    let start = Instant::now();
    assert_eq!(status(&inbox, &hello(1)).await, 503);
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(lock);
    desk::until(|| true).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    assert_eq!(api.posts().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_were_cut_are_replaced() {
    let Some(database) = places::Database::new().await else {
        return;
    };
    let api = Api::new().await;
    let inbox = api.inbox_at(database.url()).await;
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    database
        .run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'backchat' AND query LIKE '%backchat_ledger%'
               AND pid <> pg_backend_pid() AND backend_start > now() - interval '1 minute'",
        )
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(status(&inbox, &hello(2)).await, 200);
    assert_eq!(api.posts().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_answers_503_without_its_store() {
    let (api, folder) = (Api::new().await, places::Folder::new());
    let builder = Inbox::builder(api.client(), Webhook::unverified());
    let builder = builder.store(&folder.url()).await.unwrap();
    let inbox = builder.queue(QueueOptions::default()).build().unwrap();
    inbox.on_message(|_| async { "Hello" }).unwrap();
    std::fs::remove_file(folder.file()).unwrap();
    assert_eq!(status(&inbox, &hello(1)).await, 503);
}
