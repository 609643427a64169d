//! A call under way. uniffi's own futures do not cancel, and cost several crossings each: here the
//! start is one crossing, the end another.

use backchat_core::{
    Answered, Call, Cancellation, Canceller, Error, ReplyResponse, SendResponse, runtime,
};

use crate::failure::Failure;

/// Hears how a call ended, once, on the thread that drives all calls: hand over and return.
#[uniffi::export(callback_interface)]
pub trait CallListener: Send + Sync {
    /// The call has ended.
    fn ended(&self, end: CallEnd);
}

/// How a call ended.
#[derive(uniffi::Enum)]
#[allow(
    clippy::large_enum_variant,
    reason = "made once, and written out at once"
)]
pub enum CallEnd {
    /// The reply was sent.
    Replied {
        /// The API's answer.
        response: ReplyResponse,
    },
    /// The template was sent.
    TemplateSent {
        /// The API's answer.
        response: SendResponse,
    },
    /// The call failed.
    Failed {
        /// What is known.
        failure: Failure,
    },
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
    /// Starts `call` on the core's runtime; `listener` hears its end from there.
    pub(crate) fn start<T: Send + 'static>(
        call: Call<T>,
        listener: Box<dyn CallListener>,
    ) -> Result<Self, Error>
    where
        CallEnd: From<T>,
    {
        let pending = call.start_shared();
        let started = Self {
            canceller: pending.canceller(),
            correlation_id: pending.correlation_id().map(ToString::to_string),
        };
        runtime::spawn(async move {
            listener.ended(match pending.await {
                Ok(answer) => answer.into(),
                Err(error) => CallEnd::Failed {
                    failure: Failure::from(&error),
                },
            });
        })?;
        Ok(started)
    }
}

impl From<ReplyResponse> for CallEnd {
    fn from(response: ReplyResponse) -> Self {
        CallEnd::Replied { response }
    }
}

impl From<SendResponse> for CallEnd {
    fn from(response: SendResponse) -> Self {
        CallEnd::TemplateSent { response }
    }
}

impl From<Answered> for CallEnd {
    fn from(answered: Answered) -> Self {
        match answered {
            Answered::Reply(response) => response.into(),
            Answered::Template(response) => response.into(),
        }
    }
}
