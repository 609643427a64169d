"""`logging.getLogger("backchat")`: one line per attempt at DEBUG, and nothing private in it."""

from __future__ import annotations

import logging
import subprocess
import sys
import time

import pytest

import backchat
from backchat.testing import Sandbox

ANNA, TEXT, TOKEN = "+33612345678", "canary text", "canary-token"


def attempts(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    records = [record for record in caplog.records if record.name == "backchat"]
    return [vars(record)["backchat"] for record in records if record.levelno == logging.DEBUG]


def test_one_line_per_attempt(caplog: pytest.LogCaptureFixture) -> None:
    with Sandbox(token=TOKEN) as sandbox, caplog.at_level(logging.DEBUG, "backchat"):
        event = sandbox.say(ANNA, "Hi").event
        assert isinstance(event, backchat.InboundMessage)
        sandbox.fail_next("status", status=429, retry_after=0)
        response = sandbox.client().reply(event, TEXT)
        lines = attempts(caplog)
        assert [(line["number"], line["status"], line["outcome"]) for line in lines] == [
            ("1", "429", "not_sent"),
            ("2", "200", "sent"),
        ]
        assert lines[1]["message_id"] == event.message_id
        assert lines[1]["sent_id"] == response.id
        assert lines[1]["correlation_id"] == response.correlation_id
        assert int(lines[1]["elapsed_us"]) > 0
        for record in caplog.records:
            for private in (ANNA, TEXT, TOKEN):
                assert private not in record.getMessage()
                assert private not in str(vars(record))


def test_without_debug_nothing_is_written(caplog: pytest.LogCaptureFixture) -> None:
    with Sandbox() as sandbox, caplog.at_level(logging.INFO, "backchat"):
        event = sandbox.say(ANNA, "Hi").event
        assert isinstance(event, backchat.InboundMessage)
        sandbox.client().reply(event, TEXT)
        assert caplog.records == []


def test_a_post_that_nobody_waits_for_is_told(caplog: pytest.LogCaptureFixture) -> None:
    import asyncio

    async def main() -> None:
        client = sandbox.async_client()
        task = asyncio.create_task(client.reply(event, TEXT))
        while not sandbox.messages:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with Sandbox() as sandbox, caplog.at_level(logging.DEBUG, "backchat"):
        said = sandbox.say(ANNA, "Hi").event
        assert isinstance(said, backchat.InboundMessage)
        event = said
        sandbox.fail_next("delay", milliseconds=300)
        asyncio.run(main())
        for _ in range(100):
            if attempts(caplog):
                break
            time.sleep(0.02)
        assert [(line["outcome"], line["detached"]) for line in attempts(caplog)] == [
            ("sent", "true")
        ]


def test_warnings_of_the_inbox_arrive(caplog: pytest.LogCaptureFixture) -> None:
    with Sandbox() as sandbox:
        inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
        event = sandbox.say(ANNA, "Hi")
        inbox.receive(event.body, event.headers)
        warnings = [record.getMessage() for record in caplog.records if record.name == "backchat"]
        assert any("no handler" in warning for warning in warnings)


class Handler(logging.Handler):
    """One of an application, which fails."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error

    def handle(self, record: logging.LogRecord) -> bool:
        raise self.error


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, SystemExit])
def test_a_log_that_fails_is_the_application_s(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("backchat")
    monkeypatch.setattr(logger, "handlers", [Handler(error)])
    monkeypatch.setattr(logger, "propagate", False)
    with Sandbox() as sandbox:
        inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
        event = sandbox.say(ANNA, "Hi")
        for _ in range(3):
            assert inbox.receive(event.body, event.headers).body == "no_handler"


def test_a_message_is_constant_and_its_fields_are_attributes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """So that what collects errors can group by it, and a format can name a field."""
    with Sandbox() as sandbox, caplog.at_level(logging.DEBUG, "backchat"):
        client = sandbox.client()
        for _ in range(2):
            event = sandbox.say(ANNA, "Hi").event
            assert isinstance(event, backchat.InboundMessage)
            client.reply(event, TEXT)
            sandbox.fail_next("status", status=400, code="blocked_number")
            with pytest.raises(backchat.ApiError):
                client.reply(event, TEXT)
    records = [record for record in caplog.records if record.name == "backchat"]
    assert [record.msg for record in records] == ["attempt %(fields)s"] * 4
    told = [vars(record) for record in records]
    assert [each["status"] for each in told] == [200, 400] * 2
    assert [each["code"] for each in told] == [None, "blocked_number"] * 2
    assert [each["detached"] for each in told] == [False] * 4
    assert all(isinstance(each["elapsed_us"], int) for each in told)
    for record, fields in zip(records, told, strict=True):
        assert record.getMessage() == "attempt " + " ".join(
            f"{name}={value}" for name, value in fields["backchat"].items()
        )
        # Any field may be named in a format.
        assert logging.Formatter("%(message_id)s %(sent_id)s").format(record)


def test_one_line_for_each_thing(caplog: pytest.LogCaptureFixture) -> None:
    mistake = ZeroDivisionError()

    def answer(message: backchat.InboundMessage) -> str:
        if message.text == "raise":
            raise mistake
        return "Hello"

    with Sandbox() as sandbox:
        inbox = backchat.Inbox(sandbox.client(max_retries=0), sandbox.webhook())
        inbox.on_message(answer)
        caplog.clear()  # the ledger in memory has said so

        event = sandbox.say(ANNA, "Hi")
        inbox.receive(event.body, {})  # counted
        unsigned = backchat.Inbox(sandbox.client(), backchat.Webhook.unverified())
        caplog.clear()
        unsigned.receive(b"no event", {})
        sandbox.fail_next("status", status=400, code="blocked_number")
        inbox.receive(event.body, event.headers)
        event = sandbox.say(ANNA, "raise")
        inbox.receive(event.body, event.headers)
    records = [record for record in caplog.records if record.name == "backchat"]
    refused, rejected, failed = records
    assert [record.msg for record in records] == [
        "webhook refused %(fields)s",
        "reply not accepted %(fields)s",
        "handler failed %(fields)s",
    ]
    assert vars(refused)["code"] == "event_unreadable"
    assert vars(rejected)["code"] == "blocked_number"
    assert vars(rejected)["message_id"]
    assert (failed.levelno, failed.exc_info and failed.exc_info[1]) == (logging.ERROR, mistake)
    assert vars(failed)["message_id"] == event.message_id
    assert vars(failed)["error"] == "the handler raised ZeroDivisionError"


def test_a_percent_sign_is_no_placeholder(caplog: pytest.LogCaptureFixture) -> None:
    from backchat import _log

    _log.write(30, "100 % done", {"share": "50 %d", "name": "taken", "args": None}, None)
    _log.write(30, "100 % done", {}, None)
    first, second = caplog.records
    assert first.getMessage() == "100 % done share=50 %d name=taken"
    assert (first.name, vars(first)["share"]) == ("backchat", "50 %d")
    assert second.getMessage() == "100 % done"


def test_where_threads_were_replaced_the_callers_write() -> None:
    """As gevent and eventlet do: what looks like a thread would hold up all others."""
    program = """
import _thread, asyncio, logging, sys, threading
real = _thread.start_new_thread
def replaced(*arguments):
    print("started")
    return real(*arguments)
_thread.start_new_thread = threading._start_new_thread = replaced
import backchat
from backchat.testing import Sandbox
logging.basicConfig(format="%(message)s", level=logging.DEBUG, stream=sys.stdout)
logging.getLogger("asyncio").disabled = True
with Sandbox() as sandbox:
    message = sandbox.say("+33612345678", "Hi").event
    sandbox.client().reply(message, "one")
    print("replied")
    async def main():
        await sandbox.async_client().reply(message, "two")
        await asyncio.sleep(0)
        print("awaited")
    asyncio.run(main())
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    lines = [line.split()[0] for line in ran.stdout.splitlines()]
    assert lines == ["attempt", "replied", "attempt", "awaited"]


def test_the_log_ends_with_the_process() -> None:
    program = """
import logging, sys
import backchat
logging.basicConfig(format="%(message)s", stream=sys.stdout)
from backchat.testing import Sandbox
sandbox = Sandbox()
inbox = backchat.Inbox(sandbox.client(), backchat.Webhook.unverified())
inbox.on_error(lambda failure: 1 / 0)
for _ in range(100):
    inbox.receive(b"no event", {})
"""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert len([line for line in lines if line.startswith("webhook refused ")]) == 100
    assert len([line for line in lines if line == "ZeroDivisionError: division by zero"]) == 100
