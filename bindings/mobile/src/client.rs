//! The client.

use backchat_core::{Client, runtime};

use crate::attempt::{AttemptListener, Reporter};
use crate::call::{
    MediaListener, ReplyListener, ReplyOrTemplateListener, RunningCall, SendListener,
};
use crate::failure::Failed;
use crate::request::{CallOptions, ReplyRequest, SendRequest, TemplateRequest, count, duration};
use crate::token::{Source, TokenSource};

/// The options of a client. What is absent comes from the environment, then from the defaults.
#[derive(uniffi::Record)]
pub struct ClientOptions {
    /// A token that never changes; a [`TokenSource`] wins.
    pub api_token: Option<String>,
    /// The address of the backend, or of the API.
    pub base_url: Option<String>,
    /// For one call in all, retries included.
    pub timeout_nanoseconds: Option<i64>,
    /// For a connection, TLS included.
    pub connect_timeout_nanoseconds: Option<i64>,
    /// How often a POST that provably had no effect is tried again.
    pub max_retries: Option<i32>,
    /// How many connections are open at most.
    pub max_connections: Option<i32>,
    /// Where delivery events go.
    pub callback_url: Option<String>,
    /// The proxy for all calls.
    pub proxy: Option<String>,
    /// Certificate authorities to trust besides the trust store, in PEM.
    pub ca_certificates: Vec<String>,
    /// Takes an `http` base URL that is not loopback.
    pub allow_insecure_http: bool,
    /// The `User-Agent` header.
    pub user_agent: String,
}

/// Hears that a client has closed, on the thread that drives all calls. It hands over and returns.
#[uniffi::export(callback_interface)]
pub trait ClosingListener: Send + Sync {
    /// No POST runs any more, or 2 s have passed.
    fn closed(&self);
}

/// Sends replies and templates. Every call sends at most one message.
#[derive(uniffi::Object)]
pub struct ReplyClient(Client);

#[uniffi::export]
impl ReplyClient {
    /// Raises `configuration` with the option's name, `missing_api_token` or `invalid_callback_url`.
    #[uniffi::constructor]
    pub fn new(
        options: ClientOptions,
        token: Option<Box<dyn TokenSource>>,
        attempts: Option<Box<dyn AttemptListener>>,
    ) -> Result<Self, Failed> {
        let mut builder = Client::builder()
            .user_agent(options.user_agent)
            .allow_insecure_http(options.allow_insecure_http);
        if let Some(token) = options.api_token {
            builder = builder.api_token(token);
        }
        if let Some(source) = token {
            builder = builder.token_provider(Source(source));
        }
        if let Some(listener) = attempts {
            builder = builder.observer(Reporter(listener));
        }
        if let Some(url) = options.base_url {
            builder = builder.base_url(url);
        }
        if let Some(timeout) = options.timeout_nanoseconds {
            builder = builder.timeout(duration(timeout));
        }
        if let Some(timeout) = options.connect_timeout_nanoseconds {
            builder = builder.connect_timeout(duration(timeout));
        }
        if let Some(retries) = options.max_retries {
            builder = builder.max_retries(count("max_retries", retries)?);
        }
        if let Some(connections) = options.max_connections {
            builder = builder.max_connections(count("max_connections", connections)? as usize);
        }
        if let Some(url) = options.callback_url {
            builder = builder.callback_url(url);
        }
        if let Some(url) = options.proxy {
            builder = builder.proxy(url);
        }
        for pem in options.ca_certificates {
            builder = builder.ca_certificate(pem);
        }
        Ok(Self(builder.build()?))
    }

    /// `POST /v2/notify/reply`. Raises at once what the request's own values make wrong.
    pub fn start_reply(
        &self,
        request: ReplyRequest,
        listener: Box<dyn ReplyListener>,
    ) -> Result<RunningCall, Failed> {
        let call = self.0.notify().reply(request.reply()?);
        Ok(RunningCall::reply(request.options.apply(call)?, listener)?)
    }

    /// `POST /v2/notify`. Raises at once what the request's own values make wrong.
    pub fn start_send(
        &self,
        request: SendRequest,
        listener: Box<dyn SendListener>,
    ) -> Result<RunningCall, Failed> {
        let call = self.0.notify().send(request.message()?);
        Ok(RunningCall::send(request.options.apply(call)?, listener)?)
    }

    /// `POST /v2/notify/reply`, and `POST /v2/notify` when the server says that the window has
    /// closed. `channel` is the message's; the template prefers it when it names none. The
    /// callback URL and the correlation id of both are the template's.
    pub fn start_reply_or_template(
        &self,
        request: ReplyRequest,
        channel: String,
        template: TemplateRequest,
        listener: Box<dyn ReplyOrTemplateListener>,
    ) -> Result<RunningCall, Failed> {
        let message = request.message(&channel);
        let template = template.template()?;
        let call = self.0.reply_or_template(&message, &request.text, template);
        let call = request.options.apply(call)?;
        Ok(RunningCall::reply_or_template(call, listener)?)
    }

    /// `GET /v2/notify/inbound/{message_id}/media`. Raises at once what the options make wrong.
    pub fn start_inbound_media(
        &self,
        message_id: String,
        options: CallOptions,
        listener: Box<dyn MediaListener>,
    ) -> Result<RunningCall, Failed> {
        let call = options.apply(self.0.notify().inbound_media(message_id))?;
        Ok(RunningCall::inbound_media(call, listener)?)
    }

    /// Ends the client: no POST begins any more, and those that have begun get 2 s to end.
    pub fn start_closing(&self, listener: Option<Box<dyn ClosingListener>>) -> Result<(), Failed> {
        let client = self.0.clone();
        runtime::spawn(async move {
            client.close().await;
            if let Some(listener) = listener {
                listener.closed();
            }
        })?;
        Ok(())
    }

    /// The client as it may be printed.
    pub fn printed(&self) -> String {
        format!("{:?}", self.0)
    }
}
