"""What a message handler returns: a text, an `Answer`, or `None`. Anything else is its failure, and says
so; nothing is skipped by accident."""

from __future__ import annotations

import array
import asyncio
import collections
import dataclasses
import datetime
import decimal
import enum
import io
import logging
import pathlib
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import flask
import pytest
import starlette.responses

import backchat
from backchat.testing import Sandbox

ANNA = "+33612345678"
SECRET = "canary words of a model"


@pytest.fixture(scope="module")
def prelude() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(prelude: Sandbox) -> Sandbox:
    prelude.reset()
    return prelude


class Color(enum.Enum):
    RED = SECRET


@dataclasses.dataclass
class Completion:
    text: str = SECRET


class Stream:
    """What the client libraries of models give."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return SECRET


class AsyncStream:
    def __aiter__(self) -> AsyncIterator[str]:
        raise AssertionError("nobody takes its parts")


class Liar:
    """Looks like a text from all sides."""

    __class__ = str  # type: ignore[assignment]

    def __str__(self) -> str:
        return SECRET

    def __len__(self) -> int:
        return 0


def parts(*_: object) -> Iterator[str]:
    yield SECRET


async def async_parts(*_: object) -> AsyncIterator[str]:
    yield SECRET


NOTHING: dict[str, Callable[[], object]] = {
    "{}": dict,
    "dict": lambda: {"text": SECRET},
    "False": lambda: False,
    "True": lambda: True,
    "0": lambda: 0,
    "0.0": lambda: 0.0,
    "empty list": list,
    "empty tuple": tuple,
    "empty set": set,
    "empty bytes": bytes,
    "bytes": SECRET.encode,
    "bytearray": lambda: bytearray(SECRET.encode()),
    "array": lambda: array.array("b", SECRET.encode()),
    "list": lambda: [SECRET],
    "NotImplemented": lambda: NotImplemented,
    "Ellipsis": lambda: ...,
    "Decimal": lambda: decimal.Decimal("1.5"),
    "datetime": lambda: datetime.datetime(2030, 1, 1),
    "Path": lambda: pathlib.Path(SECRET),
    "Enum": lambda: Color.RED,
    "dataclass": Completion,
    "SimpleNamespace": lambda: types.SimpleNamespace(text=SECRET),
    "UserString": lambda: collections.UserString(SECRET),
    "StringIO": lambda: io.StringIO(SECRET),
    "class": lambda: str,
    "function": lambda: parts,
    "object that is falsy": Liar,
    "empty text": str,
}
EXCEPTIONS: dict[str, Callable[[], object]] = {
    "exception": lambda: ValueError(SECRET),
    "exception of ours": lambda: backchat.StoreError(SECRET),
    "Response of Starlette": lambda: starlette.responses.PlainTextResponse(SECRET),
    "Response of Flask": lambda: flask.Response(SECRET),
    "Receipt-like": lambda: (SECRET, 200),
}
STREAMS: dict[str, Callable[[], object]] = {
    "generator": parts,
    "generator expression": lambda: (part for part in [SECRET]),
    "async generator": async_parts,
    "stream": Stream,
    "async stream": AsyncStream,
    "map": lambda: map(str, [SECRET]),
    "iter": lambda: iter([SECRET]),
}


def failed(
    sandbox: Sandbox, make: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> backchat.Failure:
    """The failure of a handler that returns this, in both faces alike."""
    failures: list[backchat.Failure] = []
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    inbox.on_message(lambda message: make())  # type: ignore[type-var]
    inbox.on_error(failures.append)
    event = sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).body == "handler_failed"

    async def answer(message: backchat.InboundMessage) -> Any:
        return make()

    def plain(message: backchat.InboundMessage) -> Any:
        return make()

    async def main(handler: Any) -> None:
        inbox = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
        inbox.on_message(handler)
        inbox.on_error(failures.append)
        assert (await inbox.receive(event.body, event.headers)).body == "handler_failed"

    asyncio.run(main(answer))
    asyncio.run(main(plain))
    assert sandbox.messages == []
    assert {failure.stage for failure in failures} == {"handler"}
    assert len({str(failure.error) for failure in failures}) == 1
    told = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(told) == 3, "one line each"
    for record in told:
        assert SECRET not in record.getMessage() + str(vars(record))
    assert SECRET not in str(failures[0].error)
    return failures[0]


@pytest.mark.parametrize("make", NOTHING.values(), ids=NOTHING)
def test_what_is_no_answer_is_a_failure(
    sandbox: Sandbox, make: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    failure = failed(sandbox, make, caplog)
    if make is not str:
        assert type(make()).__name__ in str(failure.error)
        assert "str" in str(failure.error) and "None" in str(failure.error)


@pytest.mark.parametrize("make", EXCEPTIONS.values(), ids=EXCEPTIONS)
def test_an_error_or_an_answer_to_a_browser_is_a_failure(
    sandbox: Sandbox, make: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    failure = failed(sandbox, make, caplog)
    assert type(make()).__name__ in str(failure.error)
    assert isinstance(make(), Exception) == ("raise it" in str(failure.error))


@pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS)
def test_a_stream_is_a_failure_that_says_what_to_do(
    sandbox: Sandbox, make: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    failure = failed(sandbox, make, caplog)
    assert "join its parts into one string" in str(failure.error)


@pytest.mark.parametrize("handler", [parts, async_parts])
def test_a_handler_that_is_a_generator_fails(sandbox: Sandbox, handler: Callable[[], object]) -> None:
    async def main() -> None:
        inbox = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
        inbox.on_message(handler)  # type: ignore[arg-type,type-var]
        event = await asyncio.to_thread(sandbox.say, ANNA, "Hi")
        assert (await inbox.receive(event.body, event.headers)).body == "handler_failed"

    asyncio.run(main())
    assert sandbox.messages == []


def test_a_coroutine_that_was_not_awaited_is_a_failure(
    sandbox: Sandbox, recwarn: pytest.WarningsRecorder
) -> None:
    async def ask() -> str:
        return SECRET

    async def answer(message: backchat.InboundMessage) -> Awaitable[str]:
        return ask()

    failures: list[backchat.Failure] = []

    async def main() -> None:
        inbox = backchat.AsyncInbox(sandbox.async_client(), sandbox.webhook())
        inbox.on_message(answer)  # type: ignore[type-var]
        inbox.on_error(failures.append)
        event = await asyncio.to_thread(sandbox.say, ANNA, "Hi")
        assert (await inbox.receive(event.body, event.headers)).body == "handler_failed"

    asyncio.run(main())
    assert "await it" in str(failures[0].error)
    assert not [each for each in recwarn if "never awaited" in str(each.message)]


class Text(str):
    """A text of a library's own."""


class Word(str, enum.Enum):
    HELLO = "Hello"


@pytest.mark.parametrize("value", ["Hello", Text("Hello"), Word.HELLO, backchat.Answer("Hello")])
def test_a_text_is_an_answer(sandbox: Sandbox, value: str | backchat.Answer) -> None:
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    inbox.on_message(lambda message: value)
    event = sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).body == "sent"
    assert [message.text for message in sandbox.messages] == ["Hello"]


def test_only_none_is_no_reply(sandbox: Sandbox) -> None:
    inbox = backchat.Inbox(sandbox.client(), sandbox.webhook())
    inbox.on_message(lambda message: None)
    event = sandbox.say(ANNA, "Hi")
    assert inbox.receive(event.body, event.headers).body == "skipped"
    assert sandbox.messages == []
