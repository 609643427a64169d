"""Functions of the application that are `async def`: awaited, or refused by name. Never neither."""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest
from stub import stub

import backchat
from backchat.testing import Sandbox, SignedEvent

ANNA, IM = "+33612345678", "im_01k8aq2zggeyssvt53zgvpx63a"
DECORATORS = ["on_message", "on_delivery", "on_opt_out", "on_other", "on_error"]


async def coroutine(*_: object) -> str:
    return "awaited"


class Callee:
    """An object with an async `__call__`, and an async method."""

    async def __call__(self, *_: object) -> str:
        return "awaited"

    async def method(self, *_: object) -> str:
        return "awaited"


async def async_generator(*_: object) -> AsyncIterator[str]:
    yield "part"


def generator(*_: object) -> Iterator[str]:
    yield "part"


ASYNC: dict[str, Callable[..., Any]] = {
    "async def": coroutine,
    "partial": functools.partial(coroutine, 1),
    "partial of partial": functools.partial(functools.partial(coroutine, 1), 2),
    "object": Callee(),
    "partial of object": functools.partial(Callee()),
    "method": Callee().method,
    "async generator": async_generator,
}


@pytest.fixture(scope="module")
def prelude() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(prelude: Sandbox) -> Sandbox:
    prelude.reset()
    return prelude


@pytest.fixture(autouse=True)
def nothing_was_never_awaited() -> Generator[None]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(each.message) for each in caught if "never awaited" in str(each.message)] == []


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


@pytest.mark.parametrize("decorator", DECORATORS)
@pytest.mark.parametrize("function", ASYNC.values(), ids=ASYNC)
def test_an_async_function_is_refused_where_nobody_could_await_it(
    sandbox: Sandbox, decorator: str, function: Callable[..., Any]
) -> None:
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    with pytest.raises(backchat.ConfigurationError, match="AsyncInbox") as raised:
        getattr(inbox, decorator)(function)
    assert (raised.value.option, raised.value.code) == (decorator, "configuration")
    # Nothing was set: another one may be.
    getattr(inbox, decorator)(print)


@pytest.mark.parametrize("function", ASYNC.values(), ids=ASYNC)
def test_an_async_token_is_refused_where_nobody_could_await_it(function: Callable[..., Any]) -> None:
    with pytest.raises(backchat.ConfigurationError, match="AsyncClient") as raised:
        backchat.Client(api_token=function)
    assert raised.value.option == "api_token"


def test_an_async_token_of_another_face_is_refused_where_nobody_could_await_it(
    sandbox: Sandbox,
) -> None:
    client = backchat.AsyncClient(api_token=coroutine, base_url=sandbox.url)
    with pytest.raises(backchat.ConfigurationError, match="AsyncInbox") as raised:
        backchat.Inbox(client, sandbox.webhook())
    assert raised.value.option == "client"
    backchat.AsyncInbox(client, sandbox.webhook())


@pytest.mark.parametrize("decorator", DECORATORS[1:])
@pytest.mark.parametrize("function", [generator, async_generator])
def test_a_generator_function_is_refused_where_its_body_would_not_run(
    sandbox: Sandbox, decorator: str, function: Callable[..., Any]
) -> None:
    inbox = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
    with pytest.raises(backchat.ConfigurationError, match="yield") as raised:
        getattr(inbox, decorator)(function)
    assert raised.value.option == decorator
    for face in (backchat.Client, backchat.AsyncClient):
        with pytest.raises(backchat.ConfigurationError) as wrong:
            face(api_token=function)
        assert wrong.value.option == "api_token"


@pytest.mark.parametrize("decorator", DECORATORS)
def test_a_second_function_is_refused(sandbox: Sandbox, decorator: str) -> None:
    blocking = backchat.Inbox(sandbox.client(), sandbox.webhook())
    for inbox in (blocking, backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())):
        getattr(inbox, decorator)(print)
        with pytest.raises(backchat.ConfigurationError, match="set already") as raised:
            getattr(inbox, decorator)(print)
        assert raised.value.option == decorator


def events(sandbox: Sandbox) -> dict[str, SignedEvent | backchat.Event]:
    """What each decorator's function is called for."""
    new = '{"id": "evt_1", "type": "moon.rose", "payload": {}, "created_at": ""}'
    delivered = (
        '{"id": "evt_2", "type": "transactional.message.delivered", "created_at": "", '
        '"payload": {"message_id": "tx_7"}}'
    )
    return {
        "on_message": sandbox.say(ANNA, "Hi"),
        "on_delivery": backchat.Event.from_json(delivered),
        "on_opt_out": sandbox.opt_out(ANNA),
        "on_other": backchat.Event.from_json(new),
    }


@pytest.mark.parametrize("decorator", DECORATORS)
def test_every_function_of_an_async_inbox_is_awaited(sandbox: Sandbox, decorator: str) -> None:
    told: list[object] = []

    class Slow:
        async def __call__(self, event: object) -> str:
            await asyncio.sleep(0.01)
            told.append(asyncio.current_task())
            return "Hello"

    def later(event: object) -> object:
        return Slow()(event)

    async def main() -> None:
        plain = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
        getattr(plain, decorator)(functools.partial(Slow()))
        # A plain function that gives what is to be awaited.
        lazy = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
        getattr(lazy, decorator)(later)
        for inbox in (plain, lazy):
            if decorator == "on_error":
                unanswered = events(sandbox)["on_message"]
                assert isinstance(unanswered, SignedEvent)
                receipt = await inbox.receive(unanswered.body, unanswered.headers)
                assert receipt.body == "no_handler"
            else:
                event = events(sandbox)[decorator]
                if isinstance(event, SignedEvent):
                    assert (await inbox.receive(event.body, event.headers)).status == 200
                else:
                    assert (await inbox.handle(event)).status == 200
        assert told == [asyncio.current_task()] * 2

    asyncio.run(main())


