//! The write-ahead log holds what was written, and with it texts that are long done, until it is
//! copied into the ledger and emptied: a minute after the first commit, whatever the traffic, and at
//! once after an erasure that somebody asked for.

use std::time::{Duration, Instant};

use backchat_core::fork::Working;

use super::session::Session;

/// How long the log may hold what is done. Emptying it costs two waits for the disk.
const LIFETIME: Duration = Duration::from_mins(1);

/// The commits of this process that are in the log.
#[derive(Debug, Default)]
pub(super) struct Log {
    first: Option<Instant>,
}

impl Log {
    pub(super) fn note_commit(&mut self, now: Instant) {
        self.first.get_or_insert(now);
    }

    /// The time until the log is to be emptied; `None` when there is nothing in it.
    pub(super) fn due_in(&self, now: Instant) -> Option<Duration> {
        let age = now.saturating_duration_since(self.first?);
        Some(LIFETIME.saturating_sub(age))
    }

    pub(super) fn empty_when_due(&mut self, session: &Session, now: Instant) {
        if self.due_in(now) == Some(Duration::ZERO) && !self.empty(session, false) {
            // Another process reads: tried again in a minute.
            self.first = Some(now);
        }
    }

    /// Waits for those who read, at most 5 s.
    pub(super) fn empty_now(&mut self, session: &Session) {
        if !self.empty(session, true) {
            tracing::warn!(
                target: "backchat",
                "another process reads the ledger: what was erased stays in its log for another minute"
            );
        }
    }

    /// Empties the log if there is something in it, and closes the session.
    pub(super) fn close(&mut self, session: &Session) {
        if self.first.is_some() {
            self.empty(session, false);
        }
        let _working = Working::begin();
        session.close();
    }

    fn empty(&mut self, session: &Session, wait: bool) -> bool {
        let _working = Working::begin();
        let emptied = session.empty_log(wait).unwrap_or(false);
        if emptied {
            self.first = None;
        }
        emptied
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::super::connection;
    use super::super::handle::Mode;
    use super::super::place::Place;
    use super::*;

    #[test]
    fn the_log_is_emptied_a_minute_after_the_first_commit() {
        let folder = std::env::temp_dir().join(format!("backchat-log-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let session = {
            let _working = Working::begin();
            let place = Arc::new(Place::make(&folder.join("inbox.db")).unwrap());
            connection::turn_log_on(place.file()).unwrap();
            let session = Session::new(&place, Mode::Write).unwrap();
            session.migrate().unwrap();
            session
        };
        let length = || fs::metadata(folder.join("inbox.db-wal")).unwrap().len();
        let (start, mut log) = (Instant::now(), Log::default());
        assert_eq!(log.due_in(start), None);
        log.note_commit(start);
        let almost = start + LIFETIME.checked_sub(Duration::from_secs(1)).unwrap();
        log.note_commit(almost);
        assert_eq!(log.due_in(almost), Some(Duration::from_secs(1)));
        log.empty_when_due(&session, almost);
        assert!(length() > 0);
        // Another process reads, and the writer waits for nobody.
        let reader = rusqlite::Connection::open(folder.join("inbox.db")).unwrap();
        reader
            .execute_batch("BEGIN; SELECT count(*) FROM backchat_ledger")
            .unwrap();
        let due = start + LIFETIME;
        log.empty_when_due(&session, due);
        assert!(length() > 0);
        assert_eq!(log.due_in(due), Some(LIFETIME));
        reader.execute_batch("COMMIT").unwrap();
        log.empty_when_due(&session, due + LIFETIME);
        assert_eq!(length(), 0);
        assert_eq!(log.due_in(due), None);
        fs::remove_dir_all(&folder).unwrap();
    }
}
