//! `/sandbox/…`: the controls. Each is a method here; the paths only call them.

pub(crate) mod http;

use std::sync::Arc;
use std::time::Duration;

use backchat_core::CallbackUrl;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::account::Account;
use crate::fault::Fault;
use crate::inbound::Inbound;
use crate::message::SentMessage;
use crate::opt_out::{OptOut, OptOutAction};
use crate::shared::Shared;
use crate::template::Template;
use crate::webhook::book::{Delivery, Target};
use crate::webhook::event::{self, WebhookEvent};
use crate::{Channel, SandboxError};

/// The controls of a running sandbox. Cheap to clone; a clone does not keep the sandbox running.
#[derive(Clone, Debug)]
pub struct Controls(pub(crate) Arc<Shared>);

impl Controls {
    /// A user writes: the message is recorded, its window starts again, and its event is posted to
    /// the webhook's URL, if there is one. Waits for the first attempt, unless told otherwise.
    ///
    /// ```no_run
    /// # async fn example(sandbox: &backchat_sandbox::Controls) -> Result<(), Box<dyn std::error::Error>> {
    /// use backchat_sandbox::{Channel, Inbound};
    ///
    /// let event = sandbox.inbound(Inbound::new("+33612345678", "Hi")).await?;
    /// let over_rcs = Inbound::new("+33612345678", "Hi").channel(Channel::Rcs);
    /// sandbox.inbound(over_rcs).await?;
    /// # Ok(()) }
    /// ```
    pub async fn inbound(&self, message: Inbound) -> Result<WebhookEvent, SandboxError> {
        let wait = message.wait;
        let message = message.check(&self.0.config.business_number)?;
        let (generation, draft) = {
            let mut state = self.0.state();
            let (id, now) = state.stamp("im");
            let expires_at = match message.channel {
                Channel::Whatsapp => Some(state.windows.reset(&message.from, &message.to, now)),
                Channel::Rcs | Channel::Sms => None,
            };
            let draft = event::inbound(&id, &message, expires_at);
            state.received.insert(id, message);
            (state.generation, draft)
        };
        let event = self.0.record(generation, draft, Target::Webhook)?;
        self.post(generation, &event.id, wait).await;
        Ok(event)
    }

    /// A user sends STOP, START or HELP. After STOP templates to them get `unsubscribed`, until
    /// START.
    pub async fn opt_out(&self, opt_out: OptOut) -> Result<WebhookEvent, SandboxError> {
        opt_out.check()?;
        let to = opt_out
            .to
            .unwrap_or_else(|| self.0.config.business_number.clone());
        let (generation, now) = {
            let mut state = self.0.state();
            let numbers = &mut state.account.unsubscribed_numbers;
            match opt_out.action {
                OptOutAction::Stop => numbers.insert(opt_out.from.clone()),
                OptOutAction::Start => numbers.remove(&opt_out.from),
                OptOutAction::Help => false,
            };
            (state.generation, state.clock.now())
        };
        let draft = event::opt_out(opt_out.action, opt_out.from, to, now);
        let event = self.0.record(generation, draft, Target::Webhook)?;
        self.post(generation, &event.id, opt_out.wait).await;
        Ok(event)
    }

    /// Posts an event again, byte for byte, and says how that went. It takes the place of the
    /// event's next attempt; if it fails, the schedule goes on from here.
    pub async fn redeliver(&self, event_id: &str) -> Result<Delivery, SandboxError> {
        let attempt = self.begin_redelivery(event_id)?;
        attempt.await.ok_or(SandboxError::Stopped)
    }

    /// [`Controls::redeliver`], not waiting for how it goes.
    pub fn redeliver_without_waiting(&self, event_id: &str) -> Result<(), SandboxError> {
        self.begin_redelivery(event_id).map(drop)
    }

    fn begin_redelivery(
        &self,
        event_id: &str,
    ) -> Result<impl Future<Output = Option<Delivery>> + use<>, SandboxError> {
        let generation = {
            let state = self.0.state();
            if !state.book.has(event_id) {
                let why = format!("there is no event {event_id}");
                return Err(SandboxError::NotFound(why));
            }
            let webhook = state.webhook_url.as_deref();
            if state.book.url_of(event_id, webhook).is_none() {
                let why = "no webhook URL is set: PUT /sandbox/webhook".to_owned();
                return Err(SandboxError::Refused(why));
            }
            state.generation
        };
        self.0
            .attempt(generation, event_id)
            .ok_or(SandboxError::Stopped)
    }

    async fn post(&self, generation: u64, event_id: &str, wait: bool) {
        if let Some(attempt) = self.0.attempt(generation, event_id)
            && wait
        {
            // How it went is in the deliveries.
            let _ = attempt.await;
        }
    }

