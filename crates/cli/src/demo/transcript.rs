//! The demo's lines.

use std::io::Write;

/// Prints a line. A reader that has gone away does not end the demo.
pub(super) fn say(line: &str) {
    let _gone = writeln!(std::io::stdout(), "{line}");
}

pub(super) fn step(number: u8, title: &str) {
    say(&format!("\n{number}. {title}"));
}
