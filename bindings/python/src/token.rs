//! `api_token` as a callable: for tokens that expire.
//!
//! A plain function runs on a thread of its own; an `async def` one in the event loop that made the
//! latest call. Either may take as long as it likes: what waits for it ends at its deadline.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use backchat_core::fork::PerProcess;
use backchat_core::{TokenError, TokenProvider};
use pyo3::prelude::*;
use pyo3::types::PyString;
use tokio::sync::{Semaphore, oneshot};
use tracing::Level;

use crate::function::{self, Kind};
use crate::log::{self, Line, Value};
use crate::mailbox::Mailbox;
use crate::own::Own;
use crate::user_thread;

/// How many threads one function may hold up.
const MOST: usize = 64;

/// What a client calls for its token.
pub(crate) struct Callable(Arc<Shared>);

/// A function that `AsyncClient` was given.
#[pyclass(frozen, name = "_AsyncToken", module = "backchat._native")]
pub(crate) struct AsyncToken(pub(crate) Py<PyAny>);

#[pymethods]
impl AsyncToken {
    #[new]
    fn new(function: Py<PyAny>) -> Self {
        Self(function)
    }
}

struct Shared {
    function: Py<PyAny>,
    is_async: bool,
    /// Whether the client is one for asyncio.
    asyncio: bool,
    latest_loop: ArcSwapOption<Mailbox>,
    threads: PerProcess<Threads>,
}

/// The threads that may still be held up.
struct Threads(Arc<Semaphore>);

impl Default for Threads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

/// Tells the provider which loop calls.
#[derive(Clone)]
pub(crate) struct LoopSetter(Arc<Shared>);

impl Callable {
    /// Raises `ConfigurationError` for a function that nobody could await.
    pub(crate) fn new(function: &Bound<'_, PyAny>, asyncio: bool) -> PyResult<(Self, LoopSetter)> {
        let kind = function::accept(function, "api_token", asyncio)?;
        let shared = Arc::new(Shared {
            function: function.clone().unbind(),
            is_async: kind == Kind::Async,
            asyncio,
            latest_loop: ArcSwapOption::const_empty(),
            threads: PerProcess::new(),
        });
        Ok((Self(Arc::clone(&shared)), LoopSetter(shared)))
    }
}

impl LoopSetter {
    /// The running loop is about to make a call.
    pub(crate) fn set(&self, py: Python<'_>) -> PyResult<()> {
        let (_, mailbox) = Mailbox::current(py)?;
        self.0.latest_loop.store(Some(mailbox));
        Ok(())
    }

    /// Whether the function needs an event loop.
    pub(crate) fn is_async(&self) -> bool {
        self.0.is_async
    }
}

impl TokenProvider for Callable {
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<String, TokenError>> + Send + '_>> {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            let answer = Answer(Own::new(Mutex::new(Some(tell))));
            if shared.is_async {
                let mailbox = shared.mailbox()?;
                mailbox.post(Box::new(move |py| shared.ask(py, answer, Place::Loop)));
            } else {
                let threads = Arc::clone(&shared.threads.get().0);
                let permit = threads.acquire_owned().await?;
                user_thread::run(move |py| {
                    let _ctrl_c_is_the_main_thread_s = shared.ask(py, answer, Place::Thread);
                    drop(permit);
                })?;
            }
            told.await.map_err(|_| "no token was given")?
        })
    }
}

/// Where the function is called.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Thread,
    Loop,
}

impl Shared {
    fn mailbox(&self) -> Result<Arc<Mailbox>, TokenError> {
        let latest = self.latest_loop.load_full();
        latest.ok_or_else(|| "no event loop has made a call".into())
    }

    fn ask(&self, py: Python<'_>, answer: Answer, place: Place) -> PyResult<()> {
        match self.function.bind(py).call0() {
            Ok(given) if function::is_awaitable(&given)? => self.have_awaited(given, answer, place),
            Ok(given) => {
                answer.take(&given);
                Ok(())
            }
            Err(error) => {
                // With its traceback.
                answer.fail(&raised(error.into_value(py).bind(py).as_any()));
                Ok(())
            }
        }
    }

    /// Has the loop await what the function gave.
    fn have_awaited(&self, given: Bound<'_, PyAny>, answer: Answer, place: Place) -> PyResult<()> {
        let py = given.py();
        if place == Place::Loop {
            return function::start(&given, Bound::new(py, answer)?.as_any());
        }
        let mailbox = match self.mailbox() {
            Ok(mailbox) if self.asyncio => mailbox,
            _ => {
                function::close(&given);
                answer.fail("it returned a coroutine, which needs an AsyncClient");
                return Ok(());
            }
        };
        let given = given.unbind();
        mailbox.post(Box::new(move |py| {
            function::start(given.bind(py), Bound::new(py, answer)?.as_any())
        }));
        Ok(())
    }
}

type Told = oneshot::Sender<Result<String, TokenError>>;

/// Takes the end of the function, once.
#[pyclass(frozen, name = "_TokenAnswer", module = "backchat._native")]
struct Answer(Own<Mutex<Option<Told>>>);

#[pymethods]
impl Answer {
    /// The awaitable gave `token`, or raised.
    fn __call__(&self, token: &Bound<'_, PyAny>, error: Option<&Bound<'_, PyAny>>) {
        match error {
            None => self.take(token),
            Some(error) => self.fail(&raised(error)),
        }
    }
}

impl Answer {
    fn take(&self, given: &Bound<'_, PyAny>) {
        match given.cast::<PyString>() {
            Ok(token) => self.tell(Ok(token.to_string_lossy().into_owned())),
            Err(_) => self.fail(&format!(
                "it returned {}, not str",
                function::type_name(given)
            )),
        }
    }

    fn fail(&self, error: &str) {
        let line = Line::new(Level::ERROR, "the api_token function failed");
        log::push(line.field("error", Some(Value::text(error))));
        self.tell(Err("the api_token function failed".into()));
    }

    fn tell(&self, token: Result<String, TokenError>) {
        let Some(told) = self.0.get() else {
            return;
        };
        let told = told.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(told) = told {
            let _nobody_waits = told.send(token);
        }
    }
}

/// The exception's class, and the function's line. Not its words: they may quote a token.
fn raised(error: &Bound<'_, PyAny>) -> String {
    let raised = format!("it raised {}", function::type_name(error));
    match function::place(error) {
        Some(place) => format!("{raised} at {place}"),
        None => raised,
    }
}
