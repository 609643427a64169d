//! A schema of its own in the Postgres of a test run, and what others see of the server.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use tokio_postgres::{Client, NoTls};

use super::place::Place;

/// A schema; it goes with the server.
#[derive(Debug)]
pub struct Database {
    server: String,
    schema: String,
}

impl Database {
    /// `None`, with a line that says so, without a Postgres; a failure where `CI=true`.
    pub async fn new() -> Option<Self> {
        let server = Place::postgres()?.url.clone();
        let database = Self {
            server,
            schema: unique(),
        };
        database
            .run(&format!("CREATE SCHEMA {}", database.schema))
            .await;
        Some(database)
    }

    /// The URL of a ledger in this schema, with these parameters.
    pub fn url(&self, parameters: &str) -> String {
        self.by(&self.server, parameters)
    }

    /// The same by way of another server's URL.
    pub fn by(&self, server: &str, parameters: &str) -> String {
        format!("{server}?schema={}{parameters}", self.schema)
    }

    /// The same for another role.
    pub fn url_of(&self, role: &str, parameters: &str) -> String {
        let (scheme, rest) = self.server.split_once("://").unwrap();
        let (_, host) = rest.rsplit_once('@').unwrap();
        self.by(&format!("{scheme}://{role}@{host}"), parameters)
    }

    /// The server's URL.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Its host and port.
    pub fn address(&self) -> &str {
        address(&self.server)
    }

    /// The schema's name.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// A session with the schema in its search path.
    pub async fn connect(&self) -> Client {
        let client = connect(&self.server).await;
        let path = format!("SET search_path = {}", self.schema);
        client.batch_execute(&path).await.unwrap();
        client
    }

    /// Runs SQL in a session of its own.
    pub async fn run(&self, sql: &str) {
        self.connect().await.batch_execute(sql).await.unwrap();
    }

    /// What a query for one integer answers.
    pub async fn integer(&self, sql: &str) -> i64 {
        self.connect()
            .await
            .query_one(sql, &[])
            .await
            .unwrap()
            .get(0)
    }

    /// What a query for texts answers.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        texts(&self.connect().await, sql).await
    }

    /// Makes a role that may log in, with these attributes; its name is unique.
    pub async fn role(&self, attributes: impl fmt::Display) -> String {
        let role = unique();
        self.run(&format!("CREATE ROLE {role} LOGIN {attributes}"))
            .await;
        role
    }
}

/// The host and port of a URL.
pub fn address(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let rest = &rest[..end];
    rest.rsplit_once('@').map_or(rest, |(_, address)| address)
}

/// A session, driven until it is dropped.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// What a query for texts answers.
pub async fn texts(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.simple_query(sql).await.unwrap();
    rows.iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect()
}

fn unique() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("t{}_{}_{number}", since.as_nanos(), std::process::id())
}
