//! Queue mode: the event is stored first, Prelude gets its 200, and workers answer.

mod backoff;
mod dispatch;
mod options;

use std::time::Duration;

pub use options::{Mode, QueueOptions};

use crate::failure::{Failure, Stage};
use crate::inbox::{Inbox, Inner};

/// How often rows that are too old are looked for.
const PRUNE_EVERY: Duration = Duration::from_mins(10);

impl Inbox {
    /// Runs what must run beside the requests, until [`Inbox::shutdown`]: in queue mode the workers,
    /// and in both modes the cleaning up of old rows. Spawn it:
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
        tokio::join!(self.inner.work_queue(), self.inner.keep_clean());
        self.inner.tasks.idle().await;
    }

    /// Stops [`Inbox::run`]: takes nothing more from the queue, and waits for what was begun. What
    /// waits in the queue stays there for the next process.
    pub async fn shutdown(&self) {
        self.inner.stopping.send_replace(true);
        self.inner.tasks.idle().await;
    }
}

impl Inner {
    async fn keep_clean(&self) {
        loop {
            let pruned = tokio::select! {
                pruned = self.ledger.prune(self.retention) => pruned,
                () = self.stopped() => return,
            };
            if let Err(error) = pruned {
                self.report_store(error);
            }
            if tokio::time::timeout(PRUNE_EVERY, self.stopped())
                .await
                .is_ok()
            {
                return;
            }
        }
    }

    fn report_store(&self, error: backchat_core::Error) {
        self.handlers.report(&Failure {
            stage: Stage::Store,
            event_id: None,
            message_id: None,
            error: std::sync::Arc::new(error),
        });
    }
}
