//! Events received, claimed and answered per second, on each store; what a full ledger costs; how
//! long cleaning up holds others up.

mod fill;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use backchat_core::jiff::Timestamp;
use backchat_core::{Client, Event, Webhook};
use backchat_inbox::Inbox;
use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::task::{JoinSet, spawn_blocking};

use super::reply::{self, start_stub};
use super::{Cores, count, cpu, measured};
use crate::Done;
use crate::postgres::Postgres;

const EVENTS: usize = 10_000;
const ROWS: u32 = 1_000_000;
const OLD_ROWS: u32 = 50_000;

/// When the seed's event was made.
const SEED_TIME: &str = "2025-10-24T08:59:10.736925502Z";

/// The longest that cleaning up may hold an event up, in milliseconds.
const PAUSE: f64 = 50.0;

#[derive(Args)]
pub(crate) struct Options {
    #[arg(long)]
    store: String,
    #[arg(long)]
    url: String,
    #[arg(long)]
    in_flight: usize,
    /// Cleans up old rows meanwhile.
    #[arg(long)]
    prune: bool,
}

/// What one process measured.
#[derive(Serialize, Deserialize)]
struct Measured {
    per_second: f64,
    cpu_microseconds: f64,
    longest_milliseconds: f64,
    /// One event in a thousand took longer.
    thousandth_milliseconds: f64,
    pruned: u64,
}

pub(super) fn report() -> Done {
    let stub = start_stub(Cores::Both)?;
    let bare = reply::cpu_per_reply(&stub.address)?;
    println!(
        "\nevents received, claimed and answered ({EVENTS} events, two cores for all; a bare reply costs {bare:.1} µs of CPU)"
    );
    let memory = || Ok("memory:".to_owned());
    stores(&stub.address, "memory", bare, memory)?;
    stores(&stub.address, "sqlite", bare, || {
        Ok(format!("sqlite:{}", fresh_file()?.display()))
    })?;
    match Postgres::start() {
        Ok(postgres) => {
            stores(&stub.address, "postgres", bare, || {
                fresh_database(&postgres)
            })?;
            full(&stub.address, "postgres", &fresh_database(&postgres)?)?;
        }
        Err(why) => println!("postgres: {why}"),
    }
    full(
        &stub.address,
        "sqlite",
        &format!("sqlite:{}", fresh_file()?.display()),
    )?;
    stub.stop()
}

fn stores(
    api: &str,
    name: &str,
    bare: f64,
    fresh: impl Fn() -> Result<String, Box<dyn std::error::Error>>,
) -> Done {
    for in_flight in [1, 32] {
        let m = process(&fresh()?, api, in_flight, false)?;
        println!(
            "{name:<10} {in_flight:>2} in flight  {:>8.0} events/s  {:>6.1} µs CPU per event ({:+.1} over a bare reply)  longest {:.1} ms",
            m.per_second,
            m.cpu_microseconds,
            m.cpu_microseconds - bare,
            m.longest_milliseconds
        );
    }
    Ok(())
}

/// The same ledger empty, then holding a million rows.
fn full(api: &str, name: &str, store: &str) -> Done {
    let empty = process(store, api, 32, false)?;
    fill::rows(store, "recent", ROWS, Duration::ZERO)?;
    let full = process(store, api, 32, false)?;
    let ratio = full.cpu_microseconds / empty.cpu_microseconds;
    println!(
        "{name}: with {ROWS} rows {:.0} events/s (empty {:.0}), CPU ratio {ratio:.2}  goal 1.20  {}",
        full.per_second,
        empty.per_second,
        if ratio <= 1.2 { "ok" } else { "OVER" }
    );
    pause(api, name, store)
}

/// How long one event waits while old rows are deleted, and in the same ledger while none are.
fn pause(api: &str, name: &str, store: &str) -> Done {
    let before = process(store, api, 1, false)?;
    let pruning = process(store, api, 1, true)?;
    let after = process(store, api, 1, false)?;
    if pruning.pruned < OLD_ROWS.into() {
        let why = format!("cleaning up deleted {} of {OLD_ROWS} rows", pruning.pruned);
        return Err(why.into());
    }
    let longest = pruning.longest_milliseconds;
    println!(
        "{name}: while {} old rows are deleted the longest of {EVENTS} events took {longest:.1} ms, of a thousand {:.1} ms  goal {PAUSE:.0}  {}",
        pruning.pruned,
        pruning.thousandth_milliseconds,
        if longest <= PAUSE { "ok" } else { "OVER" }
    );
    println!(
        "{name}: while none are, before and after, {:.1} and {:.1} ms, of a thousand {:.1} and {:.1} ms",
        before.longest_milliseconds,
        after.longest_milliseconds,
        before.thousandth_milliseconds,
        after.thousandth_milliseconds
    );
    Ok(())
}

