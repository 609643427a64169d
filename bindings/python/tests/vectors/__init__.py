"""`tests/vectors/*.json`: what every language must do, as data, run through the public API of the
installed package. `tests/vectors/README.md` says how the files are read, `tests/src/vectors` is the
same in Rust."""

from __future__ import annotations

from collections.abc import Callable

from fault import FaultServer

from . import call, events, reply_windows, signatures
from .case import FILES, Case, Document, Report

__all__ = ["FILES", "Document", "Report", "run"]


def run(document: Document, fault: FaultServer | None) -> Report:
    """Runs every case of one file. Without a fault server, those `via` http fail."""
    check = checks(document, fault)
    report = Report(document.name)
    for case in document.cases:
        report.run(case, check)
    return report


def checks(document: Document, fault: FaultServer | None) -> Callable[[Case], None]:
    match document.name:
        case "events":
            return events.check
        case "signatures":
            return lambda case: signatures.check(case, document)
        case "reply_windows":
            return reply_windows.check
        case _:
            return lambda case: call.check({**call.EMPTY, **document.defaults, **case}, fault)
