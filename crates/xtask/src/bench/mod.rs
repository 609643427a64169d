//! `cargo xtask bench`: ratios against peers in the same run, client and stub pinned to one core.

mod cpu;
mod inbox;
mod kotlin;
mod node;
mod parse;
mod python;
mod reply;
mod stub;
mod swift;
mod verify;

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::{Subcommand, ValueEnum};
use serde::de::DeserializeOwned;

use crate::Done;
use crate::suite::cargo;

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// The core: replies, parsing, verifying.
    Core,
    /// The inbox on each of its stores.
    Inbox,
    /// The Python package against the official SDK and others.
    Python,
    /// The Node package against the official SDK and others.
    Node,
    /// The Kotlin library against `java.net.http` with Jackson, and the Swift package against
    /// `URLSession` with `Codable`.
    Mobile,
}

#[derive(Subcommand)]
pub(crate) enum Part {
    /// Prints its address, then answers every POST until its input ends.
    Stub,
    /// Prints the CPU time and the connections of many replies.
    Reply(reply::Options),
    /// Prints the rate and the CPU time of events through an inbox.
    Inbox(inbox::Options),
    /// Prints the time of parsing the seed's event.
    Parse,
    /// Prints the time of verifying a signature.
    Verify,
}

pub(crate) fn run(what: What) -> Done {
    println!("building with optimisation …");
    let built = cargo()
        .args(["build", "--release", "--quiet", "-p", "xtask"])
        .current_dir(crate::suite::root())
        .status()?;
    if !built.success() {
        return Err("the build failed".into());
    }
    match what {
        What::Core => {
            reply::report()?;
            parse::report()?;
            verify::report()
        }
        What::Inbox => inbox::report(),
        What::Python => python::report(),
        What::Node => node::report(),
        What::Mobile => {
            kotlin::report()?;
            swift::report()
        }
    }
}

pub(crate) fn part(part: Part) -> Done {
    match part {
        Part::Stub => stub::serve(),
        Part::Reply(options) => reply::measure(&options),
        Part::Inbox(options) => inbox::measure(&options),
        Part::Parse => parse::measure(),
        Part::Verify => verify::measure(),
    }
}

/// Where a part of a measurement runs. Figures of one and of the other never compare.
#[derive(Clone, Copy)]
enum Cores {
    /// All parts on the first core: across cores, wake-ups cost ten times the work and drown it.
    One,
    /// Wherever the system puts them.
    Both,
}

/// The optimised xtask as one part of a measurement.
fn part_on(cores: Cores, arguments: &[&str]) -> Command {
    let xtask = crate::suite::root().join("target/release/xtask");
    let mut command = match cores {
        Cores::One => on_first_core(xtask),
        Cores::Both => Command::new(xtask),
    };
    command.arg("bench-part").args(arguments);
    command.stdin(Stdio::piped());
    command
}

/// What a part prints, as JSON.
fn measured<T: DeserializeOwned>(
    cores: Cores,
    arguments: &[&str],
) -> Result<T, Box<dyn std::error::Error>> {
    printed(&mut part_on(cores, arguments))
}

fn on_first_core(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program);
    command
}

/// What `command` prints, as JSON.
fn printed<T: DeserializeOwned>(command: &mut Command) -> Result<T, Box<dyn std::error::Error>> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

/// The middle of several measurements.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One line against a goal.
fn line(name: &str, ours: f64, peer: f64, unit: &str, peer_name: &str, goal: f64) {
    let verdict = if ours / peer <= goal { "ok" } else { "OVER" };
    let compared = compared(name, ours, peer, unit, peer_name);
    println!("{compared}  goal {goal:.2}  {verdict}");
}

fn compared(name: &str, ours: f64, peer: f64, unit: &str, peer_name: &str) -> String {
    let ratio = ours / peer;
    format!("{name:<34} {ours:>8.2} {unit}  {peer_name} {peer:>8.2} {unit}  ratio {ratio:>5.2}")
}

/// The mean time of `work` over so many `times`.
fn microseconds(times: u32, work: impl Fn()) -> f64 {
    let started = Instant::now();
    for _ in 0..times {
        work();
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(times)
}
