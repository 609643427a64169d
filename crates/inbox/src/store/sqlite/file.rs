//! The file that is open must be the one that the path names: a ledger that was deleted under a
//! running process still takes writes, which nobody else will ever see.

use std::path::{Path, PathBuf};

use backchat_core::StoreError;

/// Which file is open.
#[derive(Debug)]
pub(super) struct Identity {
    path: PathBuf,
    #[cfg(unix)]
    device_and_inode: (u64, u64),
}

impl Identity {
    /// The file that `path` names now.
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            path: path.to_owned(),
            #[cfg(unix)]
            device_and_inode: device_and_inode(path)?,
        })
    }

    /// Whether it still is.
    pub(super) fn check(&self) -> Result<(), StoreError> {
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
