//! Values that belong to one process.

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

/// A value of the process that made it. A forked child neither uses nor drops its copy: a lock inside
/// may have been held at the fork, and is never released there.
pub(crate) struct Own<T> {
    process: u32,
    value: Option<T>,
}

impl<T> Own<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            process: std::process::id(),
            value: Some(value),
        }
    }

    /// The value; `None` in a child process.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.is_own())
    }

    fn is_own(&self) -> bool {
        self.process == std::process::id()
    }
}

impl<T: Default> Default for Own<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        if !self.is_own() {
            std::mem::forget(self.value.take());
        }
    }
}

/// A value that every process has anew. That of a parent is left alone, not even dropped.
pub(crate) struct PerProcess<T>(ArcSwapOption<Current<T>>);

/// The value of this process.
pub(crate) struct Current<T> {
    process: u32,
    value: T,
}

impl<T: Default> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(ArcSwapOption::const_empty())
    }

    pub(crate) fn get(&self) -> Arc<Current<T>> {
        let process = std::process::id();
        let current = self.0.load();
        if let Some(value) = current.as_ref()
            && value.process == process
        {
            return Arc::clone(value);
        }
        let value = T::default();
        let fresh = Arc::new(Current { process, value });
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

impl<T> Deref for Current<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let current = self.0.load_full();
        if let Some(value) = current
            && value.process != std::process::id()
        {
            std::mem::forget(value);
        }
    }
}
