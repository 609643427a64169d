//! `cargo xtask fault-server`: the network's faults, for tests in other languages.

use std::io::{Read, stdin};

use backchat_tests::fault::control;

use crate::Done;

/// Prints `{"control": "http://…", "fault": "http://…"}` and serves until its input ends.
pub(crate) fn run() -> Done {
    let runtime = tokio::runtime::Runtime::new()?;
    let server = runtime.block_on(control::serve("127.0.0.1:0"))?;
    let addresses = serde_json::json!({"control": server.url(), "fault": server.fault_url()});
    println!("{addresses}");
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
