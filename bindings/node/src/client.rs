//! `Client`: calls on the core's own runtime, never on one of napi's.

use std::sync::Arc;

use backchat_core::{CallbackUrl, Channel, CorrelationId, Error, InboundMessage, Reply};
use napi_derive::napi;

use crate::call::{later, start};
use crate::error::{Thrown, thrown};
use crate::mailbox::{Inner, Mailbox};
use crate::options::{CallOptions, ClientOptions};
use crate::template::parsed;
use crate::{log, response, template, token};

/// The core's client. Each call has a number, which JavaScript gives; its end goes to the mailbox.
#[napi(js_name = "Client")]
pub struct NativeClient {
    pub(crate) client: backchat_core::Client,
    mailbox: Arc<Inner>,
}

#[napi]
impl NativeClient {
    /// `number` is the client's in letters; `asks` and `tells` say whether JavaScript has a
    /// function for the token, and one for the log.
    #[napi(constructor)]
    pub fn new(
        mailbox: &Mailbox,
        number: u32,
        options: ClientOptions,
        asks: bool,
        tells: bool,
    ) -> Result<Self, Thrown> {
        let mailbox = Arc::clone(&mailbox.inner);
        let build = || {
            let mut builder = options.apply(backchat_core::Client::builder())?;
            if asks {
                builder = builder.token_provider(token::provider(Arc::clone(&mailbox), number));
            }
            if tells {
                builder = builder.observer(log::observer(Arc::clone(&mailbox), number));
            }
            builder.build()
        };
        let client = build().map_err(thrown)?;
        Ok(Self { client, mailbox })
    }

    /// `notify.reply`; also `reply`, whose message has the first and the last of the three.
    #[napi]
    pub fn reply(
        &self,
        call: u32,
        to: String,
        text: String,
        reply_to: String,
        callback_url: Option<String>,
        correlation_id: Option<String>,
        options: Option<CallOptions>,
    ) {
        let reply = || {
            let mut reply = Reply::parse(&to, &text, &reply_to)?;
            reply.callback_url = parsed(callback_url, CallbackUrl::parse)?;
            reply.correlation_id = parsed(correlation_id, CorrelationId::parse)?;
            Ok(self.client.notify().reply(reply))
        };
        start(&self.mailbox, call, reply(), options, response::reply);
    }

    /// `notify.send`; `params` is JSON.
    #[napi]
    pub fn send(&self, call: u32, params: String, options: Option<CallOptions>) {
        let message = template::message(&params);
        let send = message.map(|message| self.client.notify().send(message));
        start(&self.mailbox, call, send, options, response::send);
    }

    /// `replyOrTemplate`; `template` is JSON.
    #[napi]
    pub fn reply_or_template(
        &self,
        call: u32,
        from: String,
        message_id: String,
        channel: Option<String>,
        text: String,
        template: String,
        options: Option<CallOptions>,
    ) {
        let answer = || -> Result<_, Error> {
            let template = template::template(&template)?;
            let mut message = InboundMessage::new(&message_id, &from, "");
            if let Some(channel) = channel.as_deref() {
                message.channel = Channel::from(channel);
            }
            Ok(self.client.reply_or_template(&message, &text, template))
        };
        start(&self.mailbox, call, answer(), options, response::answered);
    }

    /// `notify.inboundMedia`: the file itself is in the mailbox.
    #[napi]
    pub fn inbound_media(&self, call: u32, message_id: String, options: Option<CallOptions>) {
        let fetch = self.client.notify().inbound_media(message_id);
        let mailbox = Arc::clone(&self.mailbox);
        let shown = move |media| response::media(media, |file| mailbox.keep(call, file));
        start(&self.mailbox, call, Ok(fetch), options, shown);
    }

    /// `close`.
    #[napi]
    pub fn close(&self, call: u32) {
        let client = self.client.clone();
        later(&self.mailbox, call, async move {
            client.close().await;
            Ok("null".to_owned())
        });
    }
}
