//! A call under way. uniffi's own futures do not cancel, and cost several crossings each: here the
//! start is one crossing, the end another. Each operation has a listener of its own, which can be
//! told nothing but the ends that the operation has.

use backchat_core::{
    Answered, Call, Cancellation, Canceller, Error, InboundMedia, ReplyResponse, SendResponse,
    runtime,
};

use crate::failure::Failure;

/// Hears how a reply ended: one of its methods is called, once, on the thread that drives all
/// calls. It hands over and returns: code of the user never runs in it.
#[uniffi::export(callback_interface)]
pub trait ReplyListener: Send + Sync {
    /// The reply was sent.
    fn sent(&self, response: ReplyResponse);
    /// The call failed.
    fn failed(&self, failure: Failure);
}

/// Hears how the sending of a template ended, as a [`ReplyListener`] does.
#[uniffi::export(callback_interface)]
pub trait SendListener: Send + Sync {
    /// The template was sent.
    fn sent(&self, response: SendResponse);
    /// The call failed.
    fn failed(&self, failure: Failure);
}

/// Hears how a reply with a template to fall back to ended, as a [`ReplyListener`] does.
#[uniffi::export(callback_interface)]
pub trait ReplyOrTemplateListener: Send + Sync {
    /// The window was open: the reply was sent.
    fn replied(&self, response: ReplyResponse);
    /// The window had closed: the template was sent.
    fn template_sent(&self, response: SendResponse);
    /// The call failed.
    fn failed(&self, failure: Failure);
}

/// Hears how the fetching of a file ended, as a [`ReplyListener`] does.
#[uniffi::export(callback_interface)]
pub trait MediaListener: Send + Sync {
    /// The file came whole.
    fn fetched(&self, media: FetchedMedia);
    /// The call failed.
    fn failed(&self, failure: Failure);
}

/// The file that a user sent.
#[derive(uniffi::Record)]
pub struct FetchedMedia {
    /// The `Content-Type`.
    pub content_type: Option<String>,
    /// The name, without directories.
    pub filename: Option<String>,
    /// The file itself.
    pub bytes: Vec<u8>,
}

impl From<InboundMedia> for FetchedMedia {
    fn from(media: InboundMedia) -> Self {
        Self {
            content_type: media.content_type,
            filename: media.filename,
            bytes: media.bytes.into(),
        }
    }
}

/// A call under way. It goes on when this object is dropped.
#[derive(uniffi::Object)]
pub struct RunningCall {
    canceller: Canceller,
    correlation_id: Option<String>,
}

#[uniffi::export]
impl RunningCall {
    /// A POST that had not begun never leaves, and the call ends with `cancelled`; one that had
    /// runs on to its own end, and is never repeated.
    pub fn cancel(&self) -> Cancellation {
        self.canceller.cancel()
    }

    /// The correlation id that the message carries, known before it leaves.
    pub fn correlation_id(&self) -> Option<String> {
        self.correlation_id.clone()
    }
}

impl RunningCall {
    pub(crate) fn reply(
        call: Call<ReplyResponse>,
        listener: Box<dyn ReplyListener>,
    ) -> Result<Self, Error> {
        Self::start(call, move |end| match end {
            Ok(response) => listener.sent(response),
            Err(error) => listener.failed(Failure::from(&error)),
        })
    }

    pub(crate) fn send(
        call: Call<SendResponse>,
        listener: Box<dyn SendListener>,
    ) -> Result<Self, Error> {
        Self::start(call, move |end| match end {
            Ok(response) => listener.sent(response),
            Err(error) => listener.failed(Failure::from(&error)),
        })
    }

    pub(crate) fn reply_or_template(
        call: Call<Answered>,
        listener: Box<dyn ReplyOrTemplateListener>,
    ) -> Result<Self, Error> {
        Self::start(call, move |end| match end {
            Ok(Answered::Reply(response)) => listener.replied(response),
            Ok(Answered::Template(response)) => listener.template_sent(response),
            Err(error) => listener.failed(Failure::from(&error)),
        })
    }

    pub(crate) fn inbound_media(
        call: Call<InboundMedia>,
        listener: Box<dyn MediaListener>,
    ) -> Result<Self, Error> {
        Self::start(call, move |end| match end {
            Ok(media) => listener.fetched(media.into()),
            Err(error) => listener.failed(Failure::from(&error)),
        })
    }

    /// Starts `call` on the core's runtime, which calls `ended` with its end.
    fn start<T: Send + 'static>(
        call: Call<T>,
        ended: impl FnOnce(Result<T, Error>) + Send + 'static,
    ) -> Result<Self, Error> {
        let pending = call.start_shared();
        let started = Self {
            canceller: pending.canceller(),
            correlation_id: pending.correlation_id().map(ToString::to_string),
        };
        runtime::spawn(async move { ended(pending.await) })?;
        Ok(started)
    }
}
