//! `Inbox`: one inbound message, at most one reply.

use std::future::Future;
use std::sync::Arc;

use backchat_core::jiff::Timestamp;
use backchat_core::{Error, Event, InboundMessageId, runtime};
use backchat_inbox::{Inbox, QueueOptions, Receipt, State, caller};
use napi_derive::napi;
use serde::Serialize;

use crate::call::later;
use crate::client::NativeClient;
use crate::error::{Thrown, thrown, to_json};
use crate::handlers::{self, Caller, Handler};
use crate::mailbox::{Inner, Mailbox};
use crate::options::{count, duration};
use crate::webhook::{NativeWebhook, pairs};
use crate::{event, ledger};

/// `new Inbox(client, webhook, {…})`.
#[napi(object, object_to_js = false)]
pub struct InboxOptions {
    pub store: Option<String>,
    pub scope: Option<String>,
    pub slot: Option<String>,
    pub lease: Option<f64>,
    pub handler_timeout: Option<f64>,
    pub retention: Option<f64>,
    pub max_event_age: Option<f64>,
    /// Whether events of any age are taken.
    pub any_event_age: bool,
    pub max_attempts: Option<f64>,
    pub queue: Option<Queue>,
}

/// `{ queue: {…} }`.
#[napi(object, object_to_js = false)]
pub struct Queue {
    pub concurrency: Option<f64>,
    pub max_attempts: Option<f64>,
    pub backoff: Option<f64>,
    pub longest_backoff: Option<f64>,
    pub poll: Option<f64>,
}

/// The core's inbox, on the shared runtime.
#[napi(js_name = "Inbox")]
pub struct NativeInbox {
    inbox: Inbox,
    mailbox: Arc<Inner>,
}

#[napi]
impl NativeInbox {
    /// Nothing is opened yet: the store is, by its first use. `number` is the inbox's in letters.
    #[napi(constructor)]
    pub fn new(
        mailbox: &Mailbox,
        number: u32,
        client: &NativeClient,
        webhook: &NativeWebhook,
        options: InboxOptions,
    ) -> Result<Self, Thrown> {
        let inbox = build(client, webhook, options).map_err(thrown)?;
        let mailbox = Arc::clone(&mailbox.inner);
        let told = Arc::clone(&mailbox);
        inbox
            .on_error(move |failure| handlers::tell(&told, number, failure))
            .map_err(thrown)?;
        Ok(Self { inbox, mailbox })
    }

    /// From now on JavaScript handles events of this kind.
    #[napi]
    pub fn set(&self, handler: Handler) -> Result<(), Thrown> {
        handlers::set(&self.inbox, handler).map_err(thrown)
    }

    /// `receive`; `headers` are names and values, in turn.
    #[napi]
    pub fn receive(&self, call: u32, body: &[u8], headers: Vec<String>) {
        let (inbox, body) = (self.inbox.clone(), body.to_vec());
        self.run_for(call, async move {
            Ok(receipt(&inbox.receive(&body, pairs(&headers)).await))
        });
    }

    /// `handle`: an event by its wire form, and whether its signature was checked.
    #[napi]
    pub fn handle(&self, call: u32, raw: String, verified: bool) {
        let inbox = self.inbox.clone();
        self.run_for(call, async move {
            let event = event::kept(&raw, verified)?;
            Ok(receipt(&inbox.handle(event).await))
        });
    }

    /// `run`.
    #[napi]
    pub fn run(&self, call: u32) {
        let (inbox, mailbox) = (self.inbox.clone(), Arc::clone(&self.mailbox));
        let caller = self.caller(call);
        // Not counted among what the process waits for at its end: it only ends when told to.
        let started = runtime::spawn(async move {
            tokio::spawn(caller::with(caller, async move {
                inbox.run().await;
                mailbox.settle(call, Ok("null".to_owned()));
            }));
        });
        if let Err(error) = started {
            self.mailbox.settle(call, Err(error));
        }
    }

    /// `shutdown`; whether everything has ended.
    #[napi]
    pub fn shutdown(&self, call: u32, limit: Option<f64>) {
        let inbox = self.inbox.clone();
        self.run_for(call, async move {
            let limit = limit.map(|limit| duration("limit", limit)).transpose()?;
            Ok(to_json(&inbox.shutdown_within(limit).await))
        });
    }

    /// `health`.
    #[napi]
    pub fn health(&self, call: u32) {
        let inbox = self.inbox.clone();
        self.run_for(call, async move {
            Ok(to_json(&ledger::ShownHealth::from(inbox.health().await?)))
        });
    }

    /// `outcome`.
    #[napi]
    pub fn outcome(&self, call: u32, message_id: String) {
        let inbox = self.inbox.clone();
        self.run_for(call, async move {
            let record = inbox.outcome(&InboundMessageId::from(message_id)).await?;
            Ok(to_json(&record.as_ref().map(ledger::Shown::from)))
        });
    }

