//! `client.notify()`: the calls as Prelude's documentation groups them.

use super::Client;
use super::call::Call;
use super::media::{FetchMedia, InboundMedia};
use super::operation::{Answered, ReplyOrTemplate};
use crate::{Reply, ReplyResponse, ReplyTo, SendResponse, Template, TemplateMessage};

/// The `notify` group of the API.
#[derive(Clone, Copy)]
pub struct Notify<'a>(pub(super) &'a Client);

impl Notify<'_> {
    /// `POST /v2/notify/reply`: answers an inbound message.
    /// <https://docs.prelude.so/notify/v2/api-reference/send-a-reply>
    pub fn reply(self, reply: Reply) -> Call<ReplyResponse> {
        Call::new(&self.0.inner, Ok(reply))
    }

    /// `POST /v2/notify/reply`, and `POST /v2/notify` when the server says that the window has
    /// closed. [`Client::reply_or_template`]
    pub fn reply_or_template(self, reply: Reply, template: Template) -> Call<Answered> {
        Call::new(&self.0.inner, Ok(ReplyOrTemplate::new(reply, template)))
    }

    /// `POST /v2/notify`: sends a template.
    /// <https://docs.prelude.so/notify/v2/api-reference/send-a-message>
    pub fn send(self, message: TemplateMessage) -> Call<SendResponse> {
        Call::new(&self.0.inner, Ok(message))
    }

    /// `GET /v2/notify/inbound/{message_id}/media`: fetches the file that a user sent, by the
    /// `message_id` of its `inbound.message.received` event.
    ///
    /// A GET has no effect on anybody's phone. It is repeated on connection failures, silence, 429
    /// and 5xx, also after bytes have left, and never ends as `maybe_sent`; cancelling it stops it at
    /// once. Unless the call names another timeout it may take 30 s in all (or the client's timeout,
    /// where that is longer): more than Prelude waits for a webhook's answer.
    ///
    /// Raises `invalid_reply_context` when `message_id` is not `im_` and then letters and digits, and
    /// `http_error` when the file is longer than 5 MiB.
    pub fn inbound_media(self, message_id: impl AsRef<str>) -> Call<InboundMedia> {
        let message_id = ReplyTo::parse(message_id.as_ref());
        Call::new(&self.0.inner, message_id.map(FetchMedia::new))
    }
}
