"""`reply_windows.json`: until when a user may be answered, as the event said."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

from backchat import Event, InboundMessage

from .case import Case, Mismatch, same

MICROSECOND = timedelta(microseconds=1)


def check(case: Case) -> None:
    event = Event.from_json(json.dumps(case["event"]))
    if not isinstance(event, InboundMessage):
        raise Mismatch(f"not an inbound message: {event!r}")
    expect, window = case["expect"], event.reply_window
    same("expires_at", expect["expires_at"], window.expires_at_raw)
    before, after = around(case["now"])
    states = window.state_at(before), window.state_at(after)
    most, least = window.remaining_at(before), window.remaining_at(after)
    if expect["state"] not in states:
        raise Mismatch(f"state: expected {expect['state']}, got {states}")
    if expect["remaining"] is None or most is None or least is None:
        same("remaining", (expect["remaining"],) * 2, (most, least))
        return
    seconds, nanoseconds = expect["remaining"]["seconds"], expect["remaining"]["nanoseconds"]
    remaining = timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
    if not least <= remaining <= most:
        raise Mismatch(f"remaining: expected {remaining}, got {least} to {most}")


def around(moment: str) -> tuple[datetime, datetime]:
    """The last datetime up to `moment` and the first from it on: the same one, unless `moment` lies
    between two microseconds. Then the truth about it lies between theirs."""
    # `datetime.fromisoformat` of Python 3.10 knows no `Z` and no nanoseconds.
    fraction = re.search(r"\.(\d+)", moment)
    nanoseconds = int(fraction[1].ljust(9, "0")) if fraction else 0
    second = datetime.fromisoformat(re.sub(r"\.\d+", "", moment).replace("Z", "+00:00"))
    before = second + nanoseconds // 1000 * MICROSECOND
    return before, before + MICROSECOND if nanoseconds % 1000 else before
