//! A request body that notes its first poll: never polled means provably not sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::closing::Closing;
use super::connections::Wanted;
use super::gate::Gate;

/// The JSON of one POST. It cannot be cloned, which also stops repeats by the layers below.
pub(crate) struct GatedBody {
    bytes: Option<(Bytes, Arc<Wanted>)>,
    length: u64,
    gate: Arc<Gate>,
    closing: Arc<Closing>,
}

/// The call was cancelled, or the client closed, before the POST began.
#[derive(Debug, thiserror::Error)]
#[error("the call was cancelled before it was sent")]
pub(crate) struct Withdrawn;

impl GatedBody {
    pub(crate) fn new(
        bytes: Bytes,
        wanted: Arc<Wanted>,
        gate: Arc<Gate>,
        closing: Arc<Closing>,
    ) -> Self {
        Self {
            length: bytes.len() as u64,
            bytes: Some((bytes, wanted)),
            gate,
            closing,
        }
    }
}

impl Body for GatedBody {
    type Data = Bytes;
    type Error = Withdrawn;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Withdrawn>>> {
        let Some((bytes, _)) = self.bytes.take() else {
            return Poll::Ready(None);
        };
        if self.closing.is_closed() {
            self.gate.cancel();
        }
        Poll::Ready(Some(if self.gate.begin() {
            Ok(Frame::data(bytes))
        } else {
            Err(Withdrawn)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(if self.bytes.is_some() { self.length } else { 0 })
    }
}
