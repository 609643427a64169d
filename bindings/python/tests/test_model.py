"""Events, answers and templates as Python objects."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import backchat
from backchat.testing import Sandbox

MESSAGE: dict[str, Any] = {
    "id": "evt_01k8aq2zggeyssvt53zgvpx63a",
    "type": "inbound.message.received",
    "payload": {
        "message_id": "im_01k8aq2zggeyssvt53zgvpx63a",
        "channel": "whatsapp",
        "from": "+33612345678",
        "to": "+14155551234",
        "content": {"text": "Hi, I have a question about my order"},
        "conversation": {"window_expires_at": "2025-10-25T08:59:10.736909995Z"},
    },
    "created_at": "2025-10-24T08:59:10.736925502Z",
}


def message() -> backchat.InboundMessage:
    event = backchat.Event.from_json(json.dumps(MESSAGE))
    assert isinstance(event, backchat.InboundMessage)
    return event


def test_fields() -> None:
    event = message()
    assert event.message_id == "im_01k8aq2zggeyssvt53zgvpx63a"
    assert (event.from_, event.to) == ("+33612345678", "+14155551234")
    assert (event.channel, event.type) == ("whatsapp", "inbound.message.received")
    assert event.verified is False
    assert event.raw == json.dumps(MESSAGE).encode()


def test_datetimes_are_aware_and_the_exact_string_is_kept() -> None:
    event = message()
    assert event.created_at == datetime(2025, 10, 24, 8, 59, 10, 736925, timezone.utc)
    assert event.created_at_raw == "2025-10-24T08:59:10.736925502Z"
    assert event.reply_window.expires_at == datetime(2025, 10, 25, 8, 59, 10, 736909, timezone.utc)
    assert event.reply_window.expires_at_raw == "2025-10-25T08:59:10.736909995Z"


def test_a_date_that_is_none_costs_nobody_an_event() -> None:
    event = backchat.Event.from_json(json.dumps({**MESSAGE, "created_at": "yesterday"}))
    assert event.created_at is None
    assert event.created_at_raw == "yesterday"


def test_the_window_is_told_by_any_clock() -> None:
    window = message().reply_window
    closes = datetime(2025, 10, 25, 8, 59, 10, 736909, timezone.utc)
    assert window.state_at(closes) == "open"  # 995 ns before
    assert window.state_at(closes + timedelta(microseconds=1)) == "closed"
    elsewhere = (closes - timedelta(hours=1)).astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert window.state_at(elsewhere) == "open"
    assert window.remaining_at(elsewhere) == timedelta(hours=1)
    assert window.remaining_at(closes + timedelta(days=1)) == timedelta(0)
    assert window.state() == "closed"
    with pytest.raises(ValueError, match="aware"):
        window.state_at(datetime(2025, 10, 25))


def test_repr_hides_text_and_number() -> None:
    event = message()
    for shown in (repr(event), str(event), f"{event}"):
        assert "+33…78" in shown
        assert event.message_id in shown
        assert event.text not in shown
        assert event.from_ not in shown


def test_equality_hash_copy_pickle() -> None:
    event, other = message(), message()
    assert event == other
    assert hash(event) == hash(other)
    assert event != backchat.Event.from_json(json.dumps({**MESSAGE, "id": "evt_2"}))
    assert event != "evt_01k8aq2zggeyssvt53zgvpx63a"
    assert copy.copy(event) == copy.deepcopy(event) == event
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(event, protocol)) == event
    with pytest.raises(AttributeError):
        event.text = "Bye"  # type: ignore[misc]


def test_a_pickle_keeps_what_is_known_of_the_signature(
    backchat_sandbox: Sandbox,
) -> None:
    signed = backchat_sandbox.say("+33612345678", "Hi")
    event = backchat_sandbox.webhook().verify(signed.body, signed.headers)
    assert event.verified
    assert pickle.loads(pickle.dumps(event)).verified
    assert not backchat.Event.from_json(event.raw).verified


def test_match_works_by_class_and_by_attribute() -> None:
    match backchat.Event.from_json(json.dumps(MESSAGE)):
        case backchat.InboundMessage(text, channel="whatsapp"):
            assert text == "Hi, I have a question about my order"
        case _:
            pytest.fail("no match")
    delivered = {
        "id": "evt_1",
        "type": "transactional.message.delivered",
        "payload": {"message_id": "tx_1", "correlation_id": "im_7.abcdefghjkmn"},
        "created_at": "2025-10-24T08:59:10Z",
    }
    match backchat.Event.from_json(json.dumps(delivered)):
        case backchat.DeliveryEvent("delivered", message_id, reply_to="im_7"):
            assert message_id == "tx_1"
        case _:
            pytest.fail("no match")
    stop: dict[str, object] = {
        "id": "evt_1",
        "type": "marketing.subscription.stop",
        "payload": {},
        "created_at": "",
    }
    match backchat.Event.from_json(json.dumps(stop)):
        case backchat.OptOutEvent("stop", None):
            pass
        case _:
            pytest.fail("no match")
    new = {**stop, "type": "moon.rose", "payload": {"phase": 1}}
    match backchat.Event.from_json(json.dumps(new)):
        case backchat.UnknownEvent("moon.rose", {"phase": 1}):
            pass
        case _:
            pytest.fail("no match")


def test_to_dict_is_flat_with_the_api_s_names() -> None:
    event = message()
    plain = event.to_dict()
    assert plain["from"] == "+33612345678"
    assert plain["text"] == "Hi, I have a question about my order"
    assert plain["created_at"] == "2025-10-24T08:59:10.736925502Z"
    assert json.loads(event.to_json()) == MESSAGE
    assert backchat.Event.from_json(event.to_json()) == event


def test_a_message_for_the_test_of_a_handler() -> None:
    event = backchat.InboundMessage(message_id="im_1", from_="+33612345678", text="Hi")
    assert (event.text, event.verified, event.reply_window.state()) == ("Hi", False, "unknown")


def test_a_message_with_any_content() -> None:
    content = {"image": {"size": 7, "tags": [None, True]}, "text": "Look"}
    event = backchat.InboundMessage(message_id="im_1", from_="+33612345678", content=content)
    assert (event.text, event.content) == ("Look", content)
    assert event.to_dict()["content"] == content
    assert pickle.loads(pickle.dumps(event)).content == content
    assert "Look" not in repr(event)
    photo = backchat.InboundMessage(message_id="im_1", from_="+33612345678", content={"image": {}})
    assert (photo.text, photo.content) == ("", {"image": {}})
    text = backchat.InboundMessage(message_id="im_1", from_="+33612345678", text="Hi")
    assert text.content == {"text": "Hi"}
    wrong: list[dict[str, Any]] = [{}, {"text": "Hi", "content": {"text": "Hi"}}]
    for arguments in wrong:
        with pytest.raises(ValueError, match="give `text`, or `content`"):
            backchat.InboundMessage(message_id="im_1", from_="+33612345678", **arguments)


def test_an_unreadable_event_keeps_its_bytes() -> None:
    with pytest.raises(backchat.UnreadableEventError) as raised:
        backchat.Event.from_json(b'{"id": 7')
    assert raised.value.raw == b'{"id": 7'
    assert raised.value.webhook_status == 200


def test_a_template_is_a_value() -> None:
    moment = datetime(2030, 1, 1, tzinfo=timezone.utc)
    template = backchat.Template(
        "template_order",
        variables={"order": "7"},
        expires_at=moment,
        document={"url": "https://example.com/a.pdf", "filename": "a.pdf"},
    )
    assert template.expires_at == "2030-01-01T00:00:00+00:00"
    assert template.document == backchat.Document("https://example.com/a.pdf", filename="a.pdf")
    assert pickle.loads(pickle.dumps(template)) == template
    assert hash(pickle.loads(pickle.dumps(template))) == hash(template)
    assert pickle.loads(pickle.dumps(template.document)) == template.document
    assert "7" not in repr(template)
    with pytest.raises(backchat.ApiError) as raised:
        backchat.Template("template_order", expires_at=datetime(2030, 1, 1))
    assert raised.value.code == "invalid_date_format"
    assert isinstance(raised.value, ValueError)


def test_the_parts_of_an_event_are_values() -> None:
    window = message().reply_window
    rcs: dict[str, object] = {**MESSAGE["payload"], "channel": "rcs", "conversation": {}}
    unlimited = backchat.Event.from_json(json.dumps({**MESSAGE, "payload": rcs}))
    created = {
        "id": "evt_1",
        "type": "transactional.message.created",
        "payload": {"id": "tx_1", "fee": {"amount": "0.05", "currency": "EUR"}},
        "created_at": "",
    }
    paid = backchat.Event.from_json(json.dumps(created))
    assert isinstance(unlimited, backchat.InboundMessage)
    assert isinstance(paid, backchat.DeliveryEvent)
    assert paid.fee is not None and paid.fee.amount == "0.05"
    assert unlimited.reply_window.state() == "none"
    for part in (window, unlimited.reply_window, paid.fee):
        assert pickle.loads(pickle.dumps(part)) == copy.deepcopy(part) == part
        assert hash(pickle.loads(pickle.dumps(part))) == hash(part)


def test_answers_are_values(backchat_sandbox: Sandbox) -> None:
    backchat_sandbox.add_template("template_hello", "Hello {{name}}")
    signed = backchat_sandbox.say("+33612345678", "Hi")
    message = signed.event
    assert isinstance(message, backchat.InboundMessage)
    with backchat_sandbox.client() as client:
        reply = client.reply(message, "Hello")
        sent = client.notify.send(
            template_id="template_hello", to="+33612345678", variables={"name": "Anna"}
        )
    for answer in (reply, sent):
        assert pickle.loads(pickle.dumps(answer)) == answer
        assert hash(copy.deepcopy(answer)) == hash(answer)
        assert json.loads(answer.raw)["id"] == answer.id == answer.to_dict()["id"]
        assert answer.created_at is not None and answer.created_at.tzinfo is not None
        assert "+33612345678" not in repr(answer)
    assert "Hello" not in repr(reply)
    assert "Anna" not in repr(sent)
    assert (reply.sent, sent.sent) == ("reply", "template")
