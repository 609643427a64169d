//! How a connection is set up.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use backchat_core::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Room for every statement.
const STATEMENTS: usize = 64;

/// How long each look at a lock waits, and how many looks there are: 5 s in all. SQLite's own
/// waiting grows to 100 ms a look, which starves one of two busy processes.
const LOOK: Duration = Duration::from_millis(2);
const LOOKS: i32 = 2500;
const LONGEST: Duration = Duration::from_secs(5);

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
    let mode = write_ahead(&connection).map_err(failed)?;
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

/// Turns the write-ahead log on, and says which journal there is now. Of those who open a new file
/// together, each holds what the others want: SQLite then waits for nobody, so it is asked again.
fn write_ahead(connection: &Connection) -> rusqlite::Result<String> {
    let started = Instant::now();
    loop {
        let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match mode {
            Err(error) if is_busy(&error) && started.elapsed() < LONGEST => sleep(LOOK),
            known => return known,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
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

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn a_new_file_may_be_opened_by_many_at_once() {
        let folder = std::env::temp_dir().join(format!("backchat-open-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..100 {
            let path = folder.join(format!("{number}.db"));
            let together = Barrier::new(4);
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        together.wait();
                        open(&path).unwrap();
                    });
                }
            });
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
