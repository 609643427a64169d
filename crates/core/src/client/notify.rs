//! `client.notify()`: the calls as Prelude's documentation groups them.

use super::Client;
use super::call::Call;
use super::operation::{Answered, ReplyOrTemplate};
use crate::{Reply, ReplyResponse, SendResponse, Template, TemplateMessage};

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
}
