"""An inbox inside the frameworks that people use: each takes `POST /webhooks/prelude`, without a
slash at its end, and answers as the inbox says."""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Generator, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from wsgiref.simple_server import make_server

import httpx
import pytest
import uvicorn
from django.conf import settings as django_settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from fastapi import FastAPI
from flask import Flask, Response, current_app, request
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response as StarletteResponse
from starlette.routing import Mount, Route
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server as make_werkzeug_server

import backchat
from backchat.testing import Sandbox, SignedEvent

with warnings.catch_warnings():  # Pyramid imports `pkg_resources` and `cgi`
    warnings.simplefilter("ignore")
    from pyramid.config import Configurator  # type: ignore[import-untyped]
    from pyramid.wsgi import wsgiapp  # type: ignore[import-untyped]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
WSGIApp = Callable[..., Any]

PATH = "/webhooks/prelude"
USER = "+33612345678"
TOO_LONG = b"x" * (2 * 1024 * 1024)


def answer(message: backchat.InboundMessage) -> str:
    return f"You said: {message.text}"


async def answer_async(message: backchat.InboundMessage) -> str:
    await asyncio.sleep(0)
    return answer(message)


@pytest.fixture(scope="module")
def prelude() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:  # making its key takes half a second
        yield sandbox


@pytest.fixture
def sandbox(prelude: Sandbox) -> Sandbox:
    prelude.reset()
    return prelude


@dataclass
class Bot:
    """What the inboxes' handlers do now."""

    answer: Callable[[backchat.InboundMessage], str] = answer
    answer_async: Callable[[backchat.InboundMessage], Awaitable[str]] = answer_async


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
def inbox(sandbox: Sandbox, bot: Bot) -> backchat.Inbox:
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    inbox.on_message(lambda message: bot.answer(message))
    return inbox


@pytest.fixture
def async_inbox(sandbox: Sandbox, bot: Bot) -> backchat.AsyncInbox:
    inbox = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())

    @inbox.on_message
    async def handler(message: backchat.InboundMessage) -> str:
        return await bot.answer_async(message)

    return inbox


def texts(sandbox: Sandbox) -> list[str]:
    return [message.text for message in sandbox.messages]


# How each framework takes an inbox: what the README shows.


def starlette_route(inbox: backchat.Inbox | backchat.AsyncInbox) -> ASGIApp:
    return Starlette(routes=[Route(PATH, inbox.asgi())])


def fastapi_route(inbox: backchat.Inbox | backchat.AsyncInbox) -> ASGIApp:
    return FastAPI(routes=[Route(PATH, inbox.asgi())])


def fastapi_later(inbox: backchat.Inbox | backchat.AsyncInbox) -> ASGIApp:
    app = FastAPI()
    app.router.routes.append(Route(PATH, inbox.asgi()))
    return app


def starlette_view(inbox: backchat.Inbox | backchat.AsyncInbox) -> ASGIApp:
    async def prelude(request: Request) -> StarletteResponse:
        body = await request.body()
        if isinstance(inbox, backchat.AsyncInbox):
            receipt = await inbox.receive(body, request.headers)
        else:
            receipt = await asyncio.to_thread(inbox.receive, body, request.headers)
        return StarletteResponse(receipt.body, receipt.status, receipt.headers)

    return Starlette(routes=[Route(PATH, prelude, methods=["POST"])])


def bare_asgi(inbox: backchat.Inbox | backchat.AsyncInbox) -> ASGIApp:
    return inbox.asgi()


def django_asgi(inbox: backchat.Inbox | backchat.AsyncInbox) -> ASGIApp:
    if isinstance(inbox, backchat.AsyncInbox):

        @csrf_exempt
        @require_POST
        async def prelude(request: HttpRequest) -> HttpResponse:
            return django_response(await inbox.receive(request.body, request.headers))

        django(prelude)
    else:
        django(django_view(inbox))
    app: Any = get_asgi_application()  # django-stubs want a scope to be a dict
    return cast(ASGIApp, app)


def bare_wsgi(inbox: backchat.Inbox) -> WSGIApp:
    return inbox.wsgi()


def flask_dispatcher(inbox: backchat.Inbox) -> WSGIApp:
    app = Flask(__name__)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {PATH: inbox.wsgi()})  # type: ignore[method-assign]
    return app


