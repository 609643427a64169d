//! A session: a connection that its first use opens, and that every fork closes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use backchat_core::{Error, StoreError};
use rusqlite::Connection;

use super::handle::{Handle, Mode, NotDone};
use super::place::Place;
use super::process;

/// One connection to the ledger. Every use is within a [`Working`](backchat_core::fork::Working).
#[derive(Debug)]
pub(super) struct Session {
    place: Arc<Place>,
    mode: Mode,
    handle: Mutex<Option<Handle>>,
}

impl Session {
    /// A session that is not open yet.
    pub(super) fn new(place: &Arc<Place>, mode: Mode) -> Result<Arc<Self>, StoreError> {
        let session = Arc::new(Self {
            place: Arc::clone(place),
            mode,
            handle: Mutex::default(),
        });
        process::add(&session)?;
        Ok(session)
    }

    /// Brings the tables up to date.
    pub(super) fn migrate(&self) -> Result<(), Error> {
        let mut handle = self.lock();
        self.open(&mut handle)?.migrate()
    }

    /// Runs `run` on the connection: in a transaction, if it is one to write. An error means that it
    /// counts as not done.
    pub(super) fn run(
        &self,
        run: &mut dyn FnMut(&Connection) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut handle = self.lock();
        let mut ran = false;
        let mut noted = |connection: &Connection| {
            ran = true;
            run(connection)
        };
        let first = self.run_once(&mut handle, &mut noted);
        let Err(NotDone::Stale(error)) = first else {
            return failure(first);
        };
        if ran {
            // It cannot be run twice; the next one finds the ledger open.
            return Err(error);
        }
        let second = self.run_once(&mut handle, run);
        failure(second)
    }

    /// Copies the log into the ledger and empties it; `false` when others would not let it.
    pub(super) fn empty_log(&self, wait: bool) -> Result<bool, StoreError> {
        let mut handle = self.lock();
        self.open(&mut handle)?.empty_log(wait)
    }

    /// Closes the connection; the next use opens it.
    pub(super) fn close(&self) {
        *self.lock() = None;
    }

    /// Closes the connection, unless somebody uses it, as in the parent of a process that is torn.
    pub(super) fn close_unless_used(&self) {
        match self.handle.try_lock() {
            Ok(mut handle) => *handle = None,
            Err(TryLockError::Poisoned(handle)) => *handle.into_inner() = None,
            Err(TryLockError::WouldBlock) => {}
        }
    }

    fn run_once(
        &self,
        open: &mut Option<Handle>,
        run: &mut dyn FnMut(&Connection) -> Result<(), StoreError>,
    ) -> Result<(), NotDone> {
        let handle = self.open(open)?;
        let done = match self.mode {
            Mode::Write => handle.write(run),
            Mode::Read => handle.read(run),
        };
        if let Err(NotDone::Stale(_)) = &done {
            *open = None;
        }
        done
    }

    fn open<'a>(&self, handle: &'a mut Option<Handle>) -> Result<&'a mut Handle, StoreError> {
        match handle {
            Some(handle) => Ok(handle),
            closed => Ok(closed.insert(Handle::open(&self.place, self.mode)?)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Handle>> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failure(done: Result<(), NotDone>) -> Result<(), StoreError> {
    done.map_err(|(NotDone::Failed(error) | NotDone::Stale(error))| error)
}