@pytest.mark.parametrize("function", [generator, async_generator])
def test_work_that_was_left_undone_is_told(
    sandbox: Sandbox, function: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Behind a `lambda` nobody sees it before."""

    async def main() -> None:
        inbox = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
        inbox.on_other(lambda event: function())
        inbox.on_error(lambda failure: function())
        receipt = await inbox.handle(events(sandbox)["on_other"])  # type: ignore[arg-type]
        assert receipt.status != 200 or receipt.body != "handled"

    asyncio.run(main())
    told = errors(caplog)
    assert any("on_other" in line and "generator" in line for line in told), told
    assert any("on_error" in line and "generator" in line for line in told), told


@pytest.mark.parametrize("decorator", DECORATORS[:-1])
def test_a_coroutine_behind_a_lambda_is_a_failure(
    sandbox: Sandbox, decorator: str, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    failures: list[backchat.Failure] = []
    inbox.on_error(failures.append)

    def function(event: object) -> object:
        return coroutine()

    getattr(inbox, decorator)(function)
    event = events(sandbox)[decorator]
    if isinstance(event, SignedEvent):
        receipt = inbox.receive(event.body, event.headers)
    else:
        receipt = inbox.handle(event)
    assert receipt.body == "handler_failed"
    assert [failure.stage for failure in failures] == ["handler"]
    assert "AsyncInbox" in str(failures[0].error)
    assert len(errors(caplog)) == 1
    assert sandbox.messages == []


def test_an_alarm_that_follows_a_handler_runs_in_its_request(sandbox: Sandbox) -> None:
    """On the same thread, before the receipt: where the server freezes the process between requests,
    another thread would not run."""
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    threads: list[int] = []
    inbox.on_error(lambda failure: threads.append(threading.get_ident()))

    def fails(event: object) -> None:
        raise LookupError

    inbox.on_opt_out(fails)
    event = events(sandbox)["on_opt_out"]
    assert isinstance(event, SignedEvent)
    for number in range(1, 301):
        assert inbox.receive(event.body, event.headers).body == "handler_failed"
        assert threads == [threading.get_ident()] * number


def test_a_coroutine_of_on_error_is_told(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    inbox.on_error(lambda failure: coroutine())
    event = sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).body == "no_handler"
    assert [line for line in errors(caplog) if "on_error" in line and "coroutine" in line]


def test_a_coroutine_of_a_plain_client_s_token_sends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with stub() as server:
        client = backchat.Client(base_url=server.url, api_token=lambda: coroutine())  # type: ignore[arg-type,return-value]
        with pytest.raises(backchat.AuthenticationError) as raised:
            client.notify.reply(to=ANNA, text="Hi", reply_to=IM)
        assert raised.value.outcome == "not_sent"
        assert server.posts == []
    assert [line for line in errors(caplog) if "AsyncClient" in line]


@pytest.mark.parametrize("token", [Callee(), functools.partial(coroutine), lambda: coroutine()])
def test_every_token_of_an_async_client_is_awaited(token: Callable[..., Any]) -> None:
    async def main() -> None:
        async with backchat.AsyncClient(base_url=server.url, api_token=token) as client:
            await client.notify.reply(to=ANNA, text="Hi", reply_to=IM)

    with stub() as server:
        asyncio.run(main())
        assert server.tokens == ["awaited"]


def test_an_alarm_rings_though_its_request_has_gone() -> None:
    """The task was cancelled during the POST, whose end nobody can know."""
    rang: list[tuple[str, object]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        ringing = asyncio.Event()
        client = backchat.AsyncClient(base_url=server.url, api_token="token", timeout=1)
        inbox = backchat.AsyncInbox(client, backchat.Webhook.unverified())
        inbox.on_message(lambda message: "Hello")

        @inbox.on_error
        async def alarm(failure: backchat.Failure) -> None:
            await asyncio.sleep(0)
            rang.append((failure.stage, asyncio.get_running_loop() is loop))
            ringing.set()

        message = backchat.InboundMessage(message_id="im_1", from_=ANNA, text="Hi")
        task = asyncio.create_task(inbox.receive(message.raw, {}))
        await asyncio.to_thread(server.arrived.acquire)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(ringing.wait(), 10)

    with stub() as server:
        server.hold.set()
        asyncio.run(main())
    assert rang == [("send", True)]


def test_what_on_error_raises_is_logged(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    mistake = ZeroDivisionError()

    def hook(failure: backchat.Failure) -> None:
        raise mistake

    async def async_hook(failure: backchat.Failure) -> None:
        raise mistake

    async def main() -> None:
        inbox = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
        inbox.on_error(async_hook)
        assert (await inbox.receive(event.body, event.headers)).body == "no_handler"

    event = sandbox.say(ANNA, "Hi")
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    inbox.on_error(hook)
    assert inbox.receive(event.body, event.headers).body == "no_handler"
    asyncio.run(main())
    traced = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert traced == [mistake, mistake]
