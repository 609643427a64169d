//! Postgres: the store of several machines. The same statements as SQLite, by the server's clock.
//!
//! Each statement is a transaction by itself, with `synchronous_commit=on`; none is open across the
//! POST. Sessions may be shared: through a pooler in transaction mode nothing of ours stays in them.

mod address;
mod connection;
mod dialect;
mod encryption;
mod execute;
mod failure;
mod parameters;
mod pool;
mod schema;
mod session;
mod settings;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{Error, StoreError};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::per_process::PerProcess;
use super::sql::{self, Statements};
use super::{
    Backlog, Claimed, Counts, Due, DueQuery, EventKey, Finished, Gated, ListQuery, NewClaim,
    NewEvent, NewGate, Prune, Pruned, Rearmed, Rows, Settlement, Store, StoreFuture,
};
use crate::digest::Digest;
use crate::record::{Key, Record, StoredEvent, Ticket};
use crate::state::End;
use address::Address;
use pool::{Manager, Pool};
use session::Session;

/// The longest that [`PostgresStore::open`] takes, unless an older ledger is brought up to date.
const OPEN: Duration = Duration::from_secs(5);

/// The most attempts at once to make or change the tables.
const MIGRATING: usize = 4;

/// Keeps the ledger in a Postgres database, in the schema that the URL names or else in the first of
/// the role's search path.
///
/// A call takes 4 s at most, whatever the network does, and a list or a count one minute.
pub struct PostgresStore {
    shared: Arc<Shared>,
    callers_clock: bool,
}

/// What the operations of a store have in common.
struct Shared {
    address: Arc<Address>,
    pool: PerProcess<Pool>,
    statements: Statements,
    /// Begins a transaction of one statement.
    begin: String,
    /// The same for a statement that may read every row.
    begin_long: String,
    /// This process has seen a ledger of its version.
    opened: AtomicBool,
    /// For each attempt of this process to make or change the tables: there is one more while one is
    /// held up.
    migrating: Arc<Semaphore>,
}

impl Shared {
    /// The pool of this process.
    fn pool(&self) -> Result<Arc<Pool>, StoreError> {
        self.pool.get(|| Manager::pool(&self.address))
    }

    /// Closes the connections that nobody uses.
    fn close_idle(&self) {
        if let Ok(pool) = self.pool() {
            drop(pool.retain(|_, _| false));
        }
    }

    fn found_pooler(&self) {
        if let Ok(pool) = self.pool() {
            pool.manager().found_pooler();
        }
    }
}

impl PostgresStore {
    /// Connects to `url`, such as `postgres://user:password@host/database?sslmode=require`, and makes
    /// the tables, or brings them up to date.
    ///
    /// Parameters of the URL, beside those of libpq for the connection:
    /// - `sslmode`: `require`, `verify-ca` and `verify-full` check the server's certificate and name,
    ///   against the operating system's certificates or those of the file in `sslrootcert`;
    ///   `no-verify` encrypts, and trusts any server; `prefer`, the default, does so when the server
    ///   can; `disable` does not encrypt. `sslcert` and `sslkey` name the client's own certificate.
    /// - `schema`: the schema of the tables.
    /// - `pool_size`, or `connection_limit`: the most sessions that this process opens; 16.
    /// - `pgbouncer=true`: the URL leads to a pooler that shares sessions. Most are noticed without
    ///   it.
    ///
    /// Raises `configuration` for a URL that is none and names the parameter that is wrong, and for
    /// a ledger of a newer version; `store_unavailable` when the database cannot be reached, or its
    /// tables cannot be made.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let store = Self::later(url)?;
        let now = Instant::now();
        let opened = Session::open(&store.shared, now + OPEN, now + session::SLOW);
        let opened = opened.await.map_err(of_opening)?;
        opened.give_back(Ok(store))
    }

    /// The same, connecting with the first operation.
    pub(super) fn later(url: &str) -> Result<Self, Error> {
        let address = Arc::new(Address::parse(url)?);
        let schema = address.schema.as_deref();
        let (begin, begin_long) = (
            settings::begin(schema, None),
            settings::begin(schema, Some(session::SLOW)),
        );
        let shared = Shared {
            pool: PerProcess::new(Manager::pool(&address)?),
            statements: Statements::new(&dialect::DIALECT),
            begin,
            begin_long,
            opened: AtomicBool::new(false),
            migrating: Arc::new(Semaphore::new(MIGRATING)),
            address,
        };
        Ok(Self {
            shared: Arc::new(shared),
            callers_clock: false,
        })
    }

    /// The SQL that makes the tables, or brings them from version `from` up to date.
    pub(super) fn ddl(url: &str, from: usize) -> Result<Option<String>, Error> {
        let address = Address::parse(url)?;
        Ok(schema::ddl(address.schema.as_deref(), from))
    }

    /// Takes the time from the caller instead of the server: for tests, which set it.
    #[must_use]
    pub fn with_callers_clock(mut self) -> Self {
        self.callers_clock = true;
        self
    }

    async fn session(&self) -> Result<Session, StoreError> {
        let deadline = Instant::now() + session::CALL;
        let mut session = Session::open(&self.shared, deadline, deadline).await?;
        session.callers_clock = self.callers_clock;
        Ok(session)
    }
}

