//! A process is frozen (a laptop sleeps, a container is paused, a phone's app goes to the background)
//! while the server closes its idle connection, and then calls.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::process::Command;
use std::time::Duration;

use backchat_tests::example;
use backchat_tests::fault::{AgainAt, FaultServer, Step, Then};
use backchat_tests::inbox::process::Process;

const ROUNDS: usize = 100;
const SOON: Duration = Duration::from_secs(20);
/// The server acts so long after its answer, when the caller stands still.
const IDLE_MS: u64 = 40;

async fn frozen(step: Step) {
    let server = FaultServer::start().await.unwrap();
    let mut command = Command::new(example::program("caller").unwrap());
    command.env("BACKCHAT_URL", server.url());
    let mut caller = Process::run(command);
    caller.wait_for("ready", SOON).await;
    let mut others = Vec::new();
    for _ in 0..ROUNDS {
        server.script(vec![step.clone()]);
        caller.go();
        let first = caller.wait_for("ended", SOON).await;
        caller.stop();
        tokio::time::sleep(Duration::from_millis(2 * IDLE_MS)).await;
        // Both wake it at once: the line to read, and the end of its connection.
        caller.go();
        caller.resume();
        let second = caller.wait_for("ended", SOON).await;
        others.extend(
            [first, second]
                .into_iter()
                .filter(|end| !end.starts_with("sent")),
        );
    }
    println!(
        "{} of {} calls after a freeze were not sent",
        others.len(),
        ROUNDS
    );
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(server.posts(), 2 * ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    frozen(Step::default().then(Then::CloseAfterMs(IDLE_MS))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_reset_meanwhile_is_replaced() {
    frozen(Step::default().then(Then::ResetAfterMs(IDLE_MS))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_spoken_on_meanwhile_is_replaced() {
    let stray = Step::error(429, "rate_limited");
    frozen(Step::default().again(AgainAt::AfterUs(1_000 * IDLE_MS), stray)).await;
}
