//! Each behaviour of a step, seen from the other end of the wire.

mod answers;
mod faults;
mod scripts;

use std::time::{Duration, Instant};

use crate::fault::{FaultServer, Step, raw_client::RawClient};

async fn started(steps: Vec<Step>) -> (FaultServer, RawClient) {
    let server = FaultServer::start().await.unwrap();
    server.script(steps);
    let client = RawClient::connect(server.url()).await;
    (server, client)
}

async fn closed(server: &FaultServer) {
    let begun = Instant::now();
    while server.open_connections() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(5), "{server:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
