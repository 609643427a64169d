//! A call as an `asyncio.Future`.

use std::future::Future;

use backchat_core::{Call, Canceller, Error, runtime};
use pyo3::prelude::*;

use crate::error::raise;
use crate::log;
use crate::mailbox::Mailbox;
use crate::response::ToPython;

/// A call under way: await `future`; `cancel` says that nobody waits any more.
#[pyclass(frozen, name = "_Call", module = "backchat._native")]
pub(crate) struct Started {
    #[pyo3(get)]
    future: Py<PyAny>,
    canceller: Option<Canceller>,
}

#[pymethods]
impl Started {
    /// A POST that had not begun never leaves; one that had runs on in the background.
    fn cancel(&self) {
        if let Some(canceller) = &self.canceller {
            canceller.cancel();
        }
    }
}

impl Started {
    fn object(
        py: Python<'_>,
        future: Py<PyAny>,
        canceller: Option<Canceller>,
    ) -> PyResult<Bound<'_, PyAny>> {
        Ok(Bound::new(py, Self { future, canceller })?.into_any())
    }
}

/// Starts a call.
pub(crate) fn call<T: ToPython>(py: Python<'_>, call: Call<T>) -> PyResult<Bound<'_, PyAny>> {
    log::look(py)?;
    let (running, mailbox) = Mailbox::current(py)?;
    let future = running
        .call_method0(pyo3::intern!(py, "create_future"))?
        .unbind();
    let settled = future.clone_ref(py);
    let started = py.detach(|| {
        let pending = call.start_shared();
        let canceller = pending.canceller();
        runtime::spawn(async move {
            let end = pending.await;
            log::written().await;
            mailbox.settle(settled, move |py| match end {
                Ok(answer) => answer.to_python(py),
                Err(error) => Err(raise(py, &error)),
            });
        })
        .map(|()| canceller)
    });
    let canceller = Some(started.map_err(|error| raise(py, &error))?);
    Started::object(py, future, canceller)
}

/// Runs `work` on the runtime of the core. It goes on when nobody waits any more.
pub(crate) fn work<T: Send + 'static>(
    py: Python<'_>,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
    to_python: impl FnOnce(Python<'_>, T) -> PyResult<Bound<'_, PyAny>> + Send + 'static,
) -> PyResult<Bound<'_, PyAny>> {
    log::look(py)?;
    let (running, mailbox) = Mailbox::current(py)?;
    let future = running
        .call_method0(pyo3::intern!(py, "create_future"))?
        .unbind();
    let settled = future.clone_ref(py);
    let run = async move {
        let end = work.await;
        log::written().await;
        mailbox.settle(settled, move |py| match end {
            Ok(value) => to_python(py, value),
            Err(error) => Err(raise(py, &error)),
        });
    };
    py.detach(|| runtime::spawn(run))
        .map_err(|error| raise(py, &error))?;
    Started::object(py, future, None)
}
