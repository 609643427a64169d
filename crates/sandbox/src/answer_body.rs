//! The bytes of an answer, which may break off before the length that its head promised.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// A body that may end before the length that its head promised.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    /// What the head promises.
    length: u64,
    rest: Option<Bytes>,
    then: Then,
}

#[derive(Debug)]
enum Then {
    End,
    /// Let hyper write what it has, then break.
    Flush,
    Break,
}

/// The body was to end here.
#[derive(Debug, thiserror::Error)]
#[error("the body is cut")]
pub(crate) struct Cut;

impl AnswerBody {
    pub(crate) fn new(mut bytes: Bytes, cut: bool) -> Self {
        let length = bytes.len();
        if cut {
            bytes.truncate(length / 2);
        }
        Self {
            length: length as u64,
            rest: Some(bytes),
            then: if cut { Then::Flush } else { Then::End },
        }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(bytes) = self.rest.take()
            && !bytes.is_empty()
        {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.then {
            Then::End => Poll::Ready(None),
            Then::Flush => {
                self.then = Then::Break;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Then::Break => Poll::Ready(Some(Err(Cut))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.then, Then::End) && self.rest.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}
