"""What the tests share."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Callable, Iterator

import pytest
from fault import FaultServer

COMMAND = "BACKCHAT_FAULT_SERVER"
MISSING = f"{COMMAND} is not set: what needs the fault server does NOT run (`cargo xtask test` sets it)"


def pytest_report_header() -> str | None:
    return None if COMMAND in os.environ else MISSING


@pytest.fixture(scope="session", autouse=True)
def no_account() -> Iterator[None]:
    """No test sees the settings of the developer's own account."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name == "API_TOKEN" or name.startswith("PRELUDE_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c() -> None:
    """Ctrl-C interrupts tests and their programs, also if a shell started all of it in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def fault_command() -> list[str]:
    """The command line that starts a fault server."""
    command = os.environ.get(COMMAND)
    if command is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return shlex.split(command)


@pytest.fixture(scope="session")
def fault_server(fault_command: list[str]) -> Iterator[FaultServer]:
    """A fault server that all tests use, one after the other: reset it first."""
    with FaultServer(fault_command) as server:
        yield server


SAID = "said"


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Has a line stand at the end of every run."""
    return lambda line: record_property(SAID, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, line in report.user_properties:
            if name == SAID:
                terminalreporter.write_line(str(line))
