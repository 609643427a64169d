//! The Kotlin library against `java.net.http` with Jackson, in one run.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::reply::start_stub;
use super::{Cores, compared, line, median, on_first_core, parse, printed};
use crate::Done;
use crate::kotlin::Bench;
use crate::suite::root;

const ROUNDS: usize = 3;

/// What one process measured.
#[derive(Deserialize)]
struct Reply {
    microseconds: f64,
}

#[derive(Deserialize)]
struct Parse {
    backchat: f64,
    jackson: f64,
    crossing: f64,
    lift: f64,
}

pub(super) fn report() -> Done {
    let bench = Bench::build()?;
    let stub = start_stub(Cores::One)?;
    println!(
        "\nKotlin: client CPU per reply (5,000 warm-ups, 10,000 replies, median of {ROUNDS}; one core for both sides)"
    );
    for in_flight in ["1", "32"] {
        let measure = |who| replies(&bench, &stub.address, who, in_flight);
        let (ours, peer) = (measure("backchat")?, measure("java")?);
        let name = format!("reply, {in_flight} in flight");
        line(&name, ours, peer, "µs", "java.net.http", 1.0);
    }
    stub.stop()?;
    println!("\nKotlin: the seed's event, from bytes to a typed object (best of 10 x 20,000)");
    let event = root().join("tests/vectors/seed-event.json");
    let ours: Parse = part(&bench, "Parse", &[&event.to_string_lossy()])?;
    println!(
        "{}",
        compared("parse", ours.backchat, ours.jackson, "µs", "Jackson")
    );
    println!(
        "of ours: the core alone {:.2} µs, one crossing with a short string {:.2} µs, the object from what crossed {:.2} µs",
        parse::event_alone()?,
        ours.crossing,
        ours.lift
    );
    Ok(())
}

fn replies(
    bench: &Bench,
    url: &str,
    who: &str,
    in_flight: &str,
) -> Result<f64, Box<dyn std::error::Error>> {
    let rounds = (0..ROUNDS)
        .map(|_| part::<Reply>(bench, "Reply", &[who, url, in_flight]).map(|r| r.microseconds))
        .collect::<Result<_, _>>()?;
    Ok(median(rounds))
}

/// What a program prints, as JSON; on the first core.
fn part<T: DeserializeOwned>(
    bench: &Bench,
    program: &str,
    arguments: &[&str],
) -> Result<T, Box<dyn std::error::Error>> {
    let mut java = on_first_core("java");
    java.args(bench.options());
    java.arg(format!("dev.backchat.bench.{program}Kt"));
    printed(java.args(arguments))
}
