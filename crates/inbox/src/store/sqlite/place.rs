//! The file that a path names, and what must be true of it before it is a ledger.
//!
//! SQLite keeps the write-ahead log beside the file, under the file's name. Two names for one file
//! are two logs, and each process sees only what its own log holds: a link is followed first, a
//! second name (a hard link, a file that is mounted by itself) is refused.

use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use backchat_core::{Error, StoreError};

use super::rights;

/// The longest chain of links, as in Linux.
const LINKS: usize = 40;

/// Beside the ledger, while and after it is used.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-lock"];

/// A ledger's file.
#[derive(Debug)]
pub(super) struct Place {
    /// The path as it was given, made absolute.
    given: PathBuf,
    /// The file, behind all links.
    file: PathBuf,
    inode: Inode,
}

/// The identity of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inode {
    #[cfg(unix)]
    device_and_number: (u64, u64),
}

impl Inode {
    pub(super) fn of(found: &Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Self {
                device_and_number: (found.dev(), found.ino()),
            }
        }
        #[cfg(not(unix))]
        {
            let _no_number_here = found;
            Self {}
        }
    }

    pub(super) fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|found| Self::of(&found))
    }
}

impl Place {
    /// Finds the file, or makes it with the rights 0600.
    ///
    /// Raises `store_unavailable` for what cannot be reached, `configuration` for what is no place
    /// for a ledger.
    pub(super) fn make(path: &Path) -> Result<Self, Error> {
        let unusable =
            |error: io::Error| StoreError::caused_by(format!("{}: {error}", path.display()), error);
        let given = std::path::absolute(path).map_err(unusable)?;
        let file = resolve(&given).map_err(unusable)?;
        if let Err(error) = create(&file)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(unusable(error).into());
        }
        let found = fs::metadata(&file).map_err(unusable)?;
        check(&file, &found)?;
        rights::tighten(&file, &COMPANIONS.map(|suffix| beside(&file, suffix)));
        Ok(Self {
            given,
            inode: Inode::of(&found),
            file,
        })
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn inode(&self) -> Inode {
        self.inode
    }

    pub(super) fn log(&self) -> PathBuf {
        beside(&self.file, COMPANIONS[0])
    }

    pub(super) fn index(&self) -> PathBuf {
        beside(&self.file, COMPANIONS[1])
    }

    /// The file that is locked for a transaction. No part of the ledger: it is always empty.
    #[cfg(unix)]
    pub(super) fn lock(&self) -> PathBuf {
        beside(&self.file, COMPANIONS[2])
    }

    /// Checks that the path still leads to the file that was opened first.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let is_here = |path: &Path| {
            let found = Inode::at(path)
                .map_err(|e| StoreError::caused_by("the store's file is gone: put it back", e))?;
            Ok(found == self.inode)
        };
        if !is_here(&self.file)? {
            return Err(StoreError::new(
                "the store's file was replaced by another: put it back, or start the process again",
            ));
        }
        if self.given != self.file && !is_here(&self.given)? {
            return Err(StoreError::new(format!(
                "the link {} now leads to another file: point it back, or start the process again",
                self.given.display()
            )));
        }
        Ok(())
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The path behind all links; the last one may lead to a file that is yet to be made.
fn resolve(given: &Path) -> io::Result<PathBuf> {
    let mut path = given.to_owned();
    for _ in 0..LINKS {
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            known => return known,
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        match fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_no_link) => return Ok(fs::canonicalize(folder)?.join(name)),
        }
    }
    Err(io::Error::other("too many links"))
}

fn create(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

fn check(file: &Path, found: &Metadata) -> Result<(), Error> {
    let refused = |why: &str| {
        let sentence = format!("{} {why}", file.display());
        Err(Error::configuration("store", sentence))
    };
    if found.is_dir() {
        return refused("is a folder: name a file in it, such as inbox.db");
    }
    if !found.is_file() {
        return refused("is no file");
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(found) > 1 {
        return refused(
            "has a second name (a hard link), and SQLite keeps a log for each name: remove one of them",
        );
    }
    #[cfg(target_os = "linux")]
    if super::mount::is_a_mount_of_its_own(file) {
        return refused(
            "is mounted by itself, so its write-ahead log would be lost with the container: mount the folder",
        );
    }
    Ok(())
}
