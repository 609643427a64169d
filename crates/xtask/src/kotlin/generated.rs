//! What the generated Kotlin sources get to be ours: they are internal, and a few lines differ.

use std::fs;
use std::io;
use std::path::Path;

/// In both of the generated files: what the generator writes, and what stands there instead.
const EVERYWHERE: &[(&str, &str)] = &[
    // `Slab.kt` says why.
    (
        "open class RustBuffer : Structure() {\n",
        "open class RustBuffer : Structure() {\n    \
         override fun autoAllocate(size: Int) = dev.backchat.internal.Slab.take(size)\n",
    ),
    (
        "open class UniffiRustCallStatus : Structure() {\n",
        "open class UniffiRustCallStatus : Structure() {\n    \
         override fun autoAllocate(size: Int) = dev.backchat.internal.Slab.take(size)\n",
    ),
    // Half of an emoji becomes U+FFFD, as in every language, instead of an exception.
    (
        "onMalformedInput(CodingErrorAction.REPORT)",
        "onMalformedInput(CodingErrorAction.REPLACE).replaceWith(\"\\uFFFD\".toByteArray())",
    ),
];

/// In the file of this library alone.
const LIBRARY: &[(&str, &str)] = &[
    // `Driver.kt` says why.
    (
        "        Native.register(UniffiLib::class.java",
        "        dev.backchat.internal.Driver.introduce()\n        \
         Native.register(UniffiLib::class.java",
    ),
    // A token provider is code of the user, and so is what it does when it is cancelled: `UserCode.kt`.
    (
        "GlobalScope.launch coroutineBlock@ {",
        "GlobalScope.launch(dev.backchat.internal.UserCode.dispatcher) coroutineBlock@ {",
    ),
    (
        "            job.cancel()\n",
        "            dev.backchat.internal.UserCode.run { job.cancel() }\n",
    ),
];

/// Adapts the sources that were generated into `folder`.
pub(super) fn adapt(folder: &Path) -> io::Result<()> {
    let files = [
        ("dev/backchat/ffi/backchat_mobile.kt", LIBRARY),
        ("dev/backchat/ffi/core/backchat_core.kt", &[]),
    ];
    for (file, own) in files {
        let path = folder.join(file);
        let mut source = internal(&fs::read_to_string(&path)?);
        for (written, instead) in EVERYWHERE.iter().chain(own) {
            source = replaced(&source, written, instead)?;
        }
        fs::write(&path, source)?;
    }
    Ok(())
}

/// A generator that writes another line now must not go unnoticed.
fn replaced(source: &str, written: &str, instead: &str) -> io::Result<String> {
    if source.contains(written) {
        return Ok(source.replace(written, instead));
    }
    let why = format!("the generator no longer writes `{written}`: see kotlin/generated.rs");
    Err(io::Error::other(why))
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

#[cfg(test)]
mod tests {
    use super::{internal, replaced};

    #[test]
    fn what_is_generated_is_internal() {
        let source = "public interface A {\n    public fun a()\n}\nfun b() {}\nprivate val c = 1\n";
        let expected = "internal interface A {\n    public fun a()\n}\ninternal fun b() {}\nprivate val c = 1\n";
        assert_eq!(internal(source), expected);
    }

    #[test]
    fn a_line_that_is_not_there_is_an_error() {
        assert_eq!(replaced("a b", "b", "c").ok().as_deref(), Some("a c"));
        assert!(replaced("a b", "d", "c").is_err());
    }
}
