//! The Swift package: what is generated of it, its tests, and its quickstart in a package of its own.

mod debian;
mod generated;
mod quickstart;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::mobile;
use crate::suite::{Report, root};
use debian::DebianRoot;

pub(crate) fn suite() -> io::Result<Vec<Report>> {
    let swift = match Swift::find() {
        Ok(swift) => swift,
        Err(why) => return Ok(vec![Report::skipped("swift", why)]),
    };
    let library = build()?;
    Ok(vec![
        generated::check(),
        test(
            "swift",
            &["--skip", "LeakTests|UserCodeTests"],
            &swift,
            &library,
        )?,
        // Alone, because it blocks many threads, and others must go on in time.
        test(
            "swift-block",
            &["--filter", "UserCodeTests"],
            &swift,
            &library,
        )?,
        // Alone, because the memory of the whole process is measured.
        test("swift-leaks", &["--filter", "LeakTests"], &swift, &library)?,
        quickstart::run(&swift, &library)?,
    ])
}

/// The Swift toolchain of this machine, or Debian's.
pub(crate) enum Swift {
    Machine,
    Debian(DebianRoot),
}

impl Swift {
    /// The machine's Swift; on Debian, as root, one is installed into a root of its own. `Err` says
    /// why there is none.
    pub(crate) fn find() -> Result<Self, String> {
        let version = Command::new("swift").arg("--version").output();
        if version.is_ok_and(|version| version.status.success()) {
            return Ok(Swift::Machine);
        }
        DebianRoot::prepare().map(Swift::Debian)
    }

    /// `program` in a folder of the project.
    pub(crate) fn in_project(&self, program: &str, folder: &Path) -> Command {
        match self {
            Swift::Machine => here(program, folder),
            Swift::Debian(debian) => debian.command(program, folder, Some(&root())),
        }
    }

    /// `program` in a folder of [`Swift::outside`].
    pub(crate) fn in_outside(&self, program: &str, folder: &Path) -> Command {
        match self {
            Swift::Machine => here(program, folder),
            Swift::Debian(debian) => debian.command(program, &debian.inside(folder), None),
        }
    }

    /// A new folder from which the project cannot be seen.
    fn outside(&self) -> io::Result<PathBuf> {
        let temporary = match self {
            Swift::Machine => std::env::temp_dir(),
            Swift::Debian(debian) => debian.temporary(),
        };
        let folder = temporary.join(format!("backchat-swift-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

fn here(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    command
}

/// The package's folder.
pub(crate) fn package() -> PathBuf {
    root().join("bindings/mobile/swift")
}

/// Builds what the tests need, and gives the folder of the library.
fn build() -> io::Result<PathBuf> {
    mobile::build()?;
    let folder = root().join("target/swift/lib");
    mobile::copy_library("debug", &folder)?;
    Ok(folder)
}

/// `swift test`. What it builds stays out of the sources.
fn test(name: &str, which: &[&str], swift: &Swift, library: &Path) -> io::Result<Report> {
    let mut command = swift.in_project("swift", &package());
    command
        .args([
            "test",
            "--disable-sandbox",
            "--disable-xctest",
            "--scratch-path",
        ])
        .arg(root().join("target/swift/build"))
        .args(which)
        .env("BACKCHAT_LIBRARY", library)
        .env("BACKCHAT_XTASK", std::env::current_exe()?)
        .env("BACKCHAT_PROGRAM", root().join("target/debug/backchat"))
        .env("BACKCHAT_VECTORS", root().join("tests/vectors"));
    Report::of_in(name, &root(), &mut command)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::copy(from, to).map(drop)
}
