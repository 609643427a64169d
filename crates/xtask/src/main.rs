//! The one way to build, test, lint and measure Backchat: `cargo xtask --help`.

mod bench;
mod debian;
mod fault_server;
mod kotlin;
mod mobile;
mod node;
mod phone;
mod postgres;
mod python;
mod suite;
mod swift;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Builds, tests, lints and measures Backchat."
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Sets up what the tests need and runs all of them, in every language.
    Test {
        /// Only the suites whose name starts with one of these.
        suites: Vec<String>,
    },
    /// Measures against peers, in one run, and prints ratios.
    Bench {
        /// What to measure.
        #[arg(default_value = "core")]
        what: bench::What,
    },
    /// Writes the generated Kotlin sources anew.
    GenerateKotlin,
    /// Starts the fault server for tests in other languages; prints its addresses as JSON.
    FaultServer,
    /// One side of a measurement, in a process of its own.
    #[command(hide = true)]
    BenchPart {
        #[command(subcommand)]
        part: bench::Part,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Test { suites } => test::run(&suites),
        Task::Bench { what } => bench::run(what),
        Task::GenerateKotlin => kotlin::generate(),
        Task::FaultServer => fault_server::run(),
        Task::BenchPart { part } => bench::part(part),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, in a sentence: a task's failure is for people.
type Done = Result<(), Box<dyn std::error::Error>>;
