//! The native library of the Kotlin and the Swift package, with the generators of their sources.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::suite::{cargo, root};

/// Builds the library, the generators and the program, and gives their folder. It is the same build
/// for both languages, so the second finds it done.
pub(crate) fn build() -> io::Result<PathBuf> {
    println!("building the library for Kotlin and Swift …");
    let library = ["-p", "backchat-mobile", "--features", "bindgen"];
    // One after the other: together, their features would be the sum.
    for package in [&library[..], &["-p", "backchat"]] {
        let mut build = cargo();
        build.args(["build", "--quiet"]).args(package);
        succeed(build.current_dir(root()))?;
    }
    Ok(root().join("target/debug"))
}

/// Builds the library as users get it.
pub(crate) fn build_optimised() -> io::Result<()> {
    let mut build = cargo();
    build.args(["build", "--release", "--quiet", "-p", "backchat-mobile"]);
    succeed(build.current_dir(root()))
}

/// The library alone in a folder: that is where the packages look.
pub(crate) fn copy_library(profile: &str, folder: &Path) -> io::Result<()> {
    let name = library_name();
    fs::create_dir_all(folder)?;
    let built = root().join("target").join(profile).join(&name);
    fs::copy(built, folder.join(&name)).map(drop)
}

pub(crate) fn library_name() -> String {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    format!("{DLL_PREFIX}backchat_mobile{DLL_SUFFIX}")
}

pub(crate) fn succeed(command: &mut Command) -> io::Result<()> {
    if command.status()?.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?} failed")))
}
