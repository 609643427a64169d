//! The files that are open must be the ones that the path names: a ledger, or a file beside it, that
//! was deleted under a running process still takes writes, which no other process will ever see.

use std::path::PathBuf;
use std::sync::Arc;

use backchat_core::StoreError;

use super::place::{Inode, Place};

/// The files of an open ledger.
#[derive(Debug)]
pub(super) struct Identity {
    place: Arc<Place>,
    log: File,
    index: File,
}

/// A file that is open is not the one that is there.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) error: StoreError,
    /// Both files beside the ledger are gone or new, and the ledger is not: SQLite removes them so
    /// once all that they held is in the ledger.
    pub(super) both_companions: bool,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    inode: Inode,
}

impl Identity {
    /// The files that are there. Asked once SQLite has opened them.
    pub(super) fn of(place: &Arc<Place>) -> Result<Self, StoreError> {
        Ok(Self {
            log: File::of(place.log())?,
            index: File::of(place.index())?,
            place: Arc::clone(place),
        })
    }

    /// Checks that they still are.
    pub(super) fn check(&self) -> Result<(), Changed> {
        self.place.check().map_err(|error| Changed {
            error,
            both_companions: false,
        })?;
        let (log, index) = (self.log.is_there(), self.index.is_there());
        let missing = match (log, index) {
            (true, true) => return Ok(()),
            (false, _) => &self.log,
            (true, false) => &self.index,
        };
        Err(Changed {
            error: StoreError::new(format!(
                "{} was deleted or replaced under the running process: put it back",
                missing.path.display()
            )),
            both_companions: !log && !index,
        })
    }

    pub(super) fn index(&self) -> Inode {
        self.index.inode
    }
}

impl File {
    fn of(path: PathBuf) -> Result<Self, StoreError> {
        let inode = Inode::at(&path)
            .map_err(|e| StoreError::caused_by(format!("{} is gone: {e}", path.display()), e))?;
        Ok(Self { path, inode })
    }

    fn is_there(&self) -> bool {
        Inode::at(&self.path).is_ok_and(|found| found == self.inode)
    }
}