fn fresh_file() -> std::io::Result<PathBuf> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let directory = crate::suite::root().join("target/bench");
    std::fs::create_dir_all(&directory)?;
    let file = directory.join(format!("inbox-{}-{number}.db", std::process::id()));
    for suffix in ["", "-wal", "-shm"] {
        let _absent = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
    Ok(file)
}

fn fresh_database(postgres: &Postgres) -> Result<String, Box<dyn std::error::Error>> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let name = format!("bench{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    fill::create_database(postgres.url(), &name)?;
    let server = postgres.url().trim_end_matches("/postgres");
    Ok(format!("{server}/{name}"))
}

fn process(
    store: &str,
    url: &str,
    in_flight: usize,
    prune: bool,
) -> Result<Measured, Box<dyn std::error::Error>> {
    let in_flight = in_flight.to_string();
    let mut arguments = vec![
        "inbox",
        "--store",
        store,
        "--url",
        url,
        "--in-flight",
        &in_flight,
    ];
    if prune {
        arguments.push("--prune");
    }
    measured(Cores::Both, &arguments)
}

/// In a process of its own: receives the events and prints what they cost.
pub(super) fn measure(options: &Options) -> Done {
    let runtime = tokio::runtime::Runtime::new()?;
    let measured = runtime.block_on(async {
        let client = Client::builder()
            .api_token("token")
            .base_url(&options.url)
            .build()?;
        let inbox = Inbox::builder(client, Webhook::unverified())
            .store(&options.store)
            .await?
            .build()?;
        inbox.on_message(|message| async move { format!("You said: {}", message.text) })?;
        receive(&inbox, 1_000_000, 500, options.in_flight).await?;
        if options.prune {
            // Not before: the first request cleans up by itself.
            let store = options.store.clone();
            spawn_blocking(move || fill_old(&store)).await??;
        }
        let pruning = options.prune.then(|| {
            let inbox = inbox.clone();
            tokio::spawn(async move { inbox.prune().await })
        });
        let before = cpu::used()?;
        let started = Instant::now();
        let mut times = receive(&inbox, 2_000_000, EVENTS, options.in_flight).await?;
        let took = started.elapsed();
        let used = cpu::used()?.saturating_sub(before);
        let pruned = match pruning {
            Some(pruning) => pruning.await??,
            None => 0,
        };
        times.sort();
        let from_the_end = |n| times.iter().rev().nth(n).map_or(0.0, milliseconds);
        Ok::<_, Box<dyn std::error::Error>>(Measured {
            per_second: count(EVENTS) / took.as_secs_f64(),
            cpu_microseconds: used.as_secs_f64() * 1e6 / count(EVENTS),
            longest_milliseconds: from_the_end(0),
            thousandth_milliseconds: from_the_end(EVENTS / 1000),
            pruned,
        })
    })?;
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

fn fill_old(store: &str) -> Result<(), String> {
    fill::rows(store, "old", OLD_ROWS, Duration::from_hours(40 * 24))
        .map_err(|error| error.to_string())
}

fn milliseconds(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Receives so many new events and gives the time that each took.
async fn receive(
    inbox: &Inbox,
    first: usize,
    events: usize,
    in_flight: usize,
) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    // A number of this process, so that no earlier run of it used the same messages.
    let run = Arc::new(format!("{:x}", std::process::id()));
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..in_flight {
        let (inbox, next, run) = (inbox.clone(), Arc::clone(&next), Arc::clone(&run));
        workers.spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= events {
                    return Ok(times);
                }
                let event = event(&run, first + number);
                let started = Instant::now();
                let none: [(&str, &str); 0] = [];
                let answer = inbox.receive(&event, none).await;
                times.push(started.elapsed());
                if answer.status != 200 {
                    return Err(format!("{} {}", answer.status, answer.body));
                }
            }
        });
    }
    let mut times = Vec::new();
    for worker in workers.join_all().await {
        times.extend(worker?);
    }
    Ok(times)
}

/// The seed's event, made now, with a message id and a sender of its own.
fn event(run: &str, number: usize) -> Vec<u8> {
    let seed = include_str!("../../../../tests/vectors/seed-event.json");
    // Cleaning up goes by the events' times too: after an old event nothing is old.
    let event = seed
        .replace(SEED_TIME, &Timestamp::now().to_string())
        .replace(
            "im_01k8aq2zggeyssvt53zgvpx63a",
            &format!("im_{run}x{number}"),
        )
        .replace("+33612345678", &format!("+336{:08}", number % 100_000_000));
    debug_assert!(Event::from_json(&event).is_ok());
    event.into_bytes()
}
