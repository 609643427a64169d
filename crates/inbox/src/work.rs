//! One claimed message: run the handler, pass the gate, send, record.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::{Error, ErrorCode, InboundMessage};

use crate::failure::Stage;
use crate::inbox::Inner;
use crate::ledger::Gate;
use crate::record::{Record, Ticket};
use crate::reply::Prepared;
use crate::state::{End, State};
use crate::store::Finished;

/// The code of a row whose handler failed.
const HANDLER_FAILED: &str = "handler_failed";

/// How long to wait before each further try to record the end of a POST.
const RECORD_AGAIN: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
];

/// What came of working on a message.
#[derive(Debug)]
pub(crate) enum Worked {
    /// The ledger holds the outcome.
    Recorded(State),
    /// The handler failed before anything was sent; the claim is released.
    HandlerFailed,
    /// Provably nothing was sent; the claim is released.
    NotSent { retry_after: Option<Duration> },
    /// Another worker took over, and this one sent nothing.
    Lost(Option<Box<Record>>),
    /// The store failed: nothing was sent, or the outcome is not recorded yet.
    StoreFailed,
}

impl Inner {
    /// Answers `message`, which `ticket` claimed. `retry_in` says when the queue tries again what
    /// was not sent, from what the server asked for; `None`: never.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        message: InboundMessage,
        ticket: Ticket,
        retry_in: impl Fn(Option<Duration>) -> Option<Duration>,
    ) -> Worked {
        let failed = End::NotSent {
            code: Some(HANDLER_FAILED.to_owned()),
            retry_in: retry_in(None),
        };
        let answer = match self.handlers.message.run(message.clone()).await {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => {
                self.report_message(Stage::Handler, &message, error.into());
                return self.release(&message, ticket, failed).await;
            }
            None => return self.release(&message, ticket, failed).await,
        };
        let Some(text) = answer.text.clone() else {
            return self.record(&message, ticket, End::Skipped).await;
        };
        let reply = match Prepared::new(&message, &text, answer) {
            Ok(reply) => reply,
            Err(error) => {
                let empty = error.code() == ErrorCode::MissingText;
                let code = error.code().as_str().to_owned();
                self.report_message(
                    if empty { Stage::Handler } else { Stage::Send },
                    &message,
                    Arc::new(error),
                );
                // An empty text is the handler's mistake, which it may not make again. A sender
                // that is no phone number stays one: nothing can ever be sent.
                return if empty {
                    self.release(&message, ticket, failed).await
                } else {
                    self.record(&message, ticket, End::Rejected { code }).await
                };
            }
        };
        let gate = self
            .ledger
            .begin_send(&ticket, reply.text(), reply.correlation_id())
            .await;
        let correlation_id = match gate {
            Ok(Gate::Open { correlation_id }) => correlation_id,
            Ok(Gate::Shut { record, .. }) => return Worked::Lost(record),
            Err(error) => return self.store_failed(&message, error),
        };
        let (end, error) = reply.send(&self.client, &message, correlation_id).await;
        let retry_after = error.as_ref().and_then(Error::retry_after);
        if let Some(error) = error {
            self.report_message(Stage::Send, &message, Arc::new(error));
        }
        match end {
            End::NotSent { code, .. } => {
                let retry_in = retry_in(retry_after);
                let end = End::NotSent { code, retry_in };
                match self.record(&message, ticket, end).await {
                    Worked::Recorded(State::Released) => Worked::NotSent { retry_after },
                    other => other,
                }
            }
            end => self.record(&message, ticket, end).await,
        }
    }

    async fn release(
        self: &Arc<Self>,
        message: &InboundMessage,
        ticket: Ticket,
        end: End,
    ) -> Worked {
        match self.record(message, ticket, end).await {
            Worked::Recorded(State::Released) => Worked::HandlerFailed,
            other => other,
        }
    }

    /// Records the end of an attempt. When the store fails, goes on trying in the background: a
    /// row that stays `sending` becomes a `maybe_sent`, and somebody would have to look at it.
    async fn record(
        self: &Arc<Self>,
        message: &InboundMessage,
        ticket: Ticket,
        end: End,
    ) -> Worked {
        match self.ledger.finish(&ticket, end.clone()).await {
            Ok(Finished::Recorded) => Worked::Recorded(match end {
                End::Sent { .. } => State::Sent,
                End::Rejected { .. } => State::Rejected,
                End::NotSent { .. } => State::Released,
                End::MaybeSent => State::MaybeSent,
                End::Skipped => State::Skipped,
            }),
            // A delivery event was quicker, or the lease is over: the row's word counts.
            Ok(Finished::Superseded(record)) => match record {
                Some(record) if record.state.is_finished() => Worked::Recorded(record.state),
                record => Worked::Lost(record),
            },
            Err(error) => {
                self.record_later(ticket, end);
                self.store_failed(message, error)
            }
        }
    }

    fn record_later(self: &Arc<Self>, ticket: Ticket, end: End) {
        let inner = Arc::clone(self);
        self.tasks.spawn(async move {
            for wait in RECORD_AGAIN {
                let stopping = tokio::time::timeout(wait, inner.stopped()).await.is_ok();
                if inner.ledger.finish(&ticket, end.clone()).await.is_ok() {
                    return;
                }
                if stopping {
                    break;
                }
            }
            tracing::error!(
                target: "backchat",
                message_id = ticket.key.message_id.as_str(),
                "the outcome could not be recorded; the lease will make it a maybe_sent"
            );
        });
    }

    fn store_failed(&self, message: &InboundMessage, error: Error) -> Worked {
        self.report_message(Stage::Store, message, Arc::new(error));
        Worked::StoreFailed
    }
}
