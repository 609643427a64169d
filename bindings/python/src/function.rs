//! Functions of the application: plain, `async def`, or generators (`_function.py`).

use backchat_core::Error;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::error::raise;

/// What a call of a function gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Async,
    Generator,
    AsyncGenerator,
}

/// The kind of `function`, which is given as `name`. Raises `ConfigurationError` for one that the
/// face could only accept, and never await or run.
pub(crate) fn accept(
    function: &Bound<'_, PyAny>,
    name: &'static str,
    asyncio: bool,
) -> PyResult<Kind> {
    let kind = kind_of(function)?;
    let why = match kind {
        Kind::Plain => return Ok(kind),
        Kind::Async if asyncio => return Ok(kind),
        // What it gives is told when it is called: a stream of a model, mostly.
        Kind::Generator if name == "on_message" => return Ok(kind),
        Kind::AsyncGenerator if name == "on_message" && asyncio => return Ok(kind),
        Kind::Async | Kind::AsyncGenerator if name == "api_token" && !asyncio => {
            "an `async def` function needs an AsyncClient: nobody would await it here"
        }
        Kind::Async | Kind::AsyncGenerator if !asyncio => {
            "an `async def` function needs an AsyncInbox: nobody would await it here"
        }
        _ => "this is a generator function, whose body would never run: take out the `yield`",
    };
    Err(raise(function.py(), &Error::configuration(name, why)))
}

fn kind_of(function: &Bound<'_, PyAny>) -> PyResult<Kind> {
    let kind = helper(function.py(), "kind_of")?.call1((function,))?;
    Ok(match kind.extract()? {
        "async" => Kind::Async,
        "generator" => Kind::Generator,
        "async generator" => Kind::AsyncGenerator,
        _ => Kind::Plain,
    })
}

/// Whether a handler takes its context besides the event.
pub(crate) fn takes_context(function: &Bound<'_, PyAny>) -> PyResult<bool> {
    helper(function.py(), "takes_context")?
        .call1((function,))?
        .is_truthy()
}

/// Whether `value` is to be awaited.
pub(crate) fn is_awaitable(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    static IS_AWAITABLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    IS_AWAITABLE
        .import(value.py(), "inspect", "isawaitable")?
        .call1((value,))?
        .is_truthy()
}

/// The kind of `value` if it is work that nobody has done yet, such as a coroutine or a generator.
pub(crate) fn undone(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if value.is_none() {
        return Ok(None);
    }
    helper(value.py(), "undone")?.call1((value,))?.extract()
}

/// Ends a coroutine that nobody will await, so that Python does not warn of it later, or a generator.
pub(crate) fn close(value: &Bound<'_, PyAny>) {
    let closed = helper(value.py(), "close").and_then(|close| close.call1((value,)));
    // What it raises while it ends is nothing that anybody asked for.
    drop(closed);
}

/// Has the running loop await `awaitable`, and tells `tell` how that ended.
pub(crate) fn start(awaitable: &Bound<'_, PyAny>, tell: &Bound<'_, PyAny>) -> PyResult<()> {
    let start = helper(awaitable.py(), "start")?;
    start.call1((awaitable, tell)).map(drop)
}

/// Calls `function` where nobody waits for it.
pub(crate) fn call_alone<'py>(
    function: &Bound<'py, PyAny>,
    argument: Bound<'py, PyAny>,
    event_loop: Option<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let call = helper(function.py(), "call_alone")?;
    call.call1((function, argument, event_loop)).map(drop)
}

/// File and line of the application's function that raised `error`.
pub(crate) fn place(error: &Bound<'_, PyAny>) -> Option<String> {
    let place = helper(error.py(), "place_of").and_then(|place| place.call1((error,)));
    place.and_then(|place| place.extract()).ok().flatten()
}

/// The name of the class of `value`.
pub(crate) fn type_name(value: &Bound<'_, PyAny>) -> String {
    let name = value.get_type().name().map(|name| name.to_string());
    match name {
        Ok(name) if name.len() <= 64 && name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            name
        }
        _ => "an object".to_owned(),
    }
}

fn helper<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("backchat._function")?.getattr(name)
}
