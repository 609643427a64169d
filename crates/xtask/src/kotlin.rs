//! The Kotlin library: its native part, its generated sources, its jar, and its tests.

mod app;

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

/// The generated files, below [`SOURCES`].
const GENERATED: [&str; 2] = [
    "dev/backchat/ffi/backchat_mobile.kt",
    "dev/backchat/ffi/core/backchat_core.kt",
];

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
        for file in GENERATED {
            let path = folder.join(file);
            let source = fs::read_to_string(&path)?;
            fs::write(&path, on_slabs(&internal(&source)))?;
        }
        Ok(())
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

/// The same source with every declaration `internal`: users of the library do not see it.
fn internal(source: &str) -> String {
    let declarations = [
        "abstract class ",
        "class ",
        "const val ",
        "data class ",
        "enum class ",
        "fun ",
        "inline fun",
        "interface ",
        "object ",
        "open class ",
        "sealed class ",
        "suspend fun",
        "typealias ",
        "val ",
        "var ",
    ];
    let mut lines = Vec::new();
    for line in source.lines() {
        // Functions follow their documentation, or what they throw, on the same line.
        let line = line
            .trim_end()
            .replace("*/ fun ", "*/ internal fun ")
            .replace("::class) fun ", "::class) internal fun ");
        let plain = line.strip_prefix("public ").unwrap_or(&line);
        if declarations.iter().any(|start| plain.starts_with(start)) {
            lines.push(format!("internal {plain}"));
        } else {
            lines.push(line);
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The same source with the memory of its structures from `Slab.kt`, which says why.
fn on_slabs(source: &str) -> String {
    let taken =
        "    override fun autoAllocate(size: Int) = dev.backchat.internal.Slab.take(size)\n";
    let mut source = source.to_owned();
    for class in ["RustBuffer", "UniffiRustCallStatus"] {
        let head = format!("open class {class} : Structure() {{\n");
        source = source.replace(&head, &format!("{head}{taken}"));
    }
    source
}

/// The library's folder.
fn here() -> PathBuf {
    root().join("bindings/mobile/kotlin")
}

#[cfg(test)]
mod tests {
    use super::{internal, on_slabs};

    #[test]
    fn what_is_generated_is_internal() {
        let source = "public interface A {\n    public fun a()\n}\nfun b() {}\nprivate val c = 1\n";
        let expected = "internal interface A {\n    public fun a()\n}\ninternal fun b() {}\nprivate val c = 1\n";
        assert_eq!(internal(source), expected);
    }

    #[test]
    fn structures_take_memory_from_slabs() {
        let source = "internal open class RustBuffer : Structure() {\n}\n";
        assert!(on_slabs(source).contains("{\n    override fun autoAllocate(size: Int) = "));
    }
}
