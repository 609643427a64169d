"""Forks many times while 8 threads send and log at DEBUG; each child sends once.

`python tests/forks.py 20000` prints how the children ended, and fails when one hung or sent nothing.
`python tests/forks.py 20000 token` has a function give the tokens, on threads of its own.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from pathlib import Path

import backchat

TO, IM = "+33612345678", "im_01k8aq2zggeyssvt53zgvpx63a"
LIMIT = 20.0
"""How long a child may take, in seconds: a call has 8."""


class Discard(logging.Handler):
    """Formats each record, and drops it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record)


def serve() -> None:
    """The API in a process of its own: prints its URL, and serves until its input ends."""
    from stub import stub

    with stub() as server:
        print(server.url, flush=True)
        sys.stdin.read()
    print(len(server.posts), flush=True)


def storm(url: str, children: int, token: bool) -> tuple[Counter[str], int]:
    """How the children ended, by outcome, and how many replies the threads sent meanwhile."""
    logger = logging.getLogger("backchat")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(Discard())
    client = backchat.Client(base_url=url, api_token=(lambda: "token") if token else "token")
    stop = threading.Event()
    sent = [0] * 8

    def send(n: int) -> None:
        while not stop.is_set():
            client.notify.reply(to=TO, text="Hi", reply_to=IM)
            sent[n] += 1

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    ends: Counter[str] = Counter()
    running: dict[int, tuple[int, float]] = {}
    try:
        while children > 0 or running:
            while children > 0 and len(running) < 4:
                children -= 1
                read, write = os.pipe()
                child = os.fork()
                if child == 0:
                    os.close(read)
                    os.write(write, _once(client).encode())
                    os._exit(0)
                os.close(write)
                running[read] = (child, time.monotonic() + LIMIT)
            ready, _, _ = select.select(list(running), [], [], 1)
            for read, (child, end) in list(running.items()):
                if read in ready:
                    ends[os.read(read, 200).decode() or "died"] += 1
                elif time.monotonic() > end:
                    ends["hung"] += 1
                    os.kill(child, signal.SIGKILL)
                else:
                    continue
                os.close(read)
                os.waitpid(child, 0)
                del running[read]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return ends, sum(sent)


def _once(client: backchat.Client) -> str:
    try:
        client.notify.reply(to=TO, text="Hi", reply_to=IM)
        return "sent"
    except BaseException as error:
        return str(error)


def main(children: int, token: bool = False) -> None:
    """Raises `AssertionError` when not every child has sent once."""
    # Python itself warns of threads beside a fork.
    warnings.simplefilter("ignore", DeprecationWarning)
    with subprocess.Popen(
        [sys.executable, __file__, "serve"],
        cwd=Path(__file__).parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None and server.stdin is not None
        try:
            ended, sent = storm(server.stdout.readline().strip(), children, token)
        finally:
            server.stdin.close()
        posts = int(server.stdout.readline())
    print(f"{dict(ended)}, {posts} POSTs", flush=True)
    assert ended == {"sent": children}
    assert posts == sent + children


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        main(int(sys.argv[1]), "token" in sys.argv)
