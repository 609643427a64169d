//! Files that the command line names.

use std::fs;
use std::io;
use std::path::Path;

use crate::exit::Failure;

pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| unreadable(path, &error))
}

pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

/// Names the file, which the system's error does not.
fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Local(format!("{}: {error}", path.display()))
}