def flask_view(inbox: backchat.Inbox) -> WSGIApp:
    app = Flask(__name__)

    def prelude() -> Response:
        receipt = inbox.receive(request.get_data(), request.headers)
        return Response(receipt.body, receipt.status, receipt.headers, mimetype="text/plain")

    app.add_url_rule(PATH, view_func=prelude, methods=["POST"])
    return app


def django_wsgi(inbox: backchat.Inbox) -> WSGIApp:
    django(django_view(inbox))
    return get_wsgi_application()


def pyramid_wsgi(inbox: backchat.Inbox) -> WSGIApp:
    config: Any = Configurator()
    config.add_route("prelude", PATH)
    config.add_view(wsgiapp(inbox.wsgi()), route_name="prelude")
    app: WSGIApp = config.make_wsgi_app()
    return app


def pyramid_view(inbox: backchat.Inbox) -> WSGIApp:
    def prelude(request: Any) -> Any:
        receipt = inbox.receive(request.body, request.headers)
        request.response.status_code = receipt.status
        request.response.headers.update(receipt.headers)
        request.response.text = receipt.body
        return request.response

    config: Any = Configurator()
    config.add_route("prelude", PATH, request_method="POST")
    config.add_view(prelude, route_name="prelude")
    app: WSGIApp = config.make_wsgi_app()
    return app


def django_response(receipt: backchat.Receipt) -> HttpResponse:
    return HttpResponse(
        receipt.body, status=receipt.status, headers=receipt.headers, content_type="text/plain"
    )


def django_view(inbox: backchat.Inbox) -> Callable[[HttpRequest], HttpResponse]:
    @csrf_exempt
    @require_POST
    def prelude(request: HttpRequest) -> HttpResponse:
        return django_response(inbox.receive(request.body, request.headers))

    return prelude


def django(view: Callable[..., Any]) -> None:
    """Makes `view` the only one of this process's only Django."""
    if not django_settings.configured:
        django_settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="unused", LOGGING_CONFIG=None)
    django_settings.ROOT_URLCONF = (path(PATH.lstrip("/"), view),)


ASGI_APPS = [
    bare_asgi,
    starlette_route,
    starlette_view,
    fastapi_route,
    fastapi_later,
    django_asgi,
]
WSGI_APPS = [bare_wsgi, flask_dispatcher, flask_view, django_wsgi, pyramid_wsgi, pyramid_view]


class Caller:
    """Sends a request to an application, without a server."""

    def __init__(self, app: Any, *, is_asgi: bool) -> None:
        self.app, self.is_asgi = app, is_asgi

    def __call__(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        if not self.is_asgi:
            wsgi = httpx.WSGITransport(self.app)
            with httpx.Client(transport=wsgi, base_url="http://127.0.0.1") as client:
                return client.request(method, target, content=body, headers=headers)

        async def call() -> httpx.Response:
            asgi = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=asgi, base_url="http://127.0.0.1") as client:
                return await client.request(method, target, content=body, headers=headers)

        return asyncio.run(call())

    def deliver(self, event: SignedEvent, target: str = PATH) -> httpx.Response:
        return self("POST", target, event.body, event.headers)


@pytest.fixture(
    params=[(app, kind) for app in ASGI_APPS for kind in ("inbox", "async_inbox")]
    + [(app, "inbox") for app in WSGI_APPS],
    ids=lambda param: f"{param[0].__name__}-{param[1]}",
)
def call(request: pytest.FixtureRequest) -> Caller:
    build, kind = request.param
    return Caller(build(request.getfixturevalue(kind)), is_asgi=build in ASGI_APPS)


def test_a_message_is_answered_once(call: Caller, sandbox: Sandbox) -> None:
    event = sandbox.say(USER, "Hi")
    first, second = call.deliver(event), call.deliver(event)
    assert (first.status_code, first.text) == (200, "sent")
    assert second.status_code == 200
    assert texts(sandbox) == ["You said: Hi"]


def test_a_bad_signature_is_a_401(call: Caller, sandbox: Sandbox) -> None:
    event = sandbox.say(USER, "Hi")
    unsigned = call("POST", PATH, event.body)
    changed = call("POST", PATH, event.body.replace(b"Hi", b"Ho"), event.headers)
    assert (unsigned.status_code, unsigned.text) == (401, "signature_missing")
    assert (changed.status_code, changed.text) == (401, "signature_invalid")
    assert texts(sandbox) == []


