//! `cargo xtask test`: every suite, a line each, and one line for all.

use std::env;
use std::io;
use std::process::Command;

use backchat_tests::example;

use crate::Done;
use crate::kotlin;
use crate::node;
use crate::postgres::{Postgres, pgbouncer};
use crate::python;
use crate::suite::{End, Report, cargo};
use crate::swift;

type Suite = (&'static str, fn() -> io::Result<Vec<Report>>);

/// In the order in which a mistake is found soonest. Another language is another line.
const SUITES: &[Suite] = &[
    ("format", format),
    ("lint", lint),
    ("docs", docs),
    ("rust", rust),
    ("vectors", vectors),
    ("demo", demo),
    ("python", python::suite),
    ("node", node::suite),
    ("kotlin", kotlin::suite),
    ("swift", swift::suite),
];

pub(crate) fn run(wanted: &[String]) -> Done {
    let mut reports = Vec::new();
    for &(name, suite) in SUITES {
        if wanted.is_empty()
            || wanted
                .iter()
                .any(|prefix| name.starts_with(prefix.as_str()))
        {
            reports.extend(suite()?);
        }
    }
    if reports.is_empty() {
        return Err(format!("no suite is called {}", wanted.join(" or ")).into());
    }
    summarise(&reports)
}

fn summarise(reports: &[Report]) -> Done {
    let (mut all_passed, mut all_failed, mut all_skipped) = (0, 0, 0);
    println!();
    for Report { name, end, took } in reports {
        match end {
            End::Ran {
                passed,
                failed,
                skipped,
            } => {
                all_passed += passed;
                all_failed += failed;
                all_skipped += skipped;
                let verdict = if *failed == 0 { "ok" } else { "FAILED" };
                println!(
                    "{verdict:>7}  {name:<10} {passed:>5} passed {failed:>4} failed {:>7.1} s",
                    took.as_secs_f64()
                );
                if *skipped > 0 {
                    println!("SKIPPED  {name:<10} {skipped} of its tests, which say why above");
                }
            }
            End::Skipped(why) => {
                all_skipped += 1;
                println!("SKIPPED  {name:<10} {why}");
            }
        }
    }
    let ci = env::var("CI").is_ok_and(|ci| ci == "true");
    if ci && all_skipped > 0 {
        all_failed += all_skipped;
        println!("with CI=true nothing may be skipped");
    }
    println!("\n{all_passed} passed, {all_failed} failed, {all_skipped} skipped");
    if all_failed == 0 {
        Ok(())
    } else {
        Err("not every suite passed".into())
    }
}

fn one(name: &str, command: &mut Command) -> io::Result<Vec<Report>> {
    Ok(vec![Report::of(name, command)?])
}

fn format() -> io::Result<Vec<Report>> {
    one("format", cargo().args(["fmt", "--all", "--check"]))
}

fn lint() -> io::Result<Vec<Report>> {
    let all = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ];
    one("lint", cargo().args(all))
}

fn docs() -> io::Result<Vec<Report>> {
    let all = ["doc", "--workspace", "--no-deps", "--quiet"];
    one("docs", cargo().args(all).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Unit tests, end-to-end tests, documentation examples; with a Postgres of their own, and PgBouncer.
fn rust() -> io::Result<Vec<Report>> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--quiet", "--no-fail-fast"]);
    command.env(example::BUILT, "1");
    let postgres = Postgres::start();
    let pgbouncer = pgbouncer();
    if let Ok(postgres) = &postgres {
        command.env("BACKCHAT_TEST_POSTGRES", postgres.url());
    }
    if let Ok(program) = &pgbouncer {
        command.env("BACKCHAT_TEST_PGBOUNCER", program);
    }
    let mut reports = one("rust", &mut command)?;
    reports.extend(postgres.err().map(|why| Report::skipped("postgres", why)));
    reports.extend(pgbouncer.err().map(|why| Report::skipped("pgbouncer", why)));
    Ok(reports)
}

/// Run once more by themselves, for their counts: every language must show the same.
fn vectors() -> io::Result<Vec<Report>> {
    let runners = ["--test", "vectors", "--test", "outcomes"];
    let mut command = cargo();
    command.args(["test", "--workspace", "--quiet"]);
    command.args(runners).args(["--", "--nocapture"]);
    one("vectors", &mut command)
}

fn demo() -> io::Result<Vec<Report>> {
    one("demo", cargo().args(["run", "--quiet", "--", "demo"]))
}
