//! One claimed message: run the handler, pass the gate, send, record.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::{Error, ErrorCode, InboundMessage, Latest};

use crate::answer::{Answer, HandlerError, StoredAnswer};
use crate::failure::{Failure, Stage};
use crate::handlers::Unwanted;
use crate::inbox::Inner;
use crate::ledger::Gate;
use crate::record::{Record, Ticket};
use crate::reply::Prepared;
use crate::retry;
use crate::state::{End, State};
use crate::store::Finished;

/// The codes of rows whose handler gave no answer.
const HANDLER_FAILED: &str = "handler_failed";
const HANDLER_TIMED_OUT: &str = "handler_timed_out";

/// The time that a run may take from recording its end to its end.
const LAST_STEPS: Duration = Duration::from_secs(1);

/// The waits before each further try to record the end of a POST.
const RECORD_AGAIN: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
];

/// The end of the work on a message.
#[derive(Debug)]
pub(crate) enum Worked {
    /// The ledger holds the outcome.
    Recorded(State),
    /// The handler failed before anything was sent; the message is tried again.
    HandlerFailed,
    /// Provably nothing was sent; the message is tried again.
    NotSent { retry_after: Option<Duration> },
    /// Another worker took over, and this one sent nothing.
    Lost(Option<Box<Record>>),
    /// The store failed: nothing was sent, or the outcome is not recorded yet.
    StoreFailed,
}

