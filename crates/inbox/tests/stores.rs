//! Every store passes the suite.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod places;

use std::sync::Arc;

use backchat_inbox::store::{MemoryStore, PostgresStore, SqliteStore};
use backchat_inbox::testing::suite;

#[tokio::test]
async fn memory() {
    suite(Arc::new(MemoryStore::new())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let folder = places::Folder::new();
    suite(Arc::new(SqliteStore::open(folder.file()).await.unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    let Some(database) = places::Database::new().await else {
        return;
    };
    let store = PostgresStore::open(database.url()).await.unwrap();
    suite(Arc::new(store.with_callers_clock())).await;
}

/// Without sessions of its own.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_through_a_pooler() {
    let Some(database) = places::Database::new().await else {
        return;
    };
    let url = format!("{}&pgbouncer=true", database.url());
    let store = PostgresStore::open(&url).await.unwrap();
    suite(Arc::new(store.with_callers_clock())).await;
}
