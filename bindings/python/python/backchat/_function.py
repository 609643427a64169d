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

    from ._native import _Job

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


def takes_context(function: Callable[..., Any]) -> bool:
    """Whether a handler takes its context: in a second positional parameter that has no default, or
    that is called `context`."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a function of C that does not tell
        return False
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    if len(positional) < 2:
        return False
    return positional[1].default is inspect.Parameter.empty or positional[1].name == "context"


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


async def call(function: Callable[..., Any], *arguments: Any, job: _Job | None = None) -> Any:
    """Calls `function` from a task: an `async def` one here, any other on a thread, so that the loop
    goes on; what that gives to be awaited is awaited here. `job` lives until the function ends."""
    if kind_of(function) == "async":
        return await _ending(function(*arguments), job)
    value, error = await in_thread(_outcome, function, arguments, job)
    if error is not None:
        raise error
    return await _ending(value, job) if inspect.isawaitable(value) else value


async def _ending(work: Awaitable[_T], job: _Job | None) -> _T:
    try:
        return await work
    finally:
        if job is not None:
            job.end()


def _outcome(
    function: Callable[..., Any], arguments: tuple[Any, ...], _job: _Job | None
) -> tuple[Any, BaseException | None]:
    """What the function returned, or raised: a `StopIteration` could not pass from thread to task."""
    try:
        return function(*arguments), None
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


class Cancelling:
    """A part of a task that may be cancelled by itself, without the rest of the task."""

    def __enter__(self) -> Cancelling:
        import asyncio

        self._task = asyncio.current_task()
        self._before = self._requests()
        self._is_over = False
        self._is_cancelled = False
        return self

    def cancel(self) -> None:
        """Cancels it, unless it is over."""
        if self._task is not None and not self._is_over:
            self._is_cancelled = True
            self._task.cancel()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        import asyncio

        self._is_over = True
        if not self._is_cancelled:
            return False
        if uncancel := getattr(self._task, "uncancel", None):  # from Python 3.11 on
            uncancel()
        return isinstance(error, asyncio.CancelledError) and self._requests() <= self._before

    def _requests(self) -> int:
        """How often others have asked the task to end."""
        cancelling = getattr(self._task, "cancelling", None)
        return cancelling() if cancelling else 0
