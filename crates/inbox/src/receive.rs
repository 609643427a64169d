//! One webhook request: verify it, do what its event asks for, and say what to answer Prelude.
//!
//! | situation | inline | queue |
//! |---|---|---|
//! | new | run, then 200 once the outcome is recorded | 200 after the durable insert |
//! | duplicate, finished or given up | 200 | 200 |
//! | duplicate, still running | 503 with `Retry-After`: 200 would lose it if the first dies | 200 |
//! | handler failed before sending | 503, claim released; after the last attempt 200, `given_up` | tried again, then `given_up` |
//! | not sent (connection refused, 429, …) | 503, claim released | tried again until the message is 25 hours old |
//! | outcome not recorded | 503: `sending` cannot be claimed again | 200 long since |
//! | store unavailable | 503, nothing run | 503 |
//! | bad signature | 401 | 401 |
//! | signed, unknown, and older than `max_event_age` | 503 | 503 |
//! | signed but unreadable, other events without a handler | 200 | 200 |
//! | other events whose handler failed | 503 | 503 |
//! | a message without a handler | 503: somebody forgot `on_message` | 503 |

use std::sync::Arc;
use std::time::Duration;

use backchat_core::{DeliveryEvent, Error, Event, EventId, InboundMessage, runtime};
use tokio::time::Instant;

use crate::answer::HandlerError;
use crate::failure::{Failure, Stage};
use crate::handlers::Unwanted;
use crate::inbox::{Inbox, Inner};
use crate::ledger::Claim;
use crate::options::Mode;
use crate::receipt::Receipt;
use crate::record::Key;
use crate::work::Worked;

impl Inbox {
    /// Takes one webhook request, from any framework: the raw body, and the headers as pairs of
    /// name and value. Answer Prelude with the [`Receipt`].
    ///
    /// It needs a tokio runtime. The work goes on when the caller stops waiting.
    pub async fn receive<N, V>(
        &self,
        body: &[u8],
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Receipt
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        match runtime::verify(&self.inner.webhook, body, headers).await {
            Ok(event) => self.take(event, true).await,
            Err(error) => self.inner.refuse(error),
        }
    }

    /// Takes an event that was verified elsewhere, or that the application kept. Its age does not
    /// matter.
    pub async fn handle(&self, event: Event) -> Receipt {
        self.take(event, false).await
    }

    async fn take(&self, event: Event, from_webhook: bool) -> Receipt {
        let inner = Arc::clone(&self.inner);
        let work = self.inner.tasks.spawn(async move {
            tracing::debug!(
                target: "backchat",
                event_id = event.id().masked(),
                event_type = backchat_core::Word::from(event.event_type()).masked(),
                "event received"
            );
            inner.note_time(&event);
            if from_webhook && let Some(refused) = inner.too_old(&event).await {
                return refused;
            }
            // A message that an operator re-armed is answered beside this one.
            let (receipt, ()) =
                tokio::join!(Arc::clone(&inner).dispatch(event), inner.look_around());
            receipt
        });
        work.await
            .unwrap_or_else(|_panic| Receipt::again("internal"))
    }
}

impl Inner {
    /// A request without an event. One that is not Prelude's rings no alarm: anybody can send it.
    fn refuse(&self, error: Error) -> Receipt {
        let receipt = Receipt::of_webhook_error(&error);
        if matches!(error, Error::Signature(_)) {
            self.count_refused();
            tracing::debug!(
                target: "backchat",
                code = error.code().as_str(),
                error = %error,
                "request refused: not signed by Prelude"
            );
        } else {
            let failure = Failure::new(Stage::Webhook, Arc::new(error)).finally(true);
            self.handlers.report(&failure);
        }
        receipt
    }

    /// Refuses a signed event that Prelude does not deliver any more and that the ledger does not
    /// know: its row may be deleted, and it would be answered again.
    async fn too_old(&self, event: &Event) -> Option<Receipt> {
        let limit = self.max_event_age?;
        let made = event.created_at().instant().filter(|_| event.verified())?;
        let age = self.ledger.now().duration_since(made);
        if Duration::try_from(age).unwrap_or_default() <= limit {
            return None;
        }
        let known = match event {
            Event::InboundMessage(message) => self
                .ledger
                .show(&message.message_id)
                .await
                .map(|record| record.is_some()),
            other => self.ledger.is_handled(other.id()).await,
        };
        match known {
            Ok(true) => None,
            Ok(false) => {
                let error = Error::configuration(
                    "max_event_age",
                    "an event is older than this and not in the ledger, so it is not answered: check \
                     this machine's clock, or hand the event to `handle`",
                );
                let failure = Failure::new(Stage::Webhook, Arc::new(error)).of_event(event.id());
                self.handlers.report(&failure);
                Some(Receipt::again("too_old"))
            }
            Err(error) => {
                let failure = Failure::new(Stage::Store, Arc::new(error)).of_event(event.id());
                self.handlers.report(&failure);
                Some(Receipt::again("store_unavailable"))
            }
        }
    }

    async fn dispatch(self: Arc<Self>, event: Event) -> Receipt {
        match event {
            Event::InboundMessage(message) => self.message(message).await,
            Event::Delivery(event) => self.delivery(event).await,
            other => self.other(other).await,
        }
    }

