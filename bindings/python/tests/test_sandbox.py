"""`backchat.testing`: Prelude on this machine."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

import backchat
from backchat.testing import Sandbox

ANNA = "+33612345678"


def test_a_webhook_is_posted_and_comes_again(backchat_sandbox: Sandbox) -> None:
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            webhook.verify(bodies[-1], self.headers)
            self.send_response(503 if len(bodies) == 1 else 200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    webhook = backchat_sandbox.webhook()
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/webhooks/prelude"
        event = backchat_sandbox.say(ANNA, "Hi", to=url)
        assert bodies == [event.body]
        backchat_sandbox.advance(minutes=1)
        assert bodies == [event.body] * 2
        assert backchat_sandbox.redeliver(event.id).get("status") == 200
        statuses = [attempt.get("status") for attempt in backchat_sandbox.deliveries]
        assert statuses == [503, 200, 200]
        server.shutdown()


def test_a_user_sends_a_file(backchat_sandbox: Sandbox) -> None:
    photo = backchat_sandbox.say(
        ANNA, file=b"\x89PNG", content_type="image/png", filename="photo.png"
    ).event
    assert isinstance(photo, backchat.InboundMessage)
    assert photo.text == ""
    media = {"content_type": "image/png", "filename": "photo.png", "size": 4.0}
    assert photo.content == {"media": media}
    captioned = backchat_sandbox.say(ANNA, "Look", file=memoryview(b"")).event
    assert isinstance(captioned, backchat.InboundMessage)
    assert captioned.text == "Look"
    assert captioned.content["media"]["content_type"] == "application/octet-stream"
    too_large = bytes(4 * 1024 * 1024 + 1)
    wrong: list[dict[str, Any]] = [{}, {"file": too_large}, {"file": b"", "content_type": "photo"}]
    for arguments in wrong:
        with pytest.raises(ValueError):
            backchat_sandbox.say(ANNA, **arguments)
    with pytest.raises(TypeError):
        backchat_sandbox.say(ANNA, file="photo.png")  # type: ignore[arg-type]


def test_what_was_written_again_has_another_signature(backchat_sandbox: Sandbox) -> None:
    event = backchat_sandbox.say(ANNA, "Grüße")
    webhook = backchat_sandbox.webhook()
    assert webhook.verify(event.body, event.headers).verified
    read = json.loads(event.body)
    for written in (
        json.dumps(read),
        json.dumps(read, separators=(",", ":")),
        json.dumps(read, ensure_ascii=False),
        json.dumps(read, sort_keys=True),
        json.dumps(read, indent=2),
    ):
        with pytest.raises(backchat.SignatureVerificationError):
            webhook.verify(written.encode(), event.headers)


def test_the_window_closes(backchat_sandbox: Sandbox) -> None:
    event = backchat_sandbox.say(ANNA, "Hi").event
    assert isinstance(event, backchat.InboundMessage)
    before = backchat_sandbox.now
    assert backchat_sandbox.advance(hours=24) >= before + timedelta(hours=24)
    with pytest.raises(backchat.WindowExpiredError):
        backchat_sandbox.client().reply(event, "Too late")
    backchat_sandbox.add_template("template_late", "Sorry")
    sent = backchat_sandbox.client().reply_or_template(
        event, "Too late", backchat.Template("template_late")
    )
    assert sent.sent == "template"


def test_the_clock_starts_where_it_is_told() -> None:
    start = datetime(2030, 1, 1, tzinfo=timezone.utc)
    with Sandbox(start_at=start) as sandbox:
        assert start <= sandbox.now < start + timedelta(minutes=1)


def test_the_account_refuses(backchat_sandbox: Sandbox) -> None:
    event = backchat_sandbox.say(ANNA, "Hi").event
    assert isinstance(event, backchat.InboundMessage)
    assert backchat_sandbox.account(balance=0)["balance"] == 0
    with pytest.raises(backchat.InsufficientBalanceError):
        backchat_sandbox.client().reply(event, "Hello")
    backchat_sandbox.reset()
    assert backchat_sandbox.account()["balance"] > 0


def test_nonsense_is_refused(backchat_sandbox: Sandbox) -> None:
    for wrong in (
        lambda: backchat_sandbox.say("0612", "Hi"),
        lambda: backchat_sandbox.redeliver("evt_1"),
        lambda: backchat_sandbox.fail_next("status", status=200),
        lambda: backchat_sandbox.fail_next("meteor"),  # type: ignore[arg-type]
        lambda: backchat_sandbox.account(colour="red"),
        lambda: backchat_sandbox.say(ANNA, "Hi", to="here"),
    ):
        with pytest.raises(ValueError):
            wrong()


def test_a_closed_sandbox_says_so() -> None:
    sandbox = Sandbox()
    sandbox.close()
    sandbox.close()
    with pytest.raises(RuntimeError, match="closed"):
        sandbox.say(ANNA, "Hi")


def test_faults_can_be_forgotten(backchat_sandbox: Sandbox) -> None:
    event = backchat_sandbox.say(ANNA, "Hi").event
    assert isinstance(event, backchat.InboundMessage)
    backchat_sandbox.fail_next("status", status=500, count=5)
    backchat_sandbox.clear_faults()
    assert backchat_sandbox.client().reply(event, "Hello").id == backchat_sandbox.messages[0].id
