//! The inbox: webhooks in, at most one reply each out.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use backchat_core::jiff::Timestamp;
use backchat_core::{
    Client, CorrelationId, DeliveryEvent, Error, Event, InboundMessage, InboundMessageId,
    OptOutEvent, Webhook,
};

use crate::answer::{IntoAnswer, IntoHandled};
use crate::builder::InboxBuilder;
use crate::failure::Failure;
use crate::handlers::Handlers;
use crate::ledger::{Claim, Gate, Ledger};
use crate::queue::Mode;
use crate::record::{Record, Ticket};
use crate::signals::{Stopping, Wake};
use crate::state::{End, State};
use crate::store::{Counts, Finished, Rearmed};
use crate::tasks::Tasks;

/// Answers each message once. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Inbox {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) client: Client,
    pub(crate) webhook: Webhook,
    pub(crate) ledger: Ledger,
    pub(crate) retention: Duration,
    pub(crate) mode: Mode,
    pub(crate) handlers: Handlers,
    pub(crate) tasks: Tasks,
    /// Wakes the queue: something was stored, or finished.
    pub(crate) wake: Wake,
    pub(crate) stopping: Stopping,
}

impl Inbox {
    /// An inbox that sends through `client` and trusts what `webhook` verifies.
    pub fn builder(client: Client, webhook: Webhook) -> InboxBuilder {
        InboxBuilder::new(client, webhook)
    }

    pub(crate) fn new(
        client: Client,
        webhook: Webhook,
        ledger: Ledger,
        retention: Duration,
        mode: Mode,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                webhook,
                ledger,
                retention,
                mode,
                handlers: Handlers::default(),
                tasks: Tasks::default(),
                wake: Wake::default(),
                stopping: Stopping::default(),
            }),
        }
    }

    /// Who answers messages. The function returns a text, nothing, an [`Answer`](crate::Answer), an
    /// `Option` or a `Result` of these. When it fails or panics nothing is sent, and it runs again.
    /// It may run more than once for a message, at most one of its answers is sent. An empty text
    /// is a failure.
    pub fn on_message<F, Fut>(&self, handler: F)
    where
        F: Fn(InboundMessage) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoAnswer,
    {
        self.inner.handlers.set_message(handler);
    }

    /// Who is told what became of a reply. Runs at least once per event, after the ledger knows.
    pub fn on_delivery<F, Fut>(&self, handler: F)
    where
        F: Fn(DeliveryEvent) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoHandled,
    {
        Handlers::set(&self.inner.handlers.delivery, handler);
    }

    /// Who is told that a user opted out, in again, or asked for help. At least once per event.
    pub fn on_opt_out<F, Fut>(&self, handler: F)
    where
        F: Fn(OptOutEvent) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoHandled,
    {
        Handlers::set(&self.inner.handlers.opt_out, handler);
    }

    /// Who gets every other event. At least once per event.
    pub fn on_other<F, Fut>(&self, handler: F)
    where
        F: Fn(Event) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoHandled,
    {
        Handlers::set(&self.inner.handlers.other, handler);
    }

    /// Who is told when something went wrong, for logs and alarms. Be quick.
    pub fn on_error(&self, hook: impl Fn(&Failure) + Send + Sync + 'static) {
        self.inner.handlers.set_error(hook);
    }

    /// The ledger by itself, for all that operators do.
    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// What is known about the answer to `message_id`. [`Ledger::show`]
    pub async fn outcome(&self, message_id: &InboundMessageId) -> Result<Option<Record>, Error> {
        self.ledger().show(message_id).await
    }

    /// [`Ledger::list`]
    pub async fn list(
        &self,
        state: Option<State>,
        since: Option<Timestamp>,
    ) -> Result<Vec<Record>, Error> {
        self.ledger().list(state, since).await
    }

    /// [`Ledger::counts`]
    pub async fn counts(&self) -> Result<Counts, Error> {
        self.ledger().counts().await
    }

    /// [`Ledger::oldest_maybe_sent_age`]
    pub async fn oldest_maybe_sent_age(&self) -> Result<Option<Duration>, Error> {
        self.ledger().oldest_maybe_sent_age().await
    }

    /// [`Ledger::rearm`]. Workers of this inbox see it at once.
    pub async fn rearm(&self, message_id: &InboundMessageId) -> Result<Rearmed, Error> {
        let rearmed = self.ledger().rearm(message_id).await?;
        self.inner.wake.notify_one();
        Ok(rearmed)
    }

    /// [`Ledger::forget`]
    pub async fn forget(&self, phone: &str) -> Result<u64, Error> {
        self.ledger().forget(phone).await
    }

    /// [`Ledger::prune`] with this inbox's retention. [`Inbox::run`] does it by itself.
    pub async fn prune(&self) -> Result<u64, Error> {
        self.ledger().prune(self.inner.retention).await
    }

    /// [`Ledger::claim`], for handlers of one's own.
    pub async fn claim(&self, message: &InboundMessage) -> Result<Claim, Error> {
        self.ledger().claim(message).await
    }

    /// [`Ledger::begin_send`], for handlers of one's own.
    pub async fn begin_send(
        &self,
        ticket: &Ticket,
        text: &str,
        correlation_id: Option<CorrelationId>,
    ) -> Result<Gate, Error> {
        self.ledger().begin_send(ticket, text, correlation_id).await
    }

    /// [`Ledger::finish`], for handlers of one's own.
    pub async fn finish(&self, ticket: &Ticket, end: End) -> Result<Finished, Error> {
        self.ledger().finish(ticket, end).await
    }
}

impl Inner {
    /// Whether [`Inbox::shutdown`] was called.
    pub(crate) async fn stopped(&self) {
        // The sender lives in `self`: waiting can only end with the value.
        let mut stopping = self.stopping.subscribe();
        let _stopped = stopping.wait_for(|stop| *stop).await;
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("ledger", &self.inner.ledger)
            .field("mode", &self.inner.mode)
            .field("retention", &self.inner.retention)
            .field("handlers", &self.inner.handlers)
            .finish_non_exhaustive()
    }
}
