"""The examples are programs that people copy: each runs here, as a process of its own, against the
sandbox."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from backchat.testing import Sandbox

EXAMPLES = Path(__file__).parent.parent / "examples"
USER, OTHER = "+33612345678", "+33687654321"


@pytest.fixture(scope="module")
def prelude() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:  # making its key takes half a second
        yield sandbox


@pytest.fixture
def sandbox(prelude: Sandbox) -> Sandbox:
    prelude.reset()
    return prelude


def settings(sandbox: Sandbox, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PORT": "0",
        "PRELUDE_API_TOKEN": sandbox.token,
        "PRELUDE_BASE_URL": sandbox.url,
        "PRELUDE_WEBHOOK_PUBLIC_KEY": sandbox.public_key,
        "PYTHONPATH": str(EXAMPLES),
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


@contextmanager
def program(
    arguments: list[str], env: dict[str, str], directory: Path
) -> Generator[subprocess.Popen[str], None, None]:
    """A Python process, ended with the block; what it logs is shown when the test fails."""
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=directory, env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


@contextmanager
def bot(
    name: str, sandbox: Sandbox, directory: Path, **more: str
) -> Generator[tuple[subprocess.Popen[str], str], None, None]:
    """The example `name`, and the URL of its webhook."""
    with program([str(EXAMPLES / name)], settings(sandbox, **more), directory) as process:
        assert process.stdout
        first = process.stdout.readline()
        assert first.startswith("listening on http://127.0.0.1:"), first
        yield process, first.split()[-1] + "/webhooks/prelude"


def eventually(what: Callable[[], bool], longest: float = 20) -> None:
    deadline = time.monotonic() + longest
    while not what():
        assert time.monotonic() < deadline, f"waited for {longest} s"
        time.sleep(0.02)


def answers_once(sandbox: Sandbox, webhook: str) -> None:
    """A user writes; the webhook comes three times, twice of them at the same moment, and once more
    when it was answered."""
    event = sandbox.say(USER, "Hi", to=webhook, wait=False)
    with ThreadPoolExecutor(2) as pool:
        for delivery in pool.map(sandbox.redeliver, [event.id] * 2):
            # 503: the first is still being worked on.
            assert delivery.get("status") in (200, 503), delivery
    eventually(lambda: bool(sandbox.messages))
    eventually(lambda: sandbox.redeliver(event.id).get("status") == 200)

    # When the next message is answered, a queue has worked through what came before.
    sandbox.say(OTHER, "Bye")
    eventually(lambda: any(message.to == OTHER for message in sandbox.messages))
    sent = [(message.to, message.text, message.quoted_text) for message in sandbox.messages]
    assert sent == [(USER, "You said: Hi", "Hi"), (OTHER, "You said: Bye", "Bye")]


@pytest.mark.parametrize(
    "name", ["quickstart.py", "fastapi_bot.py", "flask_bot.py", "django_bot.py", "queue_bot.py"]
)
def test_a_bot_answers_once(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    with bot(name, sandbox, tmp_path) as (_, webhook):
        answers_once(sandbox, webhook)
    assert (tmp_path / "inbox.db").exists()


def test_the_queue_bot_answers_once_with_postgres(sandbox: Sandbox, tmp_path: Path) -> None:
    store = os.environ.get("BACKCHAT_TEST_POSTGRES")
    if store is None:
        assert os.environ.get("CI") != "true", "`cargo xtask test` sets BACKCHAT_TEST_POSTGRES"
        pytest.skip("BACKCHAT_TEST_POSTGRES is not set")
    with bot("queue_bot.py", sandbox, tmp_path, BACKCHAT_STORE=store) as (_, webhook):
        answers_once(sandbox, webhook)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing on Windows")
def test_the_queue_bot_ends_at_ctrl_c(sandbox: Sandbox, tmp_path: Path) -> None:
    with bot("queue_bot.py", sandbox, tmp_path) as (process, webhook):
        answers_once(sandbox, webhook)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Celery's prefork pool needs fork")
def test_the_celery_bot_answers_once(sandbox: Sandbox, tmp_path: Path) -> None:
    worker = ["-m", "celery", "-A", "celery_bot", "worker", "--concurrency=2", "--loglevel=WARNING"]
    with (
        bot("celery_bot.py", sandbox, tmp_path) as (_, webhook),
        program(worker, settings(sandbox), tmp_path),
    ):
        answers_once(sandbox, webhook)


FATE = """
import os, pathlib, signal, time

def fate(text):
    with open("runs.txt", "a") as runs:
        runs.write(text + "\\n")
    before = pathlib.Path("runs.txt").read_text().split().count(text) - 1
    if text.startswith("kill") and before == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if text.startswith("fail") and before < 2:
        raise RuntimeError("not yet")
    if text.startswith("hold") and before == 0:
        time.sleep(60)
