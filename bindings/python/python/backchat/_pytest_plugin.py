"""The pytest plugin: a fixture that every test may ask for, and nothing else."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .testing import Sandbox


@pytest.fixture
def backchat_sandbox() -> Iterator[Sandbox]:
    """Prelude on this machine: a `backchat.testing.Sandbox` that ends with the test."""
    from .testing import Sandbox

    with Sandbox() as sandbox:
        yield sandbox
