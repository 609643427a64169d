//! One request on a connection, as the connection's stream sees it.
//!
//! The stream knows more than any error of the layers above: whether a byte of the request was
//! written, whether its last byte was, and how much came back. The call asks here, and never guesses
//! from an error's kind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client::call_state::CallState;
use crate::client::shutdown::Shutdown;

/// The largest head of an answer, interim answers included, in bytes. A server that sends
/// `100 Continue` without end would otherwise keep the thread busy until the deadline.
const LARGEST_HEAD: usize = 64 * 1024;

/// Shared by a connection, its stream and the body of its request.
#[derive(Default)]
pub(super) struct Exchange {
    state: Mutex<State>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
#[derive(Default)]
struct State {
    permit: Option<Permit>,
    progress: Progress,
    written: bool,
    body_taken: bool,
    withdrawn: bool,
    early: bool,
    received: usize,
    limit: Option<usize>,
    at_once: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Progress {
    /// No request is under way.
    #[default]
    Idle,
    /// The next write is the request's first.
    Waiting,
    /// The first byte may be written, or was.
    Begun,
    /// The last byte was written.
    Complete,
}

/// How the stream reads.
pub(super) enum Reading {
    Waiting,
    AtOnce,
    /// Not at all: the answer's head is too large.
    Flooded,
}

/// Asked right before the first byte of a POST. A GET needs none: it may be cut short at any time.
#[derive(Clone)]
pub(crate) struct Permit {
    pub(crate) call: Arc<CallState>,
    pub(crate) shutdown: Arc<Shutdown>,
}

impl Permit {
    fn begin(&self) -> bool {
        if self.shutdown.is_closed() {
            self.call.cancel();
        }
        self.call.begin()
    }
}

impl Exchange {
    /// A request is about to be handed to the connection.
    pub(super) fn start(&self, permit: Option<Permit>, has_body: bool) {
        *self.state() = State {
            permit,
            progress: Progress::Waiting,
            body_taken: !has_body,
            limit: Some(LARGEST_HEAD),
            ..State::default()
        };
    }

    /// The answer's head was read.
    pub(super) fn head_was_read(&self) {
        self.state().limit = None;
    }

    /// The answer was read to its end.
    pub(super) fn end(&self) {
        *self.state() = State::default();
    }

    /// Makes the next reads ask the system, not the runtime: it may not have looked for a while.
    pub(super) fn read_at_once(&self) {
        self.state().at_once = true;
    }

    /// Asked before every read.
    pub(super) fn reading(&self) -> Reading {
        let state = self.state();
        if state.limit.is_some_and(|limit| state.received > limit) {
            Reading::Flooded
        } else if state.at_once {
            Reading::AtOnce
        } else {
            Reading::Waiting
        }
    }

    /// Returns true while no byte of the request was let out.
    pub(super) fn is_waiting(&self) -> bool {
        self.state().progress == Progress::Waiting
    }

    /// Lets the first byte out; false when the call was cancelled, or its client closed.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        state.withdrawn = !state.permit.as_ref().is_none_or(Permit::begin);
        if !state.withdrawn {
            state.progress = Progress::Begun;
        }
        !state.withdrawn
    }

    pub(super) fn body_was_taken(&self) {
        self.state().body_taken = true;
    }

    /// Bytes were written to the socket.
    pub(super) fn wrote(&self) {
        let mut state = self.state();
        state.written |= state.progress != Progress::Idle;
    }

    /// Everything that was handed to the stream has been written.
    pub(super) fn flushed(&self) {
        let mut state = self.state();
        if state.progress == Progress::Begun && state.body_taken {
            state.progress = Progress::Complete;
        }
    }

    /// Counts bytes that were read.
    pub(super) fn received(&self, bytes: usize) {
        self.state().received += bytes;
    }

    /// Returns true when a byte of the request may have reached the network.
    pub(super) fn was_written(&self) -> bool {
        self.state().written
    }

    /// Bytes came before the last byte of the request was written.
    pub(super) fn came_early(&self) {
        self.state().early = true;
    }

    /// Returns true when what was read may have come before the last byte of the request was written.
    pub(super) fn was_early(&self) -> bool {
        let state = self.state();
        state.early || state.progress != Progress::Complete
    }

    /// Returns true when the call was cancelled before its first byte.
    pub(super) fn was_withdrawn(&self) -> bool {
        self.state().withdrawn
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
