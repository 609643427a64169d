//! One webhook request: verify it, do what its event asks for, and say what to answer Prelude.
//!
//! | situation | inline | queue |
//! |---|---|---|
//! | new | run, then 200 once the outcome is recorded | 200 after the durable insert |
//! | duplicate, finished | 200 | 200 |
//! | duplicate, still running | 503 with `Retry-After`: 200 would lose it if the first dies | 200 |
//! | handler failed before sending | 503, claim released | tried again, then listed |
//! | not sent (connection refused, 429, …) | 503, claim released | tried again, then listed |
//! | outcome not recorded | 503: `sending` cannot be claimed again | 200 long since |
//! | store unavailable | 503, nothing run | 503 |
//! | bad signature | 401 | 401 |
//! | signed but unreadable, other events without a handler | 200 | 200 |
//! | a message without a handler | 503: somebody forgot `on_message` | 503 |

use std::sync::Arc;
use std::time::Duration;

use backchat_core::{DeliveryEvent, Error, Event, EventId, InboundMessage};

use crate::answer::HandlerError;
use crate::failure::{Failure, Stage};
use crate::inbox::{Inbox, Inner};
use crate::ledger::Claim;
use crate::queue::Mode;
use crate::receipt::Receipt;
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
        match self.inner.webhook.verify(body, headers) {
            Ok(event) => self.handle(event).await,
            Err(error) => {
                let receipt = Receipt::of_webhook_error(&error);
                self.inner.handlers.report(&Failure {
                    stage: Stage::Webhook,
                    event_id: None,
                    message_id: None,
                    error: Arc::new(error),
                });
                receipt
            }
        }
    }

    /// The same for an event that was verified elsewhere, or kept: after a re-arming, say.
    pub async fn handle(&self, event: Event) -> Receipt {
        let inner = Arc::clone(&self.inner);
        let work = self
            .inner
            .tasks
            .spawn(async move { inner.dispatch(event).await });
        work.await
            .unwrap_or_else(|_panic| Receipt::again("internal"))
    }
}

impl Inner {
    async fn dispatch(self: Arc<Self>, event: Event) -> Receipt {
        let id = event.id().clone();
        let handled = match event {
            Event::InboundMessage(message) => return self.message(message).await,
            Event::Delivery(event) => return self.delivery(event).await,
            Event::OptOut(event) if self.handlers.opt_out.is_set() => {
                self.handlers.opt_out.run(event).await
            }
            other => self.handlers.other.run(other).await,
        };
        self.receipt_of_handler(&id, handled)
    }

    async fn message(self: Arc<Self>, message: InboundMessage) -> Receipt {
        if !self.handlers.message.is_set() {
            self.report_message(
                Stage::Handler,
                &message,
                Arc::new(Error::configuration(
                    "on_message",
                    "no handler answers messages",
                )),
            );
            return Receipt::again("no_handler");
        }
        match self.mode {
            Mode::Inline => self.message_inline(message).await,
            Mode::Queue(_) => match self.ledger.enqueue(&message).await {
                Ok(true) => {
                    self.wake.notify_one();
                    Receipt::ok("queued")
                }
                Ok(false) => Receipt::ok("duplicate"),
                Err(error) => self.store_gone(&message, error),
            },
        }
    }

    async fn message_inline(self: Arc<Self>, message: InboundMessage) -> Receipt {
        let ticket = match self.ledger.claim(&message).await {
            Ok(Claim::Won(ticket)) => ticket,
            Ok(Claim::Done(record) | Claim::Running(record)) => {
                let left = record.lease_left_at(self.ledger.now());
                return Receipt::of_duplicate(&record, left);
            }
            Err(error) => return self.store_gone(&message, error),
        };
        // Prelude delivers again by itself: no wait of ours.
        match self.answer(message, ticket, |_| Some(Duration::ZERO)).await {
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
    async fn delivery(&self, event: DeliveryEvent) -> Receipt {
        if let Err(error) = self.ledger.settle(&event).await {
            self.handlers.report(&Failure {
                stage: Stage::Store,
                event_id: Some(event.id),
                message_id: None,
                error: Arc::new(error),
            });
            return Receipt::again("store_unavailable");
        }
        let id = event.id.clone();
        let handled = if self.handlers.delivery.is_set() {
            self.handlers.delivery.run(event).await
        } else {
            self.handlers.other.run(Event::Delivery(event)).await
        };
        self.receipt_of_handler(&id, handled)
    }

    fn receipt_of_handler(
        &self,
        event_id: &EventId,
        handled: Option<Result<(), HandlerError>>,
    ) -> Receipt {
        match handled {
            None => Receipt::ok("ignored"),
            Some(Ok(())) => Receipt::ok("handled"),
            Some(Err(error)) => {
                self.handlers.report(&Failure {
                    stage: Stage::Handler,
                    event_id: Some(event_id.clone()),
                    message_id: None,
                    error: error.into(),
                });
                Receipt::again("handler_failed")
            }
        }
    }

    fn store_gone(&self, message: &InboundMessage, error: Error) -> Receipt {
        self.report_message(Stage::Store, message, Arc::new(error));
        Receipt::again("store_unavailable")
    }

    pub(crate) fn report_message(
        &self,
        stage: Stage,
        message: &InboundMessage,
        error: Arc<dyn std::error::Error + Send + Sync>,
    ) {
        self.handlers.report(&Failure {
            stage,
            event_id: Some(message.id.clone()),
            message_id: Some(message.message_id.clone()),
            error,
        });
    }
}
