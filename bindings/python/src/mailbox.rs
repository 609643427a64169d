//! Ends of calls, on their way from the core's runtime into an asyncio event loop.
//!
//! The runtime's thread never takes the GIL for it: it puts a letter into the loop's mailbox and, if
//! the mailbox was empty, writes a byte to a socket that the loop watches. So many ends cost one
//! wake-up, and a busy loop does not hold up the network.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::log;
use crate::own::Own;

/// What the loop has to do, with the GIL.
type Letter = Box<dyn FnOnce(Python<'_>) -> PyResult<()> + Send>;

/// The mailbox of one event loop.
pub(crate) struct Mailbox {
    letters: Own<Mutex<Vec<Letter>>>,
    bell: Bell,
}

thread_local! {
    /// The loops that ran on this thread, and their mailboxes; mostly one.
    static KNOWN: RefCell<Vec<(Py<PyAny>, Arc<Mailbox>)>> = const { RefCell::new(Vec::new()) };
}

impl Mailbox {
    /// The running loop and its mailbox.
    pub(crate) fn current(py: Python<'_>) -> PyResult<(Bound<'_, PyAny>, Arc<Self>)> {
        static GET_RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let running = GET_RUNNING_LOOP
            .import(py, "asyncio", "get_running_loop")?
            .call0()?;
        let known = KNOWN.with_borrow(|known| {
            // A child has to watch a socket of its own: that of its parent wakes the parent.
            let own = |(known, its): &&(Py<PyAny>, Arc<Self>)| {
                known.is(&running) && its.letters.get().is_some()
            };
            let mailbox = known.iter().find(own);
            mailbox.map(|(_, mailbox)| Arc::clone(mailbox))
        });
        let mailbox = match known {
            Some(mailbox) => mailbox,
            None => Self::open(&running)?,
        };
        Ok((running, mailbox))
    }

    fn open(running: &Bound<'_, PyAny>) -> PyResult<Arc<Self>> {
        let py = running.py();
        let mailbox = Arc::new(Self {
            letters: Own::default(),
            bell: Bell::new(running)?,
        });
        let reader = Bound::new(py, Reader(Arc::clone(&mailbox)))?;
        mailbox.bell.watch(running, &reader)?;
        let mut known = KNOWN.take();
        let mut closed = Vec::new();
        for (other, its) in known.drain(..) {
            let is_closed = other.bind(py).call_method0("is_closed")?.is_truthy()?;
            if is_closed || its.letters.get().is_none() {
                closed.push((other, its));
            } else {
                KNOWN.with_borrow_mut(|known| known.push((other, its)));
            }
        }
        let latest = (running.clone().unbind(), Arc::clone(&mailbox));
        KNOWN.with_borrow_mut(|known| known.insert(0, latest));
        // May be the last reference to a loop, whose end runs code of Python.
        drop(closed);
        Ok(mailbox)
    }

    /// Has the loop settle `future`, unless somebody cancelled it meanwhile.
    pub(crate) fn settle<End>(self: &Arc<Self>, future: Py<PyAny>, end: End)
    where
        End: FnOnce(Python<'_>) -> PyResult<Bound<'_, PyAny>> + Send + 'static,
    {
        self.post(Box::new(move |py| {
            let future = future.bind(py);
            if future
                .call_method0(pyo3::intern!(py, "done"))?
                .is_truthy()?
            {
                return Ok(());
            }
            match end(py) {
                Ok(value) => future.call_method1(pyo3::intern!(py, "set_result"), (value,))?,
                Err(error) => future
                    .call_method1(pyo3::intern!(py, "set_exception"), (error.into_value(py),))?,
            };
            Ok(())
        }));
    }

    /// Has the loop do something.
    pub(crate) fn post(self: &Arc<Self>, letter: Letter) {
        let Some(letters) = self.letters.get() else {
            return;
        };
        let mut letters = letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.push(letter);
        let first = letters.len() == 1;
        drop(letters);
        if first {
            self.bell.ring(self);
        }
    }

    /// Does what the letters say, each of them, and raises what the first one raised that failed.
    fn read(&self, py: Python<'_>) -> PyResult<()> {
        let Some(letters) = self.letters.get() else {
            return Ok(());
        };
        self.bell.quiet();
        let letters = {
            let mut letters = letters.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *letters)
        };
        let read = letters.into_iter().map(|letter| letter(py));
        read.fold(Ok(()), Result::and).and_then(|()| log::flush(py))
    }
}

/// What the loop calls when there are letters.
#[pyclass(frozen, name = "_Reader", module = "backchat._native")]
struct Reader(Arc<Mailbox>);

#[pymethods]
impl Reader {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.0.read(py)
    }
}

#[cfg(unix)]
use unix::Bell;

#[cfg(not(unix))]
use portable::Bell;

/// A pair of sockets.
#[cfg(unix)]
mod unix {
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;

    use pyo3::prelude::*;

    use super::{Mailbox, Reader};

    pub(super) struct Bell {
        rings: UnixStream,
        heard: UnixStream,
    }

    impl Bell {
        pub(super) fn new(_running: &Bound<'_, PyAny>) -> PyResult<Self> {
            let (rings, heard) = UnixStream::pair()?;
            rings.set_nonblocking(true)?;
            heard.set_nonblocking(true)?;
            Ok(Self { rings, heard })
        }

        pub(super) fn watch(
            &self,
            running: &Bound<'_, PyAny>,
            reader: &Bound<'_, Reader>,
        ) -> PyResult<()> {
            running
                .call_method1("add_reader", (self.heard.as_raw_fd(), reader))
                .map(drop)
        }

        pub(super) fn ring(&self, _mailbox: &Arc<Mailbox>) {
            // A full socket has been rung already.
            let _full = (&self.rings).write(&[1]);
        }

        pub(super) fn quiet(&self) {
            let mut bytes = [0; 64];
            while (&self.heard)
                .read(&mut bytes)
                .is_ok_and(|read| read == bytes.len())
            {}
        }
    }
}

/// Loops that cannot watch a socket (Windows): `call_soon_threadsafe`, from a thread that may wait
/// for the GIL.
#[cfg(not(unix))]
mod portable {
    use std::sync::Arc;

    use pyo3::prelude::*;

    use super::{Mailbox, Reader};

    pub(super) struct Bell(Py<PyAny>);

    impl Bell {
        pub(super) fn new(running: &Bound<'_, PyAny>) -> PyResult<Self> {
            Ok(Self(running.getattr("call_soon_threadsafe")?.unbind()))
        }

        pub(super) fn watch(
            &self,
            _running: &Bound<'_, PyAny>,
            _reader: &Bound<'_, Reader>,
        ) -> PyResult<()> {
            Ok(())
        }

        pub(super) fn ring(&self, mailbox: &Arc<Mailbox>) {
            let mailbox = Arc::clone(mailbox);
            tokio::task::spawn_blocking(move || {
                Python::try_attach(|py| {
                    let reader = Bound::new(py, Reader(Arc::clone(&mailbox)))?;
                    // A closed loop has nobody who waits.
                    mailbox.bell.0.call1(py, (reader,)).map(drop)
                })
            });
        }

        pub(super) fn quiet(&self) {}
    }
}
