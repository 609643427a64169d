"""What a handler is told of its run, and handlers that take too long or never end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

import backchat
from backchat.testing import Sandbox, SignedEvent

ANNA, BEN = "+33612345678", "+33612345679"
LONG = 20


def inbox_of(sandbox: Sandbox, **options: object) -> backchat.Inbox:
    client = sandbox.client(timeout=3, max_retries=0)
    return backchat.Inbox(client, sandbox.webhook(), **options)  # type: ignore[arg-type]


def async_inbox_of(sandbox: Sandbox, **options: object) -> backchat.AsyncInbox:
    client = sandbox.async_client(timeout=3, max_retries=0)
    return backchat.AsyncInbox(client, sandbox.webhook(), **options)  # type: ignore[arg-type]


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def receive(inbox: backchat.Inbox, event: SignedEvent) -> str:
    return inbox.receive(event.body, event.headers).body


def test_a_second_parameter_gets_the_context(backchat_sandbox: Sandbox) -> None:
    inbox = inbox_of(backchat_sandbox, handler_timeout=60)
    seen: list[backchat.HandlerContext] = []

    @inbox.on_message
    def answer(message: backchat.InboundMessage, context: backchat.HandlerContext) -> str:
        seen.append(context)
        assert 0 < context.remaining() <= 60
        assert not context.cancelled
        if context.attempt == 1:
            raise RuntimeError
        return f"attempt {context.attempt}"

    @inbox.on_opt_out
    def opt_out(event: backchat.OptOutEvent, context: backchat.HandlerContext) -> None:
        seen.append(context)

    event = backchat_sandbox.say(ANNA, "Hi")
    assert [receive(inbox, event) for _ in range(2)] == ["handler_failed", "sent"]
    assert receive(inbox, backchat_sandbox.opt_out(ANNA)) == "handled"
    assert [message.text for message in backchat_sandbox.messages] == ["attempt 2"]
    assert [context.attempt for context in seen] == [1, 2, 1]
    assert repr(seen[1]) == "HandlerContext(attempt=2, cancelled=False)"


def test_what_is_no_second_parameter_gets_nothing(backchat_sandbox: Sandbox) -> None:
    seen: list[object] = []

    def default(message: backchat.InboundMessage, database: object = "mine") -> None:
        seen.append(database)

    def by_name(message: backchat.InboundMessage, context: object = None) -> None:
        seen.append(type(context))

    def many(*arguments: object) -> None:
        seen.append(len(arguments))

    def keyword(message: backchat.InboundMessage, *, context: object = None) -> None:
        seen.append(context)

    functions: list[Callable[..., None]] = [default, by_name, many, keyword, seen.append]
    for function in functions:
        inbox = inbox_of(backchat_sandbox)
        inbox.on_message(function)
        event = backchat_sandbox.say(ANNA, "Hi")
        assert receive(inbox, event) == "skipped"
    assert seen[:4] == ["mine", backchat.HandlerContext, 1, None]
    assert isinstance(seen[4], backchat.InboundMessage)


@pytest.mark.parametrize("kind", ["async def", "plain"])
def test_the_context_in_asyncio(backchat_sandbox: Sandbox, kind: str) -> None:
    seen: list[int] = []

    def plain(message: backchat.InboundMessage, context: backchat.HandlerContext) -> str:
        seen.append(context.attempt)
        assert context.remaining() > 0
        return "Hello"

    async def coroutine(message: backchat.InboundMessage, context: backchat.HandlerContext) -> str:
        return plain(message, context)

    async def main() -> None:
        inbox = async_inbox_of(backchat_sandbox)
        if kind == "plain":
            inbox.on_message(plain)
        else:
            inbox.on_message(coroutine)
        event = await asyncio.to_thread(backchat_sandbox.say, ANNA, "Hi")
        assert (await inbox.receive(event.body, event.headers)).body == "sent"

    asyncio.run(main())
    assert seen == [1]


def test_a_handler_that_takes_too_long_has_failed(backchat_sandbox: Sandbox) -> None:
    inbox = inbox_of(backchat_sandbox, handler_timeout=0.2)
    failures: list[backchat.Failure] = []
    inbox.on_error(failures.append)

    @inbox.on_message
    def answer(message: backchat.InboundMessage, context: backchat.HandlerContext) -> str:
        eventually(lambda: context.cancelled)
        assert context.remaining() == 0
        return "too late"

    event = backchat_sandbox.say(ANNA, "Hi")
    receipt = inbox.receive(event.body, event.headers)
    assert (receipt.status, receipt.body) == (503, "handler_failed")
    assert [(failure.stage, failure.final) for failure in failures] == [("handler", False)]
    assert "handler_timeout" in str(failures[0].error)
    assert [record.code for record in inbox.list()] == ["handler_timed_out"]
    assert backchat_sandbox.messages == []


def test_a_hung_handler_keeps_its_thread_alone(backchat_sandbox: Sandbox) -> None:
    options = backchat.QueueOptions(concurrency=1, backoff=0.05, longest_backoff=0.1, poll=0.02)
    inbox = inbox_of(
        backchat_sandbox, queue=options, lease=20, handler_timeout=0.3, max_attempts=100_000
    )
    over = threading.Event()
    runs: list[str] = []

    @inbox.on_message
    def answer(message: backchat.InboundMessage) -> str:
        runs.append(message.text)
        if runs.count("hang") == 1 and message.text == "hang":
            over.wait()
        return f"Answer to {message.text}"

    worker = threading.Thread(target=inbox.run, daemon=True)
    worker.start()
    hanging = backchat_sandbox.say(ANNA, "hang")
    assert receive(inbox, hanging) == "queued"
    eventually(lambda: runs == ["hang"])
    for n in range(3):
        assert receive(inbox, backchat_sandbox.say(BEN, str(n))) == "queued"
    eventually(lambda: len(backchat_sandbox.messages) == 3)

    def attempts() -> int:
        record = inbox.outcome(str(hanging.message_id))
        return record.attempts if record else 0

    # It was tried again, and did not run.
    eventually(lambda: attempts() >= 3)
    assert runs.count("hang") == 1
    over.set()
    eventually(lambda: len(backchat_sandbox.messages) == 4)
    assert runs.count("hang") == 2
    assert inbox.shutdown(LONG) is True
    worker.join(LONG)
    assert not worker.is_alive()


def test_a_shutdown_does_not_wait_for_a_hung_handler(backchat_sandbox: Sandbox) -> None:
    inbox = inbox_of(backchat_sandbox, queue=backchat.QueueOptions(poll=0.02))
    begun, over = threading.Event(), threading.Event()
    cancelled: list[bool] = []

    @inbox.on_message
    def answer(message: backchat.InboundMessage, context: backchat.HandlerContext) -> str:
        begun.set()
        over.wait()
        cancelled.append(context.cancelled)
        return "too late"

    worker = threading.Thread(target=inbox.run, daemon=True)
    worker.start()
    assert inbox.health().ok
    event = backchat_sandbox.say(ANNA, "Hi")
    assert receive(inbox, event) == "queued"
    assert begun.wait(LONG)
    assert inbox.health().running
    assert inbox.shutdown(0.1) is False
    worker.join(LONG)
    assert not worker.is_alive()
    assert not inbox.health().running
    # Another process may take it at once.
    assert [record.state for record in inbox.list()] == ["retrying"]
    over.set()
    assert inbox.shutdown(LONG) is True
    assert cancelled == [True]
    assert backchat_sandbox.messages == []


def test_a_shutdown_without_a_limit_waits_for_the_handler_s_time(backchat_sandbox: Sandbox) -> None:
    inbox = inbox_of(
        backchat_sandbox, queue=backchat.QueueOptions(poll=0.02), handler_timeout=0.5
    )
    begun, over = threading.Event(), threading.Event()

    @inbox.on_message
    def answer(message: backchat.InboundMessage) -> str:
        begun.set()
        over.wait()
        return "too late"

    worker = threading.Thread(target=inbox.run, daemon=True)
    worker.start()
    assert receive(inbox, backchat_sandbox.say(ANNA, "Hi")) == "queued"
    assert begun.wait(LONG)
    assert inbox.shutdown() is False
    over.set()
    eventually(inbox.shutdown)
    worker.join(LONG)
    assert not worker.is_alive()


def test_a_process_ends_though_a_handler_hangs() -> None:
    import subprocess
    import sys

    program = """