def test_another_method_is_a_405(call: Caller) -> None:
    for method in ("GET", "PUT", "HEAD"):
        response = call(method, PATH)
        assert response.status_code in (404, 405)  # Pyramid's predicates say 404
        if response.status_code == 405:
            assert "POST" in response.headers["allow"].split(", ")


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # of Pyramid, a temporary one
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_long_body_is_refused(call: Caller, sandbox: Sandbox) -> None:
    event = sandbox.say(USER, "Hi")
    assert call("POST", PATH, TOO_LONG, event.headers).status_code == 413
    assert call("POST", PATH, event.body + b" " * len(TOO_LONG), event.headers).status_code == 413
    assert texts(sandbox) == []


def test_an_api_that_cannot_be_reached_is_a_503_and_the_next_delivery_answers(
    call: Caller, sandbox: Sandbox
) -> None:
    event = sandbox.say(USER, "Hi")
    sandbox.fail_next("status", status=429, retry_after=60)
    refused = call.deliver(event)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert call.deliver(event).status_code == 200
    assert texts(sandbox) == ["You said: Hi"]


@pytest.mark.parametrize("framework", [Starlette, FastAPI])
def test_a_mount_takes_the_slash_only(
    framework: type[Starlette], inbox: backchat.Inbox, sandbox: Sandbox
) -> None:
    """Why the README says `Route` and not `mount`: Prelude follows no redirect."""
    app = framework()
    app.mount(PATH, inbox.asgi())
    call = Caller(app, is_asgi=True)
    event = sandbox.say(USER, "Hi")
    redirected = call.deliver(event)
    assert redirected.status_code == 307
    assert redirected.headers["location"].endswith(PATH + "/")
    assert texts(sandbox) == []
    assert call.deliver(event, PATH + "/").status_code == 200
    assert texts(sandbox) == ["You said: Hi"]


def test_a_mount_one_level_up_takes_both(inbox: backchat.Inbox, sandbox: Sandbox) -> None:
    app = Starlette(routes=[Mount("/webhooks", inbox.asgi())])
    call = Caller(app, is_asgi=True)
    event = sandbox.say(USER, "Hi")
    assert call.deliver(event).status_code == 200
    assert call.deliver(event, PATH + "/").status_code == 200
    assert texts(sandbox) == ["You said: Hi"]


def test_a_handler_of_a_wsgi_app_runs_in_the_thread_and_context_of_its_request(
    inbox: backchat.Inbox, bot: Bot, sandbox: Sandbox
) -> None:
    app = flask_view(inbox)

    def where(message: backchat.InboundMessage) -> str:
        return f"{current_app.name} {threading.get_ident()} {message.text}"

    bot.answer = where
    assert Caller(app, is_asgi=False).deliver(sandbox.say(USER, "Hi")).status_code == 200
    assert texts(sandbox) == [f"{__name__} {threading.get_ident()} Hi"]


def test_a_handler_that_blocks_does_not_stop_the_event_loop(
    inbox: backchat.Inbox, bot: Bot, sandbox: Sandbox
) -> None:
    seen, go_on = threading.Event(), threading.Event()

    def slow(message: backchat.InboundMessage) -> str:
        seen.set()
        assert go_on.wait(10)
        return answer(message)

    bot.answer = slow

    event = sandbox.say(USER, "Hi")

    async def main() -> list[int]:
        transport = httpx.ASGITransport(FastAPI(routes=[Route(PATH, inbox.asgi())]))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            first = asyncio.create_task(
                client.post(PATH, content=event.body, headers=event.headers)
            )
            while not seen.is_set():
                await asyncio.sleep(0.01)
            # A duplicate of what is still being worked on: come again.
            second = await client.post(PATH, content=event.body, headers=event.headers)
            go_on.set()
            return [second.status_code, (await first).status_code]

    assert asyncio.run(main()) == [503, 200]
    assert texts(sandbox) == ["You said: Hi"]


# Clients that go away, servers that cancel.


def scope_of(event: SignedEvent) -> Scope:
    headers = [(name.lower().encode(), value.encode()) for name, value in event.headers.items()]
    return {"type": "http", "method": "POST", "path": PATH, "headers": headers}


