//! Connections belong to the process that made them: after `fork` the child makes its own.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use backchat_core::StoreError;

/// What this process has opened.
#[derive(Debug)]
pub(super) struct PerProcess<T>(ArcSwapOption<Owned<T>>);

#[derive(Debug)]
struct Owned<T> {
    process: u32,
    value: Arc<T>,
}

impl<T> PerProcess<T> {
    pub(super) fn new(value: T) -> Self {
        Self(ArcSwapOption::from_pointee(Owned {
            process: std::process::id(),
            value: Arc::new(value),
        }))
    }

    /// The value of this process; `open` makes it when there is none. That of a parent process is
    /// left alone, not even closed: its files and sockets are the parent's.
    pub(super) fn get(
        &self,
        open: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<Arc<T>, StoreError> {
        let process = std::process::id();
        let current = self.0.load();
        if let Some(owned) = current.as_ref()
            && owned.process == process
        {
            return Ok(Arc::clone(&owned.value));
        }
        let value = Arc::new(open()?);
        let fresh = Arc::new(Owned {
            process,
            value: Arc::clone(&value),
        });
        let previous = self.0.compare_and_swap(&current, Some(fresh));
        match previous.as_ref() {
            Some(other) if other.process == process => Ok(Arc::clone(&other.value)),
            parents => {
                std::mem::forget(parents.cloned());
                Ok(value)
            }
        }
    }
}

/// The value of a parent process is not dropped here: its threads are not in this one, but its locks
/// may be held.
impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let owned = self.0.swap(None);
        if owned
            .as_ref()
            .is_some_and(|owned| owned.process != std::process::id())
        {
            std::mem::forget(owned);
        }
    }
}
