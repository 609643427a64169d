"""What a forked child has: its own runtime, log, tasks and locks, and nothing of its parent's. Each test
is a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from stub import stub

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")

PRELUDE = """
import asyncio, logging, os, signal, sys, threading, time
import backchat
from backchat.testing import Sandbox
TO, IM = "+33612345678", "im_01k8aq2zggeyssvt53zgvpx63a"
logging.lastResort.setLevel(logging.ERROR)
client = backchat.Client(base_url=sys.argv[1], api_token="token")
def reply():
    return client.notify.reply(to=TO, text="Hi", reply_to=IM)
def message(n):
    return backchat.InboundMessage(message_id=f"im_{n}", from_=f"+3361234567{n}", text=str(n))
def in_child(work, limit=10):
    # What `work` prints, and whether it ended.
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            work()
            sys.stdout.flush()
        except BaseException as error:
            print(type(error).__name__, error, flush=True)
            os._exit(1)
        os._exit(0)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"
"""


def python(program: str, *arguments: str) -> list[str]:
    """Runs a program, and gives the lines that it prints."""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", PRELUDE + textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return ran.stdout.splitlines()


@pytest.mark.parametrize("arguments", [["250"], ["250", "token"]], ids=["log", "token"])
def test_forks_while_threads_send(arguments: list[str]) -> None:
    """`python tests/forks.py 20000` by hand."""
    program = Path(__file__).with_name("forks.py")
    ran = subprocess.run(
        [sys.executable, str(program), *arguments], capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("store", ["", "sqlite"])
@pytest.mark.parametrize("mode", ["inline", "queue", "asyncio"])
def test_a_child_waits_for_none_of_its_parent_s_handlers(
    tmp_path: Path, store: str, mode: str
) -> None:
    program = """
    mode, store = sys.argv[2], sys.argv[3]
    begun, go_on = threading.Event(), threading.Event()
    def answer(message):
        begun.set()
        go_on.wait(30)
        return "Hello"
    face = backchat.AsyncInbox if mode == "asyncio" else backchat.Inbox
    queue = backchat.QueueOptions(poll=0.02) if mode == "queue" else None
    inbox = face(client, backchat.Webhook.unverified(), store=store or None, queue=queue)
    inbox.on_message(answer)
    def parent():
        if mode == "asyncio":
            print(asyncio.run(inbox.handle(message(1))).body)
        elif mode == "queue":
            inbox.handle(message(1))
            inbox.run()
        else:
            print(inbox.handle(message(1)).body)
    thread = threading.Thread(target=parent)
    thread.start()
    assert begun.wait(10)
    def child():
        if mode == "asyncio":
            asyncio.run(inbox.shutdown())
        else:
            inbox.shutdown()
        reply()
        print("shut down")
    assert in_child(child) == 0
    go_on.set()
    if mode == "queue":
        for _ in range(500):
            if inbox.counts() == {"sent": 1}:
                break
            time.sleep(0.01)
        print("sent")
        inbox.shutdown()
    thread.join()
    """
    url = f"sqlite:////{str(tmp_path).lstrip('/')}/inbox.db" if store else ""
    with stub() as server:
        assert python(program, server.url, mode, url) == ["shut down", "sent"]
        assert len(server.posts) == 2


def test_a_handler_that_forks_and_goes_on_in_the_child() -> None:
    """The request is the parent's: the child is told so, and does not wait for its answer."""
    program = """
    inbox = backchat.Inbox(client, backchat.Webhook.unverified())
    status = []
    @inbox.on_message
    def answer(message):
        child = os.fork()
        if child:
            status.append(os.waitpid(child, 0)[1])
            return "Hello"
        return "from the child"
    parent = os.getpid()
    try:
        print(inbox.handle(message(1)).body, status)
    except RuntimeError as error:
        assert os.getpid() != parent
        print(error, flush=True)
        inbox.shutdown()
        os._exit(3)
    """
    with stub() as server:
        lines = python(program, server.url)
        assert lines == [
            "this request belongs to the parent process, which goes on with it",
            f"sent [{3 << 8}]",
        ]
        assert [post["text"] for post in server.posts] == ["Hello"]


def test_a_child_has_a_log_of_its_own() -> None:
    """Neither the lines of its parent, nor a writer that is not there, nor one that is stuck."""
    program = """
    over = threading.Event()
    class Handler(logging.Handler):
        def emit(self, record):
            if os.getpid() == parent:
                stuck.set()
                over.wait(30)
            else:
                print(record.getMessage().split()[0], record.number, record.outcome)
    parent, stuck = os.getpid(), threading.Event()
    logger = logging.getLogger("backchat")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(Handler())
    for _ in range(5):
        reply()
    assert stuck.wait(10)
    def child():
        for _ in range(2):
            reply()
    assert in_child(child) == 0
    over.set()
    """
    with stub() as server:
        assert python(program, server.url) == ["attempt 1 sent"] * 2
        assert len(server.posts) == 7


def test_a_child_of_an_event_loop() -> None:
    program = """
    calls = backchat.AsyncClient(base_url=sys.argv[1], api_token="token")
    async def once():
        return (await calls.notify.reply(to=TO, text="Hi", reply_to=IM)).id
    def child():
        print(asyncio.run(once()))
    async def main():
        await once()
        tasks = [asyncio.create_task(once()) for _ in range(8)]
        await asyncio.sleep(0)
        print(in_child(child))
        await asyncio.gather(*tasks)
    asyncio.run(main())
    # A loop that was made before, and is not running.
    loop = asyncio.new_event_loop()
    loop.run_until_complete(once())
    print(in_child(lambda: print(loop.run_until_complete(once()))))
    loop.close()
    """
    with stub() as server:
        assert python(program, server.url) == ["tx_1", "0", "tx_1", "0"]
        assert len(server.posts) == 12


def test_a_child_that_drops_and_closes_what_it_inherited() -> None:
    program = """
    import gc
    sandbox = Sandbox()
    def child():
        global client, inbox, steps, sandbox
        client.close()
        sandbox.close()
        del client, inbox, sandbox
        gc.collect()
        print("dropped")
    held = threading.Event()
    inbox = backchat.AsyncInbox(client, backchat.Webhook.unverified())
    inbox.on_message(lambda message: held.wait(30) and "Hello")
    async def main():
        task = asyncio.create_task(inbox.handle(message(1)))
        await asyncio.sleep(0.1)
        print(in_child(child))
        held.set()
        print((await task).body)
    asyncio.run(main())
    print(sandbox.say(TO, "Hi").type)
    sandbox.close()
    """
    with stub() as server:
        lines = python(program, server.url)
        assert lines == ["dropped", "0", "sent", "inbound.message.received"]


def test_a_child_that_ends_like_any_process() -> None:
    program = """
    logging.basicConfig(level=logging.DEBUG, format="%(message)s", stream=sys.stdout)
    logging.getLogger("asyncio").disabled = True
    reply()
    sys.stdout.flush()
    child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == 0
    else:
        reply()
    """
    with stub() as server:
        lines = python(program, server.url)
        assert [line.split()[0] for line in lines] == ["attempt"] * 2


def test_a_fork_during_the_first_use() -> None:
    """Modules that another thread is importing would stay half done in the child."""
    program = """
    threads = [threading.Thread(target=reply) for _ in range(4)]
    for thread in threads:
        thread.start()
    statuses = [in_child(reply) for _ in range(4)]
    for thread in threads:
        thread.join()
    print(statuses)
    """
    with stub() as server:
        assert python(program, server.url) == ["[0, 0, 0, 0]"]
        assert len(server.posts) == 8
