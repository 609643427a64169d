"""`outgoing.json`, `error_bodies.json`, `retry_after.json`: one call, and what becomes of it, by each
face of the client."""

from __future__ import annotations

import json
from typing import Any

from backchat import BackchatError, Event, InboundMessage, ReplyResponse, SendResponse, Template
from face import FACES, AnyClient, end_of
from fault import FaultServer

from . import error, request
from .case import Case, Mismatch, includes, same, same_json

NOWHERE = "http://127.0.0.1:9"
"""A port that nothing listens on: a case by the interface alone must never get there."""

EMPTY: Case = {"args": {}, "client": {}, "options": {}, "server": "scripted", "answers": []}

Answer = ReplyResponse | SendResponse


def check(case: Case, fault: FaultServer | None) -> None:
    for face in FACES:
        try:
            check_face(face, case, fault)
        except Mismatch as why:
            raise Mismatch(f"{face.__name__}: {why}") from why


def check_face(face: type[AnyClient], case: Case, fault: FaultServer | None) -> None:
    if case["via"] == "api":
        end = run(face, case, NOWHERE)
        check_end(case, end)
        # What is wrong without a server is wrong in the arguments.
        same("is a ValueError", isinstance(end, BackchatError), isinstance(end, ValueError))
        return
    if fault is None:
        raise Mismatch("there is no fault server")
    fault.reset()
    fault.script(case["answers"])
    end = run(face, case, url(case["server"], fault))
    if isinstance(end, BackchatError):
        check_call(case, end)
    check_end(case, end)
    check_requests(case["expect"], fault)


def url(server: Any, fault: FaultServer) -> str:
    match server:
        case "scripted":
            return fault.url
        case "refused":
            return fault.unreachable().refused
        case "silent_tls":
            return fault.unreachable().silent_tls
        case {"tls": kind}:
            return fault.tls(kind).url
        case _:
            raise Mismatch(f"no server is called {server}")


def run(face: type[AnyClient], case: Case, base_url: str) -> Answer | BackchatError | None:
    options: Case = {"api_token": "vector-token", "base_url": base_url, **case["client"]}
    try:
        client = face(**options)
        try:
            return answer(client, case)
        finally:
            end_of(client.close())
    except BackchatError as end:
        return end


def answer(client: AnyClient, case: Case) -> Answer | None:
    args = pythonic(case["args"])
    options = dict(case["options"])
    if "headers" in options:
        options["extra_headers"] = options.pop("headers")
    match case["call"]:
        case "client":
            return None
        case "notify.reply":
            return end_of(client.notify.reply(**args, **options))
        case "notify.send":
            check_template(args, case["expect"])
            return end_of(client.notify.send(**args, **options))
        case "reply":
            return end_of(client.reply(message(args), args["text"], **options))
        case "reply_or_template":
            template = Template(**pythonic(args["template"]))
            # mypy does not solve the union of both answers and both faces.
            call: Any = client.reply_or_template(message(args), args["text"], template, **options)
            answered: Answer = end_of(call)
            return answered
        case other:
            raise Mismatch(f"no call is called {other}")


def pythonic(args: Case) -> Case:
    """The arguments by their names in Python."""
    return {"from_" if name == "from" else name: value for name, value in args.items()}


def message(args: Case) -> InboundMessage:
    event = Event.from_json(json.dumps(args["event"]))
    if not isinstance(event, InboundMessage):
        raise Mismatch(f"not an inbound message: {event!r}")
    return event


def check_template(args: Case, expect: Case) -> None:
    """A `Template` is another door for the same values: it takes and refuses the same."""
    template = {name: value for name, value in args.items() if name != "to"}
    code = expect.get("error", {}).get("code")
    try:
        made = Template(**template)
    except BackchatError as refused:
        same("code by Template", code, refused.code)
    else:
        for name, value in template.items():
            if name != "document":
                same_json(f"{name} by Template", value, getattr(made, name))


def check_call(case: Case, end: BackchatError) -> None:
    """An error of a call names the message and the correlation id, so that a delivery event can be told
    to belong to it."""
    if end.code == "configuration":
        return
    args = case["args"]
    if "correlation_id" in args:
        same("correlation_id", args["correlation_id"], end.correlation_id)
    if "reply_to" in args:
        same("message_id", args["reply_to"], end.message_id)


def check_end(case: Case, end: Answer | BackchatError | None) -> None:
    ok, expected = case["expect"].get("ok"), case["expect"].get("error")
    if (ok is None) == (expected is None):
        raise Mismatch("the case must expect either `ok` or `error`")
    if expected is not None:
        if not isinstance(end, BackchatError):
            raise Mismatch(f"expected {expected['code']}, got {end!r}")
        error.check(expected, end)
    elif isinstance(end, BackchatError):
        raise Mismatch(f"expected no error, got {end.code} ({end})")
    elif end is None:
        same("fields of a client", {}, ok)
    else:
        includes(ok, end)
        # `sent` says which class it is: that is no field of the API.
        as_dict: Case = {**end.to_dict(), "sent": end.sent}
        same_json("to_dict", ok, {name: as_dict.get(name) for name in ok})


def check_requests(expect: Case, fault: FaultServer) -> None:
    posts: int = expect["posts"]
    fault.wait_for_posts(posts)
    received = [request for request in fault.requests() if request.complete]
    same("posts", posts, len(received))
    requests: list[Case] | None = expect.get("requests")
    if requests is not None:
        same("requests", len(requests), len(received))
        for expected, got in zip(requests, received, strict=True):
            request.check(expected, got)
