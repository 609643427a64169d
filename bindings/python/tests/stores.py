"""The stores that the inbox is tested on: a new one for each test."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """The URL of a store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/inbox.db"
    if request.param == "postgres":
        return postgres()
    return None


def postgres() -> str:
    """The URL of the Postgres that `cargo xtask test` starts."""
    url = os.environ.get("BACKCHAT_TEST_POSTGRES")
    if url is None:
        if os.environ.get("CI") == "true":
            pytest.fail("BACKCHAT_TEST_POSTGRES must be set: `cargo xtask test` does it")
        pytest.skip("BACKCHAT_TEST_POSTGRES is not set")
    return url


def scope() -> str:
    """A scope of one's own: tests share a database."""
    return uuid.uuid4().hex