def receiving(*messages: dict[str, Any]) -> Receive:
    waiting = list(messages)

    async def receive() -> MutableMapping[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    return receive


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.fixture(params=["inbox", "async_inbox"])
def asgi(request: pytest.FixtureRequest) -> ASGIApp:
    app: ASGIApp = request.getfixturevalue(request.param).asgi()
    return app


def test_a_body_in_parts_is_one_body(asgi: ASGIApp, sandbox: Sandbox) -> None:
    event = sandbox.say(USER, "Hi")
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    parts = [part(event.body[i : i + 1], more=True) for i in range(len(event.body))]
    asyncio.run(_call(asgi, scope_of(event), receiving(*parts, part(b"", more=False)), send))
    assert [message.get("status") for message in sent] == [200, None]
    assert texts(sandbox) == ["You said: Hi"]


def test_half_a_body_is_nothing(asgi: ASGIApp, sandbox: Sandbox) -> None:
    event = sandbox.say(USER, "Hi")
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(_call(asgi, scope_of(event), receiving(part(event.body, more=True)), send))
    assert (sent, texts(sandbox)) == ([], [])


def test_a_client_that_leaves_before_the_answer_gets_one_reply(
    asgi: ASGIApp, sandbox: Sandbox
) -> None:
    event = sandbox.say(USER, "Hi")

    async def send(message: MutableMapping[str, Any]) -> None:
        raise OSError("the client has gone")

    async def main() -> None:
        for _delivery in range(2):
            with pytest.raises(OSError, match="has gone"):
                await asgi(scope_of(event), receiving(part(event.body, more=False)), send)

    asyncio.run(main())
    assert texts(sandbox) == ["You said: Hi"]


def test_a_client_that_leaves_behind_middleware_does_no_harm(
    asgi: ASGIApp, sandbox: Sandbox
) -> None:
    class Plain(BaseHTTPMiddleware):
        async def dispatch(
            self, request: Request, call_next: RequestResponseEndpoint
        ) -> StarletteResponse:
            return await call_next(request)

    app = Starlette(routes=[Route(PATH, asgi)], middleware=[Middleware(Plain)])
    event = sandbox.say(USER, "Hi")
    # Starlette says so of every application that gets half a body.
    with pytest.raises(RuntimeError, match="No response returned"):
        half = receiving(part(event.body, more=True))
        asyncio.run(_call(app, scope_of(event), half, nowhere))
    assert texts(sandbox) == []
    call = Caller(app, is_asgi=True)
    assert [call.deliver(event).status_code for _delivery in range(2)] == [200, 200]
    assert texts(sandbox) == ["You said: Hi"]


async def _call(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


async def nowhere(message: MutableMapping[str, Any]) -> None:
    pass


def test_a_request_cancelled_in_its_handler_is_answered_when_it_comes_again(
    async_inbox: backchat.AsyncInbox, bot: Bot, sandbox: Sandbox
) -> None:
    event = sandbox.say(USER, "Hi")

    async def main() -> int:
        began = asyncio.Event()

        async def endless(message: backchat.InboundMessage) -> str:
            began.set()
            await asyncio.sleep(3600)
            return "never"

        bot.answer_async = endless
        kept: list[BaseException] = []

        async def middleware() -> None:
            app = async_inbox.asgi()
            try:
                await app(scope_of(event), receiving(part(event.body, more=False)), nowhere)
            except asyncio.CancelledError as error:
                kept.append(error)  # as an error tracker does: the message is free all the same
                raise

        task = asyncio.create_task(middleware())
        await asyncio.wait_for(began.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert kept

        bot.answer_async = answer_async
        return await until_done(lambda: async_inbox.receive(event.body, event.headers))

    assert asyncio.run(main()) == 200
    assert texts(sandbox) == ["You said: Hi"]


@pytest.mark.parametrize("kind", ["inbox", "async_inbox"])
def test_a_request_cancelled_during_its_post_sends_once(
    kind: str, request: pytest.FixtureRequest, sandbox: Sandbox
) -> None:
    inbox: backchat.Inbox | backchat.AsyncInbox = request.getfixturevalue(kind)
    event = sandbox.say(USER, "Hi")
    sandbox.fail_next("delay", milliseconds=600, processed=True)

    async def main() -> int:
        app = inbox.asgi()
        body = receiving(part(event.body, more=False))
        task = asyncio.create_task(_call(app, scope_of(event), body, nowhere))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        async def again() -> backchat.Receipt:
            if isinstance(inbox, backchat.AsyncInbox):
                return await inbox.receive(event.body, event.headers)
            return await asyncio.to_thread(inbox.receive, event.body, event.headers)

        return await until_done(again)

    assert asyncio.run(main()) == 200
    assert texts(sandbox) == ["You said: Hi"]


async def until_done(again: Callable[[], Awaitable[backchat.Receipt]]) -> int:
    """Delivers again until it is answered with something else than 503."""
    for _attempt in range(100):
        receipt = await again()
        if receipt.status != 503:
            return receipt.status
        await asyncio.sleep(0.05)
    return 503


# Real servers, real sockets.


@contextmanager
def uvicorn_server(app: ASGIApp, loop: str) -> Generator[int, None, None]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, lifespan="on", loop=loop)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def wsgiref_server(app: WSGIApp, loop: str) -> Generator[int, None, None]:
    with make_server("127.0.0.1", 0, app) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def werkzeug_server(app: WSGIApp, loop: str) -> Generator[int, None, None]:
    server = make_werkzeug_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(params=["uvicorn-asyncio", "uvicorn-uvloop", "wsgiref", "werkzeug"])
def port(request: pytest.FixtureRequest, inbox: backchat.Inbox) -> Iterator[int]:
    """A server of the bare inbox."""
    if request.param == "uvicorn-uvloop":
        pytest.importorskip("uvloop")
    servers = {"wsgiref": wsgiref_server, "werkzeug": werkzeug_server}
    kind, _, loop = request.param.partition("-")
    if kind == "uvicorn":
        with uvicorn_server(inbox.asgi(), loop) as port:
            yield port
    else:
        with servers[kind](inbox.wsgi(), loop) as port:
            yield port


def head(event: SignedEvent, length: int) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in event.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_server_survives_all_of_it(port: int, sandbox: Sandbox) -> None:
    event = sandbox.say(USER, "Hi")

    # Half a body, and gone.
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(event, len(event.body)) + event.body[:20])
    # Nothing at all.
    socket.create_connection(("127.0.0.1", port)).close()
    assert texts(sandbox) == []

    # More than an event can be: refused, or the connection ends before all of it was taken.
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request("POST", PATH, TOO_LONG, event.headers)
        assert client.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        client.close()

    # A whole request, and gone before the answer. Prelude delivers that again.
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(event, len(event.body)) + event.body)
    deadline = time.monotonic() + 10
    while not sandbox.messages:
        assert time.monotonic() < deadline
        time.sleep(0.02)

    delivery = sandbox.say("+33687654321", "Bye", to=f"http://127.0.0.1:{port}{PATH}")
    assert sandbox.redeliver(event.id).get("status") == 200
    assert sandbox.redeliver(delivery.id).get("status") == 200
    assert texts(sandbox) == ["You said: Hi", "You said: Bye"]


