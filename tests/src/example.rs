//! The programs of `tests/examples`, built for the tests that run them.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set when `cargo test` has built all examples already, as it does without a filter. (Building
/// them once more would select other features, and compile half of the workspace again.)
pub const BUILT: &str = "BACKCHAT_TEST_EXAMPLES_BUILT";

/// The program of the example `name`, as new as its source.
pub fn program(name: &str) -> io::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let profile = test.ancestors().nth(2).unwrap_or(Path::new("."));
    if std::env::var_os(BUILT).is_none() {
        build(name, profile)?;
    }
    Ok(profile.join("examples").join(name))
}

fn build(name: &str, profile: &Path) -> io::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args([
            "build",
            "--quiet",
            "-p",
            "backchat-tests",
            "--example",
            name,
        ])
        .arg("--target-dir")
        .arg(profile.parent().unwrap_or(profile));
    if profile.file_name() == Some(OsStr::new("release")) {
        command.arg("--release");
    }
    if command.status()?.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "the example {name} does not build"
        )))
    }
}
