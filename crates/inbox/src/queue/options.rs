//! Inline or queue, and how the queue works.

use std::time::Duration;

/// Who answers a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The request itself: Prelude waits up to 10 s for its answer.
    #[default]
    Inline,
    /// Workers: the event is stored, and Prelude gets its 200 at once.
    Queue(QueueOptions),
}

/// How the queue works. `QueueOptions::default()`, then change its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueOptions {
    /// How many messages this process works on at once; of one sender always only one. Default: 8.
    pub concurrency: usize,
    /// How often a message is tried before it is given up: it is then listed as `released`.
    /// Default: 8, about 10 minutes with the other defaults.
    pub max_attempts: u32,
    /// How long to wait after the first failure; doubles with each further one. Default: 2 s.
    pub backoff: Duration,
    /// The longest wait. Default: 5 minutes.
    pub longest_backoff: Duration,
    /// How often to look for what other processes stored, and for what has become due. Default:
    /// 200 ms.
    pub poll: Duration,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            concurrency: 8,
            max_attempts: 8,
            backoff: Duration::from_secs(2),
            longest_backoff: Duration::from_mins(5),
            poll: Duration::from_millis(200),
        }
    }
}

impl QueueOptions {
    /// Sets how many messages this process works on at once.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// Sets how often a message is tried.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the first and the longest wait after a failure.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = first;
        self.longest_backoff = longest;
        self
    }

    /// Sets how often to look.
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }
}
