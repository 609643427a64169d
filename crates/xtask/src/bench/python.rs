//! The Python package against the official SDK, aiohttp, pydantic and `cryptography`, in one run.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::reply::start_stub;
use super::{Cores, line, median, on_first_core, printed};
use crate::Done;
use crate::python::{Environment, here};
use crate::suite::SHIPPED;

const ROUNDS: usize = 3;
/// The official SDK takes a millisecond of CPU for each.
const THEIRS: &str = "3000";
const OURS: &str = "10000";

#[derive(Deserialize)]
struct Reply {
    microseconds: f64,
    #[serde(default)]
    growth_kib: f64,
    peak_kib: f64,
}

pub(super) fn report() -> Done {
    let environment = Environment::prepare("bench", "bench/requirements.txt", SHIPPED)?;
    let stub = start_stub(Cores::One)?;
    replies(&environment, &stub.address)?;
    stub.stop()?;
    println!("\nimport beyond bare Python (wall, best of 15 processes)");
    let import: Import = part(&environment, &["import"])?;
    let goal = 1.0 / 8.0;
    line(
        "import",
        import.backchat,
        import.official,
        "ms",
        "official",
        goal,
    );
    println!("\nthe seed's event, from bytes to a typed object (best of 10 x 20,000)");
    let parse: Parse = part(&environment, &["parse"])?;
    line(
        "parse",
        parse.backchat,
        parse.pydantic,
        "µs",
        "pydantic",
        1.0,
    );
    println!("\nverifying and parsing it, 2048 bit, salt 32 (best of 10 x 2,000)");
    let verify: Verify = part(&environment, &["verify"])?;
    line(
        "verify",
        verify.backchat,
        verify.by_hand,
        "µs",
        "by hand",
        1.2,
    );
    Ok(())
}

fn replies(environment: &Environment, url: &str) -> Done {
    println!(
        "\nclient CPU per reply (200 warm-ups; ours and aiohttp {OURS} replies, the official SDK \
         {THEIRS}; median of {ROUNDS}; one core for both sides)"
    );
    let reply = |client, in_flight| reply(environment, url, client, in_flight);
    let (ours, official) = (reply("backchat", "0")?, reply("official", "0")?);
    let cpu = |name: &str, ours: &Reply, peer: &Reply, peer_name: &str, goal: f64| {
        line(
            name,
            ours.microseconds,
            peer.microseconds,
            "µs",
            peer_name,
            goal,
        );
    };
    cpu("sync", &ours, &official, "official", 1.0 / 12.0);
    for (in_flight, goal) in [("1", 1.0), ("32", 1.0 / 20.0)] {
        let name = format!("async, {in_flight} in flight");
        let ours = reply("backchat", in_flight)?;
        cpu(
            &name,
            &ours,
            &reply("official", in_flight)?,
            "official",
            goal,
        );
        cpu(&name, &ours, &reply("aiohttp", in_flight)?, "aiohttp", 1.0);
    }
    let (peak, theirs) = (ours.peak_kib, official.peak_kib);
    line("peak memory", peak, theirs, "KiB", "official", 1.0);
    println!(
        "growth from the 200th to the last reply: {} KiB",
        ours.growth_kib
    );
    Ok(())
}

fn reply(
    environment: &Environment,
    url: &str,
    client: &str,
    in_flight: &str,
) -> Result<Reply, Box<dyn std::error::Error>> {
    let replies = if client == "official" { THEIRS } else { OURS };
    let arguments = [
        "reply",
        "--client",
        client,
        "--url",
        url,
        "--in-flight",
        in_flight,
        "--replies",
        replies,
    ];
    let rounds = (0..ROUNDS)
        .map(|_| part::<Reply>(environment, &arguments))
        .collect::<Result<Vec<_>, _>>()?;
    let middle = |figure: fn(&Reply) -> f64| median(rounds.iter().map(figure).collect());
    Ok(Reply {
        microseconds: middle(|r| r.microseconds),
        growth_kib: middle(|r| r.growth_kib),
        peak_kib: middle(|r| r.peak_kib),
    })
}

#[derive(Deserialize)]
struct Import {
    backchat: f64,
    official: f64,
}

#[derive(Deserialize)]
struct Parse {
    backchat: f64,
    pydantic: f64,
}

#[derive(Deserialize)]
struct Verify {
    backchat: f64,
    by_hand: f64,
}

/// What a part of `bench.py` prints, on the first core.
fn part<T: DeserializeOwned>(
    environment: &Environment,
    arguments: &[&str],
) -> Result<T, Box<dyn std::error::Error>> {
    let python = environment.python();
    let mut bench = on_first_core(python.get_program());
    printed(bench.arg(here().join("bench/bench.py")).args(arguments))
}
