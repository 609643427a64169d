//! Tells whether a file is mounted by itself: `-v ./inbox.db:/data/inbox.db`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The folder, and so the write-ahead log in it, is on another mount than the file. Of one file
/// system or of two: the kernel numbers its mounts.
pub(super) fn is_a_mount_of_its_own(file: &Path) -> bool {
    let Some(folder) = file.parent() else {
        return false;
    };
    match (mount_of(file), mount_of(folder)) {
        (Ok(file), Ok(folder)) => file != folder,
        // Without /proc two file systems can still be told apart.
        _ => device_of(file) != device_of(folder),
    }
}

/// The number that `/proc` tells of an open file, in any Linux since 3.15. `O_PATH` opens nothing of
/// the file itself: closing it leaves the locks of this process alone.
fn mount_of(path: &Path) -> io::Result<u64> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_PATH)
        .open(path)?;
    parse(&told_of(&opened)?).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn told_of(opened: &File) -> io::Result<String> {
    fs::read_to_string(format!("/proc/self/fdinfo/{}", opened.as_raw_fd()))
}

fn parse(told: &str) -> Option<u64> {
    let number = told.lines().find_map(|line| line.strip_prefix("mnt_id:"))?;
    number.trim().parse().ok()
}

fn device_of(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|found| found.dev())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_the_mount_is_found() {
        assert_eq!(
            parse("pos:\t0\nflags:\t012000000\nmnt_id:\t29\nino:\t7\n"),
            Some(29)
        );
        assert_eq!(parse("pos:\t0\n"), None);
    }

    #[test]
    fn a_file_in_a_folder_is_on_the_folders_mount() {
        let file = std::env::current_exe().unwrap();
        assert!(mount_of(&file).is_ok());
        assert!(!is_a_mount_of_its_own(&file));
    }
}
