//! A shared runtime that does not answer: its calls were not sent, and the next call has another. In a
//! file of its own, for the runtime is the process's.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::mpsc::channel;
use std::time::Duration;

use backchat_core::{Client, Outcome, Reply, runtime};
use backchat_tests::fault::FaultServer;

#[test]
fn a_runtime_that_does_not_answer_is_replaced() {
    let helper = tokio::runtime::Runtime::new().unwrap();
    let server = helper.block_on(FaultServer::start()).unwrap();
    let client = Client::builder()
        .base_url(server.url())
        .api_token("token")
        .build()
        .unwrap();
    let reply = || Reply::parse("+33612345678", "On it!", "im_01k8aq2zggeyssvt53zgvpx63a").unwrap();
    let (blocked, is_blocked) = channel();
    let (release, released) = channel::<()>();
    let (ended, has_ended) = channel();
    runtime::spawn(async move {
        blocked.send(()).unwrap();
        let _dropped = released.recv();
        ended.send(()).unwrap();
    })
    .unwrap();
    is_blocked.recv().unwrap();

    let call = client.notify().reply(reply());
    let error = call
        .timeout(Duration::from_millis(100))
        .start_shared()
        .wait();
    assert_eq!(error.unwrap_err().outcome(), Some(Outcome::NotSent));
    client
        .notify()
        .reply(reply())
        .start_shared()
        .wait()
        .unwrap();
    assert_eq!(server.posts(), 1);

    // The old one goes on: what was given up never leaves.
    drop(release);
    has_ended.recv().unwrap();
    client
        .notify()
        .reply(reply())
        .start_shared()
        .wait()
        .unwrap();
    assert_eq!(server.posts(), 2);
}
