"""The README shows the files that run."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["quickstart", "test_my_bot"])
def test_the_readme_shows_the_file_that_runs(name: str) -> None:
    shown = (HERE / f"examples/{name}.py").read_text().strip()
    assert f"```python\n{shown}\n```" in (HERE / "README.md").read_text()
