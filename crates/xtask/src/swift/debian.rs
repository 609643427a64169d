//! Debian 13's Swift in a root of its own, for a Debian that has none: `debootstrap`, then `chroot`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian::{can_install, install, run};

/// The release whose package `swiftlang` is Swift 6.
const RELEASE: &str = "trixie";
const PACKAGES: &str =
    "--include=ca-certificates,swiftlang,swiftlang-dev,libc6-dev,binutils,gcc,libcurl4-openssl-dev";

/// Runs a program in the root. Everything is mounted in a namespace of this command's own, so it is
/// gone with it, however it ends.
const ENTER: &str = r#"
set -e
root=$1 folder=$2 project=$3
shift 3
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ -n "$project" ]; then
    mkdir -p "$root$project"
    mount --bind "$project" "$root$project"
fi
exec chroot "$root" env -C "$folder" HOME=/root PATH=/usr/bin:/bin "$@"
"#;

/// A Debian with Swift in a folder. It stays for the next run: making it takes minutes and 3 GB.
pub(crate) struct DebianRoot {
    directory: PathBuf,
}

impl DebianRoot {
    /// Finds it or makes it. `Err` says why it cannot be made here.
    pub(super) fn prepare() -> Result<Self, String> {
        if !can_install() {
            return Err("Swift is not installed: install Swift 6".to_owned());
        }
        let cache = cache()?;
        let directory = cache.join(format!("swift-{RELEASE}"));
        // Another run may be making it.
        let lock = fs::File::create(cache.join("swift.lock")).map_err(|e| e.to_string())?;
        lock.lock().map_err(|e| e.to_string())?;
        if !directory.exists() {
            make(&directory)?;
        }
        let debian = Self { directory };
        debian.try_out()?;
        Ok(debian)
    }

    /// `program` in `folder`, with the project at its own path, or without it.
    pub(super) fn command(&self, program: &str, folder: &Path, project: Option<&Path>) -> Command {
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--propagation",
                "private",
                "--",
                "sh",
                "-c",
                ENTER,
                "sh",
            ])
            .arg(&self.directory)
            .arg(folder)
            .arg(project.unwrap_or(Path::new("")))
            .arg(program);
        command
    }

    /// Its folder for temporary files, seen from outside.
    pub(super) fn temporary(&self) -> PathBuf {
        self.directory.join("tmp")
    }

    /// A path in it, seen from inside.
    pub(super) fn inside(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.directory) {
            Ok(inside) => Path::new("/").join(inside),
            Err(_) => path.to_owned(),
        }
    }

    /// A container may forbid to mount.
    fn try_out(&self) -> Result<(), String> {
        run(self.command("swift", Path::new("/"), None).arg("--version")).map_err(|why| {
            format!("Swift is not installed, and Debian's cannot be run here: {why}")
        })
    }
}

fn make(directory: &Path) -> Result<(), String> {
    if !Path::new("/usr/sbin/debootstrap").exists() {
        install("debootstrap")?;
    }
    println!("installing Swift into {} …", directory.display());
    let half_made = directory.with_extension("partial");
    let _of_an_earlier_run = fs::remove_dir_all(&half_made);
    run(Command::new("debootstrap")
        .args(["--variant=minbase", PACKAGES, RELEASE])
        .arg(&half_made))?;
    let _packages = fs::remove_dir_all(half_made.join("var/cache/apt/archives"));
    fs::rename(&half_made, directory).map_err(|e| format!("{}: {e}", directory.display()))
}

/// The user's folder for what can be made again.
fn cache() -> Result<PathBuf, String> {
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(home);
    let cache = cache
        .ok_or("there is no HOME to keep Swift in")?
        .join("backchat");
    fs::create_dir_all(&cache).map_err(|e| format!("{}: {e}", cache.display()))?;
    Ok(cache)
}
