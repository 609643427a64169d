"""What a process does around the library: fork, exit, import. Each in a process of its own."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
import time

import pytest
from stub import stub

PRELUDE = """
import os, sys, threading, time
import backchat
TO, IM = "+33612345678", "im_01k8aq2zggeyssvt53zgvpx63a"
client = backchat.Client(base_url=sys.argv[1], api_token="token")
def reply():
    return client.notify.reply(to=TO, text="Hi", reply_to=IM)
"""


def python(program: str, *arguments: str) -> str:
    """Runs a program, and gives what it prints."""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_child_has_its_own_runtime_and_pool() -> None:
    """As gunicorn --preload and Celery's prefork do: the parent has sent before."""
    program = PRELUDE + textwrap.dedent(
        """
        reply()
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                started = time.monotonic()
                reply()
                os._exit(0 if time.monotonic() - started < 3 else 1)
            children.append(child)
            reply()
        for child in children:
            _, status = os.waitpid(child, 0)
            assert status == 0, status
        reply()
        """
    )
    with stub() as server:
        python(program, server.url)
        assert len(server.posts) == 10


def test_a_fork_with_calls_in_flight() -> None:
    """The child may drop, close and use what it inherited; the parent's calls go on."""
    program = PRELUDE + textwrap.dedent(
        """
        # Not one call before: the first fork may come while the runtime is being made.
        threads = [threading.Thread(target=lambda: [reply() for _ in range(20)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            child = os.fork()
            if child == 0:
                reply()
                client.close()
                os._exit(0)
            _, status = os.waitpid(child, 0)
            assert status == 0, status
        for thread in threads:
            thread.join()
        """
    )
    with stub(delay=0.005) as server:
        python(program, server.url)
        assert len(server.posts) == 170


def test_an_inbox_made_before_a_fork(tmp_path: object) -> None:
    program = PRELUDE + textwrap.dedent(
        """
        from backchat.testing import Sandbox
        inbox = backchat.Inbox(client, backchat.Webhook.unverified(), store=f"sqlite:////{sys.argv[2]}/inbox.db")
        inbox.on_message(lambda message: f"Answer to {message.text}")
        def event(n):
            message = backchat.InboundMessage(message_id=f"im_{n}", from_=TO, text=str(n))
            return message.raw, {}
        assert inbox.receive(*event(0)).body == "sent"
        children = []
        for n in range(4):
            child = os.fork()
            if child == 0:
                statuses = [inbox.receive(*event(m)).status for m in range(10)]
                os._exit(0)
            children.append(child)
        for child in children:
            _, status = os.waitpid(child, 0)
            assert status == 0, status
        time.sleep(0.1)
        assert inbox.counts() == {"sent": 10}, inbox.counts()
        """
    )
    with stub() as server:
        python(program, server.url, str(tmp_path).lstrip("/"))
        assert sorted(post["text"] for post in server.posts) == [f"Answer to {n}" for n in range(10)]


def test_multiprocessing_takes_models_and_a_client() -> None:
    program = PRELUDE + textwrap.dedent(
        """
        import multiprocessing
        def work(message):
            return client.reply(message, "Hello")
        if __name__ == "__main__":
            messages = [backchat.InboundMessage(message_id=f"im_{n}", from_=TO, text="Hi") for n in range(8)]
            with multiprocessing.get_context("fork").Pool(4) as pool:
                assert [answer.id for answer in pool.map(work, messages)] == ["tx_1"] * 8
        """
    )
    with stub() as server:
        python(program, server.url)
        assert len(server.posts) == 8


@pytest.mark.parametrize("daemon", [True, False])
def test_the_exit_does_not_hang_with_calls_in_flight(daemon: bool) -> None:
    program = PRELUDE + textwrap.dedent(
        f"""
        threading.Thread(target=reply, daemon={daemon}).start()
        time.sleep(0.3)
        """
    )
    with stub() as server:
        server.hold.set()
        started = time.monotonic()
        if not daemon:
            # Python itself waits for such a thread: until the call's own deadline.
            program = program.replace('api_token="token"', 'api_token="token", timeout=1.5')
            ran = subprocess.run(
                [sys.executable, "-c", program, server.url], capture_output=True, timeout=30
            )
            assert b"MaybeSentError" in ran.stderr
        else:
            python(program, server.url)
        assert time.monotonic() - started < 6
        assert len(server.posts) == 1