    /// Everything that the API accepted, in order.
    pub fn messages(&self) -> Vec<SentMessage> {
        self.0.state().sent.clone()
    }

    /// Every attempt to post an event, in the order in which they began.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.state().book.deliveries().to_vec()
    }

    /// What the sandbox's clock shows.
    pub fn now(&self) -> Timestamp {
        self.0.state().clock.now()
    }

    /// Moves the clock ahead. Webhooks that fall due on the way are posted at their time, one
    /// after another; returns once they were, and once nothing else is under way.
    ///
    /// `Duration::ZERO` only waits for what is under way, such as the delivery events of a reply.
    pub async fn advance(&self, by: Duration) -> Result<Timestamp, SandboxError> {
        let (generation, now) = {
            let state = self.0.state();
            (state.generation, state.clock.now())
        };
        let goal = SignedDuration::try_from(by).map(|by| now.checked_add(by));
        if !matches!(goal, Ok(Ok(_))) {
            return Err(SandboxError::Refused(
                "the clock ends with the year 9999".to_owned(),
            ));
        }
        let advanced = self
            .0
            .spawn(generation, Arc::clone(&self.0).advance(generation, by));
        match advanced.await {
            Ok(Some(())) => Ok(self.now()),
            Ok(None) | Err(_) => Err(SandboxError::Stopped),
        }
    }

    /// Lets the next calls of the API go wrong.
    pub fn fail_next(&self, fault: Fault) -> Result<(), SandboxError> {
        self.0.state().faults.push(fault)
    }

    /// The faults that still wait for their calls.
    pub fn faults(&self) -> Vec<Fault> {
        self.0.state().faults.list()
    }

    /// Forgets the faults that did not happen yet.
    pub fn clear_faults(&self) {
        self.0.state().faults.clear();
    }

    /// What Prelude knows about the account.
    pub fn account(&self) -> Account {
        self.0.state().account.clone()
    }

    /// Changes what Prelude knows about the account, and returns it. The change must not call the
    /// sandbox, which waits for it.
    ///
    /// ```no_run
    /// # fn example(sandbox: &backchat_sandbox::Controls) {
    /// sandbox.set_account(|account| account.balance = 0.0);
    /// # }
    /// ```
    pub fn set_account(&self, change: impl FnOnce(&mut Account)) -> Account {
        let mut state = self.0.state();
        // On a copy, so that a change that panics is none.
        let mut account = state.account.clone();
        change(&mut account);
        state.account.clone_from(&account);
        account
    }

    /// The same, with the fields of a JSON object.
    pub fn merge_account(&self, changes: Value) -> Result<Account, SandboxError> {
        let mut state = self.0.state();
        let account = state
            .account
            .with(changes)
            .map_err(|error| SandboxError::Refused(error.to_string()))?;
        state.account.clone_from(&account);
        Ok(account)
    }

    /// The templates that can be sent.
    pub fn templates(&self) -> Vec<Template> {
        self.0.state().templates.values().cloned().collect()
    }

    /// Adds a template, or replaces the one of the same id.
    pub fn add_template(&self, template: Template) -> Result<(), SandboxError> {
        template.check()?;
        let mut state = self.0.state();
        state.templates.insert(template.id.clone(), template);
        Ok(())
    }

    /// Where events of users go.
    pub fn webhook_url(&self) -> Option<String> {
        self.0.state().webhook_url.clone()
    }

    /// Sets where events of users go from now on, with the next attempts of earlier ones. `None`:
    /// events are only recorded.
    pub fn set_webhook_url(&self, url: Option<&str>) -> Result<(), SandboxError> {
        let url = url.map(check_url).transpose()?;
        self.0.state().webhook_url = url;
        Ok(())
    }

    /// Forgets everything and starts again as the builder left it; the key, the token and the
    /// address stay. What is under way ends.
    pub fn reset(&self) {
        self.0.reset();
    }

    /// The public key of the webhooks, SPKI in PEM.
    pub fn public_key_pem(&self) -> &str {
        &self.0.public_key.pem
    }

    /// The public key of the webhooks as a JSON Web Key Set.
    pub fn jwks(&self) -> &Value {
        &self.0.public_key.jwks
    }
}

/// A webhook's URL is of the same kind as a `callback_url`.
pub(crate) fn check_url(url: &str) -> Result<String, SandboxError> {
    match CallbackUrl::parse(url) {
        Ok(url) => Ok(url.as_str().to_owned()),
        Err(_) => Err(SandboxError::Refused(
            "`url` must be an absolute http or https URL".to_owned(),
        )),
    }
}
