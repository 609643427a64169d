//! The Kotlin library: its native part, its generated sources, its jar, and its tests.

mod app;
mod generated;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use backchat_tests::vectors::case_count;

use crate::mobile;
use crate::suite::{Report, root};

/// Builds the native library, compares the generated sources with fresh ones, and tests the library.
pub(crate) fn suite() -> io::Result<Vec<Report>> {
    if Command::new("mvn").arg("--version").output().is_err() {
        let why = "Maven is not installed: install maven, with Java 17 or later";
        return Ok(vec![Report::skipped("kotlin", why)]);
    }
    let library = Library::build()?;
    let mut reports = vec![library.compare_generated()?];
    let mut test = maven("test");
    test.env("BACKCHAT_XTASK", std::env::current_exe()?);
    let vectors = case_count().map_err(io::Error::other)?;
    test.env("BACKCHAT_VECTOR_COUNT", vectors.to_string());
    test.env("BACKCHAT_PROGRAM", root().join("target/debug/backchat"));
    reports.push(Report::of_in("kotlin", &here(), &mut test)?);
    reports.push(app::run()?);
    Ok(reports)
}

/// Writes the generated sources anew, as they are checked in.
pub(crate) fn generate() -> crate::Done {
    Library::build()?.generate(&here().join(SOURCES))?;
    Ok(())
}

/// Where the generated sources stand.
const SOURCES: &str = "src/main/kotlin";

/// The native library, and the generator that belongs to it.
struct Library {
    native: PathBuf,
    generator: PathBuf,
}

impl Library {
    /// Builds both, and puts the library where the jar takes it from.
    fn build() -> io::Result<Self> {
        let built = mobile::build()?;
        mobile::copy_library("debug", &root().join("target/kotlin/native/linux-x86-64"))?;
        Ok(Self {
            native: built.join(mobile::library_name()),
            generator: built.join("uniffi-bindgen"),
        })
    }

    /// Writes the Kotlin sources that belong to the library into `folder`.
    fn generate(&self, folder: &Path) -> io::Result<()> {
        mobile::succeed(
            Command::new(&self.generator)
                .args([
                    "generate",
                    "--language",
                    "kotlin",
                    "--no-format",
                    "--out-dir",
                ])
                .arg(folder)
                .arg(&self.native)
                .current_dir(root()),
        )?;
        generated::adapt(folder)
    }

    fn compare_generated(&self) -> io::Result<Report> {
        let fresh = root().join("target/kotlin/generated");
        self.generate(&fresh)?;
        let mut diff = Command::new("diff");
        diff.args(["--recursive", "--unified"]);
        diff.arg(here().join(SOURCES).join("dev/backchat/ffi"));
        diff.arg(fresh.join("dev/backchat/ffi"));
        Report::of("kt-ffi", &mut diff)
    }
}

/// What the measurement runs: the compiled programs, on the library as users get it.
pub(crate) struct Bench {
    classpath: String,
    native: PathBuf,
}

impl Bench {
    pub(crate) fn build() -> io::Result<Self> {
        mobile::build_optimised()?;
        let native = root().join("target/kotlin/bench/native");
        mobile::copy_library("release", &native)?;
        let listed = root().join("target/kotlin/bench/classpath");
        let mut compile = maven("test-compile");
        compile.args(["--quiet", "dependency:build-classpath"]);
        compile.arg(format!("-Dmdep.outputFile={}", listed.display()));
        mobile::succeed(compile.current_dir(here()))?;
        let built = here().join("target");
        let (tests, classes) = (built.join("test-classes"), built.join("classes"));
        let others = fs::read_to_string(listed)?;
        Ok(Self {
            classpath: format!("{}:{}:{others}", tests.display(), classes.display()),
            native,
        })
    }

    /// For `java`. What stands in `jna.library.path` goes before what the jar holds.
    pub(crate) fn options(&self) -> [String; 3] {
        let native = format!("-Djna.library.path={}", self.native.display());
        [native, "-cp".to_owned(), self.classpath.clone()]
    }
}

/// Maven, for the library.
fn maven(goal: &str) -> Command {
    let mut maven = Command::new("mvn");
    // Without its daemon, which would outlive the tests.
    maven.args([
        "--batch-mode",
        "--no-transfer-progress",
        "-Dkotlin.compiler.daemon=false",
        goal,
    ]);
    maven
}

/// The library's folder.
fn here() -> PathBuf {
    root().join("bindings/mobile/kotlin")
}
