"""An inbox as a WSGI application (PEP 3333)."""

from __future__ import annotations

from http import HTTPStatus

from ._native import LONGEST_BODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ._native import _Body, _Headers, Receipt


class WSGI:
    """A WSGI application that takes Prelude's webhooks, by POST, at whatever path it is put."""

    def __init__(self, receive_webhook: Callable[[_Body, _Headers], Receipt]) -> None:
        self._receive_webhook = receive_webhook

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return _answer(start_response, 405, "webhooks are posted", {"Allow": "POST"})
        headers = [
            (name[5:].replace("_", "-"), value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        ]
        receipt = self._receive_webhook(_read(environ), headers)
        return _answer(start_response, receipt.status, receipt.body, receipt.headers)


def _read(environ: dict[str, Any]) -> bytes:
    """The raw body, or as much of it as shows that it is too long."""
    # Without a length the server marks the end, or there is no body.
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        length = LONGEST_BODY + 1 if environ.get("wsgi.input_terminated") else 0
    body: bytes = environ["wsgi.input"].read(min(int(length), LONGEST_BODY + 1))
    return body


def _answer(
    start_response: Callable[..., Any], status: int, body: str, headers: dict[str, str]
) -> list[bytes]:
    content = body.encode()
    length = str(len(content))
    pairs = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": length, **headers}
    start_response(f"{status} {HTTPStatus(status).phrase}", list(pairs.items()))
    return [content]
