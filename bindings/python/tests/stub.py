"""A server that stands in for the API and counts: how many POSTs came, over how many connections."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Stub:
    """`hold` set: answers wait until `release` is."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=lambda: [])
    tokens: list[str] = field(default_factory=lambda: [])
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    hold: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    refuse_token: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


@contextmanager
def stub(delay: float = 0) -> Generator[Stub]:
    """A running server."""
    state = Stub()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    state.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            state.connections += 1
            threading.Thread(target=_serve, args=(connection, state, delay), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield state
    finally:
        state.release.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _serve(connection: socket.socket, state: Stub, delay: float) -> None:
    with connection, connection.makefile("rb") as stream:
        while True:
            length, token = 0, ""
            while (line := stream.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                elif name.lower() == b"authorization":
                    token = value.decode().strip().removeprefix("Bearer ")
            if length == 0:
                return
            body = json.loads(stream.read(length))
            with state.lock:
                state.posts.append(body)
                state.tokens.append(token)
                state.at_once += 1
                state.most_at_once = max(state.most_at_once, state.at_once)
            state.arrived.release()
            if state.hold.is_set():
                state.release.wait(30)
            elif delay:
                threading.Event().wait(delay)
            with state.lock:
                state.at_once -= 1
            refused = token == state.refuse_token
            answer = {"code": "invalid_api_token"} if refused else {"id": "tx_1", **body}
            written = json.dumps(answer).encode()
            status = "401 Unauthorized" if refused else "200 OK"
            head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
            head += f"content-length: {len(written)}\r\n\r\n"
            try:
                connection.sendall(head.encode() + written)
            except OSError:
                return