/// The error of opening a store: `configuration` where the operations, which know one kind of error,
/// carry one as their source.
fn of_opening(error: StoreError) -> Error {
    let source = error.source.as_deref();
    let carried = source.and_then(|source| source.downcast_ref::<Error>());
    carried.cloned().unwrap_or_else(|| error.into())
}

/// Runs an operation on a session of its own.
macro_rules! on_session {
    ($store:ident, $db:ident => $operation:expr) => {
        Box::pin(async move {
            let mut session = $store.session().await?;
            let $db = &mut session;
            let answer = $operation.await;
            session.give_back(answer)
        })
    };
}

impl Store for PostgresStore {
    fn claim(&self, claim: NewClaim, now: Timestamp) -> StoreFuture<'_, Claimed> {
        on_session!(self, db => sql::claim(db, claim, now))
    }

    fn enqueue(&self, event: NewEvent, now: Timestamp) -> StoreFuture<'_, bool> {
        on_session!(self, db => sql::enqueue(db, event, now))
    }

    fn next_due(&self, query: DueQuery, now: Timestamp) -> StoreFuture<'_, Vec<Due>> {
        on_session!(self, db => sql::next_due(db, query, now))
    }

    fn begin_send(&self, gate: NewGate, now: Timestamp) -> StoreFuture<'_, Gated> {
        on_session!(self, db => sql::begin_send(db, gate, now))
    }

    fn finish(&self, ticket: Ticket, end: End, now: Timestamp) -> StoreFuture<'_, Finished> {
        on_session!(self, db => sql::finish(db, &ticket.key, ticket.token, end, now))
    }

    fn settle(&self, settlement: Settlement, now: Timestamp) -> StoreFuture<'_, Option<Record>> {
        on_session!(self, db => sql::settle(db, settlement, now))
    }

    fn get(&self, key: Key, now: Timestamp) -> StoreFuture<'_, Option<Record>> {
        on_session!(self, db => sql::get(db, &key, now))
    }

    fn list(&self, query: ListQuery, now: Timestamp) -> StoreFuture<'_, Vec<Record>> {
        on_session!(self, db => sql::list(db, query, now))
    }

    fn counts(&self, rows: Rows, now: Timestamp) -> StoreFuture<'_, Counts> {
        on_session!(self, db => sql::counts(db, &rows, now))
    }

    fn oldest_maybe_sent(&self, rows: Rows, now: Timestamp) -> StoreFuture<'_, Option<Duration>> {
        on_session!(self, db => sql::oldest_maybe_sent(db, &rows, now))
    }

    fn backlog(&self, rows: Rows, now: Timestamp) -> StoreFuture<'_, Backlog> {
        on_session!(self, db => sql::backlog(db, &rows, now))
    }

    fn rearm(
        &self,
        key: Key,
        event: Option<StoredEvent>,
        now: Timestamp,
    ) -> StoreFuture<'_, Rearmed> {
        on_session!(self, db => sql::rearm(db, &key, event, now))
    }

    fn forget(&self, scope: Arc<str>, sender: Digest, now: Timestamp) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let mut session = self.session().await?;
            let keys = sql::find_sender(&mut session, &scope, sender, now).await?;
            let forgotten = sql::forget(&mut session, &keys, sender, now).await;
            session.give_back(forgotten)
        })
    }

    fn prune(&self, prune: Prune, now: Timestamp) -> StoreFuture<'_, Pruned> {
        on_session!(self, db => sql::prune(db, prune, now))
    }

    fn is_handled(&self, event: EventKey, now: Timestamp) -> StoreFuture<'_, bool> {
        on_session!(self, db => sql::is_handled(db, &event, now))
    }

    fn mark_handled(&self, event: EventKey, now: Timestamp) -> StoreFuture<'_, ()> {
        on_session!(self, db => sql::mark_handled(db, &event, now))
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
