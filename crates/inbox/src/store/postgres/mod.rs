//! Postgres: the store of several machines. The same statements as SQLite, by the server's clock.
//!
//! `synchronous_commit=on` in every session, and never a transaction across the POST: each
//! statement is one by itself. It needs sessions of its own: a pooler in transaction mode would
//! lose the settings and the prepared statements.

mod address;
mod executor;
mod schema;
mod session;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{Error, StoreError};
use deadpool_postgres::Pool;

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
use session::Session;

/// Keeps the ledger in a Postgres database, in the first schema of its search path.
pub struct PostgresStore {
    address: Address,
    pool: PerProcess<Pool>,
    statements: Arc<Statements>,
    callers_clock: bool,
}

impl PostgresStore {
    /// Connects to `url`, such as `postgres://user:password@host/database?sslmode=require`.
    ///
    /// `sslmode=require` and above check the server's certificate and name, against the operating
    /// system's certificates or those in `sslrootcert`; `prefer`, the default, encrypts when the
    /// server can, without asking who it is; `disable` does not.
    /// `pool_size` is how many sessions this process opens at most, 16 without it.
    ///
    /// Raises `store_unavailable`, and `configuration` for a URL that is none, or a ledger of a
    /// newer version.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let address = Address::parse(url)?;
        let store = Self {
            pool: PerProcess::new(address.pool()?),
            address,
            statements: Arc::new(Statements::new(&executor::DIALECT)),
            callers_clock: false,
        };
        let mut session = store.session().await?;
        let migrated = schema::migrate(&mut session).await;
        session.give_back(migrated)?;
        Ok(store)
    }

    /// Takes the time from the caller instead of the server: for tests, which set it.
    #[must_use]
    pub fn with_callers_clock(mut self) -> Self {
        self.callers_clock = true;
        self
    }

    async fn session(&self) -> Result<Session, StoreError> {
        let pool = self.pool.get(|| self.address.pool())?;
        Session::open(&pool, Arc::clone(&self.statements), self.callers_clock).await
    }
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
