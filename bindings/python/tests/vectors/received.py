"""What becomes of received bytes: an event, or an error that keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backchat import BackchatError, Event

from . import error
from .case import Case, Mismatch, same


def check(
    expect: Case, body: bytes, receive: Callable[[], Event], compare: Callable[[Case, Any], None]
) -> None:
    """`compare` says how much of the event is expected."""
    try:
        event = receive()
    except BackchatError as end:
        if "error" not in expect:
            raise Mismatch(f"expected an event, got {end.code} ({end})") from end
        if end.code == "event_unreadable":
            same("raw", body, getattr(end, "raw", None))
        error.check(expect["error"], end)
    else:
        if "event" not in expect:
            raise Mismatch(f"expected {expect['error']['code']}, got {event!r}")
        same("raw", body, event.raw)
        compare(expect["event"], event)
