"""A request as the server received it."""

from __future__ import annotations

import re

from fault import Received

from .case import Case, Mismatch, same, same_json

GENERATED = re.compile(r"\.[0-9a-hjkmnp-tv-z]{12}")
"""A dot and 12 characters of Crockford's base32."""


def check(expected: Case, received: Received) -> None:
    same("method", "POST", received.method)
    same("path", expected["path"], received.path)
    headers: dict[str, str | None] = expected.get("headers", {})
    for name, value in headers.items():
        same(name, value, received.header(name))
    got = received.json()
    body = dict(expected["body"])
    match body.get("correlation_id"):
        case {"generated_for": head}:
            echoed = str(got.get("correlation_id"))
            if not (echoed.startswith(head) and GENERATED.fullmatch(echoed[len(head) :])):
                raise Mismatch(f"correlation_id: expected one for {head}, got {echoed}")
            body["correlation_id"] = echoed
        case _:
            pass
    same_json("the body", body, got)
