//! SQLite, compiled in: the store of one machine, for any number of its processes.
//!
//! `synchronous=FULL` in WAL mode: `NORMAL` can lose the last commit in a power cut, and so send
//! twice. One thread writes, and commits all that wait together, for each commit waits for the disk.

mod connection;
mod executor;
mod file;
mod schema;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{Error, StoreError};

use super::per_process::PerProcess;
use super::sql::{self, Statements};
use super::{
    Backlog, Claimed, Counts, Due, DueQuery, EventKey, Finished, Gated, ListQuery, NewClaim,
    NewEvent, NewGate, Prune, Pruned, Rearmed, Rows, Settlement, Store, StoreFuture,
};
use crate::digest::Digest;
use crate::record::{Key, Record, StoredEvent, Ticket};
use crate::state::End;
use executor::Db;
pub(super) use schema::ddl;
use worker::Worker;

/// How many rows of one sender are erased in one commit.
const FORGET_STEP: usize = 200;

/// Keeps the ledger in one SQLite file, which several processes of one machine may share. Not for
/// network file systems: SQLite's locks do not hold there.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    threads: PerProcess<Threads>,
}

#[derive(Debug)]
struct Threads {
    writer: Worker,
    reader: Worker,
}

impl SqliteStore {
    /// Opens `path`, and makes it when it is not there. Its folder must be.
    ///
    /// Raises `store_unavailable`, and `configuration` for a ledger of a newer version.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = std::path::absolute(path)
            .map_err(|e| StoreError::caused_by("the path of the store is not usable", e))?;
        let opening = path.clone();
        let threads = tokio::task::spawn_blocking(move || {
            schema::migrate(&mut connection::open(&opening)?)?;
            Threads::open(&opening).map_err(Error::from)
        })
        .await
        .map_err(|e| StoreError::caused_by("opening was interrupted", e))??;
        Ok(Self {
            path,
            threads: PerProcess::new(threads),
        })
    }

    fn threads(&self) -> Result<Arc<Threads>, StoreError> {
        self.threads.get(|| Threads::open(&self.path))
    }

    fn write<T, Run>(&self, run: Run) -> StoreFuture<'_, T>
    where
        T: Send + 'static,
        Run: FnOnce(&mut Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        Box::pin(async move { self.threads()?.writer.run(run).await })
    }

    fn read<T, Run>(&self, run: Run) -> StoreFuture<'_, T>
    where
        T: Send + 'static,
        Run: FnOnce(&mut Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        Box::pin(async move { self.threads()?.reader.run(run).await })
    }
}

impl Threads {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let statements = Arc::new(Statements::new(&executor::DIALECT));
        let file = file::Identity::of(path)?;
        Ok(Self {
            writer: Worker::writer(connection::open(path)?, file, Arc::clone(&statements))?,
            reader: Worker::reader(connection::open_to_read(path)?, statements)?,
        })
    }
}

/// Runs an operation here and now: an [`Executor`](sql::Executor) on a local file never waits.
macro_rules! now {
    ($operation:expr) => {
        executor::ready($operation)
    };
}

impl Store for SqliteStore {
    fn claim(&self, claim: NewClaim, now: Timestamp) -> StoreFuture<'_, Claimed> {
        self.write(move |db| now!(sql::claim(db, claim, now)))
    }

    fn enqueue(&self, event: NewEvent, now: Timestamp) -> StoreFuture<'_, bool> {
        self.write(move |db| now!(sql::enqueue(db, event, now)))
    }

    fn next_due(&self, query: DueQuery, now: Timestamp) -> StoreFuture<'_, Vec<Due>> {
        self.write(move |db| now!(sql::next_due(db, query, now)))
    }

    fn begin_send(&self, gate: NewGate, now: Timestamp) -> StoreFuture<'_, Gated> {
        self.write(move |db| now!(sql::begin_send(db, gate, now)))
    }

    fn finish(&self, ticket: Ticket, end: End, now: Timestamp) -> StoreFuture<'_, Finished> {
        self.write(move |db| now!(sql::finish(db, &ticket.key, ticket.token, end, now)))
    }

    fn settle(&self, settlement: Settlement, now: Timestamp) -> StoreFuture<'_, Option<Record>> {
        self.write(move |db| now!(sql::settle(db, settlement, now)))
    }

    fn get(&self, key: Key, now: Timestamp) -> StoreFuture<'_, Option<Record>> {
        self.read(move |db| now!(sql::get(db, &key, now)))
    }

    fn list(&self, query: ListQuery, now: Timestamp) -> StoreFuture<'_, Vec<Record>> {
        self.read(move |db| now!(sql::list(db, query, now)))
    }

    fn counts(&self, rows: Rows, now: Timestamp) -> StoreFuture<'_, Counts> {
        self.read(move |db| now!(sql::counts(db, &rows, now)))
    }

    fn oldest_maybe_sent(&self, rows: Rows, now: Timestamp) -> StoreFuture<'_, Option<Duration>> {
        self.read(move |db| now!(sql::oldest_maybe_sent(db, &rows, now)))
    }

    fn backlog(&self, rows: Rows, now: Timestamp) -> StoreFuture<'_, Backlog> {
        self.read(move |db| now!(sql::backlog(db, &rows, now)))
    }

    fn rearm(
        &self,
        key: Key,
        event: Option<StoredEvent>,
        now: Timestamp,
    ) -> StoreFuture<'_, Rearmed> {
        self.write(move |db| now!(sql::rearm(db, &key, event, now)))
    }

    fn forget(&self, scope: Arc<str>, sender: Digest, now: Timestamp) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let find = move |db: &mut Db<'_>| now!(sql::find_sender(db, &scope, sender, now));
            let keys = self.read(find).await?;
            let mut forgotten = 0;
            for step in keys.chunks(FORGET_STEP) {
                let step = step.to_vec();
                forgotten += self
                    .write(move |db| now!(sql::forget(db, &step, sender, now)))
                    .await?;
            }
            Ok(forgotten)
        })
    }

    fn prune(&self, prune: Prune, now: Timestamp) -> StoreFuture<'_, Pruned> {
        self.write(move |db| now!(sql::prune(db, prune, now)))
    }

    fn is_handled(&self, event: EventKey, now: Timestamp) -> StoreFuture<'_, bool> {
        self.read(move |db| now!(sql::is_handled(db, &event, now)))
    }

    fn mark_handled(&self, event: EventKey, now: Timestamp) -> StoreFuture<'_, ()> {
        self.write(move |db| now!(sql::mark_handled(db, &event, now)))
    }
}
