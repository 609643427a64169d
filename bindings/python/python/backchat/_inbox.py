"""The inbox: the way to answer, for every server."""

from __future__ import annotations

from ._async_client import AsyncClient
from ._native import _Inbox, _Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from typing import Concatenate, ParamSpec, TypeVar

    from ._asgi import ASGI
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
    )
    from ._wsgi import WSGI

    _Context = ParamSpec("_Context")
    _Answer = TypeVar("_Answer", bound=str | Answer | None)
    _Any = TypeVar("_Any")


MAX_EVENT_AGE = 14.5 * 24 * 3600
"""Prelude delivers an event for 14 days."""


def client_of(client: Client | AsyncClient) -> Client:
    """The native client: both faces share one."""
    return client._client if isinstance(client, AsyncClient) else client


class Inbox:
    """Answers each message at most once: verifies the webhook, claims the message, runs your handler,
    sends what it returns, records the outcome, and says what to answer Prelude.

    A handler runs on the thread that called `receive`, with all that lives there. It is an ordinary
    function: test it by calling it.
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
        """Opens the store, which may take a moment.

        - `store`: `sqlite:///inbox.db` (one machine), `postgres://user@host/database` (several);
          default: memory (development).
        - `scope`: the application, when several share a store.
        - `slot`: which of several answers to the same message this inbox gives.
        - `lease`: after it another worker may take the message, and a POST without an end counts as
          `maybe_sent` (120 s; at least 10 s longer than the client's `timeout`).
        - `handler_timeout`: how long a handler may take before its run counts as failed (three
          quarters of the lease). No second run of the message begins in this process while the
          first goes on.
        - `retention`: how long finished rows are kept (30 days, at least 15).
        - `max_event_age`: a signed event that is older and that the ledger does not know is not taken:
          somebody may have kept it. It gets 503, and `on_error` hears of it (14.5 days; `None`: any
          age).
        - `max_attempts`: how often a message is tried whose handler fails, before it is `given_up`
          (8, or that of `queue`).
        - `queue`: store each message, answer 200 at once, and let `run` answer it; default: within
          the request.

        Times are seconds, or a `timedelta`.

        Raises `ConfigurationError` with the name of the option that is wrong, and for an `AsyncClient`
        whose `api_token` is an `async def` function, `StoreError` when the store cannot be reached.
        """
        native = client_of(client)
        native._for_threads()
        try:
            self._native = _Inbox(
                native,
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
            )
        except BaseException:
            store = None  # a traceback that shows variables would show its password
            raise

    def on_message(
        self, handler: Callable[Concatenate[InboundMessage, _Context], _Answer]
    ) -> Callable[Concatenate[InboundMessage, _Context], _Answer]:
        """Decorates the function that answers messages. It returns a text, an `Answer` with options,
        or `None` for no reply. When it raises, or takes longer than `handler_timeout`, that is
        logged, nothing is sent, and it runs again: up to `max_attempts` times. At most one of its
        answers is sent.

        A second positional parameter gets the `HandlerContext`: which attempt it is, and how much time
        is left.

        An empty text is a failure, and so is anything else that it returns: a stream's parts have to
        be joined into one string. Raises `ConfigurationError` for an `async def` function, which needs
        an `AsyncInbox`, and when there is a function already; so do the other decorators."""
        self._native.on_message(handler)
        return handler

    def on_delivery(
        self, handler: Callable[Concatenate[DeliveryEvent, _Context], _Any]
    ) -> Callable[Concatenate[DeliveryEvent, _Context], _Any]:
        """Decorates the function that is told what became of a reply, at least once per event, after
        the ledger knows. `on_message` tells of its second parameter."""
        self._native.on_delivery(handler)
        return handler

    def on_opt_out(
        self, handler: Callable[Concatenate[OptOutEvent, _Context], _Any]
    ) -> Callable[Concatenate[OptOutEvent, _Context], _Any]:
        """Decorates the function that is told that a user opted out, in again, or asked for help. At
        least once per event."""
        self._native.on_opt_out(handler)
        return handler

    def on_other(
        self, handler: Callable[Concatenate[Event, _Context], _Any]
    ) -> Callable[Concatenate[Event, _Context], _Any]:
        """Decorates the function that gets every other event. At least once per event."""
        self._native.on_other(handler)
        return handler

    def on_error(
        self, hook: Callable[[Failure], _Any]
    ) -> Callable[[Failure], _Any]:
        """Decorates the function that is told when something went wrong, for alarms. Be quick. (It is
        in the log already.) It runs on the thread that called `receive`, and on one of its own when
        nobody waits: beside `run`, or after Ctrl-C. What it raises is logged."""
        self._native.on_error(hook)
        return hook

    def receive(self, body: _Body, headers: _Headers) -> Receipt:
        """Takes one webhook request, from any framework: the raw body, and the headers. Answer Prelude
        with the receipt's `status`, `body` and `headers`.

        Raises nothing but `TypeError` for a body that is no bytes, and what no `Exception` is: Ctrl-C
        in a handler releases the message; later, the reply goes on in the background.
        """
        return self._native.receive(body, headers)

    def handle(self, event: Event) -> Receipt:
        """The same for an event that was verified elsewhere, or kept, of any age."""
        return self._native.handle(event)

    def run(self) -> None:
        """Runs what must run beside the requests, until `shutdown`: in queue mode the handlers, on
        threads of its own, and in both modes the cleaning up of old rows. Give it a thread:
        `threading.Thread(target=inbox.run, daemon=True).start()`, or a process."""
        from ._workers import Workers

        steps = self._native._run()
        workers = Workers()
        try:
            while (step := steps.next()) is not None:
                if isinstance(step, _Job):
                    workers.run(step)
                del step  # a report that nobody takes is told on a thread of its own
        finally:
            steps.close()
            self._native.shutdown()
            workers.close()

    def shutdown(self, limit: float | timedelta | None = None) -> bool:
        """Stops `run`: takes nothing more from the queue, and waits for what was begun, which ends
        within `handler_timeout` and the client's `timeout`. What waits stays in the store for the next
        process.

        With `limit` it waits no longer for handlers: their messages are released, so that another
        process takes them at once. Tells whether all work has ended; `False` when a handler still
        runs."""
        return self._native.shutdown(limit)

    def health(self) -> Health:
        """For a health check of the server: `ok` is `False` when messages of the queue wait and no
        worker takes them. Cheap enough for every few seconds."""
        return self._native.health()

    def outcome(self, message_id: str) -> Record | None:
        """What is known about the answer to `message_id`; `None`: it was never seen."""
        return self._native.outcome(message_id)

    def list(self, state: _State | None = None, since: datetime | None = None) -> list[Record]:
        """Rows in the order in which they were first seen, at most 1000: those in `state`, first seen
        at `since` (an aware datetime) or later."""
        return self._native.list(state, since)

    def counts(self) -> dict[_State, int]:
        """How many rows are in each state. It may read every row: not for every second."""
        return self._native.counts()

    def oldest_maybe_sent_age(self) -> timedelta | None:
        """How long the oldest `maybe_sent` has waited for somebody to decide: watch this."""
        return self._native.oldest_maybe_sent_age()

    def rearm(
        self, message_id: str, event: InboundMessage | None = None
    ) -> _Rearmed:
        """An operator says: send it after all. Without a queue the handler runs here, and `outcome`
        tells how that ended; in queue mode `run` answers the message.

        `refused` while a POST may be under way or its handler has not returned (it waits the client's
        `timeout` for that), and for a reply that was accepted. `no_event`: the row
        keeps its event no more, because it was `rejected` or `skipped`; give the `event`, if the
        application kept it."""
        return self._native.rearm(message_id, event)

    def forget(self, phone: str) -> int:
        """Erases what names or quotes `phone`, exactly as the events wrote it, and says in how many
        rows. The rows stay, without it, until the retention ends them."""
        return self._native.forget(phone)

    def prune(self) -> int:
        """Deletes finished rows older than the retention, and says how many. `run` does it by
        itself."""
        return self._native.prune()

    def asgi(self) -> ASGI:
        """This inbox as an ASGI application, for FastAPI, Starlette and their like:
        `Route("/webhooks/prelude", inbox.asgi())`. Handlers run on a thread, so that the event loop
        goes on."""
        from ._asgi import ASGI
        from ._function import in_thread

        async def receive(body: _Body, headers: _Headers) -> Receipt:
            return await in_thread(self.receive, body, headers)

        return ASGI(receive)

    def wsgi(self) -> WSGI:
        """This inbox as a WSGI application, for Flask, Pyramid and their like. (A view that calls
        `receive` is the way in Django.)"""
        from ._wsgi import WSGI

        return WSGI(self.receive)
