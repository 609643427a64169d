"""An error as every language shows it."""

from __future__ import annotations

import backchat
from backchat import BackchatError

from .case import Case, Mismatch, same

FIELDS = (
    "code",
    "outcome",
    "safe_to_retry",
    "webhook_status",
    "status",
    "request_id",
    "retry_after",
    "server_code",
    "phase",
    "reason",
    "option",
    "verified",
)


def check(expected: Case, error: BackchatError) -> None:
    """Whether `error` is the expected one. A field that is left out is null."""
    if not error.advice:
        raise Mismatch(f"{error.code} has no advice")
    # Only some classes have all of them.
    got = {name: getattr(error, name, None) for name in FIELDS}
    within = expected.get("retry_after_within")
    wait = error.retry_after
    if within is not None and wait is not None and abs(wait - expected["retry_after"]) <= within:
        got["retry_after"] = expected["retry_after"]
    known = {*FIELDS, "class", "retry_after_within"}
    same("fields of the case that nobody reads", set[str](), expected.keys() - known)
    wanted = {name: expected.get(name) for name in FIELDS}
    differ = [name for name in FIELDS if wanted[name] != got[name]]
    if differ:
        named = {name: wanted[name] for name in differ}
        raise Mismatch(f"expected {named}, got { {name: got[name] for name in differ} } ({error})")
    # An error in the caller's own arguments is of a class of the same name, and a `ValueError`.
    same("class", expected["class"], type(error).__name__)
    same("is of that class", True, isinstance(error, getattr(backchat, expected["class"])))
