"""The inbox for asyncio: handlers run in the task that awaits."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from stores import scope, store
from stub import stub

import backchat
from backchat.testing import Sandbox

__all__ = ["store"]

ANNA = "+33612345678"

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine to its end on a loop of its own."""
    return asyncio.run if request.param == "asyncio" else uvloop.run


def inbox_of(sandbox: Sandbox, store: str | None = None, **options: object) -> backchat.AsyncInbox:
    client = sandbox.async_client(max_retries=0, timeout=3)
    return backchat.AsyncInbox(client, sandbox.webhook(), store=store, scope=scope(), **options)  # type: ignore[arg-type]


def test_a_message_is_answered_once_however_often_it_comes(
    backchat_sandbox: Sandbox, store: str | None, run: Run
) -> None:
    async def main() -> None:
        inbox = inbox_of(backchat_sandbox, store)

        @inbox.on_message
        async def answer(message: backchat.InboundMessage) -> str:
            await asyncio.sleep(0.01)
            return f"You said: {message.text}"

        event = backchat_sandbox.say(ANNA, "Hi")
        receipts = await asyncio.gather(
            *(inbox.receive(event.body, event.headers) for _ in range(8))
        )
        assert {receipt.status for receipt in receipts} <= {200, 503}
        assert (await inbox.receive(event.body, event.headers)).status == 200
        record = await inbox.outcome(str(event.message_id))
        assert record is not None and record.state == "sent"
        assert await inbox.counts() == {"sent": 1}
        assert len(await inbox.list("sent")) == 1
        assert await inbox.oldest_maybe_sent_age() is None
        assert await inbox.rearm(str(event.message_id)) == "refused"
        assert await inbox.forget(ANNA) == 1
        assert await inbox.prune() == 0

    run(main())
    assert [message.text for message in backchat_sandbox.messages] == ["You said: Hi"]


def test_a_handler_runs_in_the_task_that_awaits(backchat_sandbox: Sandbox, run: Run) -> None:
    request_id = contextvars.ContextVar("request_id", default="none")

    async def main() -> None:
        inbox = inbox_of(backchat_sandbox)
        seen: list[object] = []

        @inbox.on_message
        async def answer(message: backchat.InboundMessage) -> None:
            seen.append((asyncio.current_task(), request_id.get()))

        event = backchat_sandbox.say(ANNA, "Hi")
        request_id.set("seven")
        await inbox.receive(event.body, event.headers)
        assert seen == [(asyncio.current_task(), "seven")]

    run(main())


def test_a_plain_handler_runs_on_a_thread_with_the_task_s_context(
    backchat_sandbox: Sandbox, run: Run
) -> None:
    request_id = contextvars.ContextVar("request_id", default="none")

    async def main() -> None:
        inbox = inbox_of(backchat_sandbox)
        inbox.on_message(
            lambda _: f"{request_id.get()} {threading.current_thread() is threading.main_thread()}"
        )
        event = backchat_sandbox.say(ANNA, "Hi")
        request_id.set("seven")
        assert (await inbox.receive(event.body, event.headers)).body == "sent"

    run(main())
    assert [message.text for message in backchat_sandbox.messages] == ["seven False"]


