//! The options of an inbox.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{Client, Error, Webhook};

use crate::inbox::{Inbox, Settings};
use crate::ledger::{Ledger, SHORTEST_RETENTION};
use crate::options::{Mode, QueueOptions, positive};
use crate::store::{LazyStore, MemoryStore, Store};

/// Prelude delivers an event for two weeks. Half a day more, for clocks.
const MAX_EVENT_AGE: Duration = Duration::from_hours(14 * 24 + 12);

/// A lease begins when the store is asked for it, and the POST when the store has answered: a store
/// may take this long.
const SLOWEST_GATE: Duration = Duration::from_secs(10);

/// Builds an [`Inbox`].
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct InboxBuilder {
    client: Client,
    webhook: Webhook,
    ledger: Ledger,
    lease: Duration,
    slowest_gate: Duration,
    handler_timeout: Option<Duration>,
    retention: Duration,
    max_event_age: Option<Duration>,
    max_attempts: Option<u32>,
    mode: Mode,
}

impl InboxBuilder {
    pub(crate) fn new(client: Client, webhook: Webhook) -> Self {
        let ledger = Ledger::with_store(Arc::new(MemoryStore::new()));
        Self {
            client,
            webhook,
            lease: ledger.lease,
            slowest_gate: SLOWEST_GATE,
            ledger,
            handler_timeout: None,
            retention: Duration::from_hours(30 * 24),
            max_event_age: Some(MAX_EVENT_AGE),
            max_attempts: None,
            mode: Mode::Inline,
        }
    }

    /// The place of the ledger, as [`Ledger::open`] reads it. Default: memory, for development.
    pub async fn store(self, url: &str) -> Result<Self, Error> {
        let opened = Ledger::open(url).await?;
        Ok(self.with_store(opened.store))
    }

    /// As [`InboxBuilder::store`], but opened by its first use: for code that cannot wait. While it
    /// cannot be opened requests are answered as when it is gone, and the next one tries again.
    ///
    /// Raises `configuration` for a URL that names no store of this build.
    pub fn store_later(self, url: &str) -> Result<Self, Error> {
        Ok(self.with_store(Arc::new(LazyStore::new(url)?)))
    }

    /// A store of one's own, or one that is open already.
    pub fn with_store(mut self, store: Arc<dyn Store>) -> Self {
        self.ledger.store = store;
        self
    }

    /// The application, when several share a store. Default: `default`.
    pub fn scope(mut self, scope: impl Into<Arc<str>>) -> Self {
        self.ledger = self.ledger.scope(scope);
        self
    }

    /// The slot: one of several replies to a message, each sent at most once. Default: `reply`.
    pub fn slot(mut self, slot: impl Into<Arc<str>>) -> Self {
        self.ledger = self.ledger.slot(slot);
        self
    }

    /// The time of a claim: after it another worker may take the message, and a POST without an end
    /// counts as `maybe_sent`. At least 10 s longer than the client's timeout, and longer than
    /// [`InboxBuilder::handler_timeout`]. Default: 120 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Takes a lease that is shorter than that too: for tests, which wait for its end.
    #[cfg(feature = "testing")]
    #[doc(hidden)]
    pub fn short_lease(mut self, lease: Duration) -> Self {
        self.slowest_gate = Duration::ZERO;
        self.lease(lease)
    }

    /// The time that a handler may take. Then its run counts as failed, in both modes, its message
    /// is tried again, and its worker takes other messages. No second run of a message begins in
    /// this process while the first goes on. Shorter than the lease. Default: three quarters of it.
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.handler_timeout = Some(timeout);
        self
    }

    /// The time that finished rows are kept. At least 15 days, because Prelude delivers for two
    /// weeks. Default: 30 days.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// The age from which [`Inbox::receive`] does not take a signed event that the ledger does not
    /// know: a webhook that somebody captured would be answered again once its row is deleted. Such
    /// a request gets 503, and `on_error` hears of it, so that nothing is lost when it was this
    /// machine's clock that was wrong. `None` takes events of any age. Default: 14.5 days; Prelude
    /// delivers for 14.
    pub fn max_event_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_event_age = age.into();
        self
    }

    /// The number of attempts at a message whose handler fails, in both modes; then it is `given_up`,
    /// and a redelivery gets 200. At least 1. Default: 8, or that of the [`QueueOptions`].
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// Stores each message, answers 200 at once, and lets the workers of [`Inbox::run`] answer it.
    /// Default: inline, within the request.
    pub fn queue(mut self, options: QueueOptions) -> Self {
        self.mode = Mode::Queue(options);
        self
    }

    /// The source of the time. Default: this machine. (Postgres uses its own.)
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.ledger = self.ledger.clock(clock);
        self
    }

    /// Builds the inbox.
    ///
    /// Raises `configuration` with the name of the option that is wrong.
    pub fn build(self) -> Result<Inbox, Error> {
        let wrong = |name, why| Err(Error::configuration(name, why));
        let lease = self.lease;
        positive("lease", lease)?;
        if lease < self.client.timeout().saturating_add(self.slowest_gate) {
            return wrong(
                "lease",
                "must be at least 10 s longer than the client's timeout: a slow POST would count as \
                 `maybe_sent`",
            );
        }
        let handler_timeout = self.handler_timeout.unwrap_or(lease * 3 / 4);
        positive("handler_timeout", handler_timeout)?;
        if handler_timeout >= lease {
            return wrong(
                "handler_timeout",
                "must be shorter than the lease: another worker would run the handler as well",
            );
        }
        positive("retention", self.retention)?;
        if self.retention < SHORTEST_RETENTION {
            return wrong(
                "retention",
                "must be at least 15 days: Prelude delivers for two weeks",
            );
        }
        if let Some(age) = self.max_event_age {
            positive("max_event_age", age)?;
            if age >= self.retention {
                return wrong(
                    "max_event_age",
                    "must be shorter than the retention: a deleted row would be answered again",
                );
            }
        }
        for (name, value) in [("scope", &self.ledger.scope), ("slot", &self.ledger.slot)] {
            if value.is_empty() {
                return wrong(name, "must not be empty");
            }
        }
        let mut queue = self.mode.queue_options();
        queue.max_attempts = self.max_attempts.unwrap_or(queue.max_attempts);
        queue.check()?;
        Ok(Inbox::new(
            self.client,
            self.webhook,
            self.ledger.lease(lease),
            Settings {
                queue,
                mode: self.mode,
                retention: self.retention,
                handler_timeout,
                max_event_age: self.max_event_age,
            },
        ))
    }
}
