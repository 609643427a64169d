//! The files that are open must be the ones that the path names: a ledger, or its write-ahead log,
//! that was deleted under a running process still takes writes, which nobody else will ever see.

use std::path::{Path, PathBuf};

use backchat_core::StoreError;

/// Which files are open.
#[derive(Debug)]
pub(super) struct Identity {
    ledger: File,
    /// Known from the first transaction on, which makes it.
    log: Option<File>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    #[cfg(unix)]
    device_and_inode: (u64, u64),
}

impl Identity {
    /// The file that `path` names now.
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            ledger: File::of(path.to_owned())?,
            log: None,
        })
    }

    /// Whether it still is. Asked before a transaction.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.ledger.check()?;
        self.log.as_ref().map_or(Ok(()), File::check)
    }

    /// Notes which write-ahead log is open. Told within a transaction, when there is one.
    pub(super) fn note_log(&mut self) -> Result<(), StoreError> {
        if self.log.is_none() {
            let mut path = self.ledger.path.clone().into_os_string();
            path.push("-wal");
            self.log = Some(File::of(path.into())?);
        }
        Ok(())
    }
}

impl File {
    fn of(path: PathBuf) -> Result<Self, StoreError> {
        Ok(Self {
            #[cfg(unix)]
            device_and_inode: device_and_inode(&path)?,
            path,
        })
    }

    fn check(&self) -> Result<(), StoreError> {
        #[cfg(unix)]
        if device_and_inode(&self.path)? != self.device_and_inode {
            return Err(StoreError::new(
                "the store's file was replaced by another: start the process again",
            ));
        }
        Ok(())
    }
}

#[cfg(unix)]
fn device_and_inode(path: &Path) -> Result<(u64, u64), StoreError> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path)
        .map_err(|e| StoreError::caused_by("the store's file is gone", e))?;
    Ok((found.dev(), found.ino()))
}
