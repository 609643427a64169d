"""What editors show is what `help()` shows."""

from __future__ import annotations

import inspect

import stub_docs

import backchat
from backchat import _native, errors, testing


def test_the_stub_documents_what_the_native_part_does() -> None:
    stub = stub_docs.STUB.read_text()
    assert stub == stub_docs.documented(stub), "run `python tests/stub_docs.py`"


def test_everything_public_is_documented() -> None:
    missing: list[str] = []
    for module in (backchat, testing, errors):
        for name in module.__all__:
            thing = getattr(module, name)
            if not inspect.isclass(thing):
                continue
            members = [member for member in vars(thing) if not member.startswith("_")]
            for member in ["", *members]:
                documented = getattr(thing, member) if member else thing
                if callable(documented) or isinstance(documented, property) or not member:
                    if not documented.__doc__:
                        missing.append(f"{name}.{member}")
    assert missing == []


def test_the_version_is_the_crate_s() -> None:
    assert backchat.__version__ == _native.__version__
    assert backchat.__version__.count(".") == 2
