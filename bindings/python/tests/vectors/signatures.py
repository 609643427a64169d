"""`signatures.json`: whose bytes they are."""

from __future__ import annotations

from backchat import Event, Webhook

from . import received
from .case import Case, Document, Mismatch, body_of, includes


def check(case: Case, document: Document) -> None:
    keys = [document.keys[name] for name in case["keys"]]
    body = body_of(document.bodies[case["body"]]) if "body" in case else b""
    pairs: list[tuple[str, str]] = [(name, value) for name, value in case.get("headers", [])]

    def webhook() -> Webhook:
        return Webhook(keys[0] if len(keys) == 1 else keys)

    def new() -> Event:
        raise Mismatch(f"the keys were taken: {webhook()!r}")

    if case["call"] == "webhook.new":
        received.check(case["expect"], body, new, includes)
        return
    verifier = webhook()
    received.check(case["expect"], body, lambda: verifier.verify(body, pairs), includes)
    # The same as ASGI has them, and as a mapping.
    raw = [(name.encode(), value.encode()) for name, value in pairs]
    received.check(case["expect"], body, lambda: verifier.verify(bytearray(body), raw), includes)
    mapping = dict(pairs)
    if len(mapping) == len(pairs):
        view = memoryview(body)
        received.check(case["expect"], body, lambda: verifier.verify(view, mapping), includes)
