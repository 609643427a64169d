"""An inbox as an ASGI 3 application."""

from __future__ import annotations

from ._native import LONGEST_BODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    from ._native import _Body, _Headers, Receipt

    _Scope = MutableMapping[str, Any]
    _Message = MutableMapping[str, Any]
    _Receive = Callable[[], Awaitable[_Message]]
    _Send = Callable[[_Message], Awaitable[None]]


class ASGI:
    """An ASGI application that takes Prelude's webhooks, by POST, at whatever path it is put."""

    def __init__(self, receive_webhook: Callable[[_Body, _Headers], Awaitable[Receipt]]) -> None:
        self._receive_webhook = receive_webhook

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["method"] != "POST":
            await _answer(send, 405, "webhooks are posted", {"Allow": "POST"})
        elif (body := await _read(receive)) is not None:
            receipt = await self._receive_webhook(body, scope["headers"])
            await _answer(send, receipt.status, receipt.body, receipt.headers)


async def _live(receive: _Receive, send: _Send) -> None:
    """For servers that run this application alone."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read(receive: _Receive) -> bytes | None:
    """The raw body, or as much of it as shows that it is too long; `None` when the client has gone."""
    body = bytearray()
    while len(body) <= LONGEST_BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


async def _answer(send: _Send, status: int, body: str, headers: dict[str, str]) -> None:
    content = body.encode()
    length = str(len(content))
    pairs = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": length, **headers}
    encoded = [(name.lower().encode(), value.encode()) for name, value in pairs.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})
