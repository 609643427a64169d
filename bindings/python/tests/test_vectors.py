"""The shared vectors, run through the installed package. One test per file; `tests/vectors/README.md`
says more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fault import FaultServer
from vectors import FILES, Document, Report, run

ran: list[Report] = []
"""The files that ran, for the line of their total."""


@pytest.mark.parametrize("name", FILES)
def test_every_case(name: str, request: pytest.FixtureRequest, say: Callable[[str], None]) -> None:
    document = Document.load(name)
    fault: FaultServer | None = None
    if document.count("http"):
        fault = request.getfixturevalue("fault_server")
    report = run(document, fault)
    say(str(report))
    ran.append(report)
    if len(ran) == len(FILES):
        api, http = sum(report.api for report in ran), sum(report.http for report in ran)
        say(f"vectors: total {api + http} (api {api}, http {http})")
    failures = "\n  ".join(report.failures)
    assert not report.failures, f"{len(report.failures)} failed:\n  {failures}"
    assert report.api + report.http > 0, "no case ran"
    # Rust counts the same data: equal to it is equal to Rust.
    assert (report.api, report.http) == (document.count("api"), document.count("http"))
