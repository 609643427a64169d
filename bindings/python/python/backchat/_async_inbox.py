"""The inbox for asyncio. Handlers run in the task that awaits `receive`."""

from __future__ import annotations

from ._function import Cancelling, call, undone
from ._inbox import MAX_EVENT_AGE, client_of
from ._native import _Inbox, _Job, _Report

# The time that `run` waits at its end for `on_error`, in seconds.
_LAST_ALARMS = 10

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta
    from typing import Concatenate, ParamSpec, TypeVar

    from ._asgi import ASGI
    from ._async_client import AsyncClient
    from ._native import (
        Answer,
        _Body,
        Client,
        DeliveryEvent,
        Event,
        Failure,
        Health,
        _Headers,
        InboundMessage,
        OptOutEvent,
        QueueOptions,
        Receipt,
        Record,
        _Rearmed,
        _State,
        Webhook,
        _AsyncSteps,
    )

    _Context = ParamSpec("_Context")
    _Answer = TypeVar("_Answer", bound=str | Answer | Awaitable[str | Answer | None] | None)
    _Result = TypeVar("_Result")
    _End = TypeVar("_End")


async def _work(job: _Job) -> None:
    """Runs a handler in this task. It is cancelled when the inbox does not wait for it any more."""
    with Cancelling() as cancelling:
        if not job.when_unwanted(cancelling.cancel):
            return
        try:
            value = await call(job.handler, *job.arguments, job=job)
        except Exception as error:
            job.fail(error)
        except BaseException:
            job.release()
            raise
        else:
            job.finish(value)


async def _tell(report: _Report) -> None:
    """Tells `on_error` of a failure."""
    failure = report.take()
    if failure is None:
        return
    try:
        value = await call(report.hook, failure)
    except Exception as error:
        _Report.fail(error)
    else:
        if (what := undone(value)) is not None:
            _Report.left_undone(what)


async def _finish(steps: _AsyncSteps[_End]) -> _End:
    """Runs the handlers of a request here, to its end."""
    try:
        while True:
            step = await steps.next()
            if isinstance(step, _Report):
                await _tell(step)
                await steps.logged().future
            elif isinstance(step, _Job):
                await _work(step)
            else:
                return step
    finally:
        steps.close()


