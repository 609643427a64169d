"""The options of an inbox: each that is wrong is told by its name, when the inbox is made."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import backchat
from backchat.testing import Sandbox

ANNA = "+33612345678"
NAN, INFINITE = float("nan"), float("inf")

TIMES: list[Any] = [0, -1, 0.0, NAN, INFINITE, -INFINITE, timedelta(0), timedelta(-1), "10", True, []]
COUNTS: list[Any] = [0, -1, 2**32, 2**70, 1.5, "8", True]
TEXTS: list[Any] = ["", 7, b"text"]
WRONG: dict[str, list[Any]] = {
    "store": TEXTS,
    "scope": TEXTS,
    "slot": TEXTS,
    "lease": TIMES,
    "handler_timeout": TIMES,
    "retention": [*TIMES, timedelta(days=14)],
    "max_event_age": TIMES,
    "max_attempts": COUNTS,
    "queue": [True, {"concurrency": 4}, 4],
}
WRONG_QUEUE: dict[str, list[Any]] = {
    "concurrency": COUNTS,
    "max_attempts": COUNTS,
    "backoff": TIMES,
    "longest_backoff": [*TIMES, 1],
    "poll": TIMES,
}


@pytest.mark.parametrize("option", WRONG)
def test_a_wrong_option_is_told_by_its_name(backchat_sandbox: Sandbox, option: str) -> None:
    client, webhook = backchat_sandbox.client(), backchat_sandbox.webhook()
    for face in (backchat.Inbox, backchat.AsyncInbox):
        for value in WRONG[option]:
            with pytest.raises(backchat.ConfigurationError, match=option) as raised:
                face(client, webhook, **{option: value})
            assert raised.value.option == option


@pytest.mark.parametrize("option", WRONG_QUEUE)
def test_a_wrong_option_of_the_queue_is_told_by_its_name(option: str) -> None:
    for value in WRONG_QUEUE[option]:
        with pytest.raises(backchat.ConfigurationError, match=option) as raised:
            backchat.QueueOptions(**{option: value})
        assert raised.value.option == option


def test_times_fit_together(backchat_sandbox: Sandbox) -> None:
    client, webhook = backchat_sandbox.client(timeout=5), backchat_sandbox.webhook()
    with pytest.raises(backchat.ConfigurationError, match="client's timeout") as raised:
        backchat.Inbox(client, webhook, lease=14.9)
    assert raised.value.option == "lease"
    with pytest.raises(backchat.ConfigurationError, match="shorter than the lease") as raised:
        backchat.Inbox(client, webhook, lease=15, handler_timeout=timedelta(seconds=15))
    assert raised.value.option == "handler_timeout"
    backchat.Inbox(client, webhook, lease=timedelta(seconds=15), handler_timeout=14.9)


def test_max_attempts_ends_in_given_up(backchat_sandbox: Sandbox) -> None:
    inbox = backchat.Inbox(
        backchat_sandbox.client(), backchat_sandbox.webhook(), slot="survey", max_attempts=2
    )
    failures: list[backchat.Failure] = []
    inbox.on_error(failures.append)
    inbox.on_message(lambda message: "")
    event = backchat_sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).body == "handler_failed"
    assert [(record.state, record.slot) for record in inbox.list()] == [("retrying", "survey")]
    receipt = inbox.receive(event.body, event.headers)
    assert (receipt.status, receipt.body) == (200, "given_up")
    assert [failure.final for failure in failures] == [False, True]
    assert inbox.counts() == {"given_up": 1}
    assert [record.code for record in inbox.list("given_up")] == ["handler_failed"]


def test_an_old_event_that_is_unknown_is_not_taken() -> None:
    with Sandbox(start_at=datetime.now(timezone.utc) - timedelta(days=20)) as sandbox:
        event = sandbox.say(ANNA, "Hi")
        inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
        failures: list[backchat.Failure] = []
        inbox.on_error(failures.append)
        inbox.on_message(lambda message: "Hello")
        assert inbox.receive(event.body, event.headers).status == 503
        assert [getattr(failure.error, "option", None) for failure in failures] == ["max_event_age"]
        assert inbox.outcome(str(event.message_id)) is None
        for age in (None, timedelta(days=21)):
            client, webhook = sandbox.client(), sandbox.webhook()
            of_any_age = backchat.Inbox(client, webhook, max_event_age=age)
            of_any_age.on_message(lambda message: None)
            assert of_any_age.receive(event.body, event.headers).body == "skipped"
