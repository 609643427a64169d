//! The Node package: built, packed, installed into a clean folder, and tested there.

use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, OS};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use backchat_tests::vectors::case_count;

use crate::postgres::Postgres;
use crate::suite::{Report, TESTED, cargo, files_at_once, root};

/// Everything, with a Postgres of its own.
pub(crate) fn suite() -> io::Result<Vec<Report>> {
    if Command::new("npm").arg("--version").output().is_err() {
        let why = "Node is not installed: install Node 20 or later, with npm";
        return Ok(vec![Report::skipped("node", why)]);
    }
    let package = Package::build(TESTED)?;
    let mut reports = vec![
        package.lint("publint", &["publint", "run", "--strict"])?,
        package.lint("attw", &["attw", "--no-definitely-typed", "--no-color"])?,
    ];
    let mut test = Command::new("node");
    test.arg("--test")
        .arg(format!("--test-concurrency={}", files_at_once()))
        .args(test_files(&package.app)?);
    package.environment(&mut test)?;
    match Postgres::start() {
        Ok(postgres) => {
            test.env("BACKCHAT_TEST_POSTGRES", postgres.url());
            reports.push(Report::of_in("node", &package.app, &mut test)?);
        }
        Err(why) => {
            reports.push(Report::of_in("node", &package.app, &mut test)?);
            reports.push(Report::skipped("postgres", why));
        }
    }
    Ok(reports)
}

/// The package as users get it, and a folder that has nothing else of this repository.
pub(crate) struct Package {
    /// What `npm pack` made.
    archive: PathBuf,
    /// What `npm pack` made for this platform: the native half.
    native: PathBuf,
    /// The folder into which both are installed, with copies of the tests and the examples.
    pub(crate) app: PathBuf,
}

impl Package {
    /// Builds the package with Cargo's `profile`, packs and installs it.
    pub(crate) fn build(profile: &str) -> io::Result<Self> {
        let source = root().join("bindings/node");
        let work = root().join("target/node");
        install(&source)?;
        if profile == TESTED {
            build_tested(&source.join("build"))?;
        } else {
            run(&mut npm(
                &source,
                &["run", "build", "--", "--profile", profile],
            ))?;
        }
        // The folders of the platforms' packages are made anew: their version is this one's.
        remove(&source.join("npm"))?;
        run(&mut npm(
            &source,
            &["exec", "--", "napi", "create-npm-dirs"],
        ))?;
        let (name, binary) = built(&source.join("build"))?;
        let folder = source.join("npm").join(&name);
        fs::copy(&binary, folder.join(binary.file_name().unwrap_or_default()))?;
        let archives = work.join("archives");
        remove(&archives)?;
        fs::create_dir_all(&archives)?;
        let package = Self {
            archive: pack(&source, &archives)?,
            native: pack(&folder, &archives)?,
            app: work.join("app"),
        };
        package.install(&source)?;
        Ok(package)
    }

    fn install(&self, source: &Path) -> io::Result<()> {
        for folder in ["bench", "examples", "test"] {
            remove(&self.app.join(folder))?;
            copy(&source.join(folder), &self.app.join(folder))?;
        }
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(source.join("test").join(file), self.app.join(file))?;
        }
        install(&self.app)?;
        let mut add = npm(
            &self.app,
            &["install", "--no-save", "--no-audit", "--no-fund"],
        );
        run(add.arg(&self.archive).arg(&self.native))
    }

    /// The sizes of the native half and of its package, in MB.
    pub(crate) fn sizes(&self) -> io::Result<[f64; 2]> {
        let (_, binary) = built(&root().join("bindings/node/build"))?;
        let size = |file| {
            let kilobytes = u32::try_from(fs::metadata(file)?.len() / 1000);
            io::Result::Ok(f64::from(kilobytes.unwrap_or(u32::MAX)) / 1e3)
        };
        Ok([size(&binary)?, size(&self.native)?])
    }

    fn lint(&self, name: &str, program: &[&str]) -> io::Result<Report> {
        let source = root().join("bindings/node");
        let mut command = npm(&source, &["exec", "--"]);
        Report::of_in(name, &source, command.args(program).arg(&self.archive))
    }

    /// What the tests and the benchmark need to know.
    pub(crate) fn environment(&self, command: &mut Command) -> io::Result<()> {
        command
            .env("BACKCHAT_XTASK", std::env::current_exe()?)
            .env("BACKCHAT_VECTORS", root().join("tests/vectors"))
            .env(
                "BACKCHAT_VECTOR_COUNT",
                case_count().map_err(io::Error::other)?.to_string(),
            )
            .env("BACKCHAT_SOURCE", root().join("bindings/node"))
            .env("BACKCHAT_ARCHIVE", &self.archive);
        Ok(())
    }
}

/// `npm ci`, unless it was done for the same lock file.
fn install(folder: &Path) -> io::Result<()> {
    let lock = fs::read(folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules/.backchat-installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(&mut npm(folder, &["ci", "--no-audit", "--no-fund"]))?;
    fs::write(stamp, lock)
}

/// Builds the native half as `napi build` does, but without naming the target: so it shares the build
/// of the program.
fn build_tested(folder: &Path) -> io::Result<()> {
    run(cargo()
        .args(["build", "--quiet", "-p", "backchat-node"])
        .current_dir(root()))?;
    let library = format!("{DLL_PREFIX}backchat_node{DLL_SUFFIX}");
    remove(folder)?;
    fs::create_dir_all(folder)?;
    let addon = folder.join(format!("backchat.{}.node", platform()));
    fs::copy(root().join("target/debug").join(library), addon).map(drop)
}

/// This platform, as napi writes it: `linux-x64-gnu`.
fn platform() -> String {
    let os = match OS {
        "macos" => "darwin",
        "windows" => "win32",
        os => os,
    };
    let arch = match ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        arch => arch,
    };
    let abi = if cfg!(target_env = "musl") {
        "-musl"
    } else if cfg!(target_env = "gnu") {
        "-gnu"
    } else if cfg!(target_env = "msvc") {
        "-msvc"
    } else {
        ""
    };
    format!("{os}-{arch}{abi}")
}

/// The native half that was built, and its platform: `linux-x64-gnu`.
fn built(folder: &Path) -> io::Result<(String, PathBuf)> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let platform = name
            .strip_prefix("backchat.")
            .and_then(|rest| rest.strip_suffix(".node"));
        if let Some(platform) = platform {
            return Ok((platform.to_owned(), path));
        }
    }
    Err(io::Error::other("napi has built nothing"))
}

/// `npm pack`, and the file that it wrote.
fn pack(folder: &Path, into: &Path) -> io::Result<PathBuf> {
    let output = npm(folder, &["pack", "--silent", "--pack-destination"])
        .arg(into)
        .output()?;
    let written = String::from_utf8_lossy(&output.stdout);
    match written.lines().last() {
        Some(name) if output.status.success() => Ok(into.join(name.trim())),
        _ => Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )),
    }
}

fn test_files(app: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(app.join("test"))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn npm(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder);
    command
}

fn run(command: &mut Command) -> io::Result<()> {
    println!("{command:?}");
    if command.status()?.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{command:?} failed")))
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies a folder, without what npm put into it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            fs::copy(entry.path(), target)?;
        } else if entry.file_name() != "node_modules" {
            copy(&entry.path(), &target)?;
        }
    }
    Ok(())
}
