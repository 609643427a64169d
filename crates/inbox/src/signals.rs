//! Signals to the workers of this process: after `fork` the child wakes and stops its own, for its
//! parent's are not there, and a lock of theirs may have been held.

use backchat_core::fork::PerProcess;
use tokio::sync::{Notify, watch};

/// Wakes the queue: something was stored, or finished.
#[derive(Debug, Default)]
pub(crate) struct Wake(PerProcess<Notify>);

impl Wake {
    pub(crate) fn notify_one(&self) {
        self.0.get().notify_one();
    }

    pub(crate) async fn notified(&self) {
        self.0.get().notified().await;
    }
}

/// Tells that the inbox was shut down.
#[derive(Debug, Default)]
pub(crate) struct Stopping(PerProcess<watch::Sender<bool>>);

impl Stopping {
    pub(crate) fn send_replace(&self, stop: bool) {
        self.0.get().send_replace(stop);
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<bool> {
        self.0.get().subscribe()
    }
}
