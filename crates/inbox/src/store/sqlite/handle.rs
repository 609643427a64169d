//! An open ledger: a connection, the guard that keeps others from removing its files, and which files
//! they are.

use std::sync::Arc;

use backchat_core::{Error, StoreError};
use rusqlite::Connection;

use super::connection::{self, Deadline, failed};
use super::guard::Guard;
use super::identity::{Changed, Identity};
use super::place::Place;
use super::{process, schema};

/// How often a transaction is begun whose lock another SQLite of this process drops.
const BEGINNINGS: u32 = 5;

/// The work of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Write,
    Read,
}

/// A connection and what keeps its files where they are.
#[derive(Debug)]
pub(super) struct Handle {
    connection: Connection,
    identity: Identity,
    guard: Arc<Guard>,
}

/// Why something was not done.
#[derive(Debug)]
pub(super) enum NotDone {
    /// It failed; an open handle stays as it is.
    Failed(StoreError),
    /// The files were removed as SQLite does it: what they held is in the ledger, which can be opened
    /// again.
    Stale(StoreError),
}

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Handle {
    pub(super) fn open(place: &Arc<Place>, mode: Mode) -> Result<Self, StoreError> {
        place.check()?;
        Self::open_guarded(place, mode, process::guard(place)?)
    }

    fn open_guarded(place: &Arc<Place>, mode: Mode, guard: Arc<Guard>) -> Result<Self, StoreError> {
        let deadline = Deadline::begin();
        guard.hold_ledger(&deadline)?;
        let connection = match mode {
            Mode::Write => connection::open(place.file())?,
            Mode::Read => connection::open_to_read(place.file())?,
        };
        let identity = Identity::of(place)?;
        guard.hold_index(place, &identity, &deadline)?;
        Ok(Self {
            connection,
            identity,
            guard,
        })
    }

    /// Brings the tables up to date.
    pub(super) fn migrate(&mut self) -> Result<(), Error> {
        let _writing = self.guard.write(&Deadline::begin())?;
        schema::migrate(&mut self.connection)
    }

    /// Runs `run` in one transaction: all of it is durable and seen by every process, or none of it
    /// counts.
    ///
    /// [`NotDone::Stale`] comes before `run` was called, or instead of its success.
    pub(super) fn write(
        &self,
        run: &mut dyn FnMut(&Connection) -> Result<(), StoreError>,
    ) -> Result<(), NotDone> {
        let deadline = Deadline::begin();
        let _writing = self.guard.write(&deadline)?;
        self.begin()?;
        let ran = self
            .check()
            .and_then(|()| Ok(schema::check(&self.connection)?))
            .and_then(|()| Ok(run(&self.connection)?))
            .and_then(|()| Ok(execute(&self.connection, "COMMIT")?));
        // A full disk ends the transaction by itself.
        if ran.is_err() && !self.connection.is_autocommit() {
            execute(&self.connection, "ROLLBACK")?;
        }
        // What was removed meanwhile took the commit with it.
        ran.and_then(|()| self.check())
    }

    /// Begins a transaction that holds SQLite's lock for writing. Another SQLite of this process drops
    /// it when it closes the file.
    fn begin(&self) -> Result<(), NotDone> {
        for _ in 0..BEGINNINGS {
            execute(&self.connection, "BEGIN IMMEDIATE")?;
            match self.guard.sees_the_lock() {
                Ok(true) => return Ok(()),
                Ok(false) => execute(&self.connection, "ROLLBACK")?,
                Err(error) => {
                    execute(&self.connection, "ROLLBACK")?;
                    return Err(error.into());
                }
            }
        }
        Err(NotDone::Failed(StoreError::new(
            "SQLite holds no lock of this process: another SQLite in it has the ledger open, or it \
             was forked with the ledger open; open the ledger in one place, after the fork",
        )))
    }

    /// Runs `run`, which only reads.
    pub(super) fn read(
        &self,
        run: &mut dyn FnMut(&Connection) -> Result<(), StoreError>,
    ) -> Result<(), NotDone> {
        Deadline::begin();
        self.check()?;
        schema::check(&self.connection)?;
        Ok(run(&self.connection)?)
    }

    /// Copies the log into the ledger and empties it; `false` when others would not let it.
    pub(super) fn empty_log(&self, wait: bool) -> Result<bool, StoreError> {
        let _writing = self.guard.write(&Deadline::begin())?;
        self.identity.check().map_err(|changed| changed.error)?;
        connection::empty_log(&self.connection, wait)
    }

    /// With a guard nobody but a person removes the files: what they held is lost to all, and opening
    /// the ledger again would only hide it.
    fn check(&self) -> Result<(), NotDone> {
        self.identity.check().map_err(|changed| match changed {
            Changed {
                error,
                both_companions: true,
            } if !self.guard.is_held() => NotDone::Stale(error),
            changed => NotDone::Failed(changed.error),
        })
    }
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map(drop)
        .map_err(failed)
}
