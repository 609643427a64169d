"""Functions of the application: plain, `async def`, or generators; and how each is called."""

from __future__ import annotations

import functools
import inspect
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from typing import Any, Literal, TypeVar

    _Kind = Literal["plain", "async", "generator", "async generator"]
    _T = TypeVar("_T")

_RUNNING: set[asyncio.Future[Any]] = set()
"""A loop itself keeps no task alive."""


def kind_of(function: Any) -> _Kind:
    """What a call of `function` gives, as far as it can be known before: behind a `partial`, and for an
    object with `__call__`, too."""
    while isinstance(function, functools.partial):
        function = function.func
    for called in (function, getattr(_class(function), "__call__", None)):
        if inspect.iscoroutinefunction(called):
            return "async"
        if inspect.isasyncgenfunction(called):
            return "async generator"
        if inspect.isgeneratorfunction(called):
            return "generator"
    return "plain"


def _class(value: object) -> type[object]:
    return type(value)


def undone(value: Any) -> str | None:
    """What `value` is if it is work that nobody has done yet."""
    if inspect.isasyncgen(value):
        return "an async generator"
    if inspect.isgenerator(value):
        return "a generator"
    if hasattr(value, "_asyncio_future_blocking"):  # a task: it runs by itself
        return None
    if inspect.isawaitable(value):
        return "a coroutine" if inspect.iscoroutine(value) else "an awaitable"
    return None


def close(value: Any) -> None:
    """Ends a coroutine or a generator that nobody will run. Anything else goes on."""
    if inspect.iscoroutine(value) or inspect.isgenerator(value):
        value.close()


def place_of(error: BaseException) -> str | None:
    """File and line of the application's function that raised `error`."""
    here = os.path.dirname(__file__)
    trace = error.__traceback__
    while trace is not None and os.path.dirname(trace.tb_frame.f_code.co_filename) == here:
        trace = trace.tb_next
    if trace is None:
        return None
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"


def start(awaitable: Awaitable[_T], tell: Callable[[_T | None, BaseException | None], object]) -> None:
    """Has the running loop await `awaitable`, and tells how that ended."""
    import asyncio

    def ended(future: asyncio.Future[_T]) -> None:
        _RUNNING.discard(future)
        if future.cancelled():
            tell(None, asyncio.CancelledError())
        elif (error := future.exception()) is not None:
            tell(None, error)
        else:
            tell(future.result(), None)

    future = asyncio.ensure_future(awaitable)
    _RUNNING.add(future)
    future.add_done_callback(ended)


def call_alone(
    function: Callable[[_T], Any], argument: _T, loop: asyncio.AbstractEventLoop | None
) -> None:
    """Calls `function` where nobody waits for it. What it gives to be awaited is awaited in `loop`,
    while that runs, else in a loop of its own."""
    result = function(argument)
    if not inspect.isawaitable(result):
        return
    import asyncio

    async def await_it() -> None:
        await result

    if loop is not None and loop.is_running():
        asyncio.run_coroutine_threadsafe(await_it(), loop).result()
    else:
        asyncio.run(await_it())


async def call(function: Callable[[_T], Any], argument: _T) -> Any:
    """Calls `function` from a task: an `async def` one here, any other on a thread, so that the loop
    goes on; what that gives to be awaited is awaited here."""
    if kind_of(function) == "async":
        return await function(argument)
    value, error = await in_thread(_outcome, function, argument)
    if error is not None:
        raise error
    return await value if inspect.isawaitable(value) else value


def _outcome(function: Callable[[_T], Any], argument: _T) -> tuple[Any, BaseException | None]:
    """What the function returned, or raised: a `StopIteration` could not pass from thread to task."""
    try:
        return function(argument), None
    except BaseException as error:
        return None, error


async def in_thread(function: Callable[..., _T], *arguments: Any) -> _T:
    """Runs `function` on a thread of its own, with the task's context. (The loop's own threads are few:
    some functions that block would hold up all others.)"""
    import asyncio
    import contextlib
    import contextvars
    from threading import Thread

    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(value: _T | None, error: BaseException | None) -> None:
        if future.done():  # the task was cancelled
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value, error = None, None
        try:
            value = context.run(function, *arguments)
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, value, error)

    Thread(target=run, name="backchat-handler", daemon=True).start()
    return await future
