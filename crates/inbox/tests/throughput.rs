//! How many messages a second each store can claim, gate and finish. Not a test: it asserts nothing
//! but that every step succeeds. `cargo test --release --test throughput -- --ignored --nocapture`
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod places;

use std::sync::Arc;

use backchat_inbox::Store;
use backchat_inbox::store::{MemoryStore, PostgresStore, SqliteStore};
use backchat_inbox::testing::measure;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn throughput() {
    say("memory", Arc::new(MemoryStore::new())).await;
    let folder = places::Folder::new();
    let sqlite = SqliteStore::open(folder.file()).await.unwrap();
    say("sqlite", Arc::new(sqlite)).await;
    if let Some(database) = places::Database::new().await {
        let postgres = PostgresStore::open(database.url()).await.unwrap();
        say("postgres", Arc::new(postgres)).await;
        let url = format!("{}&pool_size=32", database.url());
        let postgres = PostgresStore::open(&url).await.unwrap();
        let scope = "postgres, 32 sessions";
        say(scope, Arc::new(postgres)).await;
    }
}

async fn say(name: &str, store: Arc<dyn Store>) {
    for (at_once, messages) in [(1, 1_000), (32, 10_000)] {
        let scope = format!("{name}, {at_once} at once");
        let elapsed = measure(Arc::clone(&store), &scope, messages, at_once).await;
        let rate = f64::from(messages) / elapsed.as_secs_f64();
        println!("{scope}: {rate:.0} messages a second");
    }
}
