"""The blocking client: threads, Ctrl-C, tokens, options."""

from __future__ import annotations

import _thread
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from stub import stub

import backchat

TO, IM = "+33612345678", "im_01k8aq2zggeyssvt53zgvpx63a"


def test_the_documented_call() -> None:
    with stub() as server, backchat.Client(base_url=server.url, api_token="token") as client:
        response = client.notify.reply(
            to="+33612345678",
            text="Thanks for reaching out! We'll look into your request.",
            reply_to="im_01k8aq2zggeyssvt53zgvpx63a",
        )
        assert response.id == "tx_1"
        post = server.posts[0]
        assert post["correlation_id"].startswith("im_01k8aq2zggeyssvt53zgvpx63a.")
        assert server.tokens == ["token"]


def test_options_of_a_call() -> None:
    with stub() as server, backchat.Client(base_url=server.url, api_token="token") as client:
        message = backchat.InboundMessage(message_id=IM, from_=TO, text="Hi")
        client.reply(
            message,
            "Hello",
            callback_url="https://example.com/hook",
            correlation_id="order-7",
            timeout=timedelta(seconds=3),
            max_retries=0,
            extra_headers={"x-trace": "7"},
        )
        assert server.posts == [
            {
                "to": TO,
                "text": "Hello",
                "reply_to": IM,
                "callback_url": "https://example.com/hook",
                "correlation_id": "order-7",
            }
        ]
        with pytest.raises(backchat.ConfigurationError):
            client.reply(message, "Hello", extra_headers={"Authorization": "Bearer mine"})
        assert len(server.posts) == 1


def test_32_threads_make_progress_together_and_reuse_32_connections() -> None:
    with stub(delay=0.02) as server, ThreadPoolExecutor(32) as threads:
        client = backchat.Client(base_url=server.url, api_token="token")
        barrier = threading.Barrier(32)

        def reply(_: int) -> None:
            barrier.wait()
            for _ in range(5):
                client.notify.reply(to=TO, text="Hi", reply_to=IM)

        list(threads.map(reply, range(32)))
        assert len(server.posts) == 160
        assert server.most_at_once >= 24
        assert server.connections <= 32


def test_the_gil_is_free_while_waiting() -> None:
    with stub(delay=0.3) as server:
        client = backchat.Client(base_url=server.url, api_token="token")
        counted = 0
        done = threading.Event()

        def count() -> None:
            nonlocal counted
            while not done.is_set():
                counted += 1
                time.sleep(0.001)

        counter = threading.Thread(target=count)
        counter.start()
        client.notify.reply(to=TO, text="Hi", reply_to=IM)
        done.set()
        counter.join()
        assert counted > 50


def test_ctrl_c_stops_a_blocking_call_and_the_post_is_finished_once() -> None:
    with stub() as server:
        server.hold.set()
        client = backchat.Client(base_url=server.url, api_token="token")
        interrupted = 0.0

        def interrupt() -> None:
            nonlocal interrupted
            server.arrived.acquire()
            interrupted = time.monotonic()
            _thread.interrupt_main()

        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            client.notify.reply(to=TO, text="Hi", reply_to=IM)
        assert time.monotonic() - interrupted < 0.2
        server.release.set()
        client.close()
        assert len(server.posts) == 1


def test_ctrl_c_before_the_post_began_sends_nothing() -> None:
    def token() -> str:
        _thread.interrupt_main()
        time.sleep(0.3)
        return "token"

    with stub() as server:
        client = backchat.Client(base_url=server.url, api_token=token)
        with pytest.raises(KeyboardInterrupt):
            client.notify.reply(to=TO, text="Hi", reply_to=IM)
        time.sleep(0.5)
        assert server.posts == []


def test_a_token_function_is_asked_before_each_call_and_once_more_after_a_401() -> None:
    tokens = iter(["old", "old", "new"])
    with stub() as server:
        client = backchat.Client(base_url=server.url, api_token=lambda: next(tokens))
        client.notify.reply(to=TO, text="Hi", reply_to=IM)
        server.refuse_token = "old"
        client.notify.reply(to=TO, text="Hi", reply_to=IM)
        assert server.tokens == ["old", "old", "new"]


def test_a_token_function_that_fails_sends_nothing() -> None:
    def token() -> str:
        raise RuntimeError("the secret is canary")

    with stub() as server:
        client = backchat.Client(base_url=server.url, api_token=token)
        with pytest.raises(backchat.AuthenticationError) as raised:
            client.notify.reply(to=TO, text="Hi", reply_to=IM)
        assert raised.value.outcome == "not_sent"
        assert "canary" not in str(raised.value)
        assert server.posts == []


def test_what_is_printed_of_a_client_holds_no_token() -> None:
    client = backchat.Client(api_token="canary", base_url="http://127.0.0.1:9")
    assert "canary" not in repr(client)
    assert "127.0.0.1" in repr(client)


def test_closing_waits_for_what_has_begun() -> None:
    with stub(delay=0.3) as server:
        client = backchat.Client(base_url=server.url, api_token="token")
        ends: list[object] = []

        def reply() -> None:
            ends.append(client.notify.reply(to=TO, text="Hi", reply_to=IM))

        thread = threading.Thread(target=reply)
        thread.start()
        server.arrived.acquire()
        client.close()
        thread.join(1)
        assert len(ends) == 1
        with pytest.raises(backchat.NotSentError) as raised:
            client.notify.reply(to=TO, text="Hi", reply_to=IM)
        assert raised.value.code == "cancelled"


def test_a_token_function_may_use_another_client() -> None:
    inner = backchat.InboundMessage(message_id="im_inner", from_=TO, text="Hi")
    with stub() as server:
        first = backchat.Client(base_url=server.url, api_token="first")

        def token() -> str:
            return f"after-{first.reply(inner, 'Hello').id}"

        second = backchat.Client(base_url=server.url, api_token=token)
        for _ in range(20):
            second.notify.reply(to=TO, text="Hi", reply_to=IM)
        assert server.tokens == ["first", "after-tx_1"] * 20


def test_a_count_beyond_all_bounds_is_named() -> None:
    for wrong in (2**70, -(2**70)):
        with pytest.raises(backchat.ConfigurationError) as raised:
            backchat.Client(api_token="token", max_retries=wrong)
        assert raised.value.option == "max_retries"
