//! Takes what is due and hands it to workers.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::Event;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Mode, backoff};
use crate::failure::{Failure, Stage};
use crate::inbox::Inner;
use crate::record::Ticket;
use crate::state::End;
use crate::store::Due;

/// How long to wait for a store that fails.
const STORE_AGAIN: Duration = Duration::from_secs(1);

impl Inner {
    /// Works on the queue until the shutdown; in inline mode there is none.
    pub(super) async fn work_queue(self: &Arc<Self>) {
        let Mode::Queue(options) = &self.mode else {
            return;
        };
        let permits = Arc::new(Semaphore::new(options.concurrency.max(1)));
        while let Some(first) = self.free_worker(&permits).await {
            let free = 1 + permits.available_permits();
            match self
                .ledger
                .next_due(u32::try_from(free).unwrap_or(u32::MAX))
                .await
            {
                Ok(due) => {
                    let more = due.len() == free;
                    self.start(due, first, &permits);
                    if !more {
                        self.rest(options.poll).await;
                    }
                }
                Err(error) => {
                    self.report_store(error);
                    drop(first);
                    self.rest(STORE_AGAIN).await;
                }
            }
        }
    }

    async fn free_worker(&self, permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.stopped() => None,
            permit = Arc::clone(permits).acquire_owned() => permit.ok(),
        }
    }

    /// Until something is stored or finished here, or it is time to look by itself.
    async fn rest(&self, poll: Duration) {
        tokio::select! {
            () = self.wake.notified() => {}
            () = tokio::time::sleep(poll) => {}
            () = self.stopped() => {}
        }
    }

    fn start(
        self: &Arc<Self>,
        due: Vec<Due>,
        first: OwnedSemaphorePermit,
        permits: &Arc<Semaphore>,
    ) {
        let mut first = Some(first);
        for due in due {
            // Only this loop takes permits: the free ones are still free.
            let permit = first
                .take()
                .or_else(|| Arc::clone(permits).try_acquire_owned().ok());
            let inner = Arc::clone(self);
            self.tasks.spawn(async move {
                inner.work_on(due).await;
                drop(permit);
                // The sender's next message may be due now.
                inner.wake.notify_one();
            });
        }
    }

    async fn work_on(self: &Arc<Self>, due: Due) {
        let Mode::Queue(options) = &self.mode else {
            return;
        };
        let Due { ticket, event } = due;
        // More claims than attempts: the process died in it that often.
        if ticket.attempts > options.max_attempts {
            return self.give_up(ticket, "given_up").await;
        }
        let attempts = ticket.attempts;
        // The signature was checked when the event came, and not again now.
        match Event::from_json(&event.json).map(|read| read.with_verified(event.verified)) {
            Ok(Event::InboundMessage(message)) => {
                let retry_in = |asked| backoff::after(attempts, asked, options, random());
                let _recorded = self.answer(message, ticket, retry_in).await;
            }
            Ok(_) | Err(_) => self.give_up(ticket, "event_unreadable").await,
        }
    }

    /// Tried no more, and listed.
    async fn give_up(&self, ticket: Ticket, code: &str) {
        let end = End::NotSent {
            code: Some(code.to_owned()),
            retry_in: None,
        };
        if let Err(error) = self.ledger.finish(&ticket, end).await {
            self.handlers.report(&Failure {
                stage: Stage::Store,
                event_id: None,
                message_id: Some(ticket.key.message_id),
                error: Arc::new(error),
            });
        }
    }
}

fn random() -> u32 {
    let mut bytes = [0; 4];
    // Without randomness the waits are only less spread.
    let _filled = SystemRandom::new().fill(&mut bytes);
    u32::from_ne_bytes(bytes)
}
