//! The ledgers that this process has open, so that none is at a fork.
//!
//! SQLite keeps a table of the files and locks that it has, one for the process. A child inherits the
//! table, not the locks, and its own connections would be added to it: they take no lock, and use an
//! index that may be long unlinked. So:
//!
//! - [`fork::prepare`] closes every connection of this process. Parent and child open again with
//!   their next use, each with locks of its own.
//! - A child of a fork without `prepare` closes what it inherited before it opens anything: the table
//!   is empty then. Closing takes nothing from the parent, whose locks of POSIX are its own; nor does
//!   it touch the log or the index ([`connection`](super::connection) turns SQLite's checkpoint at
//!   the close off).
//! - If the parent was in the midst of work then ([`fork::is_torn`]), SQLite's table and its mutexes
//!   are in an unknown state, for ever: the child refuses to use SQLite at all.
//!
//! The guards that a child inherits stay open, and are not used: their shared locks hold until parent
//! and child have ended. A child that never uses its ledgers so keeps others from removing the log,
//! which harms nobody, and writes nothing. A program that the child starts instead of itself inherits
//! nothing.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use backchat_core::StoreError;
use backchat_core::fork;

use super::guard::Guard;
use super::handle::Handle;
use super::place::Place;
use super::session::Session;

static OPEN: Mutex<Open> = Mutex::new(Open {
    process: 0,
    sessions: Vec::new(),
    guards: Vec::new(),
});

#[derive(Debug)]
struct Open {
    process: u32,
    sessions: Vec<Weak<Session>>,
    guards: Vec<Arc<Guard>>,
}

/// Has every fork close `session`. Within a [`Working`](fork::Working).
pub(super) fn add(session: &Arc<Session>) -> Result<(), StoreError> {
    with(|open| {
        open.sessions.retain(|session| session.strong_count() > 0);
        open.sessions.push(Arc::downgrade(session));
    })
}

/// The guard of this ledger. Asked before SQLite opens it, within a [`Working`](fork::Working).
pub(super) fn guard(place: &Place) -> Result<Arc<Guard>, StoreError> {
    with(|open| Guard::of(place, &mut open.guards))?
}

/// Has this process use the ledger as where the system has no locks for a guard.
#[cfg(test)]
pub(super) fn use_without_locks(place: &Place) -> Result<(), StoreError> {
    let guard = Guard::without_locks(place)?;
    with(|open| open.guards.push(guard))
}

/// Closes the connection of `own`, whose handle the caller has, and all others of this process to the
/// same ledger; `false`, and none of its own, when one of the others is in use.
pub(super) fn close_ledger(own: &Session, handle: &mut Option<Handle>) -> Result<bool, StoreError> {
    with(|open| {
        let mut others = open
            .sessions
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|session| !std::ptr::eq(&raw const **session, own) && session.is_beside(own));
        let closed = others.all(|session| session.close_unless_used());
        if closed {
            *handle = None;
        }
        closed
    })
}

fn with<T>(run: impl FnOnce(&mut Open) -> T) -> Result<T, StoreError> {
    if fork::is_torn() {
        return Err(StoreError::new(
            "this process was forked while its parent used a SQLite ledger: call \
             backchat_core::fork::prepare before the fork and resume after it, or open the ledger \
             after the fork",
        ));
    }
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if open.process != process {
        if open.process == 0 {
            fork::on_prepare(close_all);
        }
        open.close_all();
        open.sessions.clear();
        std::mem::forget(std::mem::take(&mut open.guards));
        open.process = process;
    }
    Ok(run(&mut open))
}

impl Open {
    fn close_all(&self) {
        for session in self.sessions.iter().filter_map(Weak::upgrade) {
            session.close_unless_used();
        }
    }
}

/// Called by [`fork::prepare`].
fn close_all() {
    // Only a process that is torn finds it locked.
    if let Ok(open) = OPEN.try_lock() {
        open.close_all();
    }
}
