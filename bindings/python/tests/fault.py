"""The fault server of `tests/src/fault`, driven over its control port (`tests/src/fault/control.rs`)."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

Step = dict[str, Any]
"""How one request is answered, as `POST /script` takes it; `{}` is a correct 200 of Prelude."""


@dataclass(frozen=True)
class Received:
    """One request, whole or not."""

    connection: int
    method: str
    path: str
    headers: list[list[str]]
    body: str
    complete: bool

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        found = (value for other, value in self.headers if other.lower() == name.lower())
        return next(found, None)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Counts:
    """How much arrived. `posts` are whole requests, `open_connections` also those from before a reset."""

    posts: int
    connections: int
    open_connections: int


@dataclass(frozen=True)
class Tls:
    """A TLS listener beside the plain one, and the authority that signs the good certificates."""

    url: str
    ca_pem: str


@dataclass(frozen=True)
class Unreachable:
    """Addresses that no connection gets through to."""

    refused: str
    black_hole: str
    silent_tls: str


class FaultServer:
    """A fault server in a process of its own. For one thread at a time."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        self._tls: dict[str, Tls] = {}
        self._unreachable: Unreachable | None = None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._end()
            raise RuntimeError(f"the fault server does not start: {command}")
        addresses: dict[str, str] = json.loads(line)
        self.url = addresses["fault"]
        control = addresses["control"].removeprefix("http://")
        self._control = http.client.HTTPConnection(control, timeout=30)

    def script(self, steps: Sequence[Step]) -> None:
        """Answers the next requests with these steps, in order."""
        self._ask("POST", "/script", list(steps))

    def set_default(self, step: Step) -> None:
        """Answers with this step when the script is empty."""
        self._ask("PUT", "/default", step)

    def reset(self) -> None:
        """No script, no counts, the first default."""
        self._ask("POST", "/reset")

    def counts(self) -> Counts:
        return Counts(**self._ask("GET", "/counts"))

    def requests(self) -> list[Received]:
        """The requests in their order, whole or not."""
        return [Received(**request) for request in self._ask("GET", "/requests")]

    def wait_for_posts(self, posts: int, longest: float = 1.0) -> int:
        """How many whole requests arrived, as soon as there are `posts` or the time is over: a POST may
        run on after its call has ended."""
        deadline = time.monotonic() + longest
        while True:
            some = self.counts().posts
            if some >= posts or time.monotonic() > deadline:
                return some
            time.sleep(0.01)

    def tls(self, kind: str) -> Tls:
        """The TLS listener of this kind, with the same script and counts."""
        if kind not in self._tls:
            self._tls[kind] = Tls(**self._ask("POST", "/tls", {"kind": kind}))
        return self._tls[kind]

    def unreachable(self) -> Unreachable:
        if self._unreachable is None:
            self._unreachable = Unreachable(**self._ask("GET", "/unreachable"))
        return self._unreachable

    def close(self) -> None:
        """Stops the process: it serves until its input ends."""
        self._control.close()
        self._end()

    def _end(self) -> None:
        # `communicate` would also wait for grandchildren that hold the output open.
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(timeout=10)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        # The port refuses a body that is not marked as JSON, and an empty one that is.
        encoded = None if body is None else json.dumps(body)
        headers = {} if body is None else {"content-type": "application/json"}
        self._control.request(method, path, encoded, headers)
        answer = self._control.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else None

    def __enter__(self) -> FaultServer:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
