//! The Node package against the official SDK, undici and `node:crypto`, in one run.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::reply::start_stub;
use super::{Cores, line, median, on_first_core, printed};
use crate::Done;
use crate::node::Package;
use crate::suite::SHIPPED;

const ROUNDS: usize = 3;

/// What one process measured.
#[derive(Deserialize)]
struct Reply {
    microseconds: f64,
    rss: f64,
    growth: f64,
}

#[derive(Deserialize)]
struct Import {
    backchat: f64,
    official: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verify {
    backchat: f64,
    by_hand: f64,
}

pub(super) fn report() -> Done {
    let package = Package::build(SHIPPED)?;
    let [binary, packed] = package.sizes()?;
    line("binary", binary, 10.5, "MB", "limit", 1.0);
    line("binary, packed", packed, 5.0, "MB", "limit", 1.0);
    let stub = start_stub(Cores::One)?;
    println!(
        "\nclient CPU per reply (200 warm-ups, 10,000 replies, median of {ROUNDS}; one core for both sides)"
    );
    for (in_flight, goal) in [("1", 1.0 / 4.0), ("32", 1.0 / 5.0)] {
        let measure = |who| replies(&package.app, &stub.address, who, in_flight);
        let (ours, official, undici) = (
            measure("backchat")?,
            measure("official")?,
            measure("undici")?,
        );
        let name = format!("reply, {in_flight} in flight");
        let (ours, theirs) = (figures(&ours), figures(&official));
        line(
            &name,
            ours.microseconds,
            theirs.microseconds,
            "µs",
            "official",
            goal,
        );
        line(
            &name,
            ours.microseconds,
            figures(&undici).microseconds,
            "µs",
            "undici",
            1.0,
        );
        let (peak, peer) = (ours.rss / 1e6, theirs.rss / 1e6);
        line(
            "memory after 10,000 replies",
            peak,
            peer,
            "MB",
            "official",
            1.0,
        );
        println!("growth over the last 5,000: {:.2} MB", ours.growth / 1e6);
    }
    stub.stop()?;
    println!("\nimport beyond bare Node (wall, best of 25 processes)");
    let import: Import = part(&package.app, &["import.mjs"])?;
    line(
        "import",
        import.backchat,
        import.official,
        "ms",
        "official",
        0.25,
    );
    println!("\nverifying and parsing an event, 2048 bit, salt 32 (best of 10 x 2,000)");
    let verify: Verify = part(&package.app, &["verify.mjs"])?;
    line(
        "verify",
        verify.backchat,
        verify.by_hand,
        "µs",
        "by hand",
        1.5,
    );
    Ok(())
}

fn replies(
    app: &Path,
    url: &str,
    who: &str,
    in_flight: &str,
) -> Result<Vec<Reply>, Box<dyn std::error::Error>> {
    let arguments = ["reply.mjs", who, url, in_flight];
    (0..ROUNDS).map(|_| part(app, &arguments)).collect()
}

/// The middle of each figure.
fn figures(rounds: &[Reply]) -> Reply {
    let middle = |figure: fn(&Reply) -> f64| median(rounds.iter().map(figure).collect());
    Reply {
        microseconds: middle(|r| r.microseconds),
        rss: middle(|r| r.rss),
        growth: middle(|r| r.growth),
    }
}

/// What a script prints, as JSON; on the first core.
fn part<T: DeserializeOwned>(
    app: &Path,
    arguments: &[&str],
) -> Result<T, Box<dyn std::error::Error>> {
    let mut node = on_first_core("node");
    printed(node.args(arguments).current_dir(app.join("bench")))
}
