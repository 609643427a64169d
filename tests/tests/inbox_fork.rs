//! A ledger on SQLite, a fork, and another process that opens and closes the ledger: the children go
//! on, no message is answered twice, and no row is lost.
//!
//! `BACKCHAT_FORK_ROUNDS` says how many rounds there are, 24 without it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]
#![cfg(target_os = "linux")]

use std::fs;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use backchat_inbox::State;
use backchat_tests::example;
use backchat_tests::fault::FaultServer;
use backchat_tests::inbox::event::message_id;
use backchat_tests::inbox::place::Place;
use backchat_tests::inbox::process::Process;

const LONG: Duration = Duration::from_mins(2);

fn program() -> Command {
    static BUILT: OnceLock<std::path::PathBuf> = OnceLock::new();
    Command::new(BUILT.get_or_init(|| example::program("inbox_fork").unwrap()))
}

/// Another SQLite reads the ledger, and closes it.
fn read_by_another_sqlite(place: &Place) {
    let read = program().env("FOREIGN", place.file()).output().unwrap();
    assert!(read.status.success(), "{read:?}");
}

/// As `backchat inbox list` does.
async fn read_by_another_process(place: &Place) {
    let ledger = place.ledger().await;
    assert!(!ledger.list(None, None).await.unwrap().is_empty());
}

struct Round {
    place: Place,
    server: FaultServer,
}

impl Round {
    async fn new() -> Self {
        Self {
            place: Place::sqlite(),
            server: FaultServer::start().await.unwrap(),
        }
    }

    fn command(&self, children: u32, parent: &str) -> Command {
        let mut command = program();
        command
            .env("LEDGER", self.place.file())
            .env("SCOPE", &self.place.scope)
            .env("API", self.server.url())
            .env("CHILDREN", children.to_string())
            .env("PARENT", parent);
        command
    }

    fn posts(&self, number: u32) -> usize {
        let requests = self.server.requests();
        let reply_to = |body: serde_json::Value| body["reply_to"].as_str().map(str::to_owned);
        let ids = requests
            .iter()
            .map(|request| reply_to(request.json().unwrap()));
        ids.filter(|id| *id == Some(message_id(number))).count()
    }

    /// One POST for each message, and a row that says so to every process.
    async fn check(&self, numbers: impl IntoIterator<Item = u32>, what: &str) {
        let ledger = self.place.ledger().await;
        for number in numbers {
            assert_eq!(self.posts(number), 1, "{what}: POSTs of message {number}");
            let id = message_id(number).as_str().into();
            let row = ledger.show(&id).await.unwrap();
            let state = row.map(|row| row.state);
            assert_eq!(state, Some(State::Sent), "{what}: message {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_go_on() {
    let rounds = std::env::var("BACKCHAT_FORK_ROUNDS");
    let rounds: usize = rounds.map_or(24, |rounds| rounds.parse().unwrap());
    for number in 0..rounds {
        let prepared = number % 2 == 0;
        let parent = ["exits", "drops", "stays"][number / 2 % 3];
        let foreign = number / 6 % 2 == 0;
        let what =
            format!("round {number}: prepared {prepared}, the parent {parent}, foreign {foreign}");
        one_round(prepared, parent, foreign, &what).await;
    }
}

async fn one_round(prepared: bool, parent: &str, foreign: bool, what: &str) {
    let round = Round::new().await;
    let mut command = round.command(2, parent);
    if prepared {
        command.env("PREPARED", "1");
    }
    let mut process = Process::run(command);
    process.wait_for("forked", LONG).await;
    if parent == "drops" {
        process.wait_for("dropped", LONG).await;
    }
    for step in 1..=2 {
        if foreign {
            read_by_another_sqlite(&round.place);
        } else {
            read_by_another_process(&round.place).await;
        }
        fs::write(round.place.folder().join(format!("go-{step}")), "").unwrap();
        let mut done = Vec::new();
        while done.len() < 2 {
            let line = tokio::time::timeout(LONG, process.line()).await;
            let line = line.unwrap_or_else(|_| panic!("{what}: no line"));
            let line = line.unwrap_or_else(|| panic!("{what}: a child has died"));
            if line.ends_with(&format!("done {step}")) {
                done.push(line);
            }
        }
        let first = 10 * step;
        let own = [100 * step, 100 * step + 1];
        round
            .check((first..first + 10).chain(own).chain([0]), what)
            .await;
    }
}

/// The child does not wait for the attempt of its parent, which ends in the parent alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_of_a_process_that_was_opening_its_ledger_opens_it_itself() {
    let round = Round::new().await;
    let locked = rusqlite::Connection::open(round.place.file()).unwrap();
    locked
        .execute_batch("BEGIN EXCLUSIVE; CREATE TABLE other (x); ")
        .unwrap();
    let mut command = round.command(1, "stays");
    command.env("LATER", "1");
    let mut process = Process::run(command);
    assert_eq!(process.wait_for("opening: ", LONG).await, "true");
    process.wait_for("forked", LONG).await;
    drop(locked);
    assert_eq!(process.wait_for("child in time: ", LONG).await, "true");
}

/// Without `prepare`, while the parent writes all the time: a child that cannot know what it
/// inherited says so, and loses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_is_torn_sends_nothing() {
    let mut torn = 0;
    for _ in 0..40 {
        let round = Round::new().await;
        let mut command = round.command(1, "exits");
        command.env("BUSY", "1");
        let mut process = Process::run(command);
        process.wait_for("forked", LONG).await;
        fs::write(round.place.folder().join("go-1"), "").unwrap();
        let first = process.wait_for("child 0: message 10: ", LONG).await;
        process.wait_for("child 0 done 1", LONG).await;
        if first == "200" {
            round.check(10..20, "not torn").await;
            continue;
        }
        torn += 1;
        assert_eq!(first, "503");
        assert_eq!((10..20).map(|number| round.posts(number)).sum::<usize>(), 0);
        if torn == 2 {
            return;
        }
    }
    panic!("only {torn} of 40 children were torn");
}

/// What a child inherits must not keep the lock of a parent that is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parent_that_is_killed_while_it_writes_holds_nobody_up() {
    for _ in 0..10 {
        let round = Round::new().await;
        let mut command = round.command(1, "stays");
        command.env("BUSY", "1").env("PREPARED", "1");
        let mut process = Process::run(command);
        process.wait_for("parent: message 1: 200", LONG).await;
        process.kill();
        let killed = Instant::now();
        fs::write(round.place.folder().join("go-1"), "").unwrap();
        process.wait_for("child 0 done 1", LONG).await;
        round
            .check((10..20).chain([0, 1, 100]), "after a kill")
            .await;
        let took = killed.elapsed();
        assert!(took < Duration::from_secs(4), "held up for {took:?}");
    }
}
