"""What operators do with a message: arm it again, here or in a queue, and watch."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import backchat
from backchat.testing import Sandbox

ANNA = "+33612345678"


def test_a_maybe_sent_is_answered_where_it_is_armed_again(backchat_sandbox: Sandbox) -> None:
    client = backchat_sandbox.client(timeout=3, max_retries=0)
    inbox = backchat.Inbox(client, backchat_sandbox.webhook())
    threads: list[threading.Thread] = []

    @inbox.on_message
    def answer(message: backchat.InboundMessage, context: backchat.HandlerContext) -> str:
        threads.append(threading.current_thread())
        return f"attempt {context.attempt}"

    event = backchat_sandbox.say(ANNA, "Hi")
    backchat_sandbox.fail_next("reset", after="request")
    assert inbox.receive(event.body, event.headers).body == "maybe_sent"
    assert inbox.health().oldest_maybe_sent is not None
    before = len(backchat_sandbox.messages)
    assert inbox.rearm(str(event.message_id)) == "rearmed"
    assert [message.text for message in backchat_sandbox.messages[before:]] == ["attempt 1"]
    assert inbox.counts() == {"sent": 1}
    assert threads == [threading.current_thread()] * 2
    assert inbox.rearm(str(event.message_id)) == "refused"
    assert inbox.rearm("im_unknown") == "unknown"


def test_an_event_that_the_application_kept(backchat_sandbox: Sandbox) -> None:
    inbox = backchat.Inbox(backchat_sandbox.client(), backchat_sandbox.webhook())
    answers: list[str | None] = [None, "Hello"]
    inbox.on_message(lambda message: answers.pop(0))
    event = backchat_sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).body == "skipped"
    message_id = str(event.message_id)
    assert inbox.rearm(message_id) == "no_event"
    assert isinstance(event.event, backchat.InboundMessage)
    try:
        inbox.rearm("im_other", event.event)
    except ValueError as error:
        assert "message_id" in str(error)
    else:
        raise AssertionError("an event of another message was taken")
    assert inbox.rearm(message_id, event.event) == "rearmed"
    assert [message.text for message in backchat_sandbox.messages] == ["Hello"]


def test_armed_again_in_asyncio(backchat_sandbox: Sandbox) -> None:
    tasks: list[object] = []

    async def main() -> None:
        client, webhook = backchat_sandbox.async_client(), backchat_sandbox.webhook()
        inbox = backchat.AsyncInbox(client, webhook)

        @inbox.on_message
        async def answer(message: backchat.InboundMessage) -> str | None:
            tasks.append(asyncio.current_task())
            return None if len(tasks) == 1 else "Hello"

        event = await asyncio.to_thread(backchat_sandbox.say, ANNA, "Hi")
        assert (await inbox.receive(event.body, event.headers)).body == "skipped"
        assert isinstance(event.event, backchat.InboundMessage)
        message_id = event.event.message_id
        assert await inbox.rearm(message_id) == "no_event"
        assert await inbox.rearm(message_id, event.event) == "rearmed"
        assert tasks == [asyncio.current_task()] * 2
        health = await inbox.health()
        assert (health.ok, health.running, health.refused_requests) == (True, False, 0)

    asyncio.run(main())
    assert [message.text for message in backchat_sandbox.messages] == ["Hello"]


def test_armed_again_in_a_queue_a_worker_answers(backchat_sandbox: Sandbox) -> None:
    queue = backchat.QueueOptions(poll=0.02, max_attempts=1)
    inbox = backchat.Inbox(backchat_sandbox.client(), backchat_sandbox.webhook(), queue=queue)
    given_up, mended, answered = threading.Event(), threading.Event(), threading.Event()

    @inbox.on_error
    def alarm(failure: backchat.Failure) -> None:
        assert failure.final
        given_up.set()

    @inbox.on_message
    def answer(message: backchat.InboundMessage) -> str:
        if not mended.is_set():
            raise RuntimeError
        answered.set()
        return "Hello"

    worker = threading.Thread(target=inbox.run, daemon=True)
    worker.start()
    event = backchat_sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).body == "queued"
    assert given_up.wait(20)
    mended.set()
    while inbox.counts() != {"given_up": 1}:
        time.sleep(0.02)
    assert inbox.rearm(str(event.message_id)) == "rearmed"
    assert answered.wait(20)
    assert inbox.shutdown(20)
    worker.join(20)
    assert [message.text for message in backchat_sandbox.messages] == ["Hello"]


def test_a_queue_that_nobody_works_on_rings_the_alarm(
    backchat_sandbox: Sandbox, tmp_path: Path
) -> None:
    """A row is made a minute and a half older than it is, while nobody has the ledger."""
    ledger = tmp_path / "inbox.db"
    program = f"""
import backchat
inbox = backchat.Inbox(
    backchat.Client(api_token="token"),
    backchat.Webhook.unverified(),
    store="sqlite:{ledger}",
    queue=backchat.QueueOptions(),
)
inbox.on_message(lambda message: None)
print(inbox.handle(backchat.InboundMessage(message_id="im_1", from_="{ANNA}", text="Hi")).body)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "queued\n", ran.stderr
    with closing(sqlite3.connect(ledger)) as database, database:
        changed = database.execute("UPDATE backchat_ledger SET due_at = due_at - 90000000")
        assert changed.rowcount == 1

    inbox = backchat.Inbox(
        backchat_sandbox.client(),
        backchat_sandbox.webhook(),
        store=f"sqlite:{ledger}",
        queue=backchat.QueueOptions(),
    )
    failures: list[backchat.Failure] = []
    rang = threading.Event()

    @inbox.on_error
    def alarm(failure: backchat.Failure) -> None:
        failures.append(failure)
        rang.set()

    inbox.on_message(lambda message: None)
    event = backchat_sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).body == "queued"
    health = inbox.health()
    assert (health.ok, health.running) == (False, False)
    assert health.oldest_due is not None
    assert health.oldest_due > timedelta(minutes=1)
    assert rang.wait(60)
    assert [(failure.stage, failure.final) for failure in failures] == [("queue", False)]
    assert "run()" in str(failures[0].error)