def test_a_handler_that_raises_runs_again(
    backchat_sandbox: Sandbox, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        inbox = inbox_of(backchat_sandbox)
        failures: list[backchat.Failure] = []
        inbox.on_error(failures.append)
        mistakes = [ZeroDivisionError()]

        @inbox.on_message
        async def answer(message: backchat.InboundMessage) -> str:
            if mistakes:
                raise mistakes.pop()
            return "Better now"

        event = backchat_sandbox.say(ANNA, "Hi")
        receipt = await inbox.receive(event.body, event.headers)
        assert (receipt.status, receipt.body) == (503, "handler_failed")
        assert [failure.stage for failure in failures] == ["handler"]
        assert (await inbox.receive(event.body, event.headers)).body == "sent"

    run(main())
    assert len(backchat_sandbox.messages) == 1
    assert any(record.exc_info for record in caplog.records)


def test_cancelled_in_the_handler_the_message_is_released(
    backchat_sandbox: Sandbox, run: Run
) -> None:
    async def main() -> None:
        inbox = inbox_of(backchat_sandbox)
        begun = asyncio.Event()
        slow = True

        @inbox.on_message
        async def answer(message: backchat.InboundMessage) -> str:
            begun.set()
            if slow:
                await asyncio.sleep(30)
            return "Hello"

        event = backchat_sandbox.say(ANNA, "Hi")
        task = asyncio.create_task(inbox.receive(event.body, event.headers))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        slow = False
        for _ in range(100):
            record = await inbox.outcome(str(event.message_id))
            if record is not None and record.state == "retrying":
                break
            await asyncio.sleep(0.02)
        assert (await inbox.receive(event.body, event.headers)).body == "sent"

    run(main())
    assert len(backchat_sandbox.messages) == 1


def test_cancelled_during_the_post_it_goes_on(run: Run) -> None:
    async def main() -> None:
        client = backchat.AsyncClient(base_url=server.url, api_token="token")
        inbox = backchat.AsyncInbox(client, backchat.Webhook.unverified())
        inbox.on_message(lambda message: "Hello")
        message = backchat.InboundMessage(message_id="im_1", from_=ANNA, text="Hi")
        task = asyncio.create_task(inbox.receive(message.raw, {}))
        await asyncio.to_thread(server.arrived.acquire)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.release.set()
        for _ in range(100):
            if await inbox.counts() == {"sent": 1}:
                break
            await asyncio.sleep(0.02)
        assert (await inbox.receive(message.raw, {})).body == "sent"

    with stub() as server:
        server.hold.set()
        run(main())
        assert len(server.posts) == 1


def test_the_queue(backchat_sandbox: Sandbox, store: str | None, run: Run) -> None:
    async def main() -> None:
        options = backchat.QueueOptions(concurrency=4, backoff=0.01, poll=0.02)
        inbox = inbox_of(backchat_sandbox, store, queue=options)
        at_once, most = 0, 0

        @inbox.on_message
        async def answer(message: backchat.InboundMessage) -> str:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.05)
            at_once -= 1
            return message.text

        for n in range(8):
            event = await asyncio.to_thread(backchat_sandbox.say, f"+3361234567{n}", str(n))
            assert (await inbox.receive(event.body, event.headers)).body == "queued"
        running = asyncio.create_task(inbox.run())
        for _ in range(500):
            if len(backchat_sandbox.messages) == 8:
                break
            await asyncio.sleep(0.02)
        await inbox.shutdown()
        await asyncio.wait_for(running, 5)
        assert 2 <= most <= 4

    run(main())
    assert sorted(message.text for message in backchat_sandbox.messages) == list("01234567")


def test_the_last_alarm_is_waited_for(backchat_sandbox: Sandbox, run: Run) -> None:
    async def main() -> None:
        options = backchat.QueueOptions(backoff=0.01, poll=0.02)
        inbox = inbox_of(backchat_sandbox, queue=options)
        begun, rung = asyncio.Event(), asyncio.Event()

        @inbox.on_message
        async def answer(message: backchat.InboundMessage) -> str:
            raise RuntimeError

        @inbox.on_error
        async def alarm(failure: backchat.Failure) -> None:
            begun.set()
            await asyncio.sleep(0.5)  # a pager's API
            rung.set()

        event = await asyncio.to_thread(backchat_sandbox.say, ANNA, "Hi")
        await inbox.receive(event.body, event.headers)
        running = asyncio.create_task(inbox.run())
        await begun.wait()
        assert await inbox.shutdown()
        await running
        assert rung.is_set()

    run(main())


def test_a_cancelled_queue_gives_its_messages_back(backchat_sandbox: Sandbox, run: Run) -> None:
    async def main() -> None:
        options = backchat.QueueOptions(backoff=0.01, poll=0.02)
        inbox = inbox_of(backchat_sandbox, queue=options)
        begun = asyncio.Event()

        @inbox.on_message
        async def answer(message: backchat.InboundMessage) -> str:
            begun.set()
            await asyncio.sleep(30)
            return "never"

        event = await asyncio.to_thread(backchat_sandbox.say, ANNA, "Hi")
        await inbox.receive(event.body, event.headers)
        running = asyncio.create_task(inbox.run())
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        del running
        for _ in range(100):
            if await inbox.counts() == {"retrying": 1}:
                break
            await asyncio.sleep(0.02)
        assert await inbox.counts() == {"retrying": 1}

    run(main())
    assert backchat_sandbox.messages == []


def test_a_plain_handler_that_raises_stop_iteration_has_failed(
    backchat_sandbox: Sandbox, run: Run
) -> None:
    async def main() -> None:
        inbox = inbox_of(backchat_sandbox)
        nothing: list[str] = []
        inbox.on_message(lambda message: next(iter(nothing)))
        event = backchat_sandbox.say(ANNA, "Hi")
        receipt = await asyncio.wait_for(inbox.receive(event.body, event.headers), 5)
        assert receipt.body == "handler_failed"

    run(main())


def test_an_async_token_serves_an_inbox(run: Run) -> None:
    async def token() -> str:
        return "fresh"

    async def main() -> None:
        client = backchat.AsyncClient(base_url=server.url, api_token=token)
        inbox = backchat.AsyncInbox(client, backchat.Webhook.unverified())
        inbox.on_message(lambda message: "Hello")
        message = backchat.InboundMessage(message_id="im_1", from_=ANNA, text="Hi")
        assert (await inbox.handle(message)).body == "sent"

    with stub() as server:
        run(main())
        assert server.tokens == ["fresh"]