import threading
import backchat
from backchat.testing import Sandbox
sandbox = Sandbox()
inbox = backchat.Inbox(sandbox.client(), sandbox.webhook(), queue=backchat.QueueOptions(poll=0.02))
begun = threading.Event()
@inbox.on_message
def answer(message):
    begun.set()
    threading.Event().wait()
worker = threading.Thread(target=inbox.run)
worker.start()
event = sandbox.say("+33612345678", "Hi")
inbox.receive(event.body, event.headers)
begun.wait()
print(inbox.shutdown(0.1))
worker.join()
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.returncode) == ("False\n", 0)
    assert "Traceback" not in ran.stderr


def test_a_hung_coroutine_is_cancelled(backchat_sandbox: Sandbox) -> None:
    told: list[str] = []

    async def main() -> None:
        inbox = async_inbox_of(backchat_sandbox, handler_timeout=0.2)

        @inbox.on_message
        async def answer(message: backchat.InboundMessage, context: backchat.HandlerContext) -> str:
            if context.attempt == 1:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    told.append(f"cancelled: {context.cancelled}")
                    raise
            return "Hello"

        event = await asyncio.to_thread(backchat_sandbox.say, ANNA, "Hi")
        receipt = await inbox.receive(event.body, event.headers)
        assert (receipt.status, receipt.body) == (503, "handler_failed")
        # The task itself goes on.
        await asyncio.sleep(0)
        assert (await inbox.receive(event.body, event.headers)).body == "sent"

    asyncio.run(main())
    assert told == ["cancelled: True"]


