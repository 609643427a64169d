"""`logging.getLogger("backchat")`: one line per attempt at DEBUG, and nothing private in it."""

from __future__ import annotations

import logging
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
        inbox.receive(event.body, {})
        warnings = [record.getMessage() for record in caplog.records if record.name == "backchat"]
        assert any("signature_missing" in warning for warning in warnings)


def test_what_a_token_function_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    mistake = ZeroDivisionError()

    def token() -> str:
        raise mistake

    with pytest.raises(backchat.AuthenticationError):
        client = backchat.Client(api_token=token, base_url="http://127.0.0.1:9")
        client.notify.reply(to=ANNA, text=TEXT, reply_to="im_1")
    traced = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert traced == [mistake]


class Handler(logging.Handler):
    """One of an application, which fails."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error

    def handle(self, record: logging.LogRecord) -> bool:
        raise self.error


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_log_that_fails_is_the_application_s_but_ctrl_c_goes_on(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("backchat")
    monkeypatch.setattr(logger, "handlers", [Handler(error)])
    monkeypatch.setattr(logger, "propagate", False)
    with Sandbox() as sandbox:
        inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
        event = sandbox.say(ANNA, "Hi")
        if error is OSError:
            assert inbox.receive(event.body, {}).status == 401
        else:
            with pytest.raises(KeyboardInterrupt):
                inbox.receive(event.body, {})
