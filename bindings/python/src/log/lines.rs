//! The lines of this process on their way to its writer.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use backchat_core::fork::{Owned, PerProcess};
use tokio::sync::Notify;
use tracing::Level;

use super::line::{Line, Value};

/// How many lines may wait, for a handler of the application may block for ever.
const MOST: usize = 10_000;

static CURRENT: PerProcess<Lines> = PerProcess::new();

#[derive(Default)]
pub(super) struct Lines {
    queue: Mutex<Queue>,
    changed: Condvar,
    written: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Line>,
    /// How many lines were added, and how many of them the writer is done with.
    added: u64,
    written: u64,
    /// How many did not fit since the last that did.
    lost: u64,
    writer: Option<Writer>,
    ended: bool,
}

/// The thread that writes.
#[derive(Clone, Copy)]
enum Writer {
    Waits,
    /// It was given a line then, and did not come back for the next.
    Writes(Instant),
}

impl Lines {
    /// Those of this process: a child begins without lines, and without a writer.
    pub(super) fn current() -> Arc<Owned<Self>> {
        CURRENT.get()
    }

    pub(super) fn push(&self, line: Line) {
        let mut queue = self.lock();
        if queue.waiting.len() >= MOST {
            queue.lost += 1;
            return;
        }
        let lost = std::mem::take(&mut queue.lost);
        if lost > 0 {
            queue.add(
                Line::new(Level::WARN, "log lines were lost: a handler took too long")
                    .field("lost", Some(Value::Unsigned(lost))),
            );
        }
        queue.add(line);
        drop(queue);
        self.changed.notify_all();
    }

    pub(super) fn has_writer(&self) -> bool {
        self.lock().writer.is_some()
    }

    /// Whether the caller is to start the writer: nobody else did.
    pub(super) fn claim_writer(&self) -> bool {
        let mut queue = self.lock();
        let claimed = queue.writer.is_none() && !queue.ended;
        if claimed {
            queue.writer = Some(Writer::Waits);
        }
        claimed
    }

    /// The writer could not be started.
    pub(super) fn without_writer(&self) {
        self.lock().writer = None;
    }

    /// Waits for the next line. `None` is the end.
    pub(super) fn next(&self) -> Option<Line> {
        let mut queue = self.lock();
        if let Some(Writer::Writes(_)) = queue.writer {
            queue.written += 1;
            self.written.notify_waiters();
            self.changed.notify_all();
        }
        queue.writer = Some(Writer::Waits);
        loop {
            if let Some(line) = queue.waiting.pop_front() {
                queue.writer = Some(Writer::Writes(Instant::now()));
                return Some(line);
            }
            if queue.ended {
                return None;
            }
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next line, for whoever writes it without a writer.
    pub(super) fn take_one(&self) -> Option<Line> {
        let mut queue = self.lock();
        let line = queue.waiting.pop_front()?;
        queue.written += 1;
        Some(line)
    }

    /// No line comes any more.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    pub(super) fn is_written(&self) -> bool {
        let queue = self.lock();
        queue.added == queue.written
    }

    pub(super) async fn written(&self, limit: Duration) {
        let Some(all) = self.lock().worth_waiting_for(limit) else {
            return;
        };
        let written = async {
            loop {
                let mut written = std::pin::pin!(self.written.notified());
                // Registered before the look: a line in between is not missed.
                written.as_mut().enable();
                if self.lock().written >= all {
                    return;
                }
                written.await;
            }
        };
        let _in_time = tokio::time::timeout(limit, written).await;
    }

    pub(super) fn wait_until_written(&self, limit: Duration) {
        let queue = self.lock();
        let Some(all) = queue.worth_waiting_for(limit) else {
            return;
        };
        drop(
            self.changed
                .wait_timeout_while(queue, limit, |queue| queue.written < all),
        );
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn add(&mut self, line: Line) {
        self.added += 1;
        self.waiting.push_back(line);
    }

    /// How many lines are to be written; `None` when they are, or when the writer has been at one for
    /// longer than `limit`.
    fn worth_waiting_for(&self, limit: Duration) -> Option<u64> {
        let stuck = match self.writer {
            None => true,
            Some(Writer::Waits) => false,
            Some(Writer::Writes(since)) => since.elapsed() > limit,
        };
        (self.written < self.added && !stuck).then_some(self.added)
    }
}