def test_a_plain_handler_that_hangs_beside_a_loop_does_not_run_twice(
    backchat_sandbox: Sandbox,
) -> None:
    over = threading.Event()
    runs: list[int] = []

    async def main() -> None:
        inbox = async_inbox_of(backchat_sandbox, handler_timeout=0.2, max_attempts=10_000)

        @inbox.on_message
        def answer(message: backchat.InboundMessage, context: backchat.HandlerContext) -> str:
            runs.append(context.attempt)
            if len(runs) == 1:
                over.wait()
            return "Hello"

        event = await asyncio.to_thread(backchat_sandbox.say, ANNA, "Hi")
        for _ in range(3):
            assert (await inbox.receive(event.body, event.headers)).status == 503
        assert runs == [1]
        over.set()
        # It ends on its own thread, some time later.
        while len(backchat_sandbox.messages) == 0:
            await inbox.receive(event.body, event.headers)
            await asyncio.sleep(0.02)

    asyncio.run(main())
    assert len(runs) == 2


def test_a_shutdown_cancels_coroutines(backchat_sandbox: Sandbox) -> None:
    async def main() -> None:
        inbox = async_inbox_of(backchat_sandbox, queue=backchat.QueueOptions(poll=0.02))
        begun = asyncio.Event()

        @inbox.on_message
        async def answer(message: backchat.InboundMessage) -> str:
            begun.set()
            await asyncio.Event().wait()
            return "never"

        running = asyncio.create_task(inbox.run())
        event = await asyncio.to_thread(backchat_sandbox.say, ANNA, "Hi")
        assert (await inbox.receive(event.body, event.headers)).body == "queued"
        await asyncio.wait_for(begun.wait(), LONG)
        assert (await inbox.health()).running
        assert await inbox.shutdown(0.1) is True
        await asyncio.wait_for(running, LONG)
        assert await inbox.counts() == {"retrying": 1}

    asyncio.run(main())


def test_cancelling_the_request_is_not_swallowed(backchat_sandbox: Sandbox) -> None:
    """Also while the handler is being cancelled."""

    async def main() -> None:
        inbox = async_inbox_of(backchat_sandbox, handler_timeout=0.2)
        cancelled = asyncio.Event()

        @inbox.on_message
        async def answer(message: backchat.InboundMessage) -> str:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()
                await asyncio.sleep(LONG)
            return "never"

        event = await asyncio.to_thread(backchat_sandbox.say, ANNA, "Hi")
        request = asyncio.create_task(inbox.receive(event.body, event.headers))
        await asyncio.wait_for(cancelled.wait(), LONG)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request

    asyncio.run(main())