impl Inner {
    /// Answers `message`, which `ticket` claimed.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        message: InboundMessage,
        ticket: Ticket,
    ) -> Worked {
        // Noted until the end is recorded: `rearm` waits for it.
        let begin = || {
            self.runs
                .begin(ticket.key.clone(), ticket.attempts, self.handler_timeout)
        };
        let mut run = begin();
        if run.is_err() {
            // An earlier run may have recorded its end, and be about to end itself.
            let ended = self.runs.ended(&ticket.key);
            let _elapsed = tokio::time::timeout(LAST_STEPS, ended).await;
            run = begin();
        }
        let Ok(run) = run else {
            return self
                .handler_failed(&message, ticket, Box::new(Unwanted::StillRunning))
                .await;
        };
        let kept = ticket.answer.as_ref().and_then(Answer::restore);
        let answer = match kept {
            Some(answer) => answer,
            // Each claim but the last ended without a word.
            None if ticket.attempts > self.queue.max_attempts => {
                let died = Box::new(Unwanted::Died);
                return self.handler_failed(&message, ticket, died).await;
            }
            None => match self.handlers.message.run(message.clone(), &run).await {
                Some(Ok(answer)) => answer,
                Some(Err(error)) => return self.handler_failed(&message, ticket, error).await,
                None => {
                    let missing = Error::configuration("on_message", "no handler answers messages");
                    return self
                        .handler_failed(&message, ticket, Box::new(missing))
                        .await;
                }
            },
        };
        let stored = answer.store();
        let Some(text) = answer.text.clone() else {
            tracing::debug!(
                target: "backchat",
                message_id = message.message_id.masked(),
                "message skipped: the handler gave no reply"
            );
            return self.record(&message, ticket, End::Skipped).await;
        };
        match Prepared::new(&message, &text, answer) {
            Ok(reply) => self.send(message, ticket, reply, stored).await,
            // An empty text is the handler's mistake, which it may not make again.
            Err(error) if error.code() == ErrorCode::MissingText => {
                self.handler_failed(&message, ticket, Box::new(error)).await
            }
            // A sender that is no phone number stays one: nothing can ever be sent.
            Err(error) => {
                let code = error.code().as_str().to_owned();
                self.report_message(Stage::Send, &message, true, Arc::new(error));
                self.record(&message, ticket, End::Rejected { code }).await
            }
        }
    }

    /// Passes the gate, and sends.
    async fn send(
        self: &Arc<Self>,
        message: InboundMessage,
        ticket: Ticket,
        reply: Prepared,
        stored: Option<StoredAnswer>,
    ) -> Worked {
        // The lease begins within the gate. A POST that begins before this ends before the lease.
        let latest = Latest::after(self.ledger.lease.saturating_sub(self.client.timeout()));
        let gate = self
            .ledger
            .begin_send(&ticket, reply.text(), reply.correlation_id())
            .await;
        let correlation_id = match gate {
            Ok(Gate::Open { correlation_id }) => correlation_id,
            Ok(Gate::Shut { record, .. }) => return Worked::Lost(record),
            Err(error) => {
                // Nothing was sent, also if the gate did open: the row must not wait for its lease.
                let retry_in = self.resend_in(&ticket, None);
                let end = End::NotSent {
                    code: Some(error.code().as_str().to_owned()),
                    retry_in,
                    answer: stored,
                };
                self.record_later(ticket, end);
                return self.store_failed(&message, retry_in.is_none(), error);
            }
        };
        let (end, error) = reply
            .send(&self.client, &message, correlation_id, latest)
            .await;
        let retry_after = error.as_ref().and_then(Error::retry_after);
        let end = match end {
            End::NotSent { code, .. } => End::NotSent {
                code,
                retry_in: self.resend_in(&ticket, retry_after),
                answer: stored,
            },
            end => end,
        };
        if let Some(error) = error {
            let again = matches!(
                end,
                End::NotSent {
                    retry_in: Some(_),
                    ..
                }
            );
            self.report_message(Stage::Send, &message, !again, Arc::new(error));
        }
        match self.record(&message, ticket, end).await {
            Worked::Recorded(State::Retrying) => Worked::NotSent { retry_after },
            other => other,
        }
    }

    /// The wait until what was not sent is sent again. `None`: the message is too old.
    fn resend_in(&self, ticket: &Ticket, asked: Option<Duration>) -> Option<Duration> {
        let age = self.ledger.now().duration_since(ticket.created_at);
        let age = Duration::try_from(age).unwrap_or_default();
        retry::after_not_sent(ticket.attempts, asked, age, &self.queue)
    }

    /// The handler gave no answer that could be sent: the message is tried again, or given up.
    async fn handler_failed(
        self: &Arc<Self>,
        message: &InboundMessage,
        ticket: Ticket,
        error: HandlerError,
    ) -> Worked {
        let unwanted = error.downcast_ref::<Unwanted>();
        let code = match unwanted {
            Some(Unwanted::TooSlow | Unwanted::StillRunning) => HANDLER_TIMED_OUT,
            _ => HANDLER_FAILED,
        };
        let retry_in = match unwanted {
            // Another process takes it at once.
            Some(Unwanted::Shutdown) => Some(Duration::ZERO),
            _ => retry::after_failure(ticket.attempts, &self.queue),
        };
        self.report_message(Stage::Handler, message, retry_in.is_none(), error.into());
        let end = End::NotSent {
            code: Some(code.to_owned()),
            retry_in,
            answer: None,
        };
        match self.record(message, ticket, end).await {
            Worked::Recorded(State::Retrying) => Worked::HandlerFailed,
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
            Ok(Finished::Recorded) => Worked::Recorded(end.state()),
            // A delivery event was quicker, or the lease is over: the row's word counts.
            Ok(Finished::Superseded(record)) => match record {
                Some(record) if record.state.is_finished() => Worked::Recorded(record.state),
                record => Worked::Lost(record),
            },
            Err(error) => {
                self.record_later(ticket, end);
                self.store_failed(message, false, error)
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
                message_id = ticket.key.message_id.masked(),
                "the outcome could not be recorded; the lease decides it"
            );
        });
    }

    fn store_failed(&self, message: &InboundMessage, is_final: bool, error: Error) -> Worked {
        self.report_message(Stage::Store, message, is_final, Arc::new(error));
        Worked::StoreFailed
    }

    pub(crate) fn report_message(
        &self,
        stage: Stage,
        message: &InboundMessage,
        is_final: bool,
        error: Arc<dyn std::error::Error + Send + Sync>,
    ) {
        let failure = Failure::new(stage, error)
            .of_event(&message.id)
            .about(&message.message_id)
            .finally(is_final);
        self.handlers.report(&failure);
    }
}
