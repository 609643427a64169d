"""The application's own code may block for ever: no other call waits for it.

Each test blocks in one place, then makes another call beside it, which has to end in time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from stub import stub

import backchat
from backchat.testing import Sandbox

ANNA, BEN, IM = "+33612345678", "+33687654321", "im_01k8aq2zggeyssvt53zgvpx63a"
SOON = 5.0
"""Far below the deadline of a call."""


@pytest.fixture(scope="module")
def prelude() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(prelude: Sandbox) -> Sandbox:
    prelude.reset()
    return prelude


class Trap:
    """A function that blocks until the test is over, on however many threads."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.over = threading.Event()

    def __call__(self, *_: object) -> None:
        self.entered.release()
        self.over.wait(60)

    def wait(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.entered.acquire(timeout=SOON)


@pytest.fixture
def trap() -> Generator[Trap]:
    trap = Trap()
    yield trap
    trap.over.set()


def in_background(call: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            call()
        except backchat.BackchatError:
            pass

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def both_faces_work(sandbox: Sandbox) -> None:
    """Calls of both faces, and an inbox, end in time and with their true outcome."""
    sent = len(sandbox.messages)
    started = time.monotonic()
    event = sandbox.say(BEN, "Hi")
    message = event.event
    assert isinstance(message, backchat.InboundMessage)
    with sandbox.client() as client:
        assert client.reply(message, "one").sent == "reply"

    async def main() -> None:
        async with sandbox.async_client() as client:
            assert (await client.reply(message, "two")).sent == "reply"
            inbox = backchat.AsyncInbox(client, sandbox.webhook())
            inbox.on_message(lambda message: "three")
            assert (await inbox.receive(event.body, event.headers)).body == "sent"

    asyncio.run(main())
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    inbox.on_message(lambda message: "four")
    assert inbox.receive(event.body, event.headers).body == "sent"
    assert [message.text for message in sandbox.messages[sent:]] == ["one", "two", "three", "four"]
    assert time.monotonic() - started < SOON


def test_a_token_function(sandbox: Sandbox, trap: Trap) -> None:
    client = backchat.Client(base_url=sandbox.url, api_token=trap, timeout=1)  # type: ignore[arg-type]
    # More than the runtime has threads for its own blocking work.
    calls = 80
    message = backchat.InboundMessage(message_id=IM, from_=ANNA, text="Hi")
    threads = [in_background(lambda: client.reply(message, "never")) for _ in range(calls)]
    trap.wait(64)
    both_faces_work(sandbox)
    for thread in threads:
        thread.join(SOON)
        assert not thread.is_alive()
    with pytest.raises(backchat.NotSentError) as raised:
        client.reply(message, "never", timeout=0.2)
    assert raised.value.code == "timed_out"
    assert len(sandbox.messages) == 4


def test_an_async_token_function_that_blocks_its_loop(sandbox: Sandbox, trap: Trap) -> None:
    async def token() -> str:
        trap()
        return "late"

    async def main() -> None:
        client = backchat.AsyncClient(base_url=sandbox.url, api_token=token, timeout=1)
        message = backchat.InboundMessage(message_id=IM, from_=ANNA, text="Hi")
        await client.reply(message, "never")

    thread = in_background(lambda: asyncio.run(main()))
    trap.wait()
    both_faces_work(sandbox)
    trap.over.set()
    thread.join(SOON)


class Blocked(logging.Handler):
    def __init__(self, trap: Trap) -> None:
        super().__init__(logging.DEBUG)
        self.trap = trap

    def emit(self, record: logging.LogRecord) -> None:
        self.trap()


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    logger = logging.getLogger("backchat")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", False)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.setLevel(level)


def test_a_log_handler(sandbox: Sandbox, trap: Trap, logger: logging.Logger) -> None:
    handler = Blocked(trap)
    logger.addHandler(handler)
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())

    @inbox.on_message
    def answer(message: backchat.InboundMessage) -> str:
        raise RuntimeError

    event = sandbox.say(ANNA, "Hi")
    try:
        for _ in range(3):
            both_faces_work(sandbox)
        trap.wait()
        # A failure of a handler is logged too.
        started = time.monotonic()
        assert inbox.receive(event.body, event.headers).body == "handler_failed"
        assert inbox.receive(event.body, {}).status == 401
        assert time.monotonic() - started < SOON
    finally:
        trap.over.set()
        logger.removeHandler(handler)
        # The writer goes on, and has lost nothing.
        later: list[str] = []

        def keep(record: logging.LogRecord) -> bool:
            later.append(record.getMessage())
            return True

        logger.addFilter(keep)
        inbox.receive(event.body, event.headers)
        deadline = time.monotonic() + SOON
        while not any("handler failed" in line for line in later):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        logger.filters.clear()


@pytest.mark.parametrize("decorator", ["on_message", "on_delivery", "on_opt_out", "on_other", "on_error"])
@pytest.mark.parametrize("face", ["threads", "asyncio", "asyncio, plain"])
def test_a_function_of_an_inbox(sandbox: Sandbox, trap: Trap, decorator: str, face: str) -> None:
    """32 requests, each blocked in its function: more than the loop has threads."""
    many = 32
    types = {
        "on_delivery": "transactional.message.delivered",
        "on_opt_out": "marketing.subscription.stop",
        "on_other": "moon.rose",
    }
    payload = {"message_id": "tx_7", "from": ANNA, "to": BEN, "keyword": "STOP"}

    def event(n: int) -> backchat.Event:
        if decorator not in types:
            return backchat.InboundMessage(message_id=f"im_{n}", from_=ANNA, text="Hi")
        wire = {"id": f"evt_{n}", "type": types[decorator], "payload": payload, "created_at": ""}
        return backchat.Event.from_json(json.dumps(wire))

    def fail(message: backchat.InboundMessage) -> str:
        raise RuntimeError

    if face == "threads":
        inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
        if decorator == "on_error":
            inbox.on_message(fail)
        getattr(inbox, decorator)(trap)
        threads = [in_background(lambda n=n: inbox.handle(event(n))) for n in range(many)]  # type: ignore[misc]
        trap.wait(many)
    else:
        async_inbox = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
        if decorator == "on_error":
            async_inbox.on_message(fail)

        async def coroutine(event: object) -> None:
            trap()

        getattr(async_inbox, decorator)(trap if face == "asyncio, plain" else coroutine)

        async def main() -> None:
            await asyncio.gather(*(async_inbox.handle(event(n)) for n in range(many)))

        threads = [in_background(lambda: asyncio.run(main()))]
        # A coroutine that blocks holds up its own loop, and nothing else.
        trap.wait(many if face == "asyncio, plain" else 1)
    both_faces_work(sandbox)
    trap.over.set()
    for thread in threads:
        thread.join(SOON)
        assert not thread.is_alive()


@pytest.mark.parametrize("decorator", ["on_message", "on_other"])
def test_an_alarm_does_not_wait_for_the_function(sandbox: Sandbox, trap: Trap, decorator: str) -> None:
    inbox = backchat.Inbox(sandbox.client(timeout=0.5), sandbox.webhook(), handler_timeout=0.2)
    rung = threading.Event()
    inbox.on_error(lambda failure: rung.set())
    getattr(inbox, decorator)(trap)
    event: backchat.Event = backchat.InboundMessage(message_id=IM, from_=ANNA, text="Hi")
    if decorator == "on_other":
        event = backchat.Event.from_json(json.dumps({"id": "evt_1", "type": "moon.rose", "payload": {}, "created_at": ""}))
    thread = in_background(lambda: inbox.handle(event))
    trap.wait()
    assert rung.wait(SOON)
    if decorator == "on_message":
        # Nor does an operator wait for it.
        assert inbox.rearm(IM) == "refused"
    trap.over.set()
    thread.join(SOON)
    assert not thread.is_alive()


def test_handlers_on_threads_leave_their_loop_free(sandbox: Sandbox, trap: Trap) -> None:
    """The event loop's own few threads stay for others, too."""

    async def main() -> None:
        blocked = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
        blocked.on_message(trap)
        tasks = [
            asyncio.create_task(
                blocked.handle(backchat.InboundMessage(message_id=f"im_{n}", from_=ANNA, text="Hi"))
            )
            for n in range(32)
        ]
        waiting = threading.Thread(target=trap.wait, args=(32,))
        waiting.start()
        while waiting.is_alive():
            await asyncio.sleep(0.01)
        event = await asyncio.wait_for(asyncio.to_thread(sandbox.say, BEN, "Hi"), SOON)
        inbox = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
        inbox.on_message(lambda message: "Hello")
        receipt = await asyncio.wait_for(inbox.receive(event.body, event.headers), SOON)
        assert receipt.body == "sent"
        trap.over.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert [message.text for message in sandbox.messages] == ["Hello"]


def test_the_alarm_of_a_queue_does_not_hold_up_its_workers(trap: Trap) -> None:
    with stub() as server:
        queue = backchat.QueueOptions(concurrency=1, max_attempts=1, poll=0.02)
        client = backchat.Client(base_url=server.url, api_token="token")
        inbox = backchat.Inbox(client, backchat.Webhook.unverified(), queue=queue)
        inbox.on_error(trap)

        @inbox.on_message
        def answer(message: backchat.InboundMessage) -> str:
            if message.text == "fail":
                raise RuntimeError
            return message.text

        worker = in_background(inbox.run)
        inbox.handle(backchat.InboundMessage(message_id="im_1", from_=ANNA, text="fail"))
        trap.wait()
        inbox.handle(backchat.InboundMessage(message_id="im_2", from_=BEN, text="fine"))
        assert server.arrived.acquire(timeout=SOON)
        inbox.shutdown()
        worker.join(SOON)
        assert not worker.is_alive()
        assert [post["text"] for post in server.posts] == ["fine"]


def test_the_alarm_of_a_queue_rings_while_all_its_workers_are_blocked(trap: Trap) -> None:
    """As `on_error` is what tells of handlers that never end."""
    rang = threading.Event()
    with stub() as server:
        client = backchat.Client(base_url=server.url, api_token="token")
        queue = backchat.QueueOptions(concurrency=1, poll=0.02)
        inbox = backchat.Inbox(client, backchat.Webhook.unverified(), queue=queue)
        inbox.on_message(trap)
        inbox.on_error(lambda failure: rang.set())
        worker = in_background(inbox.run)
        inbox.handle(backchat.InboundMessage(message_id="im_1", from_=ANNA, text="Hi"))
        trap.wait()
        assert inbox.receive(b"no event", {}).status == 200
        assert rang.wait(SOON)
        trap.over.set()
        inbox.shutdown()
        worker.join(SOON)


def test_the_code_after_an_await_and_done_callbacks(sandbox: Sandbox, trap: Trap) -> None:
    client = sandbox.async_client()
    message = sandbox.say(ANNA, "Hi").event
    assert isinstance(message, backchat.InboundMessage)

    async def after() -> None:
        await client.reply(message, "first")
        trap()

    async def callback() -> None:
        task = asyncio.create_task(client.reply(message, "second"))
        task.add_done_callback(trap)
        await task

    threads = [in_background(lambda: asyncio.run(work())) for work in (after, callback)]
    trap.wait(2)
    both_faces_work(sandbox)
    # The same client, from another loop.
    asyncio.run(client.reply(message, "third"))
    trap.over.set()
    for thread in threads:
        thread.join(SOON)
        assert not thread.is_alive()
    texts = sorted(message.text for message in sandbox.messages)
    assert texts == ["first", "four", "one", "second", "third", "three", "two"]


def test_the_callbacks_of_an_executor(sandbox: Sandbox, trap: Trap) -> None:
    client = sandbox.client()
    message = sandbox.say(ANNA, "Hi").event
    assert isinstance(message, backchat.InboundMessage)
    added = threading.Event()

    def reply() -> None:
        assert added.wait(SOON)
        client.reply(message, "pool")

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(reply) for _ in range(2)]:
            future.add_done_callback(trap)
        added.set()
        trap.wait(2)
        both_faces_work(sandbox)
        client.reply(message, "beside")
        trap.over.set()
    assert [message.text for message in sandbox.messages].count("beside") == 1