@pytest.mark.parametrize("server", [uvicorn_server, werkzeug_server])
def test_a_body_without_a_length(server: Any, inbox: backchat.Inbox, sandbox: Sandbox) -> None:
    """`Transfer-Encoding: chunked`. (wsgiref knows no such bodies.)"""
    event = sandbox.say(USER, "Hi")
    app = inbox.asgi() if server is uvicorn_server else inbox.wsgi()
    with server(app, "auto") as port:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        chunks = iter([event.body[:100], event.body[100:]])
        client.request("POST", PATH, chunks, event.headers)
        assert client.getresponse().status == 200
        client.close()
    assert texts(sandbox) == ["You said: Hi"]


def test_a_handler_that_raises_is_a_503_with_its_traceback_in_the_log(
    call: Caller,
    bot: Bot,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(message: backchat.InboundMessage) -> str:
        raise LookupError("no such order")

    async def broken_async(message: backchat.InboundMessage) -> str:
        return broken(message)

    bot.answer, bot.answer_async = broken, broken_async
    event = sandbox.say(USER, "Hi")
    with caplog.at_level(logging.ERROR, "backchat"):
        assert call.deliver(event).status_code == 503
    assert "no such order" in caplog.text

    bot.answer, bot.answer_async = answer, answer_async
    assert call.deliver(event).status_code == 200
    assert texts(sandbox) == ["You said: Hi"]
