"""Every row of the table of outcomes that the network can show, by both faces of the client, over real
sockets. What counts is what the server received. `tests/tests/outcomes.rs` is the same in Rust."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Any

import pytest
from backchat import AsyncClient, BackchatError, ReplyResponse
from face import FACES, AnyClient, end_of
from fault import FaultServer
from vectors.case import FOLDER, Case, Mismatch, same

AT_ONCE = 6

Attempt = dict[str, str]
"""What the log says of one POST."""


class Attempts(logging.Handler):
    """The attempts that were logged, by the message that they answer: each row answers its own."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._of: defaultdict[str, list[Attempt]] = defaultdict(list)

    def emit(self, record: logging.LogRecord) -> None:
        fields: Attempt = getattr(record, "backchat", {})
        if record.getMessage().startswith("attempt "):
            self._of[fields["message_id"]].append(fields)

    def of(self, message_id: str, at_least: int) -> list[Attempt]:
        """A line may be on its way on another thread: it gets a moment."""
        for _ in range(100):
            if len(self._of[message_id]) >= at_least:
                break
            time.sleep(0.01)
        return list(self._of[message_id])


@pytest.fixture
def attempts() -> Iterator[Attempts]:
    logger, handler = logging.getLogger("backchat"), Attempts()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield handler
    logger.propagate = propagate
    logger.setLevel(level)
    logger.removeHandler(handler)


@pytest.mark.parametrize("face", FACES)
def test_every_row_of_the_table(
    face: type[AnyClient],
    fault_command: list[str],
    attempts: Attempts,
    say: Callable[[str], None],
) -> None:
    cases: list[Case] = json.loads((FOLDER / "outcomes.json").read_text("utf-8"))["cases"]
    with ExitStack() as stack:
        free: SimpleQueue[FaultServer] = SimpleQueue()
        for _ in range(AT_ONCE):
            free.put(stack.enter_context(FaultServer(fault_command)))

        def row(number: int) -> str | None:
            server = free.get()
            try:
                Row(face, cases[number], f"im_row{number}", server, attempts).run()
            except Exception as why:  # Whatever it is, the other rows run too.
                return f"{cases[number]['name']}: {why if isinstance(why, Mismatch) else repr(why)}"
            finally:
                free.put(server)
            return None

        with ThreadPoolExecutor(AT_ONCE) as pool:
            ends = list(pool.map(row, range(len(cases))))
    failures = [end for end in ends if end is not None]
    say(f"outcomes: {len(cases) - len(failures)} ({face.__name__})")
    listed = "\n  ".join(failures)
    assert not failures, f"{len(failures)} failed:\n  {listed}"
    assert cases, "no row ran"


class Row:
    def __init__(
        self,
        face: type[AnyClient],
        case: Case,
        message_id: str,
        server: FaultServer,
        attempts: Attempts,
    ) -> None:
        self.case, self.expect = case, case["expect"]
        self.message_id, self.server, self.attempts = message_id, server, attempts
        self.warm_up: int = case.get("warm_up", 0)
        self.listens = True
        options: dict[str, Any] = {"base_url": self.stage(case.get("server", "plain"))}
        options |= {"api_token": self.token(face), "allow_insecure_http": True}
        for name in ("timeout", "connect_timeout"):
            if f"{name}_ms" in case:
                options[name] = case[f"{name}_ms"] / 1000
        if "max_retries" in case:
            options["max_retries"] = case["max_retries"]
        if self.listens:
            options["ca_certificate"] = server.tls("valid").ca_pem
        self.client = face(**options)

    def stage(self, kind: str) -> str:
        """Where the client is pointed."""
        self.server.reset()
        self.server.script(self.case.get("script", []))
        match kind:
            case "plain":
                return self.server.url
            case "refused" | "black_hole":
                self.listens = False
                return str(getattr(self.server.unreachable(), kind))
            case "unknown_host":
                self.listens = False
                return "http://backchat.invalid"
            case _:
                return self.server.tls(kind).url

    def token(self, face: type[AnyClient]) -> Any:
        """A token, or a function that gives the case's in turn, the last again and again."""
        if "tokens" not in self.case:
            return "token"
        tokens: list[str] = list(self.case["tokens"])

        def provider() -> str:
            return tokens.pop(0) if len(tokens) > 1 else tokens[0]

        async def async_provider() -> str:
            return provider()

        provided: Callable[[], str] | Callable[[], Awaitable[str]]
        provided = async_provider if face is AsyncClient else provider
        return provided

    def reply(self) -> ReplyResponse:
        reply_to = self.message_id
        return end_of(self.client.notify.reply(to="+33612345678", text="On it!", reply_to=reply_to))

    def run(self) -> None:
        try:
            for _ in range(self.warm_up):
                self.reply()
            time.sleep(self.case.get("pause_ms", 0) / 1000)
            error: BackchatError | None = None
            started = time.monotonic()
            try:
                self.reply()
            except BackchatError as end:
                error = end
            elapsed = time.monotonic() - started
            # A second POST that is sent late must be seen too.
            time.sleep(0.02)
            self.check(error, elapsed)
        finally:
            end_of(self.client.close())

    def check(self, error: BackchatError | None, elapsed: float) -> None:
        outcome = "sent" if error is None else error.outcome
        same("outcome", self.expect["outcome"], outcome)
        if error is not None:
            self.check_error(error)
        elif "code" in self.expect:
            raise Mismatch(f"expected {self.expect['code']}, got no error")
        if elapsed * 1000 < self.expect.get("elapsed_at_least_ms", 0):
            raise Mismatch(f"waited only {elapsed} s")
        tried = error.attempts if error is not None else self.expect.get("attempts")
        logged = self.attempts.of(self.message_id, self.warm_up + (tried or 1))[self.warm_up :]
        self.expected("attempts", len(logged))
        if error is not None:
            same("error.attempts", len(logged), error.attempts)
        same("the last outcome in the log", outcome, logged[-1]["outcome"] if logged else None)
        self.check_server()

    def check_error(self, error: BackchatError) -> None:
        codes = self.expect.get("code")
        if error.code not in (codes if isinstance(codes, list) else [codes]):
            raise Mismatch(f"code: expected {codes}, got {error.code} ({error})")
        wait = error.retry_after
        self.expected("class", type(error).__name__)
        self.expected("phase", getattr(error, "phase", None))
        self.expected("status", error.status)
        self.expected("server_code", getattr(error, "server_code", None))
        self.expected("safe_to_retry", error.safe_to_retry)
        self.expected("webhook_status", error.webhook_status)
        self.expected("retry_after_ms", None if wait is None else int(wait * 1000))
        same("message_id", self.message_id, error.message_id)
        named = (error.correlation_id or "").startswith(f"{self.message_id}.")
        same("the correlation id names the message", True, named)

    def check_server(self) -> None:
        counts, requests = self.server.counts(), self.server.requests()
        same("posts", self.expect["posts"], counts.posts)
        if self.listens:
            self.expected("connections", counts.connections)
        tokens = [request.header("authorization") for request in requests]
        self.expected("tokens", [(token or "").replace("Bearer ", "") for token in tokens])

    def expected(self, what: str, got: object) -> None:
        """What the row does not name may be anything."""
        if what in self.expect:
            same(what, self.expect[what], got)