    /// `list`; `since` is RFC 3339.
    #[napi]
    pub fn list(&self, call: u32, state: Option<String>, since: Option<String>) {
        let inbox = self.inbox.clone();
        self.run_for(call, async move {
            let state = state.map(|name| name.parse::<State>()).transpose();
            let state = state.map_err(|e| Error::configuration("state", e.to_string()))?;
            let since = since.map(|moment| moment.parse::<Timestamp>()).transpose();
            let since = since.map_err(|e| Error::configuration("since", e.to_string()))?;
            let records = inbox.list(state, since).await?;
            let shown: Vec<_> = records.iter().map(ledger::Shown::from).collect();
            Ok(to_json(&shown))
        });
    }

    /// `counts`.
    #[napi]
    pub fn counts(&self, call: u32) {
        let inbox = self.inbox.clone();
        self.run_for(call, async move {
            Ok(to_json(&ledger::counts(&inbox.counts().await?)))
        });
    }

    /// `oldestMaybeSentAge`.
    #[napi]
    pub fn oldest_maybe_sent_age(&self, call: u32) {
        let inbox = self.inbox.clone();
        self.run_for(call, async move {
            let age = inbox.oldest_maybe_sent_age().await?;
            Ok(to_json(&age.map(ledger::milliseconds)))
        });
    }

    /// `rearm`.
    #[napi]
    pub fn rearm(&self, call: u32, message_id: String) {
        let inbox = self.inbox.clone();
        self.run_for(call, async move {
            let rearmed = inbox.rearm(&InboundMessageId::from(message_id)).await?;
            Ok(to_json(&rearmed.as_str()))
        });
    }

    /// `rearm`, with the event that the application kept.
    #[napi]
    pub fn rearm_with(&self, call: u32, message_id: String, raw: String, verified: bool) {
        let inbox = self.inbox.clone();
        self.run_for(call, async move {
            let wrong = |why| Err(Error::configuration("event", why));
            let Event::InboundMessage(message) = event::kept(&raw, verified)? else {
                return wrong("must be a message of a user");
            };
            if message.message_id.as_str() != message_id {
                return wrong("must be the event of this message");
            }
            Ok(to_json(&inbox.rearm_with(&message).await?.as_str()))
        });
    }

    /// `forget`.
    #[napi]
    pub fn forget(&self, call: u32, phone: String) {
        let inbox = self.inbox.clone();
        self.run_for(
            call,
            async move { Ok(to_json(&inbox.forget(&phone).await?)) },
        );
    }

    /// `prune`.
    #[napi]
    pub fn prune(&self, call: u32) {
        let inbox = self.inbox.clone();
        self.run_for(call, async move { Ok(to_json(&inbox.prune().await?)) });
    }

    fn caller(&self, call: u32) -> Arc<Caller> {
        let mailbox = Arc::clone(&self.mailbox);
        Arc::new(Caller { mailbox, call })
    }

    /// Runs `work` so that its handlers run in the call that JavaScript made.
    fn run_for(
        &self,
        call: u32,
        work: impl Future<Output = Result<String, Error>> + Send + 'static,
    ) {
        later(&self.mailbox, call, caller::with(self.caller(call), work));
    }
}

fn build(
    client: &NativeClient,
    webhook: &NativeWebhook,
    options: InboxOptions,
) -> Result<Inbox, Error> {
    let mut builder = Inbox::builder(client.client.clone(), webhook.webhook.clone());
    if let Some(url) = options.store {
        builder = builder.store_later(&url)?;
    }
    if let Some(scope) = options.scope {
        builder = builder.scope(scope);
    }
    if let Some(slot) = options.slot {
        builder = builder.slot(slot);
    }
    if let Some(lease) = options.lease {
        builder = builder.lease(duration("lease", lease)?);
    }
    if let Some(timeout) = options.handler_timeout {
        builder = builder.handler_timeout(duration("handler_timeout", timeout)?);
    }
    if let Some(retention) = options.retention {
        builder = builder.retention(duration("retention", retention)?);
    }
    if options.any_event_age {
        builder = builder.max_event_age(None);
    } else if let Some(age) = options.max_event_age {
        builder = builder.max_event_age(duration("max_event_age", age)?);
    }
    if let Some(attempts) = options.max_attempts {
        builder = builder.max_attempts(count("max_attempts", attempts)?);
    }
    if let Some(queue) = options.queue {
        builder = builder.queue(queue.options()?);
    }
    builder.build()
}

impl Queue {
    fn options(self) -> Result<QueueOptions, Error> {
        let mut options = QueueOptions::default();
        if let Some(concurrency) = self.concurrency {
            options.concurrency = count("concurrency", concurrency)? as usize;
        }
        if let Some(attempts) = self.max_attempts {
            options.max_attempts = count("max_attempts", attempts)?;
        }
        if let Some(wait) = self.backoff {
            options.backoff = duration("backoff", wait)?;
        }
        if let Some(wait) = self.longest_backoff {
            options.longest_backoff = duration("longest_backoff", wait)?;
        }
        if let Some(wait) = self.poll {
            options.poll = duration("poll", wait)?;
        }
        Ok(options)
    }
}

fn receipt(receipt: &Receipt) -> String {
    #[derive(Serialize)]
    struct Shown<'a> {
        status: u16,
        body: &'a str,
        headers: serde_json::Map<String, serde_json::Value>,
    }
    let headers = receipt.headers.iter();
    to_json(&Shown {
        status: receipt.status,
        body: &receipt.body,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect(),
    })
}
