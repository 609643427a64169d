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
    pub(super) fn note_commit(&mut self) {
        self.first.get_or_insert_with(Instant::now);
    }

    /// The time until the log is to be emptied; `None` when there is nothing in it.
    pub(super) fn due_in(&self) -> Option<Duration> {
        self.first
            .map(|first| LIFETIME.saturating_sub(first.elapsed()))
    }

    pub(super) fn empty_when_due(&mut self, session: &Session) {
        if self.due_in() == Some(Duration::ZERO) && !self.empty(session, false) {
            // Another process reads: its end comes before the next minute's.
            self.first = Some(Instant::now());
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
