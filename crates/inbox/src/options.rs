//! Inline or queue, and the settings of the queue.

use std::time::Duration;

use backchat_core::Error;

/// The place where handlers run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// In the request itself: Prelude waits up to 10 s for its answer.
    #[default]
    Inline,
    /// In workers: the event is stored, and Prelude gets its 200 at once.
    Queue(QueueOptions),
}

impl Mode {
    /// The settings of the queue. Inline, the defaults, for messages that an operator re-armed.
    pub(crate) fn queue_options(&self) -> QueueOptions {
        match self {
            Mode::Queue(options) => options.clone(),
            Mode::Inline => QueueOptions::default().poll(Duration::from_secs(1)),
        }
    }
}

/// The settings of the queue. `QueueOptions::default()`, then change its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueOptions {
    /// The number of messages that this process works on at once; of one sender always only one.
    /// At least 1. Default: 8.
    pub concurrency: usize,
    /// The number of attempts at a message whose handler fails; then it is `given_up`. At least 1.
    /// Default: 8, about 5 minutes with the other defaults.
    pub max_attempts: u32,
    /// The wait after the first failure; doubles with each further one. Default: 2 s.
    pub backoff: Duration,
    /// The longest wait after a failure of the handler. Default: 5 minutes.
    pub longest_backoff: Duration,
    /// The time between two looks for what other processes stored, and for what has become due.
    /// Default: 200 ms.
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
    /// Sets the number of messages that this process works on at once.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// Sets the number of attempts at a message whose handler fails.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the first and the longest wait after a failure of the handler.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = first;
        self.longest_backoff = longest;
        self
    }

    /// Sets the time between two looks.
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Raises `configuration` with the name of the field that is wrong.
    pub fn check(&self) -> Result<(), Error> {
        // More permits than a semaphore holds would end the process.
        if !(1..=tokio::sync::Semaphore::MAX_PERMITS).contains(&self.concurrency) {
            return Err(Error::configuration("concurrency", "must be at least 1"));
        }
        if self.max_attempts == 0 {
            return Err(Error::configuration("max_attempts", "must be at least 1"));
        }
        for (name, time) in [
            ("backoff", self.backoff),
            ("longest_backoff", self.longest_backoff),
            ("poll", self.poll),
        ] {
            positive(name, time)?;
        }
        if self.longest_backoff < self.backoff {
            return Err(Error::configuration(
                "longest_backoff",
                "must not be shorter than `backoff`",
            ));
        }
        Ok(())
    }
}

/// The longest time: sums of times must not overflow, neither here nor in a store.
const LONGEST: Duration = Duration::from_hours(100 * 366 * 24);

/// Raises `configuration` with `name` for no time at all, and for more than 100 years.
pub(crate) fn positive(name: &'static str, time: Duration) -> Result<(), Error> {
    if time.is_zero() {
        return Err(Error::configuration(name, "must be more than nothing"));
    }
    if time > LONGEST {
        return Err(Error::configuration(name, "must be 100 years at most"));
    }
    Ok(())
}
