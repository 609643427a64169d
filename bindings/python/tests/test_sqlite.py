"""A ledger on SQLite in a process that forks, and that has another SQLite: Python's `sqlite3`.

`BACKCHAT_FORK_ROUNDS` says how many times it forks, 24 without it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from stub import stub

PRELUDE = """
import ctypes, gc, os, sqlite3, subprocess, sys, threading, time
import backchat
TO = "+33612345678"
url, path = sys.argv[1:3]
client = backchat.Client(base_url=url, api_token="token")
inbox = backchat.Inbox(client, backchat.Webhook.unverified(), store=f"sqlite:///{path}")
inbox.on_message(lambda message: message.text)
def handle(n):
    message = backchat.InboundMessage(message_id=f"im_{n}", from_=TO, text=str(n))
    return inbox.handle(message).body
"""

COUNT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM backchat_ledger").fetchone()[0])
connection.close()
"""
"""The last one who closes a ledger removes its log."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def program(main: str) -> str:
    return textwrap.dedent(PRELUDE) + textwrap.dedent(main)


def python(source: str, *arguments: object) -> str:
    """Runs a program, and gives what it prints."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, (ran.returncode, ran.stderr)
    return ran.stdout.strip()


def test_another_sqlite_of_the_process_reads_the_ledger(tmp_path: Path) -> None:
    source = program(
        """
        count = sys.argv[3]
        def rows():
            connection = sqlite3.connect(path)
            found = connection.execute("SELECT count(*) FROM backchat_ledger").fetchone()[0]
            connection.close()
            return found
        def rows_of_another_process():
            return int(subprocess.check_output([sys.executable, "-c", count, path]))
        for n in range(10):
            assert handle(n) == "sent"
            assert rows() == n + 1
            assert rows_of_another_process() == n + 1
            assert handle(n) == "sent"
        """
    )
    with stub() as server:
        python(source, server.url, tmp_path / "inbox.db", COUNT)
        assert [post["text"] for post in server.posts] == [str(n) for n in range(10)]


def test_another_sqlite_of_the_process_is_open_all_the_time(tmp_path: Path) -> None:
    """Before the inbox, beside it, and after it; in another thread one comes and goes."""
    source = program(
        """
        count = sys.argv[3]
        def read(connection):
            return connection.execute("SELECT count(*) FROM backchat_ledger").fetchone()[0]
        handle(0)
        first = sqlite3.connect(path)
        assert read(first) == 1
        stop = threading.Event()
        def come_and_go():
            while not stop.is_set():
                connection = sqlite3.connect(path)
                read(connection)
                connection.close()
        thread = threading.Thread(target=come_and_go)
        thread.start()
        for n in range(1, 200):
            while (body := handle(n)) != "sent":
                assert body == "store_unavailable", body
            if n % 50 == 0:
                subprocess.check_call([sys.executable, "-c", count, path], stdout=subprocess.DEVNULL)
        stop.set()
        thread.join()
        assert read(first) == 200
        del inbox
        gc.collect()
        assert read(first) == 200
        first.close()
        inbox = backchat.Inbox(client, backchat.Webhook.unverified(), store=f"sqlite:///{path}")
        assert inbox.counts() == {"sent": 200}
        """
    )
    with stub() as server:
        python(source, server.url, tmp_path / "inbox.db", COUNT)
        texts = [post["text"] for post in server.posts]
        assert sorted(texts, key=int) == [str(n) for n in range(200)]


CHILD = """
kind, parent, go, done = sys.argv[3:7]
assert handle(0) == "sent"
# `fork` of the C library: nobody tells Python's hooks.
fork = os.fork if kind == "python" else ctypes.PyDLL(None).fork
children = []
for child in range(2):
    pid = fork()
    if pid == 0:
        while not os.path.exists(go):
            time.sleep(0.005)
        bodies = []
        for n in [*range(10), 10 + child]:
            end = time.monotonic() + 20
            while (body := handle(n)) not in ("sent", "store_unavailable") and time.monotonic() < end:
                time.sleep(0.005)
            bodies.append(body)
        with open(f"{done}-{child}.new", "w") as file:
            file.write(" ".join(sorted(set(bodies))))
        os.rename(f"{done}-{child}.new", f"{done}-{child}")
        os._exit(0)
    children.append(pid)
if parent == "exits":
    os._exit(0)
if parent == "drops":
    del inbox
    gc.collect()
    while any(os.path.basename(os.path.realpath(f"/proc/self/fd/{fd}")) == "inbox.db-wal"
              for fd in os.listdir("/proc/self/fd")):
        time.sleep(0.005)
print("ready", flush=True)
for pid in children:
    os.waitpid(pid, 0)
"""


@linux
def test_a_child_goes_on_when_its_parent_and_others_have_closed_the_ledger(tmp_path: Path) -> None:
    for number in range(int(os.environ.get("BACKCHAT_FORK_ROUNDS", "24"))):
        kind = ["python", "c"][number % 2]
        parent = ["exits", "drops", "stays"][number // 2 % 3]
        other = ["sqlite3", "backchat"][number // 6 % 2]
        folder = tmp_path / str(number)
        folder.mkdir()
        one_round(folder, kind, parent, other)


def one_round(folder: Path, kind: str, parent: str, other: str) -> None:
    what = (folder.name, kind, parent, other)
    ledger, go, done = folder / "inbox.db", folder / "go", folder / "done"
    store = f"sqlite:///{ledger}"
    with stub() as server:
        arguments = [server.url, ledger, kind, parent, go, done]
        process = subprocess.Popen(
            [sys.executable, "-c", program(CHILD), *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        if parent == "exits":
            assert process.wait(timeout=60) == 0, what
        else:
            assert process.stdout.readline() == "ready\n", what
        if other == "sqlite3":
            assert python(COUNT, ledger) == "1", what
        else:
            command = [sys.executable, "-m", "backchat", "inbox", "list", "--store", store]
            listed = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert "im_0" in listed.stdout, (what, listed)
        go.touch()
        for child in range(2):
            end = time.monotonic() + 60
            while not (found := Path(f"{done}-{child}")).exists():
                assert time.monotonic() < end, (what, f"child {child} has died")
                time.sleep(0.005)
            assert found.read_text() == "sent", what
        process.stdout.close()
        process.wait(timeout=60)
        assert python(COUNT, ledger) == "12", what
        texts = sorted(int(post["text"]) for post in server.posts)
        assert texts == list(range(12)), what
