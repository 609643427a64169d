//! A process that sends one reply for each line it reads, for the tests to freeze and to give an
//! environment: `ended <outcome> <what came of it>`.

use std::io::stdin;

use backchat_core::{Client, Error, Reply, ReplyResponse};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder()
        .base_url(std::env::var("BACKCHAT_URL")?)
        .api_token("token")
        .allow_insecure_http(true)
        .max_retries(0)
        .build();
    println!("ready");
    for line in stdin().lines() {
        line?;
        let end = client.as_ref().map_err(Error::clone).and_then(reply);
        match end {
            Ok(sent) => println!("ended sent {}", sent.id),
            Err(error) => {
                let outcome = error.outcome().map_or("none", |outcome| outcome.as_str());
                println!("ended {outcome} {error}");
            }
        }
    }
    Ok(())
}

fn reply(client: &Client) -> Result<ReplyResponse, Error> {
    let reply = Reply::parse("+33612345678", "On it!", "im_01k8aq2zggeyssvt53zgvpx63a")?;
    // As the bindings do: on the shared runtime, from a thread that waits.
    client.notify().reply(reply).start_shared().wait()
}
