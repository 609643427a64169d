//! Client shutdown: calls that have not begun fail, and waits are woken.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use super::call_state::{CallState, Cancellation};
use crate::fork::PerProcess;

#[derive(Default)]
pub(crate) struct Shutdown {
    closed: AtomicBool,
    /// Every call takes its lock, and one may have it at a fork.
    told: PerProcess<Notify>,
}

impl Shutdown {
    /// Wakes every call that waits for a connection, a token or its next attempt.
    pub(super) fn close(&self) {
        self.close_quietly();
        self.told.get().notify_waiters();
    }

    /// Closes in a child process, where the waiting calls, and perhaps a lock, are the parent's.
    pub(super) fn close_quietly(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    async fn closed(&self) {
        let notify = self.told.get();
        let mut told = std::pin::pin!(notify.notified());
        // Registered before the look: a close in between is not missed.
        told.as_mut().enable();
        if !self.is_closed() {
            told.await;
        }
    }
}

/// Ends when the call is cancelled, or its client closed, before a POST began; else never.
pub(super) async fn cancelled_or_closed(call: &CallState, shutdown: &Shutdown) {
    tokio::select! {
        () = call.cancelled() => {}
        () = shutdown.closed() => {
            if call.cancel() == Cancellation::LeftRunning {
                std::future::pending::<()>().await;
            }
        }
    }
}
