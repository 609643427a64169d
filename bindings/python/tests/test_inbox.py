"""The inbox: one message, at most one reply, whatever the handler and the network do."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from stores import scope, store
from stub import stub

import backchat
from backchat.testing import Sandbox, SignedEvent

__all__ = ["store"]

ANNA = "+33612345678"


@pytest.fixture
def sandbox(backchat_sandbox: Sandbox) -> Sandbox:
    return backchat_sandbox


def at_once(inbox: backchat.Inbox, event: SignedEvent, times: int) -> set[int]:
    """The event delivered so often at the same moment, and the statuses of the answers."""

    def receive(_: int) -> int:
        return inbox.receive(event.body, event.headers).status

    with ThreadPoolExecutor(times) as threads:
        return set(threads.map(receive, range(times)))


def inbox_of(sandbox: Sandbox, store: str | None = None, **options: object) -> backchat.Inbox:
    client = sandbox.client(max_retries=0, timeout=3)
    return backchat.Inbox(client, sandbox.webhook(), store=store, scope=scope(), **options)  # type: ignore[arg-type]


def test_a_message_is_answered_once_however_often_it_comes(
    sandbox: Sandbox, store: str | None
) -> None:
    inbox = inbox_of(sandbox, store)

    @inbox.on_message
    def answer(message: backchat.InboundMessage) -> str:
        return f"You said: {message.text}"

    event = sandbox.say(ANNA, "Hi")
    assert at_once(inbox, event, 8) <= {200, 503}
    assert inbox.receive(event.body, event.headers).status == 200
    assert [message.text for message in sandbox.messages] == ["You said: Hi"]
    record = inbox.outcome(str(event.message_id))
    assert record is not None
    assert (record.state, record.reply_id) == ("sent", sandbox.messages[0].id)
    assert answer(backchat.InboundMessage(message_id="im_1", from_=ANNA, text="x")) == "You said: x"


FAULTS: list[dict[str, object]] = [
    {"kind": "reset", "after": "request"},
    {"kind": "reset", "after": "request", "processed": False},
    {"kind": "cut_body"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503, "processed": True},
    {"kind": "status", "status": 429, "retry_after": 1},
    {"kind": "status", "status": 400, "code": "blocked_number"},
    {"kind": "delay", "milliseconds": 3200},
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_and_its_redeliveries_send_at_most_one(
    sandbox: Sandbox, store: str | None, fault: dict[str, object]
) -> None:
    inbox = inbox_of(sandbox, store)
    inbox.on_message(lambda message: f"You said: {message.text}")
    event = sandbox.say(ANNA, "Hi")
    sandbox.fail_next(**fault)  # type: ignore[arg-type]
    first = inbox.receive(event.body, event.headers)
    at_once(inbox, event, 4)
    last = inbox.receive(event.body, event.headers)
    assert last.status == 200
    retried = fault.get("status") == 429
    assert first.status == (503 if retried else 200)
    assert len(sandbox.messages) <= 1
    if retried:
        assert len(sandbox.messages) == 1
        assert first.headers == {"Retry-After": "1"}


def test_a_handler_that_raises_is_logged_and_runs_again(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = inbox_of(sandbox)
    failures: list[backchat.Failure] = []
    inbox.on_error(failures.append)
    mistakes = [ZeroDivisionError("the handler's own words")]

    @inbox.on_message
    def answer(message: backchat.InboundMessage) -> str:
        if mistakes:
            raise mistakes[0]
        return "Better now"

    event = sandbox.say(ANNA, "Hi")
    receipt = inbox.receive(event.body, event.headers)
    assert (receipt.status, receipt.body) == (503, "handler_failed")
    assert sandbox.messages == []
    traced = [record for record in caplog.records if record.exc_info]
    assert [record.levelno for record in traced] == [logging.ERROR]
    assert traced[0].exc_info is not None
    assert traced[0].exc_info[1] is mistakes[0]
    assert [(failure.stage, failure.error) for failure in failures] == [("handler", mistakes[0])]
    assert "own words" not in repr(failures[0])
    mistakes.clear()
    assert inbox.receive(event.body, event.headers).body == "sent"
    assert [message.text for message in sandbox.messages] == ["Better now"]


def test_a_handler_runs_on_the_thread_that_received(sandbox: Sandbox) -> None:
    inbox = inbox_of(sandbox)
    local = threading.local()
    local.name = "mine"
    seen: list[object] = []
    inbox.on_message(lambda message: seen.append((threading.current_thread(), local.name)))
    event = sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).body == "skipped"
    assert seen == [(threading.current_thread(), "mine")]


def test_what_is_no_function_is_refused(sandbox: Sandbox) -> None:
    inbox = inbox_of(sandbox)
    for decorator in ("on_message", "on_delivery", "on_opt_out", "on_other", "on_error"):
        with pytest.raises(TypeError, match=f"{decorator}.*function"):
            getattr(inbox, decorator)("answer")


def test_ctrl_c_in_a_handler_releases_the_message(sandbox: Sandbox) -> None:
    inbox = inbox_of(sandbox)
    answers = iter([KeyboardInterrupt, str])

    @inbox.on_message
    def answer(message: backchat.InboundMessage) -> str:
        kind = next(answers)
        if kind is KeyboardInterrupt:
            raise KeyboardInterrupt
        return "Hello"

    event = sandbox.say(ANNA, "Hi")
    with pytest.raises(KeyboardInterrupt):
        inbox.receive(event.body, event.headers)
    for _ in range(100):
        record = inbox.outcome(str(event.message_id))
        if record is not None and record.state == "retrying":
            break
        time.sleep(0.02)
    assert inbox.receive(event.body, event.headers).body == "sent"
    assert len(sandbox.messages) == 1


def test_an_answer_with_options_and_a_closed_window(sandbox: Sandbox) -> None:
    inbox = inbox_of(sandbox)
    sandbox.add_template("template_late", "Sorry, {{name}}")
    template = backchat.Template("template_late", variables={"name": "Anna"})
    inbox.on_message(lambda _: backchat.Answer("Hello", correlation_id="own-7", template=template))
    event = sandbox.say(ANNA, "Hi")
    sandbox.advance(hours=25)
    assert inbox.receive(event.body, event.headers).body == "sent"
    sent = sandbox.messages[0]
    assert (sent.type, sent.text, sent.correlation_id) == ("template", "Sorry, Anna", "own-7")


def test_a_maybe_sent_is_settled_by_its_delivery_event(sandbox: Sandbox) -> None:
    client = sandbox.client(callback_url="http://127.0.0.1:9/events", max_retries=0, timeout=3)
    inbox = backchat.Inbox(client, sandbox.webhook())
    inbox.on_message(lambda message: "Hello")
    told: list[backchat.DeliveryEvent] = []
    inbox.on_delivery(told.append)
    event = sandbox.say(ANNA, "Hi")
    sandbox.fail_next("reset", after="request")
    assert inbox.receive(event.body, event.headers).body == "maybe_sent"
    assert inbox.counts() == {"maybe_sent": 1}
    assert inbox.oldest_maybe_sent_age() is not None
    assert [record.message_id for record in inbox.list("maybe_sent")] == [event.message_id]
    assert inbox.rearm("im_unknown") == "unknown"
    record = inbox.outcome(str(event.message_id))
    assert record is not None
    delivered = backchat.Event.from_json(
        f'{{"id": "evt_1", "type": "transactional.message.delivered", "created_at": "", '
        f'"payload": {{"message_id": "tx_7", "correlation_id": "{record.correlation_id}"}}}}'
    )
    assert inbox.handle(delivered).status == 200
    assert [event.message_id for event in told] == ["tx_7"]
    assert inbox.counts() == {"sent": 1}
    assert inbox.rearm(str(event.message_id)) == "refused"
    assert inbox.oldest_maybe_sent_age() is None


def test_other_events_find_their_handlers(sandbox: Sandbox) -> None:
    inbox = inbox_of(sandbox)
    stopped: list[backchat.OptOutEvent] = []
    others: list[backchat.Event] = []
    event = sandbox.opt_out(ANNA)
    assert inbox.receive(event.body, event.headers).body == "ignored"
    inbox.on_opt_out(stopped.append)
    inbox.on_other(others.append)
    assert inbox.receive(event.body, event.headers).body == "handled"
    assert [(each.kind, each.from_) for each in stopped] == [("stop", ANNA)]
    new = backchat.Event.from_json(
        '{"id": "evt_1", "type": "moon.rose", "payload": {}, "created_at": ""}'
    )
    assert inbox.handle(new).body == "handled"
    assert others == [new]


def test_what_is_not_prelude_s_is_refused(sandbox: Sandbox) -> None:
    inbox = inbox_of(sandbox)
    failures: list[backchat.Failure] = []
    inbox.on_error(failures.append)
    event = sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body + b" ", event.headers).status == 401
    assert inbox.receive(event.body, {}).status == 401
    assert failures == []
    assert inbox.health().refused_requests == 2
    with pytest.raises(TypeError, match="request.get_data"):
        inbox.receive(event.body.decode(), event.headers)  # type: ignore[arg-type]


def test_without_a_handler_nothing_is_lost(sandbox: Sandbox) -> None:
    inbox = inbox_of(sandbox)
    event = sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).status == 503
    inbox.on_message(lambda message: "Hello")
    assert inbox.receive(event.body, event.headers).status == 200
    assert len(sandbox.messages) == 1


def test_what_operators_do(sandbox: Sandbox, store: str | None) -> None:
    inbox = inbox_of(sandbox, store)
    inbox.on_message(lambda message: None)
    begin = datetime.now(timezone.utc) - timedelta(minutes=1)
    for n in range(3):
        event = sandbox.say(f"+3361234567{n}", "Hi")
        inbox.receive(event.body, event.headers)
    assert inbox.counts() == {"skipped": 3}
    assert len(inbox.list()) == len(inbox.list("skipped", begin)) == 3
    assert inbox.list("skipped", datetime.now(timezone.utc) + timedelta(hours=1)) == []
    assert inbox.forget("+33612345671") == 1
    assert inbox.prune() == 0
    with pytest.raises(ValueError, match="not a state"):
        inbox.list("lost")  # type: ignore[arg-type]
    assert inbox.outcome("im_never") is None


def test_the_queue_answers_later_and_in_order(sandbox: Sandbox, store: str | None) -> None:
    options = backchat.QueueOptions(concurrency=4, backoff=0.01, poll=0.02)
    inbox = inbox_of(sandbox, store, queue=options)
    failed: set[str] = set()
    lock = threading.Lock()

    @inbox.on_message
    def answer(message: backchat.InboundMessage) -> str:
        with lock:
            first = message.text not in failed
            failed.add(message.text)
        if first and message.text.endswith("3"):
            raise RuntimeError("try again")
        assert message.verified
        return f"Answer to {message.text}"

    senders = [f"+3361234567{n}" for n in range(4)]
    for n in range(5):
        for sender in senders:
            event = sandbox.say(sender, f"{sender} {n}")
            for _ in range(2):
                assert inbox.receive(event.body, event.headers).status == 200
    worker = threading.Thread(target=inbox.run)
    worker.start()
    for _ in range(500):
        if len(sandbox.messages) == 20:
            break
        time.sleep(0.02)
    inbox.shutdown()
    worker.join(5)
    assert not worker.is_alive()
    for sender in senders:
        texts = [message.text for message in sandbox.messages if message.to == sender]
        assert texts == [f"Answer to {sender} {n}" for n in range(5)]


def test_a_store_that_is_gone_runs_nothing(sandbox: Sandbox) -> None:
    with pytest.raises(backchat.StoreError):
        inbox_of(sandbox, "postgres://nobody@127.0.0.1:9/nothing")
    with pytest.raises(backchat.ConfigurationError) as raised:
        inbox_of(sandbox, "mysql://here/there")
    assert raised.value.option == "store"


def test_an_interrupted_receive_goes_on_in_the_background() -> None:
    """The POST had begun: it is finished, recorded, and never repeated."""
    import _thread

    with stub() as server:
        server.hold.set()
        client = backchat.Client(base_url=server.url, api_token="token")
        inbox = backchat.Inbox(client, backchat.Webhook.unverified())
        inbox.on_message(lambda message: "Hello")
        message = backchat.InboundMessage(message_id="im_1", from_=ANNA, text="Hi")

        def interrupt() -> None:
            server.arrived.acquire()
            _thread.interrupt_main()

        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            inbox.receive(message.raw, {})
        server.release.set()
        for _ in range(100):
            if inbox.counts() == {"sent": 1}:
                break
            time.sleep(0.02)
        assert inbox.receive(message.raw, {}).body == "sent"
        assert len(server.posts) == 1


def test_half_a_surrogate_pair_is_the_handler_s_mistake(sandbox: Sandbox) -> None:
    inbox = inbox_of(sandbox)
    inbox.on_message(lambda message: "half: \ud800")
    event = sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).body == "handler_failed"
    assert sandbox.messages == []


def test_ctrl_c_in_the_error_hook_goes_on(sandbox: Sandbox) -> None:
    inbox = inbox_of(sandbox)

    @inbox.on_error
    def hook(failure: backchat.Failure) -> None:
        raise KeyboardInterrupt

    event = sandbox.say(ANNA, "Hi")
    with pytest.raises(KeyboardInterrupt):
        inbox.receive(event.body, event.headers)  # there is no handler
