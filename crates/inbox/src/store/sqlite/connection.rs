//! The settings of a connection.

use std::cell::Cell;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use backchat_core::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Room for every statement.
const STATEMENTS: usize = 64;

/// The pause between two looks at a lock. SQLite's own pauses grow to 100 ms, which starves one of
/// two busy processes.
pub(super) const LOOK: Duration = Duration::from_millis(2);
/// The longest wait for other processes, in one piece of work.
const LONGEST: Duration = Duration::from_secs(5);

/// The log is cut to this many bytes when it begins anew: a thousand pages, after which SQLite copies
/// it into the ledger.
const LOG: u32 = 4 << 20;

thread_local! {
    /// As long as SQLite may wait on this thread.
    static WAITS_UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The end of one piece of work's waits for other processes, SQLite's own among them.
#[derive(Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// Begins a piece of work of this thread.
    pub(super) fn begin() -> Self {
        Self::after(LONGEST)
    }

    fn after(longest: Duration) -> Self {
        let until = Instant::now() + longest;
        WAITS_UNTIL.set(Some(until));
        Self(until)
    }

    pub(super) fn has_passed(&self) -> bool {
        Instant::now() >= self.0
    }
}

/// Turns the write-ahead log on, for good. It needs the file alone for a moment, and so is done before
/// anybody holds a [`Guard`](super::guard::Guard).
pub(super) fn turn_log_on(path: &Path) -> Result<(), StoreError> {
    let connection = connect(path)?;
    let mode = write_ahead(&connection).map_err(failed)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::new(
            "SQLite cannot use its write-ahead log here: put the store on a local disk",
        ));
    }
    Ok(())
}

/// Opens `path`, which is there and has a write-ahead log, to write durably.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path)?;
    let set = |settings: &str| connection.execute_batch(settings).map_err(failed);
    set("PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;")?;
    // Without this fsync, macOS leaves the last commit in the disk's own cache.
    set("PRAGMA fullfsync = ON;")?;
    // What is deleted is overwritten, and nothing is spilled into a file of its own.
    set("PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;")?;
    set(&format!("PRAGMA journal_size_limit = {LOG};"))?;
    // The first look opens the log and its index.
    set("SELECT count(*) FROM sqlite_schema;")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Opens `path`, to read.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path)?;
    connection
        .execute_batch("PRAGMA query_only = ON;")
        .map_err(failed)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    // Closing is then only that: a log that was removed in the moment between would be lost.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(failed)?;
    connection.busy_handler(Some(look_again)).map_err(failed)?;
    Ok(connection)
}

/// Copies the log into the ledger and empties it. `false`: another process reads or writes, and not
/// all of it could be.
pub(super) fn empty_log(connection: &Connection, wait: bool) -> Result<bool, StoreError> {
    let _deadline = Deadline::after(if wait { LONGEST } else { Duration::ZERO });
    let busy = connection
        .prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")
        .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)));
    match busy {
        Ok(busy) => Ok(busy == 0),
        Err(error) if is_busy(&error) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

fn look_again(_: i32) -> bool {
    let until = WAITS_UNTIL.get();
    sleep(LOOK);
    until.is_some_and(|until| Instant::now() < until)
}

/// Turns the write-ahead log on, and gives the kind of journal that there is now. Of those who open a
/// new file together, each holds what the others want: SQLite then waits for nobody, so it is asked
/// again.
fn write_ahead(connection: &Connection) -> rusqlite::Result<String> {
    let deadline = Deadline::begin();
    loop {
        let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match mode {
            Err(error) if is_busy(&error) && !deadline.has_passed() => sleep(LOOK),
            known => return known,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
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
            std::fs::write(&path, "").unwrap();
            let together = Barrier::new(4);
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        together.wait();
                        turn_log_on(&path).unwrap();
                        open(&path).unwrap();
                    });
                }
            });
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
