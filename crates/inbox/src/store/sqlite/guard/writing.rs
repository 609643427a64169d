//! The lock for a transaction: one of POSIX, on a file of its own that no SQLite opens or closes.
//!
//! It belongs to the process and goes with it, whatever children of a fork have the file open.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;

use backchat_core::StoreError;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;

use super::super::connection::{Deadline, LOOK};
use super::super::place::Place;

/// The lock file of one ledger.
#[derive(Debug)]
pub(super) struct LockFile {
    file: File,
    /// The threads of this process share the lock, and so take turns at it.
    turn: Mutex<()>,
}

/// The right to write, given back with its value.
#[derive(Debug)]
pub(in super::super) struct Writing<'a> {
    file: &'a File,
    _turn: MutexGuard<'a, ()>,
}

impl LockFile {
    /// Opens the file, or makes it as SQLite makes the log: with the rights and the owner of the
    /// ledger.
    pub(super) fn open(place: &Place) -> Result<Self, StoreError> {
        let path = place.lock();
        let open = || {
            let ledger = std::fs::metadata(place.file())?;
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(ledger.mode() & 0o777)
                .open(&path)?;
            let found = file.metadata()?;
            if (found.uid(), found.gid()) != (ledger.uid(), ledger.gid()) {
                // Only root can, and need.
                let _not_root = fchown(&file, Some(ledger.uid()), Some(ledger.gid()));
            }
            Ok(file)
        };
        let file = open().map_err(|e: std::io::Error| {
            StoreError::caused_by(format!("{} cannot be opened: {e}", path.display()), e)
        })?;
        Ok(Self {
            file,
            turn: Mutex::default(),
        })
    }

    /// Waits for the right to write.
    pub(super) fn lock(&self, deadline: &Deadline) -> Result<Writing<'_>, StoreError> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match fcntl_lock(&self.file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::AGAIN | Errno::ACCESS) if !deadline.has_passed() => sleep(LOOK),
                Err(Errno::AGAIN | Errno::ACCESS) => {
                    return Err(StoreError::new(
                        "another process has been writing to the ledger for too long",
                    ));
                }
                Err(errno) => {
                    return Err(StoreError::caused_by(
                        format!("the ledger's lock file cannot be locked: {errno}"),
                        errno,
                    ));
                }
            }
        }
        Ok(Writing {
            file: &self.file,
            _turn: turn,
        })
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        // Cannot fail, and a lock that stayed would go with the process.
        let _unlocked = fcntl_lock(self.file, FlockOperation::NonBlockingUnlock);
    }
}
