//! SQLite, compiled in: the store of one machine, for any number of its processes.
//!
//! `synchronous=FULL` in WAL mode: `NORMAL` can lose the last commit in a power cut, and so send
//! twice. One thread writes, and commits all that wait together, for each commit waits for the disk.
//!
//! An answer means that every other process sees the write. SQLite alone does not give that: its
//! locks go when anybody in the process closes the file ([`guard`]), and with a fork ([`process`]);
//! one file with two names has two logs ([`place`]); and files that were removed still take writes
//! ([`identity`]).

mod connection;
mod executor;
mod guard;
mod handle;
mod identity;
mod log;
#[cfg(target_os = "linux")]
mod mount;
mod place;
mod process;
mod rights;
mod schema;
mod session;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backchat_core::fork::Working;
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
use handle::Mode;
use place::Place;
pub(super) use schema::ddl;
use session::Session;
use worker::{Erase, Worker};

/// How many rows of one sender are erased in one commit.
const FORGET_STEP: usize = 200;

/// Keeps the ledger in one SQLite file, which several processes of one machine may share. Not for
/// network file systems: SQLite's locks do not hold there.
///
/// The file is `0600`, and more lie beside it: `-wal` and `-shm`, which are parts of the ledger, and
/// `-lock`. In a container, mount the folder, not the file. A finished message's text
/// is overwritten in the file; the log may hold it for a minute more, or as long as another process
/// goes on reading. [`Store::forget`] empties the log as well.
///
/// A process that forks calls [`prepare`](backchat_core::fork::prepare) before, and
/// [`resume`](backchat_core::fork::resume) after, in parent and child: each then opens the ledger
/// for itself with its next use. Without them the child works as well, unless the parent was using
/// the ledger at that moment; then every use in the child raises `store_unavailable`.
#[derive(Debug)]
pub struct SqliteStore {
    place: Arc<Place>,
    threads: PerProcess<Threads>,
}

#[derive(Debug)]
struct Threads {
    writer: Worker,
    reader: Worker,
}

impl SqliteStore {
    /// Opens `path`, and makes it when it is not there. Its folder must be. Links are followed.
    ///
    /// Raises `store_unavailable`; `configuration` for a ledger of a newer version, a folder, and a
    /// file with a second name (a hard link) or mounted by itself, for its log would not be shared.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            let place = Arc::new(Place::make(&path)?);
            let _working = Working::begin();
            // Held so that nothing of this ledger is closed meanwhile.
            let _guard = process::guard(&place)?;
            connection::turn_log_on(place.file())?;
            let writer = Session::new(&place, Mode::Write)?;
            writer.migrate()?;
            let threads = Threads::start(&place, writer)?;
            Ok::<_, Error>((place, threads))
        });
        let (place, threads) = opening
            .await
            .map_err(|e| StoreError::caused_by("opening was interrupted", e))??;
        Ok(Self {
            place,
            threads: PerProcess::new(threads),
        })
    }

    fn threads(&self) -> Result<Arc<Threads>, StoreError> {
        self.threads.get(|| {
            let _working = Working::begin();
            Threads::start(&self.place, Session::new(&self.place, Mode::Write)?)
        })
    }

    fn write<T, Run>(&self, run: Run) -> StoreFuture<'_, T>
    where
        T: Send + 'static,
        Run: FnOnce(&mut Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        Box::pin(async move { self.threads()?.writer.run(Erase::Later, run).await })
    }

    /// As [`Self::write`], and nothing of what it erased is left in the log.
    fn erase<T, Run>(&self, run: Run) -> StoreFuture<'_, T>
    where
        T: Send + 'static,
        Run: FnOnce(&mut Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        Box::pin(async move { self.threads()?.writer.run(Erase::Now, run).await })
    }

    fn read<T, Run>(&self, run: Run) -> StoreFuture<'_, T>
    where
        T: Send + 'static,
        Run: FnOnce(&mut Db<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        Box::pin(async move { self.threads()?.reader.run(Erase::Later, run).await })
    }
}

impl Threads {
    fn start(place: &Arc<Place>, writer: Arc<Session>) -> Result<Self, StoreError> {
        let statements = Arc::new(Statements::new(&executor::DIALECT));
        let reader = Session::new(place, Mode::Read)?;
        Ok(Self {
            writer: Worker::writer(writer, Arc::clone(&statements))?,
            reader: Worker::reader(reader, statements)?,
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
                    .erase(move |db| now!(sql::forget(db, &step, sender, now)))
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
