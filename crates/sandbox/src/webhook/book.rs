//! `GET /sandbox/deliveries`: which events there are, when each was posted, and when it comes again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::event::WebhookEvent;
use super::post::Answered;
use super::schedule;
use crate::clock::{serialize_wire, serialize_wire_option};
use crate::fault::FailedDelivery;
use crate::message::SentMessage;

/// One attempt to post an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// `evt_…`.
    pub event_id: String,
    /// Such as `inbound.message.received`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it was posted; `None` when the webhook's URL was taken away meanwhile.
    pub url: Option<String>,
    /// 1 for the event's first attempt.
    pub attempt: u32,
    /// When, by the sandbox's clock.
    #[serde(serialize_with = "serialize_wire")]
    pub at: Timestamp,
    /// The answer's status. Neither this nor `error`: it is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The beginning of the answer's body, up to 200 bytes: an inbox says there what it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it comes again.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_wire_option"
    )]
    pub next_attempt_at: Option<Timestamp>,
}

impl Delivery {
    /// Whether the receiver took it: only 200 counts.
    pub fn succeeded(&self) -> bool {
        self.status == Some(200)
    }
}

/// Where an event goes.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// The configured URL, as it is at the time of each attempt.
    Webhook,
    /// The `callback_url` of one message.
    Callback(String),
}

/// A message on its way to the user.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) message: SentMessage,
    pub(crate) failure: Option<FailedDelivery>,
}

/// What is to be done at some moment.
#[derive(Debug)]
pub(crate) enum Due {
    /// Post this event again.
    Retry(String),
    /// Send this scheduled message.
    Send(Box<Outgoing>),
}

/// An attempt that was begun.
#[derive(Debug)]
pub(crate) struct Attempt {
    index: usize,
    pub(crate) event: Arc<WebhookEvent>,
    pub(crate) url: Option<String>,
}

#[derive(Debug)]
struct Entry {
    event: Arc<WebhookEvent>,
    target: Target,
    attempts: u32,
    due: Option<(Timestamp, u64)>,
}

/// The events, their attempts, and what is due when.
#[derive(Debug, Default)]
pub(crate) struct Book {
    events: HashMap<String, Entry>,
    deliveries: Vec<Delivery>,
    /// By moment, then by who asked first.
    due: BTreeMap<(Timestamp, u64), Due>,
    asked: u64,
}

impl Book {
    pub(crate) fn add(&mut self, event: WebhookEvent, target: Target) {
        let entry = Entry {
            event: Arc::new(event),
            target,
            attempts: 0,
            due: None,
        };
        self.events.insert(entry.event.id.clone(), entry);
    }

    pub(crate) fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    pub(crate) fn has(&self, event_id: &str) -> bool {
        self.events.contains_key(event_id)
    }

    /// Where the event would be posted now.
    pub(crate) fn url_of(&self, event_id: &str, webhook: Option<&str>) -> Option<String> {
        match &self.events.get(event_id)?.target {
            Target::Webhook => webhook.map(str::to_owned),
            Target::Callback(url) => Some(url.clone()),
        }
    }

    /// Notes that the event is posted now. `None`: it never was and there is no URL for it.
    pub(crate) fn begin(
        &mut self,
        event_id: &str,
        webhook: Option<&str>,
        now: Timestamp,
    ) -> Option<Attempt> {
        let url = self.url_of(event_id, webhook);
        let entry = self.events.get_mut(event_id)?;
        if url.is_none() && entry.attempts == 0 {
            return None;
        }
        // This attempt takes the place of the one that was due, if one was.
        if let Some(key) = entry.due.take() {
            self.due.remove(&key);
        }
        entry.attempts += 1;
        self.deliveries.push(Delivery {
            event_id: event_id.to_owned(),
            kind: entry.event.kind.clone(),
            url: url.clone(),
            attempt: entry.attempts,
            at: now,
            status: None,
            answer: None,
            error: None,
            next_attempt_at: None,
        });
        Some(Attempt {
            index: self.deliveries.len() - 1,
            event: Arc::clone(&entry.event),
            url,
        })
    }

    /// Notes how an attempt went. An event has one next attempt at most: the latest result rules.
    pub(crate) fn finish(
        &mut self,
        attempt: &Attempt,
        result: Result<Answered, String>,
    ) -> Option<Delivery> {
        let entry = self.events.get_mut(&attempt.event.id)?;
        let delivery = self.deliveries.get_mut(attempt.index)?;
        match result {
            Ok(Answered { status, text }) => {
                delivery.status = Some(status);
                delivery.answer = text;
            }
            Err(error) => delivery.error = Some(error),
        }
        if let Some(key) = entry.due.take() {
            self.due.remove(&key);
        }
        if !delivery.succeeded() {
            delivery.next_attempt_at =
                schedule::next_attempt(entry.event.created_at, delivery.at, delivery.attempt);
        }
        if let Some(moment) = delivery.next_attempt_at {
            let key = (moment, self.asked);
            self.asked += 1;
            entry.due = Some(key);
            self.due.insert(key, Due::Retry(entry.event.id.clone()));
        }
        Some(delivery.clone())
    }

    /// Notes that a message goes out later.
    pub(crate) fn send_at(&mut self, moment: Timestamp, outgoing: Outgoing) {
        let key = (moment, self.asked);
        self.asked += 1;
        self.due.insert(key, Due::Send(Box::new(outgoing)));
    }

    /// When the next thing is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((moment, _), _)| *moment)
    }

    /// Takes the next thing that is due at `moment` or before.
    pub(crate) fn take_due(&mut self, moment: Timestamp) -> Option<(Timestamp, Due)> {
        if self.next_due()? > moment {
            return None;
        }
        let ((due_at, _), due) = self.due.pop_first()?;
        if let Due::Retry(event_id) = &due
            && let Some(entry) = self.events.get_mut(event_id)
        {
            entry.due = None;
        }
        Some((due_at, due))
    }
}
