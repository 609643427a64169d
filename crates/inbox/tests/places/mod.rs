//! Where tests keep their stores.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that goes with its value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "backchat-inbox-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("inbox.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}", self.file().display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// A schema of its own in the test database, which goes with the server.
pub(crate) struct Database {
    /// The ledger's.
    url: String,
    /// The same place for the driver, which knows no `schema`.
    drivers_url: String,
    schema: String,
}

/// A session that is open as long as its value lives.
pub(crate) struct Held(tokio::task::JoinHandle<()>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Database {
    /// `None`, said aloud, when `BACKCHAT_TEST_POSTGRES` names no database. Under CI that fails.
    pub(crate) async fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Ok(url) = std::env::var("BACKCHAT_TEST_POSTGRES") else {
            assert!(
                std::env::var("CI").is_err(),
                "BACKCHAT_TEST_POSTGRES must name a database"
            );
            eprintln!("skipped: BACKCHAT_TEST_POSTGRES names no database");
            return None;
        };
        let nanos = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = format!("t{nanos}_{number}_{}", std::process::id());
        let mark = if url.contains('?') { '&' } else { '?' };
        let database = Self {
            url: format!("{url}{mark}schema={schema}"),
            drivers_url: format!("{url}{mark}options=-c%20search_path%3D{schema}"),
            schema,
        };
        let create = format!("CREATE SCHEMA {}", database.schema);
        database.run(&create).await;
        Some(database)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    /// Runs SQL in a session of its own.
    pub(crate) async fn run(&self, sql: &str) {
        drop(self.hold(sql).await);
    }

    /// The same, and keeps the session.
    pub(crate) async fn hold(&self, sql: &str) -> Held {
        let (client, driven) = self.connect().await;
        client.batch_execute(sql).await.unwrap();
        Held(tokio::spawn(async move {
            let _client = client;
            let _ended = driven.await;
        }))
    }

    /// What a query for one integer answers.
    pub(crate) async fn integer(&self, sql: &str) -> i64 {
        let (client, _driven) = self.connect().await;
        client.query_one(sql, &[]).await.unwrap().get(0)
    }

    async fn connect(&self) -> (tokio_postgres::Client, tokio::task::JoinHandle<()>) {
        let (client, connection) =
            tokio_postgres::connect(&self.drivers_url, tokio_postgres::NoTls)
                .await
                .unwrap();
        let driven = tokio::spawn(async move {
            let _ended = connection.await;
        });
        (client, driven)
    }
}
