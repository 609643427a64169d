"""`events.json`: from the bytes of a webhook to an event, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backchat import Event, Webhook

from . import received
from .case import Case, Mismatch, body_of, includes, same_json


def check(case: Case) -> None:
    body = body_of(case["body"])
    if not case["calls"]:
        raise Mismatch("no call")
    for call in case["calls"]:
        for receive in doors(call, body):
            try:
                received.check(case["expect"], body, receive, whole)
            except Mismatch as why:
                raise Mismatch(f"{call}: {why}") from why


def doors(call: str, body: bytes) -> Iterator[Callable[[], Event]]:
    match call:
        case "event.from_json":
            yield lambda: Event.from_json(body)
            try:
                text = body.decode()
            except UnicodeDecodeError:
                return
            yield lambda: Event.from_json(text)
        case "webhook.unverified":
            yield lambda: Webhook.unverified().verify(body, {})
        case _:
            raise Mismatch("no such call")


def whole(expected: Case, event: Event) -> None:
    includes(expected, event)
    same_json("to_dict", expected, {**event.to_dict(), "verified": event.verified})
