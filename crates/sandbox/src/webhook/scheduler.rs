//! Webhooks in time: each event at once, the delivery events of a message one after another, and
//! again what was not answered with 200.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::book::{Delivery, Due, Outgoing, Target};
use super::event::{self, Draft, Stage, WebhookEvent};
use crate::SandboxError;
use crate::message::SentMessage;
use crate::shared::Shared;

/// The clock may leap while the scheduler sleeps; it is woken then. This is for the rest.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

impl Shared {
    /// Signs and records an event. It is not posted yet.
    pub(crate) fn record<P: serde::Serialize>(
        &self,
        generation: u64,
        draft: Draft<P>,
        target: Target,
    ) -> Result<WebhookEvent, SandboxError> {
        let (id, now) = self.state().stamp("evt");
        let event = draft.sign(id, now, &self.signer)?;
        let mut state = self.state();
        if state.generation != generation {
            return Err(SandboxError::Stopped);
        }
        state.book.add(event.clone(), target);
        Ok(event)
    }

    /// Posts an event now, and resolves to how that went. `None`: there is no URL for it, or the
    /// sandbox was reset.
    pub(crate) fn attempt(
        self: &Arc<Self>,
        generation: u64,
        event_id: &str,
    ) -> Option<impl Future<Output = Option<Delivery>> + use<>> {
        // Before anything is begun, so that nobody finds the sandbox idle in between.
        let busy = self.busy();
        let mut state = self.state();
        if state.generation != generation {
            return None;
        }
        let now = state.clock.now();
        let webhook = state.webhook_url.clone();
        let attempt = state.book.begin(event_id, webhook.as_deref(), now)?;
        drop(state);
        let shared = Arc::clone(self);
        let posted = self.spawn(generation, async move {
            let result = match &attempt.url {
                Some(url) => shared.poster.post(url, &attempt.event).await,
                None => Err("no webhook URL is set".to_owned()),
            };
            let mut state = shared.state();
            if state.generation != generation {
                return None;
            }
            let delivery = state.book.finish(&attempt, result);
            drop(state);
            shared.wake.notify_one();
            drop(busy);
            if let Some(delivery) = &delivery {
                tracing::debug!(
                    event = delivery.event_id,
                    attempt = delivery.attempt,
                    status = delivery.status,
                    error = delivery.error,
                    "webhook posted"
                );
            }
            delivery
        });
        // The attempt goes on when nobody waits for it.
        Some(async move { posted.await.ok().flatten().flatten() })
    }

    /// Sends an accepted message to the user: at once, or at its time.
    pub(crate) fn send(self: &Arc<Self>, generation: u64, outgoing: Outgoing) {
        let later = outgoing.message.as_template().and_then(|t| t.schedule_at);
        let mut stages = vec![Stage::Created];
        match later {
            Some(moment) => {
                let mut state = self.state();
                if state.generation == generation {
                    state.book.send_at(moment, outgoing.clone());
                }
                drop(state);
                self.wake.notify_one();
            }
            None => stages.extend(delivery_stages(&outgoing)),
        }
        self.tell(generation, outgoing.message, stages);
    }

    /// Posts the delivery events of a message, each after the first attempt of the one before.
    fn tell(self: &Arc<Self>, generation: u64, message: SentMessage, stages: Vec<Stage>) {
        let Some(url) = message.callback_url().map(str::to_owned) else {
            return;
        };
        let busy = self.busy();
        let shared = Arc::clone(self);
        self.spawn(generation, async move {
            for stage in stages {
                let (attempt_id, now) = shared.state().stamp("att");
                let draft = event::delivery(&message, stage, &attempt_id, now);
                let target = Target::Callback(url.clone());
                match shared.record(generation, draft, target) {
                    Ok(event) => {
                        if let Some(attempt) = shared.attempt(generation, &event.id) {
                            // How it went is in the book.
                            let _ = attempt.await;
                        }
                    }
                    Err(error) => tracing::error!(%error, "a delivery event was not made"),
                }
            }
            drop(busy);
        });
    }

    fn start(self: &Arc<Self>, generation: u64, due: Due) {
        match due {
            Due::Retry(event_id) => drop(self.attempt(generation, &event_id)),
            Due::Send(outgoing) => {
                let stages = delivery_stages(&outgoing).to_vec();
                self.tell(generation, outgoing.message, stages);
            }
        }
    }

    /// Starts what falls due while time just passes.
    pub(crate) async fn run_scheduler(self: Arc<Self>) {
        loop {
            let pause = {
                let state = self.state();
                let now = state.clock.now();
                state.book.next_due().map_or(LONGEST_SLEEP, |due| {
                    Duration::try_from(due.duration_since(now))
                        .unwrap_or_default()
                        .min(LONGEST_SLEEP)
                })
            };
            tokio::select! {
                () = self.stopped() => return,
                () = self.wake.notified() => continue,
                () = tokio::time::sleep(pause) => {}
            }
            let stepping = self.stepping.lock().await;
            loop {
                let mut state = self.state();
                let (generation, now) = (state.generation, state.clock.now());
                let due = state.book.take_due(now);
                drop(state);
                match due {
                    Some((_, due)) => self.start(generation, due),
                    None => break,
                }
            }
            drop(stepping);
        }
    }

    /// Moves the clock ahead. What falls due on the way is done at its time, one thing after
    /// another; what is under way is waited for.
    pub(crate) async fn advance(self: Arc<Self>, generation: u64, by: Duration) {
        let stepping = self.stepping.lock().await;
        let goal = self.state().clock.skipped().saturating_add(by);
        loop {
            self.idle().await;
            let mut state = self.state();
            if state.generation != generation {
                break;
            }
            let end = state.clock.now_after(goal);
            let Some((moment, due)) = state.book.take_due(end) else {
                state.clock.skip_up_to(goal);
                break;
            };
            state.clock.leap_to(moment);
            drop(state);
            self.start(generation, due);
        }
        drop(stepping);
        self.wake.notify_one();
    }
}

/// What happens to a message once it was created.
fn delivery_stages(outgoing: &Outgoing) -> [Stage; 3] {
    let last = match &outgoing.failure {
        Some(failure) => Stage::Undelivered(failure.clone()),
        None => Stage::Delivered,
    };
    [Stage::Submitted, Stage::PendingDelivery, last]
}
