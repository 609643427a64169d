//! Takes the messages that are due and hands them to workers.

use std::sync::Arc;
use std::time::Duration;

use backchat_core::{Error, Event, InboundMessage, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::{Failure, Stage};
use crate::inbox::Inner;
use crate::record::{StoredEvent, Ticket};
use crate::state::End;
use crate::store::Due;

/// The wait for a store that fails.
const STORE_AGAIN: Duration = Duration::from_secs(1);

impl Inner {
    /// Works on the queue until the shutdown. Inline, it holds only what an operator re-armed.
    pub(super) async fn work_queue(self: &Arc<Self>) {
        let permits = Arc::new(Semaphore::new(self.queue.concurrency));
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
                        self.rest(self.queue.poll).await;
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

    /// Waits until something is stored or finished here, or until it is time to look.
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

    pub(crate) async fn work_on(self: &Arc<Self>, due: Due) {
        let Due { ticket, event } = due;
        match read(&event) {
            Ok(message) => {
                let _recorded = self.answer(message, ticket).await;
            }
            Err(error) => self.give_up_unreadable(ticket, error).await,
        }
    }

    /// Lists a message whose kept event cannot be read any more.
    pub(crate) async fn give_up_unreadable(&self, ticket: Ticket, error: Error) {
        let failure = Failure::new(Stage::Store, Arc::new(error))
            .about(&ticket.key.message_id)
            .finally(true);
        self.handlers.report(&failure);
        let end = End::NotSent {
            code: Some("event_unreadable".to_owned()),
            retry_in: None,
            answer: None,
        };
        if let Err(error) = self.ledger.finish(&ticket, end).await {
            let failure = Failure::new(Stage::Store, Arc::new(error)).about(&ticket.key.message_id);
            self.handlers.report(&failure);
        }
    }
}

/// Reads a kept event. Its signature was checked when it came, and is not checked again.
pub(crate) fn read(event: &StoredEvent) -> Result<InboundMessage, Error> {
    match Event::from_json(&event.json)?.with_verified(event.verified) {
        Event::InboundMessage(message) => Ok(message),
        _ => Err(StoreError::new("the kept event is no message").into()),
    }
}
