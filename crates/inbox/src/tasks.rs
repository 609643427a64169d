//! Work that goes on although nobody waits for it, counted so that a shutdown can.
//!
//! The count belongs to the process: after `fork` the child has none of its parent's tasks.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use backchat_core::fork::{Owned, PerProcess};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::caller;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks(Arc<PerProcess<Running>>);

#[derive(Debug, Default)]
struct Running {
    count: AtomicUsize,
    ended: Notify,
}

impl Tasks {
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let counted = Counted::new(self.0.get());
        tokio::spawn(caller::inherit(async move {
            let _counted = counted;
            future.await
        }))
    }

    /// Waits until nothing runs.
    pub(crate) async fn idle(&self) {
        let running = self.0.get();
        loop {
            let mut ended = std::pin::pin!(running.ended.notified());
            ended.as_mut().enable();
            if running.count.load(Ordering::Acquire) == 0 {
                return;
            }
            ended.await;
        }
    }
}

/// Counts a task for as long as it runs.
struct Counted(Arc<Owned<Running>>);

impl Counted {
    fn new(running: Arc<Owned<Running>>) -> Self {
        running.count.fetch_add(1, Ordering::AcqRel);
        Self(running)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.ended.notify_waiters();
        }
    }
}
