//! A value that every process has anew.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

/// A value that every process has anew: for what holds a lock, or waits for something of its process.
///
/// A lock may be held at a fork, and is never released in the child; and what waits in the parent is not
/// there to be woken. So the child's first use makes a new value, and that of the parent is left alone,
/// not even dropped.
pub struct PerProcess<T>(ArcSwapOption<Owned<T>>);

/// The value of one process.
#[derive(Debug)]
pub struct Owned<T> {
    process: u32,
    value: T,
}

impl<T: Default> PerProcess<T> {
    /// Makes the value with its first use.
    pub const fn new() -> Self {
        Self(ArcSwapOption::const_empty())
    }

    /// The value of this process.
    pub fn get(&self) -> Arc<Owned<T>> {
        let process = std::process::id();
        let current = self.0.load();
        if let Some(owned) = current.as_ref()
            && owned.process == process
        {
            return Arc::clone(owned);
        }
        let value = T::default();
        let fresh = Arc::new(Owned { process, value });
        let previous = self.0.compare_and_swap(&current, Some(Arc::clone(&fresh)));
        match previous.as_ref() {
            Some(other) if other.process == process => Arc::clone(other),
            parents => {
                std::mem::forget(parents.cloned());
                fresh
            }
        }
    }
}

impl<T: Default> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let current = self.0.load_full();
        if current
            .as_ref()
            .is_some_and(|owned| owned.process != std::process::id())
        {
            std::mem::forget(current);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.load().as_deref().map(|owned| &owned.value).fmt(f)
    }
}

impl<T> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// The value of a process that this one was forked from.
    fn inherited(value: u32) -> PerProcess<AtomicU32> {
        PerProcess(ArcSwapOption::from_pointee(Owned {
            process: std::process::id() + 1,
            value: AtomicU32::new(value),
        }))
    }

    #[test]
    fn a_process_keeps_its_value() {
        let value = PerProcess::<AtomicU32>::new();
        value.get().store(7, Ordering::Relaxed);
        assert_eq!(value.get().load(Ordering::Relaxed), 7);
    }

    #[test]
    fn a_child_begins_anew_and_leaves_what_it_inherited_alone() {
        let value = inherited(7);
        let parents = value.0.load_full().unwrap();
        assert_eq!(value.get().load(Ordering::Relaxed), 0);
        drop(value);
        assert_eq!(Arc::strong_count(&parents), 2, "it was not dropped");
        drop(inherited(7));
    }

    #[test]
    fn of_a_race_all_get_the_same() {
        let value = inherited(7);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| value.get().fetch_add(1, Ordering::Relaxed));
            }
        });
        assert_eq!(value.get().load(Ordering::Relaxed), 8);
    }
}
