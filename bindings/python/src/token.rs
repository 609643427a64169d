//! `api_token` as a callable: for tokens that expire.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use backchat_core::{TokenError, TokenProvider};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// Calls the caller's function: one that is not async on a thread of its own, an async one in the
/// event loop that made the latest call.
pub(crate) struct Callable(Arc<Shared>);

struct Shared {
    function: Py<PyAny>,
    latest_loop: Mutex<Option<Py<PyAny>>>,
}

/// Tells the provider which loop calls.
#[derive(Clone)]
pub(crate) struct LoopSetter(Arc<Shared>);

impl Callable {
    pub(crate) fn new(function: Py<PyAny>) -> (Self, LoopSetter) {
        let shared = Arc::new(Shared {
            function,
            latest_loop: Mutex::default(),
        });
        (Self(Arc::clone(&shared)), LoopSetter(shared))
    }
}

impl LoopSetter {
    /// The running loop is about to make a call.
    pub(crate) fn set(&self, py: Python<'_>) -> PyResult<()> {
        let running = py
            .import("asyncio")?
            .call_method0("get_running_loop")?
            .unbind();
        let mut latest = self
            .0
            .latest_loop
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let previous = latest.replace(running);
        drop(latest);
        // May be the last reference to a loop, whose end runs code of Python.
        drop(previous);
        Ok(())
    }
}

impl TokenProvider for Callable {
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<String, TokenError>> + Send + '_>> {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                Python::try_attach(|py| shared.ask(py).inspect_err(|error| log(py, error)))
                    .ok_or("Python is ending")
            });
            Ok(asked.await???)
        })
    }
}

/// The call itself ends with `missing_api_token`, and does not quote what may hold a token.
fn log(py: Python<'_>, error: &PyErr) {
    let write = || -> PyResult<()> {
        let logger = py
            .import("logging")?
            .call_method1("getLogger", ("backchat",))?;
        let options = PyDict::new(py);
        options.set_item("exc_info", error.value(py))?;
        let line = ("the api_token function raised",);
        logger.call_method("error", line, Some(&options)).map(drop)
    };
    // A handler of the application that raises is the application's.
    let _failed = write();
}

impl Shared {
    fn ask(&self, py: Python<'_>) -> PyResult<String> {
        let mut token = self.function.bind(py).call0()?;
        if !token.is_instance_of::<PyString>() && token.hasattr("__await__")? {
            let running = {
                let latest = self
                    .latest_loop
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                latest.as_ref().map(|running| running.clone_ref(py))
            };
            let Some(running) = running else {
                let why = "an async `api_token` needs an AsyncClient";
                return Err(PyTypeError::new_err(why));
            };
            let asyncio = py.import("asyncio")?;
            let running = asyncio.call_method1("run_coroutine_threadsafe", (token, running))?;
            token = running.call_method0("result")?;
        }
        token.extract()
    }
}
