//! `Sources/BackchatNative` (but for `ByHand`) and `Sources/BackchatFFI` are what the generator writes,
//! byte for byte.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::package;
use crate::mobile::{library_name, succeed};
use crate::suite::{Report, root};

/// Each kind of file: the generator's option, its ending, and its folder in the package.
const KINDS: &[(&str, &str, &str)] = &[
    ("--swift-sources", "swift", "Sources/BackchatNative"),
    ("--headers", "h", "Sources/BackchatFFI/include"),
];

/// Compares; with `BACKCHAT_GENERATE` set it writes instead.
pub(super) fn check() -> Report {
    Report::of_check("swift-code", "a fresh generation", compare)
}

fn compare() -> io::Result<()> {
    let fresh = root().join("target/swift/generated");
    let _of_an_earlier_run = fs::remove_dir_all(&fresh);
    let write = std::env::var_os("BACKCHAT_GENERATE").is_some();
    let mut old_ones = Vec::new();
    for (option, ending, folder) in KINDS {
        generate(option, &fresh)?;
        let folder = package().join(folder);
        for name in names(&fresh, ending)? {
            let (new, old) = (fresh.join(&name), folder.join(&name));
            if write {
                fs::copy(&new, &old)?;
            } else if fs::read(&new)? != fs::read(&old).unwrap_or_default() {
                old_ones.push(format!(
                    "{} is old: BACKCHAT_GENERATE=1 writes it",
                    old.display()
                ));
            }
        }
        // A file that is no longer generated would still be compiled.
        for name in names(&folder, ending)? {
            if !fresh.join(&name).exists() {
                old_ones.push(format!(
                    "{} is generated no more",
                    folder.join(&name).display()
                ));
            }
        }
    }
    if old_ones.is_empty() {
        return Ok(());
    }
    Err(io::Error::other(old_ones.join("\n")))
}

fn generate(option: &str, into: &Path) -> io::Result<()> {
    let library = root().join("target/swift/lib").join(library_name());
    let mut generator = Command::new(root().join("target/debug/uniffi-bindgen-swift"));
    generator
        .args([option, "--config", "bindings/mobile/swift/uniffi.toml"])
        .arg(library)
        .arg(into)
        .current_dir(root());
    succeed(&mut generator)
}

fn names(folder: &Path, ending: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == ending) {
            names.extend(path.file_name().map(|n| n.to_string_lossy().into_owned()));
        }
    }
    Ok(names)
}
