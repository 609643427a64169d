//! The calls that send: a reply, a template, or the one and else the other.

use std::future::Future;
use std::time::Duration;

use super::retry_loop::RetryLoop;
use super::{Inner, Settings, random};
use crate::{
    CallInfo, CorrelationId, Error, ErrorCode, InboundMessageId, Outcome, Reply, ReplyResponse,
    SendResponse, SentMessageId, Template, TemplateMessage,
};

/// One call: one request, or a second one after a refusal of the first.
pub(super) trait Operation: Sized + Send + 'static {
    type Answer: Send + 'static;

    /// Fills in what the caller left to the client.
    fn complete(self, client: &Inner) -> Result<Self, Error>;
    fn info(&self) -> CallInfo;
    /// The time that the call may take in all, unless it names another.
    fn timeout(settings: &Settings) -> Duration {
        settings.timeout
    }
    fn run(self, calls: RetryLoop) -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}

impl Operation for Reply {
    type Answer = ReplyResponse;

    fn complete(mut self, client: &Inner) -> Result<Self, Error> {
        if self.callback_url.is_none() {
            self.callback_url.clone_from(&client.settings.callback_url);
        }
        if self.correlation_id.is_none() {
            self.correlation_id = Some(CorrelationId::for_reply(&self.reply_to, random()?));
        }
        Ok(self)
    }

    fn info(&self) -> CallInfo {
        CallInfo {
            message_id: Some(InboundMessageId::from(&self.reply_to)),
            correlation_id: self.correlation_id.clone(),
            ..CallInfo::default()
        }
    }

    async fn run(self, mut calls: RetryLoop) -> Result<ReplyResponse, Error> {
        calls.post(&self).await
    }
}

impl Operation for TemplateMessage {
    type Answer = SendResponse;

    fn complete(mut self, client: &Inner) -> Result<Self, Error> {
        let template = &mut self.template;
        if template.callback_url.is_none() {
            template
                .callback_url
                .clone_from(&client.settings.callback_url);
        }
        if template.correlation_id.is_none() {
            template.correlation_id = Some(CorrelationId::for_send(random()?));
        }
        Ok(self)
    }

    fn info(&self) -> CallInfo {
        CallInfo {
            correlation_id: self.template.correlation_id.clone(),
            ..CallInfo::default()
        }
    }

    async fn run(self, mut calls: RetryLoop) -> Result<SendResponse, Error> {
        calls.post(&self).await
    }
}

/// A reply, and the template to send when the server says `window_expired`.
pub(super) struct ReplyOrTemplate {
    reply: Reply,
    template: TemplateMessage,
}

/// What `reply_or_template` sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answered {
    /// The window was open: the reply was sent.
    Reply(ReplyResponse),
    /// The window had closed: the template was sent.
    Template(SendResponse),
}

impl Answered {
    /// The id of the message that was sent, `tx_…`.
    pub fn id(&self) -> &SentMessageId {
        match self {
            Answered::Reply(reply) => &reply.id,
            Answered::Template(template) => &template.id,
        }
    }
}

impl ReplyOrTemplate {
    pub(super) fn new(reply: Reply, template: Template) -> Self {
        let template = template.to(reply.to.clone());
        Self { reply, template }
    }
}

impl Operation for ReplyOrTemplate {
    type Answer = Answered;

    fn complete(mut self, client: &Inner) -> Result<Self, Error> {
        self.reply = self.reply.complete(client)?;
        // One call, one correlation id, whichever of the two is sent.
        let template = &mut self.template.template;
        if let Some(id) = &template.correlation_id {
            self.reply.correlation_id = Some(id.clone());
        } else {
            template
                .correlation_id
                .clone_from(&self.reply.correlation_id);
        }
        if let Some(url) = &template.callback_url {
            self.reply.callback_url = Some(url.clone());
        }
        self.template = self.template.complete(client)?;
        Ok(self)
    }

    fn info(&self) -> CallInfo {
        self.reply.info()
    }

    async fn run(self, mut calls: RetryLoop) -> Result<Answered, Error> {
        let refusal = match calls.post(&self.reply).await {
            Ok(reply) => return Ok(Answered::Reply(reply)),
            Err(error) => error,
        };
        let expired = refusal.code() == ErrorCode::WindowExpired
            && refusal.outcome() == Some(Outcome::Rejected);
        if expired && calls.may_go_on() {
            calls.post(&self.template).await.map(Answered::Template)
        } else {
            Err(refusal)
        }
    }
}
