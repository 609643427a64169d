//! Locks of our own, beside those of SQLite.
//!
//! SQLite's locks are POSIX's: they belong to a process, and go as soon as the process closes *any*
//! descriptor of the file. Python's `sqlite3`, another SQLite in the same process, a plain `open` and
//! `close` do that; the child of a fork has none of them. Then another process takes the ledger for
//! its own: it removes the write-ahead log while we write to it, and cuts the index (`-shm`) that we
//! have mapped, which ends in SIGBUS.
//!
//! On Linux there are locks that belong to an open file instead (`F_OFD_SETLK`), which conflict with
//! POSIX's as if another process held them, even in one process. A guard holds two:
//!
//! - **in use**: the bytes that SQLite locks alone before it removes the log, shared, taken before a
//!   connection opens. No SQLite of any process then removes it.
//! - **mapped**: the byte by which SQLite knows that somebody has mapped the index, shared, taken as
//!   soon as the first connection has done that. No SQLite then cuts it.
//!
//! A child of a fork shares them with its parent, which does no harm. Elsewhere there are none: the
//! files are checked in each transaction and after it ([`Identity`](super::identity::Identity)), and
//! the ledger is opened again.
//!
//! And for each transaction it takes the **lock file** ([`writing`]): two processes of ours never
//! write together, even when SQLite's own lock has gone.
//!
//! One guard serves all connections of a process. It outlives them, and a fork: closing its files
//! would drop the locks of every SQLite of the process, and the next one to open the ledger would cut
//! an index that is still mapped. Only the oldest of many that nobody uses are closed.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod linux;
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
mod none;
#[cfg(unix)]
mod writing;

use std::sync::Arc;
use std::thread::sleep;

use backchat_core::StoreError;

use super::connection::{Deadline, LOOK};
use super::identity::Identity;
use super::place::{Inode, Place};
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use linux::Files;
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
use none::Files;

/// How many guards are kept that nobody uses: two open files each.
const KEPT: usize = 16;

/// The guard of one ledger in this process.
#[derive(Debug)]
pub(super) struct Guard {
    inode: Inode,
    /// `None` where the system or the file system has no such locks.
    files: Option<Files>,
    #[cfg(unix)]
    writing: writing::LockFile,
}

/// The right to write, given back with its value.
#[cfg(unix)]
pub(super) type Writing<'a> = writing::Writing<'a>;
#[cfg(not(unix))]
pub(super) type Writing<'a> = std::marker::PhantomData<&'a ()>;

impl Guard {
    /// The guard of this ledger among `known`, or a new one, which holds nothing yet.
    pub(super) fn of(place: &Place, known: &mut Vec<Arc<Self>>) -> Result<Arc<Self>, StoreError> {
        if let Some(guard) = known.iter().find(|guard| guard.inode == place.inode()) {
            return Ok(Arc::clone(guard));
        }
        let guard = Arc::new(Self {
            inode: place.inode(),
            files: Files::open(place)?,
            #[cfg(unix)]
            writing: writing::LockFile::open(place)?,
        });
        known.retain(|guard| guard.is_used() || !guard.is_deleted());
        let unused = known.iter().filter(|guard| !guard.is_used()).count();
        if unused >= KEPT
            && let Some(oldest) = known.iter().position(|guard| !guard.is_used())
        {
            known.remove(oldest);
        }
        known.push(Arc::clone(&guard));
        Ok(guard)
    }

    /// As where the system has no such locks.
    #[cfg(test)]
    pub(super) fn without_locks(place: &Place) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(Self {
            inode: place.inode(),
            files: None,
            #[cfg(unix)]
            writing: writing::LockFile::open(place)?,
        }))
    }

    /// Takes the lock that keeps the write-ahead log where it is.
    pub(super) fn hold_ledger(&self, deadline: &Deadline) -> Result<(), StoreError> {
        self.wait(deadline, Files::hold_ledger)
    }

    /// Takes the lock that keeps the index, which SQLite has opened, as long as it is.
    pub(super) fn hold_index(
        &self,
        place: &Place,
        opened: &Identity,
        deadline: &Deadline,
    ) -> Result<(), StoreError> {
        let path = place.index();
        self.wait(deadline, |files| files.hold_index(&path, opened.index()))
    }

    /// Takes the lock for a transaction.
    #[cfg(unix)]
    pub(super) fn write(&self, deadline: &Deadline) -> Result<Writing<'_>, StoreError> {
        self.writing.lock(deadline)
    }

    /// Elsewhere SQLite's own lock does not go before its time.
    #[cfg(not(unix))]
    #[allow(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "as where it is needed"
    )]
    pub(super) fn write(&self, _: &Deadline) -> Result<Writing<'_>, StoreError> {
        Ok(std::marker::PhantomData)
    }

    /// Tells whether SQLite's own lock for writing is there, in this process and on this index. Asked
    /// within a transaction.
    pub(super) fn sees_the_lock(&self) -> Result<bool, StoreError> {
        self.files.as_ref().map_or(Ok(true), Files::sees_the_lock)
    }

    /// Tells whether there are such locks here.
    pub(super) fn is_held(&self) -> bool {
        self.files.is_some()
    }

    fn is_deleted(&self) -> bool {
        self.files.as_ref().is_none_or(Files::is_deleted)
    }

    /// Called for one of `known`, which holds one reference itself.
    fn is_used(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) > 1
    }

    fn wait(
        &self,
        deadline: &Deadline,
        lock: impl Fn(&Files) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let Some(files) = &self.files else {
            return Ok(());
        };
        while !lock(files)? {
            if deadline.has_passed() {
                return Err(StoreError::new(
                    "another process has kept the ledger to itself for too long",
                ));
            }
            sleep(LOOK);
        }
        Ok(())
    }
}
