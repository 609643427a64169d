//! The POST that follows the gate: a reply, or a reply with its template for a closed window.

use backchat_core::{Client, CorrelationId, Error, InboundMessage, Latest, Reply, Template};

use crate::answer::Answer;
use crate::state::End;

/// A reply that is valid in form: only the network and the API can still refuse it.
pub(crate) struct Prepared {
    reply: Reply,
    template: Option<Template>,
    own_correlation_id: Option<CorrelationId>,
}

impl Prepared {
    /// Raises what a local check finds: `missing_text`, `invalid_phone_number` or
    /// `invalid_reply_context`.
    pub(crate) fn new(message: &InboundMessage, text: &str, answer: Answer) -> Result<Self, Error> {
        let mut reply = Reply::to_message(message, text)?;
        let template_url = answer
            .template
            .as_ref()
            .and_then(|template| template.callback_url.clone());
        reply.callback_url = answer.callback_url.or(template_url);
        let template_id = answer
            .template
            .as_ref()
            .and_then(|template| template.correlation_id.clone());
        Ok(Self {
            reply,
            own_correlation_id: answer.correlation_id.or(template_id),
            template: answer.template,
        })
    }

    pub(crate) fn text(&self) -> &str {
        self.reply.text.as_str()
    }

    pub(crate) fn correlation_id(&self) -> Option<CorrelationId> {
        self.own_correlation_id.clone()
    }

    /// Sends it, once, and not after `latest`. The end is what the ledger records; the error is for
    /// the log.
    pub(crate) async fn send(
        self,
        client: &Client,
        message: &InboundMessage,
        correlation_id: CorrelationId,
        latest: Latest,
    ) -> (End, Option<Error>) {
        let Self {
            mut reply,
            template,
            ..
        } = self;
        if let Some(mut template) = template {
            template.correlation_id = Some(correlation_id);
            template.callback_url = reply.callback_url.take();
            let text = reply.text.as_str();
            let call = client.reply_or_template(message, text, template);
            let result = call.begin_before(latest).await;
            return (End::of_answered(&result), result.err());
        }
        reply.correlation_id = Some(correlation_id);
        let result = client.notify().reply(reply).begin_before(latest).await;
        (End::of_reply(&result), result.err())
    }
}
