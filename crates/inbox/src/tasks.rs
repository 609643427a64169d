//! Work that goes on although nobody waits for it, counted so that a shutdown can.
//!
//! The count belongs to the process: after `fork` the child has none of its parent's tasks.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::caller;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks(Arc<ArcSwap<Running>>);

#[derive(Debug)]
struct Running {
    process: u32,
    count: AtomicUsize,
    ended: Notify,
}

impl Default for Running {
    fn default() -> Self {
        Self {
            process: std::process::id(),
            count: AtomicUsize::new(0),
            ended: Notify::new(),
        }
    }
}

impl Tasks {
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let counted = Counted::new(self.running());
        tokio::spawn(caller::inherit(async move {
            let _counted = counted;
            future.await
        }))
    }

    /// Waits until nothing runs.
    pub(crate) async fn idle(&self) {
        let running = self.running();
        loop {
            let mut ended = std::pin::pin!(running.ended.notified());
            ended.as_mut().enable();
            if running.count.load(Ordering::Acquire) == 0 {
                return;
            }
            ended.await;
        }
    }

    /// The tasks of this process.
    fn running(&self) -> Arc<Running> {
        let current = self.0.load();
        if current.process == std::process::id() {
            return Arc::clone(&current);
        }
        let fresh = Arc::new(Running::default());
        let previous = self.0.compare_and_swap(&current, Arc::clone(&fresh));
        if previous.process == fresh.process {
            return Arc::clone(&previous);
        }
        fresh
    }
}

/// Counts a task for as long as it runs.
struct Counted(Arc<Running>);

impl Counted {
    fn new(running: Arc<Running>) -> Self {
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
