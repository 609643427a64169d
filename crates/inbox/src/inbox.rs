//! The inbox: webhooks in, at most one reply each out.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use backchat_core::fork::PerProcess;
use backchat_core::jiff::Timestamp;
use backchat_core::{
    Client, CorrelationId, DeliveryEvent, Error, Event, InboundMessage, InboundMessageId,
    OptOutEvent, Webhook,
};

use crate::answer::{IntoAnswer, IntoHandled};
use crate::builder::InboxBuilder;
use crate::context::Runs;
use crate::failure::Failure;
use crate::handlers::Handlers;
use crate::ledger::{Claim, Gate, Ledger};
use crate::options::{Mode, QueueOptions};
use crate::queue::{self, Housekeeping};
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
    pub(crate) mode: Mode,
    pub(crate) queue: QueueOptions,
    pub(crate) retention: Duration,
    pub(crate) handler_timeout: Duration,
    pub(crate) max_event_age: Option<Duration>,
    pub(crate) handlers: Handlers,
    pub(crate) tasks: Tasks,
    pub(crate) runs: Runs,
    pub(crate) housekeeping: PerProcess<Housekeeping>,
    /// The number of requests that were not signed by Prelude.
    pub(crate) refused: AtomicU64,
    /// Wakes the queue: something was stored, or finished.
    pub(crate) wake: Wake,
    pub(crate) stopping: Stopping,
}

/// The options of an inbox, checked.
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) queue: QueueOptions,
    pub(crate) retention: Duration,
    pub(crate) handler_timeout: Duration,
    pub(crate) max_event_age: Option<Duration>,
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
        settings: Settings,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                webhook,
                ledger,
                mode: settings.mode,
                queue: settings.queue,
                retention: settings.retention,
                handler_timeout: settings.handler_timeout,
                max_event_age: settings.max_event_age,
                handlers: Handlers::default(),
                tasks: Tasks::default(),
                runs: Runs::default(),
                housekeeping: PerProcess::default(),
                refused: AtomicU64::new(0),
                wake: Wake::default(),
                stopping: Stopping::default(),
            }),
        }
    }

    /// Registers the function that answers messages. It returns a text, nothing, an
    /// [`Answer`](crate::Answer), an `Option` or a `Result` of these. When it fails, panics, or takes
    /// longer than `handler_timeout`, nothing is sent, and it runs again: up to `max_attempts` times.
    /// It may run more than once for a message, at most one of its answers is sent. An empty text
    /// is a failure.
    ///
    /// Raises `configuration` when a function is registered already. The same holds for the other
    /// `on_…` functions.
    pub fn on_message<F, Fut>(&self, handler: F) -> Result<(), Error>
    where
        F: Fn(InboundMessage) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoAnswer,
    {
        self.inner.handlers.set_message(handler)
    }

    /// Registers the function that hears what became of a reply. It runs after the ledger knows,
    /// and again for the same event only until it has succeeded.
    pub fn on_delivery<F, Fut>(&self, handler: F) -> Result<(), Error>
    where
        F: Fn(DeliveryEvent) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoHandled,
    {
        Handlers::set(&self.inner.handlers.delivery, "on_delivery", handler)
    }

    /// Registers the function that hears that a user opted out, in again, or asked for help. It runs
    /// again for the same event only until it has succeeded.
    pub fn on_opt_out<F, Fut>(&self, handler: F) -> Result<(), Error>
    where
        F: Fn(OptOutEvent) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoHandled,
    {
        Handlers::set(&self.inner.handlers.opt_out, "on_opt_out", handler)
    }

    /// Registers the function that gets every other event. It runs again for the same event only
    /// until it has succeeded.
    pub fn on_other<F, Fut>(&self, handler: F) -> Result<(), Error>
    where
        F: Fn(Event) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoHandled,
    {
        Handlers::set(&self.inner.handlers.other, "on_other", handler)
    }

    /// Registers the function that hears of every failure, for alarms; the log has it anyway.
    /// [`Failure::is_final`] tells whether something is tried again. It must not block.
    pub fn on_error(&self, hook: impl Fn(&Failure) + Send + Sync + 'static) -> Result<(), Error> {
        self.inner.handlers.set_error(hook)
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

    /// Makes a message answerable again: [`Ledger::rearm`]. Waits for what this process still does
    /// with it, for the client's timeout at most: a handler that has not returned by then refuses it
    /// too. Inline, where a handler is registered, the message has been answered when this returns,
    /// and [`Inbox::outcome`] tells how; in queue mode a worker answers it.
    pub async fn rearm(&self, message_id: &InboundMessageId) -> Result<Rearmed, Error> {
        if let Some(refused) = self.still_worked_on(message_id).await? {
            return Ok(refused);
        }
        let rearmed = self.ledger().rearm(message_id).await?;
        self.answer_rearmed(message_id, rearmed).await
    }

    /// As [`Inbox::rearm`], with the event that the application kept: for a message whose row keeps
    /// none any more, because it was `rejected` or `skipped`. [`Ledger::rearm_with`]
    pub async fn rearm_with(&self, message: &InboundMessage) -> Result<Rearmed, Error> {
        let message_id = &message.message_id;
        if let Some(refused) = self.still_worked_on(message_id).await? {
            return Ok(refused);
        }
        let rearmed = self.ledger().rearm_with(message).await?;
        self.answer_rearmed(message_id, rearmed).await
    }

    /// Waits until this process has ended its work on a message, or until no POST of it can be under
    /// way any more: then a handler does not return.
    async fn still_worked_on(
        &self,
        message_id: &InboundMessageId,
    ) -> Result<Option<Rearmed>, Error> {
        let key = self.ledger().key(message_id);
        let ended = self.inner.runs.ended(&key);
        if tokio::time::timeout(self.inner.client.timeout(), ended)
            .await
            .is_ok()
        {
            return Ok(None);
        }
        let record = self.ledger().show(message_id).await?;
        Ok(Some(record.map_or(Rearmed::Unknown, |record| {
            Rearmed::Refused(Box::new(record))
        })))
    }

    async fn answer_rearmed(
        &self,
        message_id: &InboundMessageId,
        rearmed: Rearmed,
    ) -> Result<Rearmed, Error> {
        let inner = Arc::clone(&self.inner);
        if rearmed != Rearmed::Yes || inner.mode != Mode::Inline || !inner.handlers.message.is_set()
        {
            inner.wake.notify_one();
            return Ok(rearmed);
        }
        let message_id = message_id.clone();
        let work = self.inner.tasks.spawn(async move {
            let Some(record) = inner.ledger.show(&message_id).await? else {
                return Ok(());
            };
            let Some(message) = record.event.as_ref().map(queue::read).transpose()? else {
                return Ok(());
            };
            // Lost: somebody else answers it.
            if let Claim::Won(ticket) = inner.ledger.claim(&message).await? {
                inner.answer(message, ticket).await;
            }
            Ok::<(), Error>(())
        });
        work.await.unwrap_or(Ok(()))?;
        Ok(rearmed)
    }

    /// [`Ledger::forget`]
    pub async fn forget(&self, phone: &str) -> Result<u64, Error> {
        self.ledger().forget(phone).await
    }

    /// Cleans up to the end: [`Ledger::prune`] with this inbox's retention, in small steps with
    /// pauses. Returns how many rows changed. Requests and [`Inbox::run`] do it by themselves.
    pub async fn prune(&self) -> Result<u64, Error> {
        let mut changed = 0;
        loop {
            let step = self.inner.prune_step().await?;
            if step == 0 {
                return Ok(changed);
            }
            changed += step;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
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
    /// Ends when [`Inbox::shutdown`] is called.
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