"""


def fateful(directory: Path, sandbox: Sandbox, **more: str) -> dict[str, str]:
    """The settings of the Celery bot with a handler whose end a message decides."""
    line = '    return f"You said: {message.text}"'
    source = (EXAMPLES / "celery_bot.py").read_text()
    assert line in source
    (directory / "fate.py").write_text(FATE)
    bot = source.replace(line, f"    import fate; fate.fate(message.text)\n{line}")
    (directory / "celery_bot.py").write_text(bot)
    return settings(sandbox, **{"BACKCHAT_LEASE": "18", **more, "PYTHONPATH": str(directory)})


@contextmanager
def fateful_bot(directory: Path, env: dict[str, str]) -> Generator[str]:
    """The bot of `fateful`, and the URL of its webhook."""
    with program([str(directory / "celery_bot.py")], env, directory) as process:
        assert process.stdout
        yield process.stdout.readline().split()[-1] + "/webhooks/prelude"


WORKER = ["-m", "celery", "-A", "celery_bot", "worker", "--concurrency=2", "--loglevel=CRITICAL"]


@pytest.mark.skipif(sys.platform == "win32", reason="Celery's prefork pool needs fork")
def test_the_celery_bot_loses_nothing_when_its_workers_are_killed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    texts = [f"{fate}-{n}" for fate in ("kill", "fail", "live") for n in range(2)]
    env = fateful(tmp_path, sandbox)
    with fateful_bot(tmp_path, env) as webhook, program(WORKER, env, tmp_path):
        for n, text in enumerate(texts):
            sandbox.say(f"+3361234567{n}", text, to=webhook)
        eventually(lambda: len(sandbox.messages) >= len(texts), 60)
        # What would be answered twice would be by now.
        sandbox.say(OTHER, "live-last")
        eventually(lambda: any(message.to == OTHER for message in sandbox.messages))
    sent = sorted(message.text for message in sandbox.messages)
    assert sent == sorted(f"You said: {text}" for text in [*texts, "live-last"])
    runs = (tmp_path / "runs.txt").read_text().split()
    assert {text: runs.count(text) for text in texts} == {
        **{f"kill-{n}": 2 for n in range(2)},
        **{f"fail-{n}": 3 for n in range(2)},
        **{f"live-{n}": 1 for n in range(2)},
    }


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server")
def test_the_celery_bot_loses_nothing_when_a_machine_dies(sandbox: Sandbox, tmp_path: Path) -> None:
    """The worker with all its children, in the middle of a handler, while others wait."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    redis = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    env = fateful(tmp_path, sandbox, CELERY_BROKER_URL=f"redis://127.0.0.1:{port}/0")
    source = (tmp_path / "celery_bot.py").read_text()
    assert '"visibility_timeout": 900' in source
    (tmp_path / "celery_bot.py").write_text(source.replace(": 900", ": 4"))
    texts = ["hold-0", "hold-1", "live-0", "live-1"]
    with subprocess.Popen(redis, stdout=subprocess.DEVNULL, cwd=tmp_path) as broker:
        try:
            with fateful_bot(tmp_path, env) as webhook:
                first = subprocess.Popen(
                    [sys.executable, *WORKER], cwd=tmp_path, env=env, start_new_session=True
                )
                runs = tmp_path / "runs.txt"
                for n, text in enumerate(texts):
                    sandbox.say(f"+3361234567{n}", text, to=webhook)
                eventually(lambda: runs.exists() and len(runs.read_text().split()) >= 2)
                os.killpg(first.pid, signal.SIGKILL)
                first.wait()
                # A worker looks for what others left as it starts, and then only every 100 s.
                time.sleep(5)
                with program(WORKER, env, tmp_path):
                    eventually(lambda: len(sandbox.messages) >= len(texts), 150)
        finally:
            broker.terminate()
    assert sorted(message.text for message in sandbox.messages) == sorted(
        f"You said: {text}" for text in texts
    )


def run_client(sandbox: Sandbox, to: str, reply_to: str | None) -> str:
    assert reply_to
    arguments = [sys.executable, str(EXAMPLES / "client_only.py"), to, reply_to]
    run = subprocess.run(
        arguments, env=settings(sandbox), capture_output=True, text=True, timeout=30, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout.strip()


def test_the_client_sends_a_reply(sandbox: Sandbox) -> None:
    event = sandbox.say(USER, "Hi")
    told = run_client(sandbox, USER, event.message_id)
    [message] = sandbox.messages
    assert told == f"sent {message.id}"
    assert message.text == "Thanks for reaching out! We'll look into your request."


def test_the_client_sends_a_template_when_the_window_has_closed(sandbox: Sandbox) -> None:
    sandbox.add_template("template_followup", "We have news for you")
    event = sandbox.say(USER, "Hi")
    sandbox.advance(hours=24, seconds=1)
    told = run_client(sandbox, USER, event.message_id)
    [message] = sandbox.messages
    assert (told, message.type) == (f"sent template {message.id}", "template")


def test_the_client_does_not_repeat_what_may_have_been_sent(sandbox: Sandbox) -> None:
    event = sandbox.say(USER, "Hi")
    sandbox.fail_next("reset", after="request", processed=True)
    told = run_client(sandbox, USER, event.message_id)
    [message] = sandbox.messages
    assert told == f"maybe_sent: do not send it again; watch for {message.correlation_id}"


def test_the_client_says_what_is_wrong(sandbox: Sandbox) -> None:
    event = sandbox.say(USER, "Hi")
    told = run_client(sandbox, OTHER, event.message_id)
    assert told.startswith("rejected: phone_number_mismatch, do not try again: ")
    sandbox.fail_next("status", status=429, retry_after=60)
    told = run_client(sandbox, USER, event.message_id)
    assert told == "not sent: try again in 60.0 s"
    assert sandbox.messages == []


def test_the_tests_of_ones_own_bot_pass(tmp_path: Path) -> None:
    arguments = ["-m", "pytest", "-p", "no:cacheprovider", str(EXAMPLES / "test_my_bot.py")]
    run = subprocess.run(
        [sys.executable, *arguments, "--rootdir", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "4 passed" in run.stdout
