//! What the API can be asked, and how each request becomes an answer.

use std::future::Future;

use serde::Serialize;
use url::Url;

use super::call::Poster;
use super::{Inner, Settings, random};
use crate::{
    CallInfo, CorrelationId, Error, ErrorCode, InboundMessageId, Outcome, Reply, ReplyResponse,
    RequestId, SendResponse, SentMessageId, Template, TemplateMessage,
};

/// One POST: its path, its body and its answer.
pub(super) trait Request: Serialize + Sync {
    type Answer: Send;
    const OPERATION: &'static str;

    fn url(settings: &Settings) -> &Url;
    /// Reads `json`, and keeps `raw`.
    fn read(&self, json: &str, raw: &str, request_id: Option<RequestId>) -> Option<Self::Answer>;
    fn sent_id(answer: &Self::Answer) -> SentMessageId;
}

impl Request for Reply {
    type Answer = ReplyResponse;
    const OPERATION: &'static str = "reply";

    fn url(settings: &Settings) -> &Url {
        &settings.reply_url
    }

    fn read(&self, json: &str, raw: &str, request_id: Option<RequestId>) -> Option<ReplyResponse> {
        ReplyResponse::read(json, raw, self, request_id)
    }

    fn sent_id(answer: &ReplyResponse) -> SentMessageId {
        answer.id.clone()
    }
}

impl Request for TemplateMessage {
    type Answer = SendResponse;
    const OPERATION: &'static str = "send";

    fn url(settings: &Settings) -> &Url {
        &settings.send_url
    }

    fn read(&self, json: &str, raw: &str, request_id: Option<RequestId>) -> Option<SendResponse> {
        SendResponse::read(json, raw, self, request_id)
    }

    fn sent_id(answer: &SendResponse) -> SentMessageId {
        answer.id.clone()
    }
}

/// One call: one POST, or a second one after a refusal of the first.
pub(super) trait Operation: Sized + Send + 'static {
    type Answer: Send + 'static;

    /// Fills in what the caller left to the client.
    fn complete(self, client: &Inner) -> Result<Self, Error>;
    fn info(&self) -> CallInfo;
    fn run(self, poster: Poster) -> impl Future<Output = Result<Self::Answer, Error>> + Send;
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

    async fn run(self, mut poster: Poster) -> Result<ReplyResponse, Error> {
        poster.post(&self).await
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

    async fn run(self, mut poster: Poster) -> Result<SendResponse, Error> {
        poster.post(&self).await
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

    async fn run(self, mut poster: Poster) -> Result<Answered, Error> {
        let refusal = match poster.post(&self.reply).await {
            Ok(reply) => return Ok(Answered::Reply(reply)),
            Err(error) => error,
        };
        let expired = refusal.code() == ErrorCode::WindowExpired
            && refusal.outcome() == Some(Outcome::Rejected);
        if expired && poster.may_go_on() {
            poster.post(&self.template).await.map(Answered::Template)
        } else {
            Err(refusal)
        }
    }
}
