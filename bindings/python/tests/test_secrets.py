"""Nothing that is printed shows a token, a text, a whole number or a URL's password, and nothing that came
from elsewhere breaks out of its line: canaries through every printed form."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

import backchat
from backchat.testing import Sandbox

TOKEN, TEXT, NUMBER, PASSWORD = "canarytoken", "canary text", "+33698765432", "canarypassword"
EVIL = "canaryevil\r\n2030-01-01 CRITICAL forged\x1b[31m\x85\u2028\u202e"
URL = f"https://user:{PASSWORD}@example.com/path?token={TOKEN}#{TOKEN}"
IM = "im_01k8aq2zggeyssvt53zgvpx63a"


def clean(printed: str) -> None:
    for canary in (TOKEN, TEXT, NUMBER, NUMBER[1:], "98765", PASSWORD, "canaryevil", "forged"):
        assert canary not in printed, printed
    for obeyed in "\r\n\x1b\x85\u2028\u202e":
        assert obeyed not in printed, printed


def clean_error(error: backchat.BackchatError) -> None:
    for each in (error, copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(each) is type(error)
        assert (each.code, each.request_id) == (error.code, error.request_id)
        for printed in (str(each), repr(each), each.advice, repr(each.args)):
            clean(printed)
        # As `logger.error("…", extra=vars(error))` and `{**vars(error)}` do.
        clean(repr({**vars(each)}))
        clean(repr(each.__dict__))
    cause: BaseException | None = error
    while cause is not None:
        clean(str(cause))
        clean(repr(cause))
        cause = cause.__cause__ or cause.__context__
    # The frames are the test's own: only what is said of the error itself.
    told = traceback.TracebackException.from_exception(error)
    while told is not None:
        clean("".join(told.format_exception_only()).rstrip("\n"))
        told = told.__cause__ or told.__context__  # type: ignore[assignment]


def clean_record(record: logging.LogRecord) -> None:
    """All of it but a handler's exception, which is the application's own."""
    clean(record.getMessage())
    for name, value in vars(record).items():
        if name not in ("exc_info", "exc_text"):
            clean(value if isinstance(value, str) else repr(value))


@pytest.fixture(autouse=True)
def every_line_is_clean(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    with caplog.at_level(logging.DEBUG, "backchat"):
        yield
    for record in caplog.get_records("call"):
        if record.name == "backchat":
            clean_record(record)


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Generator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


BODIES = {
    "evil": {"code": EVIL, "message": TEXT, "type": EVIL, "request_id": EVIL},
    "canaries as codes": {"code": NUMBER, "message": NUMBER, "request_id": NUMBER},
    "known": {"code": "window_expired", "message": f"{TEXT} {NUMBER} {TOKEN}", "request_id": "req_1"},
    "accepted": {
        "id": EVIL,
        "to": NUMBER,
        "reply_to": IM,
        "text": TEXT,
        "created_at": EVIL,
        "correlation_id": EVIL,
        "callback_url": URL,
    },
    "text": TEXT,
}


@pytest.mark.parametrize("status", [200, 307, 400, 401, 408, 429, 500, 503])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_an_answer_of_the_server(status: int, body: object, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"x_request_id": "canaryevil id", "location": URL, "retry_after": "canaryevil"}
    with answering(status, json.dumps(body).encode(), **headers) as url:
        client = backchat.Client(
            base_url=url, api_token=TOKEN, max_retries=0, callback_url=URL, user_agent=TOKEN
        )
        clean(repr(client))
        try:
            response = client.notify.reply(to=NUMBER, text=TEXT, reply_to=IM)
        except backchat.BackchatError as error:
            clean_error(error)
        else:
            for each in (response, pickle.loads(pickle.dumps(response))):
                clean(repr(each))
                clean(str(each))
    assert [record for record in caplog.records if record.name == "backchat"]


WRONG: dict[str, Callable[[str], object]] = {
    "to": lambda bad: _client().notify.reply(to=bad, text=TEXT, reply_to=IM),
    "reply_to": lambda bad: _client().notify.reply(to=NUMBER, text=TEXT, reply_to=bad),
    "correlation_id": lambda bad: _client().notify.reply(
        to=NUMBER, text=TEXT, reply_to=IM, correlation_id=bad * 81
    ),
    "callback_url": lambda bad: _client().notify.reply(
        to=NUMBER, text=TEXT, reply_to=IM, callback_url=f"ftp://u:{PASSWORD}@h/{bad}?{TOKEN}"
    ),
    "header's name": lambda bad: _client().notify.reply(
        to=NUMBER, text=TEXT, reply_to=IM, extra_headers={f"{bad} x": TOKEN}
    ),
    "header's value": lambda bad: _client().notify.reply(
        to=NUMBER, text=TEXT, reply_to=IM, extra_headers={"x-own": f"{bad}\n"}
    ),
    "authorization": lambda bad: _client().notify.reply(
        to=NUMBER, text=TEXT, reply_to=IM, extra_headers={"Authorization": bad}
    ),
    "template_id": backchat.Template,
    "locale": lambda bad: backchat.Template("template_1", locale=bad),
    "expires_at": lambda bad: backchat.Template("template_1", expires_at=bad),
    "document": lambda bad: backchat.Document(f"http://u:{PASSWORD}@h/{bad}?{TOKEN}"),
    "base_url": lambda bad: _client(base_url=f"ftp://u:{PASSWORD}@h/{bad}?{TOKEN}"),
    "base_url over http": lambda bad: _client(base_url=f"http://u:{PASSWORD}@h/{bad}?{TOKEN}"),
    "no URL": lambda bad: _client(base_url=bad),
    "proxy": lambda bad: _client(proxy=f"socks://u:{PASSWORD}@h/{bad}"),
    "ca_certificate": lambda bad: _client(ca_certificate=bad),
    "user_agent": lambda bad: _client(user_agent=f"{bad}\n"),
    "api_token": lambda bad: _client(api_token=f"{bad}\n"),
    "public_key": backchat.Webhook,
    "event": backchat.Event.from_json,
    "store": lambda bad: _inbox(f"mysql://u:{PASSWORD}@h/{bad}"),
    "postgres": lambda bad: _inbox(f"postgres://u:{PASSWORD}@127.0.0.1:9/db"),
    "postgres, wrong": lambda bad: _inbox(f"postgres://u:{PASSWORD}@h:port/db?{bad}={TOKEN}"),
}


def _client(**options: object) -> backchat.Client:
    return backchat.Client(**{"api_token": TOKEN, "base_url": "http://127.0.0.1:9", **options})  # type: ignore[arg-type]


def _inbox(store: str | None = None) -> backchat.Inbox:
    return backchat.Inbox(_client(), backchat.Webhook.unverified(), store=store)


@pytest.mark.parametrize("bad", [TEXT, EVIL, NUMBER + "x"], ids=["text", "evil", "number"])
@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_a_wrong_argument(call: Callable[[str], object], bad: str) -> None:
    with pytest.raises(backchat.BackchatError) as raised:
        call(bad)
    clean_error(raised.value)


@pytest.mark.parametrize("make", [backchat.Client, backchat.AsyncClient])
def test_the_frames_of_a_wrong_option_hold_no_secret(make: type[backchat.AsyncClient]) -> None:
    """As reporters of errors show the variables of each frame."""
    options = {"api_token": TOKEN, "proxy": f"http://u:{PASSWORD}@h", "timeout": 0}
    store = f"postgres://u:{PASSWORD}@127.0.0.1:9/db"
    calls: list[Callable[[], object]] = [
        lambda: make(**options),  # type: ignore[arg-type]
        lambda: backchat.Inbox(_client(), backchat.Webhook.unverified(), store=store),
        lambda: backchat.AsyncInbox(_client(), backchat.Webhook.unverified(), store=store),
    ]
    for call in calls:
        with pytest.raises(backchat.BackchatError) as raised:
            call()
        trace = raised.value.__traceback__
        while trace is not None:
            if "/backchat/" in trace.tb_frame.f_code.co_filename:
                own = trace.tb_frame.f_locals.items()
                clean(repr([value for name, value in own if name != "self"]))
            trace = trace.tb_next


def events() -> list[dict[str, object]]:
    payloads: dict[str, dict[str, object]] = {
        "inbound.message.received": {
            "message_id": EVIL,
            "channel": EVIL,
            "from": NUMBER,
            "to": NUMBER,
            "content": {"text": TEXT},
            "conversation": {"window_expires_at": EVIL},
        },
        "transactional.message.delivered": {
            "message_id": EVIL,
            "correlation_id": EVIL,
            "callback_url": URL,
            "to": NUMBER,
            "fee": {"amount": EVIL, "currency": EVIL},
            "created_at": EVIL,
        },
        "transactional.message.failed": {"message_id": NUMBER, "reason": EVIL, "text": TEXT},
        "marketing.subscription.stop": {"from": NUMBER, "to": NUMBER, "keyword": TEXT},
        EVIL: {"text": TEXT, "from": NUMBER},
    }
    made = [{"type": type, "payload": payload} for type, payload in payloads.items()]
    return [{"id": EVIL, "created_at": EVIL, **event} for event in made]


@pytest.mark.parametrize("wire", events(), ids=lambda event: event["type"][:12])
def test_an_event_that_nobody_verified(wire: dict[str, object]) -> None:
    event = backchat.Event.from_json(json.dumps(wire))
    inbox = _inbox()
    failures: list[backchat.Failure] = []

    @inbox.on_error
    def alarm(failure: backchat.Failure) -> None:
        failures.append(failure)

    @inbox.on_message
    def answer(message: backchat.InboundMessage) -> str:
        raise LookupError

    inbox.on_delivery(answer)  # type: ignore[arg-type]
    inbox.on_opt_out(answer)  # type: ignore[arg-type]
    inbox.on_other(answer)  # type: ignore[arg-type]
    printed: list[object] = [event, pickle.loads(pickle.dumps(event)), inbox.handle(event)]
    printed += [getattr(event, part) for part in ("reply_window", "fee") if hasattr(event, part)]
    printed += inbox.list()
    printed += failures
    assert failures
    for each in printed:
        clean(repr(each))
        clean(str(each))


def test_values_of_the_application(backchat_sandbox: Sandbox) -> None:
    variables = {"name": TEXT}
    template = backchat.Template("template_1", variables=variables, callback_url=URL)
    values: list[object] = [
        template,
        backchat.Document(URL, filename=TEXT),
        backchat.Answer(TEXT, callback_url=URL, template=template),
        backchat.InboundMessage(message_id=IM, from_=NUMBER, text=TEXT),
        _client(api_token=TOKEN, callback_url=URL, proxy=f"http://u:{PASSWORD}@127.0.0.1:9"),
        backchat.AsyncClient(api_token=lambda: TOKEN, callback_url=URL),
        backchat.Webhook(backchat_sandbox.public_key),
    ]
    for value in values:
        clean(repr(value))
        clean(str(value))


class canaryevil(Exception):  # noqa: N801
    """Even its name tells something."""


@pytest.mark.parametrize("error", [RuntimeError, KeyError, KeyboardInterrupt, SystemExit])
def test_a_token_function_that_raises(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    import asyncio

    def token() -> str:
        try:
            raise ValueError(TOKEN)
        except ValueError as cause:
            raise error(f"{TOKEN} {EVIL}") from cause

    async def async_token() -> str:
        await asyncio.sleep(0)
        return token()

    with pytest.raises(backchat.AuthenticationError) as raised:
        _client(api_token=token).notify.reply(to=NUMBER, text=TEXT, reply_to=IM)
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    clean_error(raised.value)

    async def main(function: Callable[..., object]) -> None:
        client = backchat.AsyncClient(base_url="http://127.0.0.1:9", api_token=function)  # type: ignore[arg-type]
        with pytest.raises(backchat.AuthenticationError) as raised:
            await client.notify.reply(to=NUMBER, text=TEXT, reply_to=IM)
        clean_error(raised.value)

    asyncio.run(main(token))
    if issubclass(error, Exception):  # the loop itself ends with any other
        asyncio.run(main(async_token))
    told = [record for record in caplog.records if record.name == "backchat"]
    assert len(told) == (3 if issubclass(error, Exception) else 2)
    for record in told:
        assert record.msg == "the api_token function failed %(fields)s"
        assert f"it raised {error.__name__} at test_secrets.py:" in record.getMessage()
        assert record.exc_info is None
        clean_record(record)


def test_a_handler_s_exception_is_the_application_s_own(caplog: pytest.LogCaptureFixture) -> None:
    """With its traceback, for nobody could mend it otherwise; but the line itself holds no word of it."""
    inbox = _inbox()

    @inbox.on_message
    def answer(message: backchat.InboundMessage) -> str:
        raise RuntimeError("the application's own words")

    inbox.handle(backchat.InboundMessage(message_id=IM, from_=NUMBER, text=TEXT))
    [record] = [record for record in caplog.records if record.exc_info]
    assert "own words" not in record.getMessage()
    formatted = logging.Formatter().format(record)
    assert "own words" in formatted
    assert "in answer" in formatted, "the traceback names the function"
