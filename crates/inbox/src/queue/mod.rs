//! The work beside the requests: the workers of the queue, the cleaning up, and the look at what
//! nobody works on.

mod backlog;
mod dispatch;
mod housekeeping;

use std::time::Duration;

pub use backlog::Health;
pub(crate) use dispatch::read;
pub(crate) use housekeeping::Housekeeping;

use crate::inbox::Inbox;

/// The time that a shutdown waits for cancelled handlers to end, and for their ends to be recorded.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Inbox {
    /// Runs what must run beside the requests, until [`Inbox::shutdown`]: the workers, and the
    /// cleaning up of old rows. In queue mode no message is answered without it. Inline it answers
    /// re-armed messages and cleans up also while no request comes. Spawn it:
    ///
    /// ```no_run
    /// # fn run(inbox: backchat_inbox::Inbox) {
    /// let running = inbox.clone();
    /// tokio::spawn(async move { running.run().await });
    /// # }
    /// ```
    ///
    /// Returns when everything that was begun has ended.
    pub async fn run(&self) {
        let _running = self.inner.running();
        tokio::join!(self.inner.work_queue(), self.inner.keep_clean());
        self.inner.tasks.idle().await;
    }

    /// Stops [`Inbox::run`]: takes nothing more from the queue, and waits for what was begun, which
    /// ends within `handler_timeout` and the client's timeout. What waits in the queue stays there
    /// for the next process.
    pub async fn shutdown(&self) {
        self.inner.stopping.send_replace(true);
        self.inner.tasks.idle().await;
    }

    /// As [`Inbox::shutdown`], but waits for handlers no longer than `limit`: their messages are
    /// then released, so that another process takes them at once. Tells whether everything that was
    /// begun has ended, also the handlers that went on after their time. Without a limit it waits as
    /// [`Inbox::shutdown`] does.
    pub async fn shutdown_within(&self, limit: impl Into<Option<Duration>>) -> bool {
        let limit = limit.into();
        if limit.is_none() {
            self.shutdown().await;
        }
        let ended = async {
            self.shutdown().await;
            self.inner.runs.all_ended().await;
        };
        let limit = limit.unwrap_or_default();
        if tokio::time::timeout(limit, ended).await.is_ok() {
            return true;
        }
        self.inner.runs.cancel_all();
        let last_words = async {
            self.inner.tasks.idle().await;
            self.inner.runs.all_ended().await;
        };
        tokio::time::timeout(LAST_WORDS, last_words).await.is_ok()
    }
}
