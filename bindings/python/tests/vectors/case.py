"""What all cases have, whatever their file."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backchat import Fee, ReplyWindow

FOLDER = Path(__file__).parents[4] / "tests" / "vectors"
FILES = ("outgoing", "events", "signatures", "reply_windows", "error_bodies", "retry_after")

Case = dict[str, Any]

TIMES = {"created_at", "expires_at", "schedule_at", "received_at", "message_created_at"}
"""Fields whose wire string has an attribute of its own: a `datetime` does not hold its nanoseconds."""


class Mismatch(Exception):
    """What came out is not what the case expects."""


@dataclass(frozen=True)
class Document:
    """One file of vectors."""

    name: str
    cases: list[Case]
    defaults: Case
    keys: dict[str, str]
    bodies: dict[str, Case]

    @classmethod
    def load(cls, name: str) -> Document:
        read = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        return cls(
            name, read["cases"], read.get("defaults", {}), read.get("keys", {}), read.get("bodies", {})
        )

    def count(self, via: str) -> int:
        return sum(case["via"] == via for case in self.cases)


@dataclass
class Report:
    """How many cases of a file passed, by how they are run, and which failed. As text, the line of its
    counts."""

    file: str
    api: int = 0
    http: int = 0
    failures: list[str] = field(default_factory=list[str])

    def run(self, case: Case, check: Callable[[Case], None]) -> None:
        try:
            check(case)
        except Exception as why:  # Whatever it is, the other cases run too.
            shown = str(why) if isinstance(why, Mismatch) else repr(why)
            self.failures.append(f"{case['name']}: {shown}")
        else:
            if case["via"] == "http":
                self.http += 1
            else:
                self.api += 1

    def __str__(self) -> str:
        counts = [f"{via} {n}" for via, n in (("api", self.api), ("http", self.http)) if n]
        if self.failures:
            counts.append(f"failed {len(self.failures)}")
        return f"vectors: {self.file} {', '.join(counts)}"


def same(what: str, expected: object, got: object) -> None:
    if expected != got:
        raise Mismatch(f"{what}: expected {expected!r}, got {got!r}")


def same_json(what: str, expected: object, got: object) -> None:
    """As JSON: to Python, 1 and 1.0 and True are equal."""
    same(what, json.dumps(expected, sort_keys=True), json.dumps(got, sort_keys=True))


def includes(expected: Case, got: object) -> None:
    """`got` has every field that `expected` names, and the same."""
    for name, value in expected.items():
        same_json(name, value, attribute(got, name))


def attribute(owner: object, name: str) -> Any:
    """The field that the wire calls `name`, as the wire has it."""
    name = f"{name}_raw" if name in TIMES else {"from": "from_"}.get(name, name)
    match getattr(owner, name):
        case ReplyWindow() as window:
            return {"expires_at": window.expires_at_raw}
        case Fee() as fee:
            return {"amount": fee.amount, "currency": fee.currency}
        case value:
            return value


def body_of(written: Case) -> bytes:
    """The bytes of a webhook, as the vectors write them."""
    ((kind, value),) = written.items()
    match kind:
        case "text":
            return str(value).encode()
        case "json":
            return json.dumps(value).encode()
        case "base64":
            return base64.b64decode(value, validate=True)
        case "padded":
            return f"{value['before']}{value['fill'] * value['count']}{value['after']}".encode()
        case _:
            raise Mismatch(f"a body cannot be written as {kind}")
