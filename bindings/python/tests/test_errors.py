"""One list of errors for all languages, each raised through the real path."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

import backchat

TO, IM = "+33612345678", "im_01k8aq2zggeyssvt53zgvpx63a"

Raiser = Callable[[], object]


def client(url: str = "http://127.0.0.1:9", **options: object) -> backchat.Client:
    return backchat.Client(base_url=url, api_token="token", max_retries=0, **options)  # type: ignore[arg-type]


def answering(status: int, body: bytes, content_type: str = "application/json") -> Raiser:
    """A reply to a server that gives this answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    def reply() -> object:
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            try:
                with client(f"http://127.0.0.1:{server.server_port}") as sender:
                    return sender.notify.reply(to=TO, text="Hi", reply_to=IM)
            finally:
                server.shutdown()

    return reply


def refusing(code: str) -> Raiser:
    status = {"unauthorized": 401, "rate_limited": 429}.get(code, 400)
    return answering(status, json.dumps({"code": code}).encode())


def cancelled() -> object:
    sender = client()
    sender.close()
    return sender.notify.reply(to=TO, text="Hi", reply_to=IM)


def maybe_sent() -> object:
    return answering(502, b"", "text/html")()


def tls_failed() -> object:
    # A server that speaks no TLS.
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = Thread(target=server.handle_request, daemon=True)
        thread.start()
        with client(f"https://127.0.0.1:{server.server_port}") as sender:
            return sender.notify.reply(to=TO, text="Hi", reply_to=IM)


def timed_out() -> object:
    # A queue of pending connections that is full: nobody accepts, and nothing is sent.
    import socket

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        try:
            with client(f"http://127.0.0.1:{address[1]}", timeout=1, connect_timeout=0.2) as sender:
                return sender.notify.reply(to=TO, text="Hi", reply_to=IM)
        finally:
            for each in waiting:
                each.close()


OWN: dict[str, Raiser] = {
    "redirected": answering(307, b""),
    "http_error": answering(400, b"no"),
    "connection_failed": lambda: client().notify.reply(to=TO, text="Hi", reply_to=IM),
    "tls_failed": tls_failed,
    "timed_out": timed_out,
    "cancelled": cancelled,
    "maybe_sent": maybe_sent,
    "sent_unconfirmed": answering(200, b"<html>"),
    "signature_missing": lambda: backchat.Webhook(KEY).verify(b"{}", {}),
    "signature_invalid": lambda: backchat.Webhook(KEY).verify(b"{}", {"X-Webhook-Signature": "no"}),
    "event_unreadable": lambda: backchat.Event.from_json(b"{}"),
    "configuration": lambda: backchat.Client(api_token="token", base_url="ftp://here"),
    "store_unavailable": lambda: backchat.Inbox(
        client(), backchat.Webhook.unverified(), store="sqlite:///no/such/folder/inbox.db"
    ),
}

KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo
4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0/IzW7yWR7QkrmBL7jTKEn5u
+qKhbwKfBstIs+bMY2Zkp18gnTxKLxoS2tFczGkPLPgizskuemMghRniWaoLcyeh
kd3qqGElvW/VDL5AaWTg0nLVkjRo9z+40RQzuVaE8AkAFmxZzow3x+VJYKdjykkJ
0iT9wCS0DRTXu269V264Vf/3jvredZiKRkgwlL9xNAwxXFg0x/XFw005UWVRIkdg
cKWTjpBP2dPwVZ4WWC+9aGVd+Gyn1o0CLelf4rEjGoXbAAEgAqeGUxrcIlbjXfbc
mwIDAQAB
-----END PUBLIC KEY-----"""


@pytest.mark.parametrize("code", backchat.ERROR_CODES)
def test_every_code_is_raised(code: str) -> None:
    with pytest.raises(backchat.BackchatError) as raised:
        OWN.get(code, refusing(code))()
    error = raised.value
    assert error.code == code
    assert error.advice
    assert str(error).startswith(error.code)
    assert type(error).__name__ in backchat.__all__
    assert isinstance(error, getattr(backchat, type(error).__name__))


@pytest.mark.parametrize("code", ["missing_text", "maybe_sent", "event_unreadable", "configuration"])
def test_errors_can_be_pickled_and_copied(code: str) -> None:
    with pytest.raises(backchat.BackchatError) as raised:
        OWN.get(code, refusing(code))()
    error = raised.value
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)


def test_a_wrong_argument_is_a_value_error_and_a_refusal_is_not() -> None:
    with pytest.raises(ValueError) as raised:
        client().notify.reply(to=TO, text="", reply_to=IM)
    assert isinstance(raised.value, backchat.MissingTextError)
    assert raised.value.outcome == "not_sent"
    with pytest.raises(backchat.MissingTextError) as refused:
        refusing("missing_text")()
    assert not isinstance(refused.value, ValueError)
    assert refused.value.outcome == "rejected"
    assert isinstance(pickle.loads(pickle.dumps(raised.value)), ValueError)


def test_a_new_code_keeps_its_string() -> None:
    with pytest.raises(backchat.ApiError) as raised:
        refusing("moon_phase")()
    assert raised.value.code == "moon_phase"


def test_a_handler_s_test_can_make_errors() -> None:
    error = backchat.MaybeSentError("made up", code="maybe_sent", outcome="maybe_sent")
    assert (error.outcome, error.phase, str(error)) == ("maybe_sent", None, "made up")


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"connect_timeout": 0}, "connect_timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"max_connections": 0}, "max_connections"),
        ({"base_url": "http://example.com"}, "base_url"),
        ({"proxy": "socks://here"}, "proxy"),
        ({"ca_certificate": "no"}, "ca_certificate"),
        ({"user_agent": "a\nb"}, "user_agent"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], option: str) -> None:
    with pytest.raises(backchat.ConfigurationError) as raised:
        backchat.Client(**{"api_token": "token", **options})  # type: ignore[arg-type]
    assert raised.value.option == option
    assert isinstance(raised.value, ValueError)


def test_without_a_token_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PRELUDE_API_TOKEN", "API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(backchat.AuthenticationError) as raised:
        backchat.Client()
    assert raised.value.code == "missing_api_token"
    with pytest.raises(TypeError, match="api_token"):
        backchat.Client(api_token=7)  # type: ignore[arg-type]
