"""The client for asyncio, on both loops that people use."""

from __future__ import annotations

import asyncio
import gc
import inspect
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from stub import stub

import backchat

TO, IM = "+33612345678", "im_01k8aq2zggeyssvt53zgvpx63a"

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine to its end on a loop of its own."""
    return asyncio.run if request.param == "asyncio" else uvloop.run


def reply(client: backchat.AsyncClient) -> Coroutine[Any, Any, backchat.ReplyResponse]:
    return client.notify.reply(to=TO, text="Hi", reply_to=IM)


def test_methods_are_coroutine_functions() -> None:
    client = backchat.AsyncClient(api_token="token", base_url="http://127.0.0.1:9")
    for method in (
        client.reply,
        client.reply_or_template,
        client.close,
        client.notify.reply,
        client.notify.send,
    ):
        assert inspect.iscoroutinefunction(method)


def test_gather_task_and_run(run: Run) -> None:
    async def main() -> None:
        async with backchat.AsyncClient(base_url=server.url, api_token="token") as client:
            answers = await asyncio.gather(*(reply(client) for _ in range(40)))
            assert {answer.id for answer in answers} == {"tx_1"}
            task = asyncio.create_task(reply(client))
            assert (await asyncio.wait_for(task, 5)).sent == "reply"

    with stub() as server:
        run(main())
        assert len(server.posts) == 41


def test_cancelling_raises_at_once_and_the_post_is_finished_once(run: Run) -> None:
    async def main() -> None:
        client = backchat.AsyncClient(base_url=server.url, api_token="token")
        task = asyncio.create_task(reply(client))
        await asyncio.to_thread(server.arrived.acquire)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 0.1
        server.release.set()
        await client.close()

    with stub() as server:
        server.hold.set()
        run(main())
        assert len(server.posts) == 1


def test_cancelled_before_it_began_it_never_leaves(run: Run) -> None:
    asked = 0

    async def token() -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.2)
        return "token"

    async def main() -> None:
        client = backchat.AsyncClient(base_url=server.url, api_token=token)
        task = asyncio.create_task(reply(client))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.3)

    with stub() as server:
        run(main())
        assert asked == 1
        assert server.posts == []


def test_an_async_token_runs_in_the_loop(run: Run) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def token() -> str:
        loops.append(asyncio.get_running_loop())
        return f"token-{len(loops)}"

    async def main() -> None:
        async with backchat.AsyncClient(base_url=server.url, api_token=token) as client:
            await reply(client)
            server.refuse_token = "token-2"
            await reply(client)
            assert loops == [asyncio.get_running_loop()] * 3

    with stub() as server:
        run(main())
        assert server.tokens == ["token-1", "token-2", "token-3"]


def test_loops_come_and_go(run: Run) -> None:
    async def main() -> None:
        await reply(client)

    with stub() as server:
        client = backchat.AsyncClient(base_url=server.url, api_token="token")
        for _ in range(5):
            run(main())
            gc.collect()
        assert len(server.posts) == 5


def test_a_loop_that_ends_with_calls_in_flight_breaks_nothing(run: Run) -> None:
    async def leave() -> None:
        task = asyncio.create_task(reply(client))
        await asyncio.to_thread(server.arrived.acquire)
        assert not task.done()

    async def main() -> None:
        await reply(client)

    with stub() as server:
        client = backchat.AsyncClient(base_url=server.url, api_token="token")
        server.hold.set()
        run(leave())
        server.hold.clear()
        server.release.set()
        run(main())
        assert len(server.posts) == 2


def test_errors_are_raised_in_the_task(run: Run) -> None:
    async def main() -> None:
        client = backchat.AsyncClient(base_url="http://127.0.0.1:9", api_token="t", max_retries=0)
        with pytest.raises(backchat.NotSentError) as raised:
            await reply(client)
        assert raised.value.code == "connection_failed"
        with pytest.raises(backchat.MissingTextError):
            await client.notify.reply(to=TO, text="", reply_to=IM)

    run(main())


def test_the_loop_goes_on_while_it_waits(run: Run) -> None:
    async def main() -> None:
        async with backchat.AsyncClient(base_url=server.url, api_token="token") as client:
            task = asyncio.create_task(reply(client))
            ticks = 0
            while not task.done():
                ticks += 1
                await asyncio.sleep(0.005)
            assert ticks > 20

    with stub(delay=0.3) as server:
        run(main())


def test_loops_that_take_turns_open_nothing_anew() -> None:
    import os

    with stub() as server:
        client = backchat.AsyncClient(base_url=server.url, api_token="token")
        loops = [asyncio.new_event_loop() for _ in range(2)]
        for loop in loops:
            loop.run_until_complete(reply(client))
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            for loop in loops:
                loop.run_until_complete(reply(client))
        assert len(os.listdir("/proc/self/fd")) == before
        for loop in loops:
            loop.close()