def test_the_exit_lets_a_begun_post_end() -> None:
    program = PRELUDE + textwrap.dedent(
        """
        threading.Thread(target=reply, daemon=True).start()
        time.sleep(0.2)
        """
    )
    with stub(delay=0.8) as server:
        started = time.monotonic()
        python(program, server.url)
        assert len(server.posts) == 1
        assert time.monotonic() - started < 5


def test_an_exit_inside_an_event_loop_does_not_hang() -> None:
    program = PRELUDE + textwrap.dedent(
        """
        import asyncio
        async def main():
            client = backchat.AsyncClient(base_url=sys.argv[1], api_token="token")
            task = asyncio.create_task(client.notify.reply(to=TO, text="Hi", reply_to=IM))
            await asyncio.sleep(0.3)
        asyncio.run(main())
        """
    )
    with stub() as server:
        server.hold.set()
        python(program, server.url)
        assert len(server.posts) == 1


def test_the_import_starts_nothing() -> None:
    program = """
    import sys, threading, os
    before = set(sys.modules)
    import backchat
    assert threading.active_count() == 1
    assert len(os.listdir("/proc/self/task")) == 1
    slow = {"asyncio", "logging", "typing", "json", "ssl", "concurrent.futures", "pytest"}
    print(*sorted(slow & (set(sys.modules) - before)))
    """
    assert python(program).split() == []


def test_the_program_comes_with_the_package() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "backchat", "--version"], capture_output=True, text=True, check=True
    )
    import backchat

    assert ran.stdout.strip() == f"backchat {backchat.__version__}"
    wrong = subprocess.run([sys.executable, "-m", "backchat", "reply"], capture_output=True)
    assert wrong.returncode == 2


def test_ctrl_c_ends_a_queue_that_works() -> None:
    """What was begun is finished, what waits stays, and nothing hangs."""
    program = PRELUDE + textwrap.dedent(
        """
        import _thread
        queue = backchat.QueueOptions(concurrency=2)
        inbox = backchat.Inbox(client, backchat.Webhook.unverified(), queue=queue)
        begun = threading.Semaphore(0)
        @inbox.on_message
        def answer(message):
            begun.release()
            time.sleep(0.3)
            return message.text
        for n in range(20):
            message = backchat.InboundMessage(message_id=f"im_{n}", from_=f"+336123456{n:02}", text=str(n))
            assert inbox.handle(message).body == "queued"
        def interrupt():
            begun.acquire()
            _thread.interrupt_main()
        threading.Thread(target=interrupt).start()
        try:
            inbox.run()
        except KeyboardInterrupt:
            print(inbox.counts())
        """
    )
    with stub() as server:
        started = time.monotonic()
        printed = python(program, server.url)
        sent = len(server.posts)
        assert sent in (1, 2)
        counts = ast.literal_eval(printed.strip())
        assert counts.pop("sent") == sent
        # Nothing is lost: what a thread had not begun is tried again.
        assert set(counts) <= {"queued", "retrying"}
        assert sum(counts.values()) == 20 - sent
        assert time.monotonic() - started < 5


def test_a_fork_while_an_inbox_on_sqlite_works(tmp_path: object) -> None:
    """SQLite remembers its locks per process: none may be held at the fork."""
    program = PRELUDE + textwrap.dedent(
        """
        inbox = backchat.Inbox(client, backchat.Webhook.unverified(), store=f"sqlite:////{sys.argv[2]}/inbox.db")
        inbox.on_message(lambda message: message.text)
        def message(n):
            return backchat.InboundMessage(message_id=f"im_{n}", from_=TO, text=str(n))
        stop = threading.Event()
        def work(k):
            n = 0
            while not stop.is_set():
                assert inbox.handle(message(f"{k}{n:06}")).status == 200
                n += 1
        threads = [threading.Thread(target=work, args=(k,)) for k in "ab"]
        for thread in threads:
            thread.start()
        children = []
        for n in range(5):
            time.sleep(0.2)
            child = os.fork()
            if child == 0:
                receipts = [inbox.handle(message(f"c{n}{m}")).body for m in range(3)]
                os._exit(0 if receipts == ["sent"] * 3 else 1)
            children.append(child)
        statuses = [os.waitpid(child, 0)[1] for child in children]
        stop.set()
        for thread in threads:
            thread.join()
        assert statuses == [0] * 5, statuses
        """
    )
    with stub() as server:
        python(program, server.url, str(tmp_path).lstrip("/"))
        texts = [post["text"] for post in server.posts]
        assert len(texts) == len(set(texts))
