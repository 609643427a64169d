//! A session: a connection that its first use opens, and that every fork closes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use backchat_core::{Error, StoreError};
use rusqlite::Connection;

use super::handle::{Handle, Mode, NotDone};
use super::place::Place;
use super::process;

/// One connection to the ledger. Every use is within a [`Working`](backchat_core::fork::Working).
#[derive(Debug)]
pub(super) struct Session {
    place: Arc<Place>,
    mode: Mode,
    handle: Mutex<Option<Handle>>,
}

impl Session {
    /// A session that is not open yet.
    pub(super) fn new(place: &Arc<Place>, mode: Mode) -> Result<Arc<Self>, StoreError> {
        let session = Arc::new(Self {
            place: Arc::clone(place),
            mode,
            handle: Mutex::default(),
        });
        process::add(&session)?;
        Ok(session)
    }

    /// Brings the tables up to date.
    pub(super) fn migrate(&self) -> Result<(), Error> {
        let mut handle = self.lock();
        self.open(&mut handle)?.migrate()
    }

    /// Runs `run` on the connection: in a transaction, if it is one to write. An error means that it
    /// counts as not done.
    pub(super) fn run(
        &self,
        run: &mut dyn FnMut(&Connection) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut handle = self.lock();
        let mut ran = false;
        let mut noted = |connection: &Connection| {
            ran = true;
            run(connection)
        };
        match self.run_once(&mut handle, &mut noted) {
            Ok(()) => Ok(()),
            Err(NotDone::Failed(error)) => Err(error),
            Err(NotDone::Stale(error)) => {
                // With a connection of this process left open, SQLite would go on using the old index.
                let closed = process::close_ledger(self, &mut handle)?;
                if ran || !closed {
                    return Err(error);
                }
                self.run_once(&mut handle, run)
                    .map_err(|(NotDone::Failed(error) | NotDone::Stale(error))| error)
            }
        }
    }

    /// Copies the log into the ledger and empties it; `false` when others would not let it.
    pub(super) fn empty_log(&self, wait: bool) -> Result<bool, StoreError> {
        let mut handle = self.lock();
        self.open(&mut handle)?.empty_log(wait)
    }

    /// Closes the connection; the next use opens it.
    pub(super) fn close(&self) {
        *self.lock() = None;
    }

    /// Closes the connection, unless somebody uses it; `false` when somebody does.
    pub(super) fn close_unless_used(&self) -> bool {
        match self.handle.try_lock() {
            Ok(mut handle) => *handle = None,
            Err(TryLockError::Poisoned(handle)) => *handle.into_inner() = None,
            Err(TryLockError::WouldBlock) => return false,
        }
        true
    }

    /// Tells whether both are connections to one ledger.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.place.inode() == other.place.inode()
    }

    fn run_once(
        &self,
        handle: &mut Option<Handle>,
        run: &mut dyn FnMut(&Connection) -> Result<(), StoreError>,
    ) -> Result<(), NotDone> {
        let handle = self.open(handle)?;
        match self.mode {
            Mode::Write => handle.write(run),
            Mode::Read => handle.read(run),
        }
    }

    fn open<'a>(&self, handle: &'a mut Option<Handle>) -> Result<&'a mut Handle, StoreError> {
        match handle {
            Some(handle) => Ok(handle),
            closed => Ok(closed.insert(Handle::open(&self.place, self.mode)?)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Handle>> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a test's way to fail")]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use backchat_core::fork::Working;

    use super::super::connection;
    use super::*;

    /// A ledger on a system without locks for a guard.
    struct Ledger {
        folder: PathBuf,
        place: Arc<Place>,
        writer: Arc<Session>,
        reader: Arc<Session>,
        _working: Working,
    }

    impl Ledger {
        fn new(name: &str) -> Self {
            let working = Working::begin();
            let name = format!("backchat-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            fs::create_dir_all(&folder).unwrap();
            let place = Arc::new(Place::make(&folder.join("inbox.db")).unwrap());
            process::use_without_locks(&place).unwrap();
            connection::turn_log_on(place.file()).unwrap();
            let writer = Session::new(&place, Mode::Write).unwrap();
            writer.migrate().unwrap();
            let ledger = Self {
                reader: Session::new(&place, Mode::Read).unwrap(),
                folder,
                place,
                writer,
                _working: working,
            };
            ledger.write("CREATE TABLE seen (number)", || {}).unwrap();
            ledger
        }

        /// Runs `sql` and, within its transaction, `and_then`.
        fn write(&self, sql: &str, and_then: impl Fn()) -> Result<(), StoreError> {
            self.writer.run(&mut |connection| {
                connection.execute_batch(sql).map_err(connection::failed)?;
                and_then();
                Ok(())
            })
        }

        fn seen(&self) -> i64 {
            let mut seen = 0;
            let mut count = |connection: &Connection| {
                let sql = "SELECT count(*) FROM seen";
                seen = connection.query_row(sql, [], |row| row.get(0)).unwrap();
                Ok(())
            };
            self.reader.run(&mut count).unwrap();
            seen
        }

        /// As another SQLite of the process does that closes the ledger.
        fn remove_companions(&self) {
            fs::remove_file(self.place.log()).unwrap();
            fs::remove_file(self.place.index()).unwrap();
        }
    }

    impl Drop for Ledger {
        fn drop(&mut self) {
            let _gone = fs::remove_dir_all(&self.folder);
        }
    }

    const INSERT: &str = "INSERT INTO seen VALUES (1)";

    fn length(path: &Path) -> u64 {
        fs::metadata(path).unwrap().len()
    }

    #[test]
    fn a_ledger_whose_log_another_sqlite_removed_is_opened_again() {
        let ledger = Ledger::new("removed");
        for number in 1..4 {
            ledger.write(INSERT, || {}).unwrap();
            assert_eq!(ledger.seen(), number);
            assert!(ledger.writer.empty_log(true).unwrap());
            ledger.remove_companions();
        }
        // The reader may be the first to notice.
        assert_eq!(ledger.seen(), 3);
        ledger.write(INSERT, || {}).unwrap();
        assert!(
            length(&ledger.place.log()) > 0,
            "written to a log that was removed"
        );
        assert_eq!(ledger.seen(), 4);
    }

    #[test]
    fn a_commit_into_a_log_that_was_removed_is_an_error() {
        let ledger = Ledger::new("in-the-midst");
        ledger.write(INSERT, || {}).unwrap();
        assert!(ledger.writer.empty_log(true).unwrap());
        let lost = ledger.write(INSERT, || ledger.remove_companions());
        let said = lost.unwrap_err().to_string();
        assert!(
            said.contains("inbox.db-wal was deleted or replaced"),
            "{said}"
        );
        ledger.write(INSERT, || {}).unwrap();
        assert_eq!(ledger.seen(), 2);
    }

    #[test]
    fn a_log_that_somebody_took_away_is_not_replaced() {
        let ledger = Ledger::new("taken");
        ledger.write(INSERT, || {}).unwrap();
        let away = ledger.folder.join("away");
        fs::rename(ledger.place.log(), &away).unwrap();
        for _ in 0..2 {
            assert!(ledger.write(INSERT, || {}).is_err());
            assert!(!ledger.place.log().exists());
        }
        fs::rename(&away, ledger.place.log()).unwrap();
        ledger.write(INSERT, || {}).unwrap();
        assert_eq!(ledger.seen(), 2);
    }
}
