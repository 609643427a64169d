//! How a connection is set up.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use backchat_core::StoreError;
use rusqlite::{Connection, OpenFlags};

/// Room for every statement.
const STATEMENTS: usize = 64;

/// How long each look at a lock waits, and how many looks there are: 5 s in all. SQLite's own
/// waiting grows to 100 ms a look, which starves one of two busy processes.
const LOOK: Duration = Duration::from_millis(2);
const LOOKS: i32 = 2500;

/// Opens `path` to write, durably.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(failed)?;
    connection.busy_handler(Some(wait)).map_err(failed)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(failed)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::new(
            "SQLite cannot use its write-ahead log here: put the store on a local disk",
        ));
    }
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;")
        .map_err(failed)?;
    // Without this fsync, macOS leaves the last commit in the disk's own cache.
    connection
        .execute_batch("PRAGMA fullfsync = ON;")
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Opens `path`, which is there, to read.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path)?;
    connection
        .execute_batch("PRAGMA query_only = ON;")
        .map_err(failed)?;
    Ok(connection)
}

fn wait(looks: i32) -> bool {
    sleep(LOOK);
    looks < LOOKS
}

/// SQLite's own words: they hold no values, and the statement is left out.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    let words = match &error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    StoreError::caused_by(format!("SQLite: {words}"), error)
}
