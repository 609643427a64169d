//! `npx backchat`: the same program as `cargo install backchat`.

use napi_derive::napi;

/// Runs the program with its arguments, blocking, and gives its exit code. For a process that does
/// nothing else.
#[napi]
pub fn run_cli(arguments: Vec<String>) -> u8 {
    backchat_cli::run(arguments)
}
