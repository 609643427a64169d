//! `payload.conversation.window_expires_at`: until when a user may be answered.

use std::time::Duration;

use backchat_core as core;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyString};

use crate::repr::Repr;
use crate::time::{self, Moment};
use crate::value::frozen;

/// The 24-hour window, as the event said when it was made.
///
/// It is information, **not** a gate: a newer message of the same user may have reset the window, so
/// a reply always asks the server, whose `window_expired` is the truth.
#[pyclass(frozen, module = "backchat")]
pub(crate) struct ReplyWindow(pub(crate) core::ReplyWindow);

frozen!(ReplyWindow {
    /// When it closes, in UTC, to the microsecond. `None` for RCS, which has no window, when the
    /// event does not say, and when what it says is not RFC 3339.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        time::of_wire(py, self.0.expires_at.as_ref())
    }

    /// `expires_at` exactly as it came, mostly with nanoseconds.
    #[getter]
    fn expires_at_raw<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        let wire = self.0.expires_at.as_ref()?;
        Some(PyString::new(py, wire.as_str()))
    }

    /// The state by the clock of this machine: `open`, `closed`, `none` (the channel has no window:
    /// RCS) or `unknown` (the event does not say).
    fn state(&self) -> &'static str {
        self.0.state().as_str()
    }

    /// The state at `now`, an aware datetime. At the very moment of `expires_at` it is `closed`.
    fn state_at(&self, now: Moment) -> &'static str {
        self.0.state_at(now.0).as_str()
    }

    /// The time left by the clock of this machine: zero once closed, `None` without a window or when
    /// unknown.
    fn remaining(&self) -> Option<Duration> {
        self.0.remaining()
    }

    /// The time left at `now`, an aware datetime.
    fn remaining_at(&self, now: Moment) -> Option<Duration> {
        self.0.remaining_at(now.0)
    }

    fn __repr__(&self) -> String {
        Repr::new("ReplyWindow")
            .moment("expires_at", self.0.expires_at.as_ref())
            .end()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other
            .cast::<Self>()
            .is_ok_and(|other| self.0 == other.get().0)
    }

    fn __hash__(&self) -> u64 {
        crate::hash(&self.0)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Pickled<'py, '_>> {
        let rebuild = py.import("backchat._native")?.getattr("_window")?;
        let unlimited = self.0.state() == core::WindowState::None;
        let wire = self.0.expires_at.as_ref().map(core::Timestamp::as_str);
        Ok((rebuild, (wire, unlimited)))
    }
});

/// The function that makes the window again, and its arguments.
type Pickled<'py, 'a> = (Bound<'py, PyAny>, (Option<&'a str>, bool));

/// What a pickle calls: the window that closes then.
#[pyfunction]
#[pyo3(name = "_window")]
pub(crate) fn rebuild_window(expires_at: Option<&str>, unlimited: bool) -> ReplyWindow {
    let channel = if unlimited {
        core::Channel::Rcs
    } else {
        core::Channel::Whatsapp
    };
    ReplyWindow(core::ReplyWindow::new(expires_at.map(Into::into), &channel))
}
