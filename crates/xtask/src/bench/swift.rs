//! The Swift package against `URLSession` and `JSONDecoder`, in one run.

use std::path::PathBuf;
use std::process::Stdio;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::reply::start_stub;
use super::{Cores, compared, line, median, on_first_core, parse, printed};
use crate::Done;
use crate::mobile::{build_optimised, copy_library, succeed};
use crate::suite::root;
use crate::swift::{Swift, package};

const ROUNDS: usize = 3;

#[derive(Deserialize)]
struct Reply {
    microseconds: f64,
}

/// An event, in microseconds: ours, the peer's, and parts of ours.
#[derive(Deserialize)]
struct Parse {
    backchat: f64,
    codable: f64,
    /// Without what the public types add.
    generated: f64,
    /// A call without arguments that returns a number.
    crossing: f64,
    /// A call that returns a short string.
    string: f64,
}

pub(super) fn report() -> Done {
    let bench = Bench::build()?;
    let stub = start_stub(Cores::One)?;
    println!(
        "\nSwift: client CPU per reply (200 warm-ups, 10,000 replies, median of {ROUNDS}; one core for both sides)"
    );
    for in_flight in ["1", "32"] {
        let ours = bench.replies("backchat", &stub.address, in_flight)?;
        let peer = bench.replies("urlsession", &stub.address, in_flight)?;
        let name = format!("reply, {in_flight} in flight");
        line(&name, ours, peer, "µs", "URLSession", 0.5);
    }
    stub.stop()?;
    println!("\nSwift: the seed's event, from bytes to a typed value (best of 10 x 20,000)");
    let event = root().join("tests/vectors/seed-event.json");
    let event: Parse = bench.part(&["parse", &event.to_string_lossy()])?;
    println!(
        "{}",
        compared("parse", event.backchat, event.codable, "µs", "JSONDecoder")
    );
    let core = parse::event_alone()?;
    println!(
        "of it: the core {core:.2} µs, over into Swift {:.2} µs, the public types {:.2} µs\n\
         one call into the library: {:.3} µs; one that returns a short string: {:.2} µs",
        event.generated - core,
        event.backchat - event.generated,
        event.crossing,
        event.string,
    );
    Ok(())
}

/// The program that measures, linked to the optimised library.
struct Bench {
    swift: Swift,
    program: PathBuf,
}

impl Bench {
    fn build() -> Result<Self, Box<dyn std::error::Error>> {
        let swift = Swift::find()?;
        build_optimised()?;
        let folder = root().join("target/swift/bench");
        let library = folder.join("lib");
        copy_library("release", &library)?;
        succeed(
            swift
                .in_project("swift", &package().join("Bench"))
                .args(["build", "-c", "release", "--disable-sandbox"])
                .arg("--scratch-path")
                .arg(&folder)
                .env("BACKCHAT_LIBRARY", library)
                .stdout(Stdio::null()),
        )?;
        Ok(Self {
            swift,
            program: folder.join("release/Bench"),
        })
    }

    fn replies(
        &self,
        who: &str,
        url: &str,
        in_flight: &str,
    ) -> Result<f64, Box<dyn std::error::Error>> {
        let measure = || self.part::<Reply>(&["reply", who, url, in_flight]);
        let rounds: Result<Vec<_>, _> = (0..ROUNDS).map(|_| measure()).collect();
        Ok(median(rounds?.iter().map(|r| r.microseconds).collect()))
    }

    /// What the program prints, as JSON; on the first core.
    fn part<T: DeserializeOwned>(
        &self,
        arguments: &[&str],
    ) -> Result<T, Box<dyn std::error::Error>> {
        let mut program = self
            .swift
            .in_project(&self.program.to_string_lossy(), &root());
        program.args(arguments);
        let mut pinned = on_first_core(program.get_program());
        pinned.args(program.get_args());
        // Cargo's names the folder of the library that is not optimised.
        printed(pinned.env_remove("LD_LIBRARY_PATH"))
    }
}
