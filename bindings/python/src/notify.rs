//! `client.notify`: the calls as Prelude's documentation groups them.

use backchat_core::Reply;
use pyo3::prelude::*;

use crate::client::Client;
use crate::options::{Count, Options};
use crate::pairs::Pairs;
use crate::template::{AnyDocument, Template, When};
use crate::time::Seconds;

/// The `notify` group of the API.
#[pyclass(frozen, module = "backchat")]
pub(crate) struct Notify(pub(crate) Py<Client>);

#[pymethods]
impl Notify {
    /// `POST /v2/notify/reply`: answers an inbound message.
    ///
    /// - `to`: the sender of the inbound message, in E.164, byte for byte as the webhook wrote
    ///   it.
    /// - `text`: what the user reads.
    /// - `reply_to`: the message's id, `im_…`. The options and errors are those of
    ///   `Client.reply`.
    ///
    /// <https://docs.prelude.so/notify/v2/api-reference/send-a-reply>
    #[pyo3(signature = (*, to, text, reply_to, callback_url=None, correlation_id=None, timeout=None, max_retries=None, extra_headers=None))]
    fn reply<'py>(
        &self,
        py: Python<'py>,
        to: &str,
        text: &str,
        reply_to: &str,
        callback_url: Option<&str>,
        correlation_id: Option<&str>,
        timeout: Option<Seconds>,
        max_retries: Option<Count>,
        extra_headers: Option<Pairs>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = Options {
            timeout,
            max_retries,
            extra_headers,
        };
        let reply = Reply::parse(to, text, reply_to);
        let client = self.0.get();
        let call = client.reply_call(py, reply, callback_url, correlation_id, options)?;
        client.run(py, call)
    }

    /// `POST /v2/notify`: sends a template.
    ///
    /// `to`: the receiver, in E.164. The other arguments are those of `Template`, then the options of
    /// `Client.reply`.
    ///
    /// <https://docs.prelude.so/notify/v2/api-reference/send-a-message>
    #[pyo3(signature = (*, template_id, to, variables=None, from_=None, locale=None, expires_at=None, schedule_at=None, callback_url=None, correlation_id=None, preferred_channel=None, max_auto_retries=None, document=None, timeout=None, max_retries=None, extra_headers=None))]
    fn send<'py>(
        &self,
        py: Python<'py>,
        template_id: &str,
        to: &str,
        variables: Option<Pairs>,
        from_: Option<&str>,
        locale: Option<&str>,
        expires_at: Option<When>,
        schedule_at: Option<When>,
        callback_url: Option<&str>,
        correlation_id: Option<&str>,
        preferred_channel: Option<&str>,
        max_auto_retries: Option<u32>,
        document: Option<AnyDocument>,
        timeout: Option<Seconds>,
        max_retries: Option<Count>,
        extra_headers: Option<Pairs>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = Options {
            timeout,
            max_retries,
            extra_headers,
        };
        let template = Template::new(
            py,
            template_id,
            variables,
            from_,
            locale,
            expires_at,
            schedule_at,
            callback_url,
            correlation_id,
            preferred_channel,
            max_auto_retries,
            document,
        )?;
        let client = self.0.get();
        let call = client.send_call(py, to, template, options)?;
        client.run(py, call)
    }

    /// `GET /v2/notify/inbound/{message_id}/media`: fetches the file that a user sent.
    ///
    /// A GET sends nothing: it is repeated also after bytes have left, and never ends as
    /// `maybe_sent`.
    ///
    /// - `message_id`: that of the inbound message, `im_…`.
    /// - `timeout`: for all of it (30 s, or the client's, where that is longer): more than Prelude
    ///   waits for a webhook's answer.
    ///
    /// Raises `InvalidReplyContextError` for an id that is none, and `ApiError` for a message without
    /// a file and for a file of more than 5 MiB. The other options and errors are those of
    /// `Client.reply`.
    #[pyo3(signature = (message_id, *, timeout=None, max_retries=None, extra_headers=None))]
    fn inbound_media<'py>(
        &self,
        py: Python<'py>,
        message_id: &str,
        timeout: Option<Seconds>,
        max_retries: Option<Count>,
        extra_headers: Option<Pairs>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = Options {
            timeout,
            max_retries,
            extra_headers,
        };
        let client = self.0.get();
        let call = client.inner.notify().inbound_media(message_id);
        client.run(py, options.apply(py, call)?)
    }
}