class AsyncInbox:
    """Answers each message at most once, from asyncio: `Inbox` with `await`.

    A function may be `async def`, and then runs in the task that awaits `receive`; any other runs on a
    thread of its own. Cancelling that task while the handler runs releases the message; later, the reply goes on
    in the background.
    """

    def __init__(
        self,
        client: Client | AsyncClient,
        webhook: Webhook,
        *,
        store: str | None = None,
        scope: str | None = None,
        slot: str | None = None,
        lease: float | timedelta | None = None,
        handler_timeout: float | timedelta | None = None,
        retention: float | timedelta | None = None,
        max_event_age: float | timedelta | None = MAX_EVENT_AGE,
        max_attempts: int | None = None,
        queue: QueueOptions | None = None,
    ) -> None:
        """The options of `Inbox`. Opens the store, which blocks for a moment: make it at start-up."""
        try:
            self._native = _Inbox(
                client_of(client),
                webhook,
                store=store,
                scope=scope,
                slot=slot,
                lease=lease,
                handler_timeout=handler_timeout,
                retention=retention,
                max_event_age=max_event_age,
                max_attempts=max_attempts,
                queue=queue,
            )._asyncio()
        except BaseException:
            store = None  # a traceback that shows variables would show its password
            raise

    def on_message(
        self, handler: Callable[Concatenate[InboundMessage, _Context], _Answer]
    ) -> Callable[Concatenate[InboundMessage, _Context], _Answer]:
        """Decorates the function that answers messages: `Inbox.on_message`. It may be `async def`."""
        self._native.on_message(handler)
        return handler

    def on_delivery(
        self, handler: Callable[Concatenate[DeliveryEvent, _Context], _Result]
    ) -> Callable[Concatenate[DeliveryEvent, _Context], _Result]:
        """Decorates the function that is told what became of a reply: `Inbox.on_delivery`."""
        self._native.on_delivery(handler)
        return handler

    def on_opt_out(
        self, handler: Callable[Concatenate[OptOutEvent, _Context], _Result]
    ) -> Callable[Concatenate[OptOutEvent, _Context], _Result]:
        """Decorates the function that is told of opt-outs: `Inbox.on_opt_out`."""
        self._native.on_opt_out(handler)
        return handler

    def on_other(
        self, handler: Callable[Concatenate[Event, _Context], _Result]
    ) -> Callable[Concatenate[Event, _Context], _Result]:
        """Decorates the function that gets every other event: `Inbox.on_other`."""
        self._native.on_other(handler)
        return handler

    def on_error(
        self, hook: Callable[[Failure], _Result]
    ) -> Callable[[Failure], _Result]:
        """Decorates the function that is told when something went wrong: `Inbox.on_error`. It may be
        `async def`, and is awaited before `receive` ends; when nobody waits, in the loop that called
        last."""
        self._native.on_error(hook)
        return hook

    async def receive(self, body: _Body, headers: _Headers) -> Receipt:
        """Takes one webhook request: `Inbox.receive` as a coroutine."""
        return await _finish(self._native.receive(body, headers))

    async def handle(self, event: Event) -> Receipt:
        """The same for an event that was verified elsewhere, or kept: `Inbox.handle`."""
        return await _finish(self._native.handle(event))

    async def run(self) -> None:
        """Runs what must run beside the requests, until `shutdown`: in queue mode the handlers, each
        in a task, and in both modes the cleaning up of old rows. `asyncio.create_task(inbox.run())`.
        Cancelling it cancels the handlers, whose messages are tried again. At the end it waits up to
        10 s for `on_error`."""
        import asyncio

        steps = self._native._run()
        handlers: set[asyncio.Task[None]] = set()
        alarms: set[asyncio.Task[None]] = set()
        try:
            while (step := await steps.next()) is not None:
                tasks = handlers if isinstance(step, _Job) else alarms
                task = asyncio.create_task(_work(step) if isinstance(step, _Job) else _tell(step))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                del step
            if alarms:
                await asyncio.wait(alarms, timeout=_LAST_ALARMS)
        finally:
            steps.close()
            for task in handlers:
                task.cancel()
            self._native.shutdown()

    async def shutdown(self, limit: float | timedelta | None = None) -> bool:
        """Stops `run`: `Inbox.shutdown` as a coroutine."""
        return await self._native.shutdown(limit).future

    async def health(self) -> Health:
        """For a health check of the server: `Inbox.health`."""
        return await self._native.health().future

    async def outcome(self, message_id: str) -> Record | None:
        """What is known about the answer to `message_id`: `Inbox.outcome`."""
        return await self._native.outcome(message_id).future

    async def list(self, state: _State | None = None, since: datetime | None = None) -> list[Record]:
        """Rows in the order in which they were first seen: `Inbox.list`."""
        return await self._native.list(state, since).future

    async def counts(self) -> dict[_State, int]:
        """How many rows are in each state: `Inbox.counts`."""
        return await self._native.counts().future

    async def oldest_maybe_sent_age(self) -> timedelta | None:
        """How long the oldest `maybe_sent` has waited: `Inbox.oldest_maybe_sent_age`."""
        return await self._native.oldest_maybe_sent_age().future

    async def rearm(
        self, message_id: str, event: InboundMessage | None = None
    ) -> _Rearmed:
        """An operator says: send it after all: `Inbox.rearm`."""
        return await _finish(self._native.rearm(message_id, event))

    async def forget(self, phone: str) -> int:
        """Erases what names or quotes `phone`: `Inbox.forget`."""
        return await self._native.forget(phone).future

    async def prune(self) -> int:
        """Deletes finished rows older than the retention: `Inbox.prune`."""
        return await self._native.prune().future

    def asgi(self) -> ASGI:
        """This inbox as an ASGI application, for FastAPI, Starlette and their like:
        `Route("/webhooks/prelude", inbox.asgi())`."""
        from ._asgi import ASGI

        return ASGI(self.receive)
