//! The options of an inbox.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{Client, Error, Webhook};

use crate::inbox::Inbox;
use crate::ledger::{Ledger, SHORTEST_RETENTION};
use crate::queue::{Mode, QueueOptions};
use crate::store::{LazyStore, MemoryStore, Store};

/// Builds an [`Inbox`].
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct InboxBuilder {
    client: Client,
    webhook: Webhook,
    ledger: Ledger,
    retention: Duration,
    mode: Mode,
}

impl InboxBuilder {
    pub(crate) fn new(client: Client, webhook: Webhook) -> Self {
        Self {
            client,
            webhook,
            ledger: Ledger::with_store(Arc::new(MemoryStore::new())),
            retention: Duration::from_hours(30 * 24),
            mode: Mode::Inline,
        }
    }

    /// Where the ledger lives, as [`Ledger::open`] reads it. Default: memory, for development.
    pub async fn store(self, url: &str) -> Result<Self, Error> {
        let opened = Ledger::open(url).await?;
        Ok(self.with_store(opened.store))
    }

    /// The same, but opened by its first use: for code that cannot wait. While it cannot be opened
    /// requests are answered as when it is gone, and the next one tries again.
    ///
    /// Raises `configuration` for a URL that names no store of this build.
    pub fn store_later(self, url: &str) -> Result<Self, Error> {
        Ok(self.with_store(Arc::new(LazyStore::new(url)?)))
    }

    /// The same with a store of one's own, or one that is open already.
    pub fn with_store(mut self, store: Arc<dyn Store>) -> Self {
        self.ledger.store = store;
        self
    }

    /// The application, when several share a store. Default: `default`.
    pub fn scope(mut self, scope: impl Into<Arc<str>>) -> Self {
        self.ledger = self.ledger.scope(scope);
        self
    }

    /// Which of several answers to the same message this inbox gives. Default: `reply`.
    pub fn slot(mut self, slot: impl Into<Arc<str>>) -> Self {
        self.ledger = self.ledger.slot(slot);
        self
    }

    /// How long a handler may take before another worker may take the message, and how long a POST
    /// may take before it counts as `maybe_sent`. Keep it above the slowest handler and the
    /// client's timeout; too short costs work, never a second reply. Default: 120 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.ledger = self.ledger.lease(lease);
        self
    }

    /// How long finished rows are kept. Default: 30 days; less than 15 counts as 15, for Prelude
    /// delivers for two weeks.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention.max(SHORTEST_RETENTION);
        self
    }

    /// Stores each message, answers 200 at once, and lets the workers of [`Inbox::run`] answer it.
    /// Default: inline, within the request.
    pub fn queue(mut self, options: QueueOptions) -> Self {
        self.mode = Mode::Queue(options);
        self
    }

    /// Where the time comes from. Default: this machine. (Postgres uses its own.)
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.ledger = self.ledger.clock(clock);
        self
    }

    /// The inbox.
    pub fn build(self) -> Inbox {
        Inbox::new(
            self.client,
            self.webhook,
            self.ledger,
            self.retention,
            self.mode,
        )
    }
}
