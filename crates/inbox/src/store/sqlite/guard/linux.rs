//! The locks of Linux that belong to an open file, on the files that SQLite locks as well.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use backchat_core::StoreError;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{F_RDLCK, F_UNLCK, F_WRLCK, O_NOFOLLOW, SEEK_SET, c_int, c_short, flock};

use super::super::place::{Inode, Place};

/// The bytes of the ledger that SQLite locks alone before it removes the log.
const IN_USE: Range = Range(0x4000_0002, 510);
/// The byte of the index that SQLite locks, shared, as long as it is mapped.
const MAPPED: Range = Range(128, 1);
/// The byte of the index that SQLite locks while it writes.
const SQLITE_WRITES: Range = Range(120, 1);

/// Bytes 18 and 19 of a ledger that uses a write-ahead log.
const WAL: [u8; 2] = [2, 2];

/// Start and length, in bytes.
#[derive(Clone, Copy)]
struct Range(i64, i64);

/// The ledger and, once it is mapped, its index.
#[derive(Debug)]
pub(super) struct Files {
    ledger: File,
    index: Mutex<Option<(File, Inode)>>,
}

impl Files {
    /// Opens the ledger. `None`: its file system has no such locks.
    pub(super) fn open(place: &Place) -> Result<Option<Self>, StoreError> {
        let path = place.file();
        let opened = OpenOptions::new().read(true).write(true).open(path);
        let ledger = opened.map_err(|e| {
            StoreError::caused_by(format!("{} cannot be opened: {e}", path.display()), e)
        })?;
        // Of a file that was replaced meanwhile there is nothing to hold.
        place.check()?;
        match lock(&ledger, F_UNLCK, IN_USE) {
            Err(Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP) => Ok(None),
            Err(errno) => Err(unusable(errno)),
            Ok(_) => Ok(Some(Self {
                ledger,
                index: Mutex::default(),
            })),
        }
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.ledger.metadata().is_ok_and(|found| found.nlink() == 0)
    }

    pub(super) fn hold_ledger(&self) -> Result<bool, StoreError> {
        if !lock(&self.ledger, F_RDLCK, IN_USE).map_err(unusable)? {
            return Ok(false);
        }
        // From here on nobody can change the kind of the journal.
        let mut found = [0; 2];
        let read = self.ledger.read_exact_at(&mut found, 18);
        if read.is_ok() && found == WAL {
            return Ok(true);
        }
        lock(&self.ledger, F_UNLCK, IN_USE).map_err(unusable)?;
        Err(StoreError::new(
            "the ledger's write-ahead log was turned off: start the process again",
        ))
    }

    pub(super) fn hold_index(&self, path: &Path, opened: Inode) -> Result<bool, StoreError> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if index.as_ref().is_some_and(|(_, inode)| *inode == opened) {
            return Ok(true);
        }
        let (file, inode) = open_index(path).map_err(|e| {
            StoreError::caused_by(format!("{} cannot be opened: {e}", path.display()), e)
        })?;
        if inode != opened {
            return Err(StoreError::new(
                "the ledger's index was replaced while it was opened: try again",
            ));
        }
        let is_held = lock(&file, F_RDLCK, MAPPED).map_err(unusable)?;
        if is_held {
            *index = Some((file, inode));
        }
        Ok(is_held)
    }

    pub(super) fn sees_the_lock(&self) -> Result<bool, StoreError> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((file, _)) = &*index else {
            return Ok(false);
        };
        let mut found = wanted(F_WRLCK, SQLITE_WRITES);
        fcntl(file, FcntlArg::F_OFD_GETLK(&mut found)).map_err(unusable)?;
        let holder = u32::try_from(found.l_pid).ok();
        Ok(c_int::from(found.l_type) != F_UNLCK && holder == Some(std::process::id()))
    }
}

fn open_index(path: &Path) -> io::Result<(File, Inode)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(O_NOFOLLOW);
    let file = options.open(path)?;
    let inode = Inode::of(&file.metadata()?);
    Ok((file, inode))
}

/// Takes, changes or gives back a lock; `false`: another has it.
fn lock(file: &File, kind: c_int, range: Range) -> nix::Result<bool> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&wanted(kind, range))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the constants are smaller than the fields of `fcntl`"
)]
fn wanted(kind: c_int, Range(l_start, l_len): Range) -> flock {
    flock {
        l_type: kind as c_short,
        l_whence: SEEK_SET as c_short,
        l_start,
        l_len,
        l_pid: 0,
    }
}

fn unusable(errno: Errno) -> StoreError {
    StoreError::caused_by(format!("the ledger cannot be locked: {errno}"), errno)
}
