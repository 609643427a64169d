//! `backchat`, the only program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(backchat_cli::run(std::env::args_os()))
}