    async fn message(self: Arc<Self>, message: InboundMessage) -> Receipt {
        if !self.handlers.message.is_set() {
            let missing = Error::configuration("on_message", "no handler answers messages");
            self.report_message(Stage::Handler, &message, false, Arc::new(missing));
            return Receipt::again("no_handler");
        }
        match self.mode {
            Mode::Inline => self.message_inline(message).await,
            Mode::Queue(_) => match self.ledger.enqueue(&message).await {
                Ok(true) => {
                    self.wake.notify_one();
                    Receipt::ok("queued")
                }
                Ok(false) => {
                    redelivered(&message, "duplicate");
                    Receipt::ok("duplicate")
                }
                Err(error) => self.store_gone(&message, error),
            },
        }
    }

    async fn message_inline(self: Arc<Self>, message: InboundMessage) -> Receipt {
        let ticket = match self.ledger.claim(&message).await {
            Ok(Claim::Won(ticket)) => ticket,
            Ok(Claim::Done(record) | Claim::Running(record)) => {
                redelivered(&message, record.state.as_str());
                let left = record.lease_left_at(self.ledger.now());
                return Receipt::of_duplicate(&record, left);
            }
            Err(error) => return self.store_gone(&message, error),
        };
        match self.answer(message, ticket).await {
            Worked::Recorded(state) => Receipt::ok(state.as_str()),
            Worked::HandlerFailed => Receipt::again("handler_failed"),
            Worked::NotSent { retry_after } => Receipt::again_after("not_sent", retry_after),
            Worked::Lost(Some(record)) => {
                let left = record.lease_left_at(self.ledger.now());
                Receipt::of_duplicate(&record, left)
            }
            Worked::Lost(None) => Receipt::again("lost"),
            Worked::StoreFailed => Receipt::again("store_unavailable"),
        }
    }

    /// The ledger learns first: also for a reply whose POST has not returned.
    async fn delivery(self: Arc<Self>, event: DeliveryEvent) -> Receipt {
        if let Err(error) = self.ledger.settle(&event).await {
            let failure = Failure::new(Stage::Store, Arc::new(error)).of_event(&event.id);
            self.handlers.report(&failure);
            return Receipt::again("store_unavailable");
        }
        self.other(Event::Delivery(event)).await
    }

    /// Runs the handler of an event that is no message, until it has succeeded once.
    async fn other(&self, event: Event) -> Receipt {
        let handled = match &event {
            Event::Delivery(_) => self.handlers.delivery.is_set(),
            Event::OptOut(_) => self.handlers.opt_out.is_set(),
            _ => false,
        };
        if let Event::OptOut(event) = &event {
            tracing::debug!(
                target: "backchat",
                event_id = event.id.masked(),
                kind = event.kind.as_str(),
                "opt-out received"
            );
        }
        if !handled && !self.handlers.other.is_set() {
            return Receipt::ok("ignored");
        }
        let id = event.id().clone();
        match self.ledger.is_handled(&id).await {
            Ok(false) => {}
            Ok(true) => return Receipt::ok("duplicate"),
            Err(error) => {
                let failure = Failure::new(Stage::Store, Arc::new(error)).of_event(&id);
                self.handlers.report(&failure);
                return Receipt::again("store_unavailable");
            }
        }
        let key = Key::new(
            Arc::clone(&self.ledger.scope),
            id.as_str().into(),
            Arc::clone(&self.ledger.slot),
        );
        let run = match self.runs.begin(key, 1, self.handler_timeout) {
            Ok(run) => run,
            Err(deadline) => {
                if deadline < Instant::now() {
                    let error = HandlerError::from(Unwanted::StillRunning);
                    let failure = Failure::new(Stage::Handler, error.into());
                    self.handlers.report(&failure.of_event(&id));
                }
                return Receipt::again_after("running", Some(Duration::from_secs(1)));
            }
        };
        let ended = match event {
            Event::Delivery(event) if handled => self.handlers.delivery.run(event, &run).await,
            Event::OptOut(event) if handled => self.handlers.opt_out.run(event, &run).await,
            event => self.handlers.other.run(event, &run).await,
        };
        self.receipt_of_handler(&id, ended).await
    }

    async fn receipt_of_handler(
        &self,
        id: &EventId,
        ended: Option<Result<(), HandlerError>>,
    ) -> Receipt {
        let failure = |stage, error| Failure::new(stage, error).of_event(id);
        match ended {
            None => Receipt::ok("ignored"),
            Some(Ok(())) => {
                // The handler has done its work: a redelivery would only run it again.
                if let Err(error) = self.ledger.mark_handled(id).await {
                    self.handlers
                        .report(&failure(Stage::Store, Arc::new(error)).finally(true));
                }
                Receipt::ok("handled")
            }
            Some(Err(error)) => {
                let slow = error.downcast_ref::<Unwanted>().is_some();
                self.handlers.report(&failure(Stage::Handler, error.into()));
                Receipt::again(if slow {
                    "handler_timed_out"
                } else {
                    "handler_failed"
                })
            }
        }
    }

    fn store_gone(&self, message: &InboundMessage, error: Error) -> Receipt {
        self.report_message(Stage::Store, message, false, Arc::new(error));
        Receipt::again("store_unavailable")
    }
}

fn redelivered(message: &InboundMessage, state: &'static str) {
    tracing::debug!(
        target: "backchat",
        message_id = message.message_id.masked(),
        state,
        "message redelivered"
    );
}
