"""The docstrings of `_native.pyi`: what `help()` shows, where editors look for it.

`python tests/stub_docs.py` writes them, from the installed package.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path

from backchat import _native

STUB = Path(__file__).parents[1] / "python/backchat/_native.pyi"

Definition = ast.ClassDef | ast.FunctionDef


def documented(stub: str) -> str:
    """`stub` with the documentation of the native part, whatever it held before."""
    lines = _bare(stub).splitlines()
    for definition, owner in reversed(_definitions(ast.parse("\n".join(lines)))):
        text = _help(definition.name, owner)
        if not text:
            continue
        docstring = _docstring(text, " " * (definition.col_offset + 4))
        first = definition.body[0]
        if isinstance(definition, ast.FunctionDef):
            head = lines[first.lineno - 1].removesuffix(" ...")
            lines[first.lineno - 1 : first.lineno] = [head, *docstring]
        else:
            decorators = getattr(first, "decorator_list", [])
            at = (decorators[0] if decorators else first).lineno - 1
            lines[at:at] = docstring
    return "\n".join(lines) + "\n"


def _bare(stub: str) -> str:
    """`stub` without docstrings: the body of every function is `...`, behind its head."""
    lines = stub.splitlines()
    for definition, _ in reversed(_definitions(ast.parse(stub))):
        first = definition.body[0]
        if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
            lines[first.lineno - 1 : first.end_lineno] = []
            if isinstance(definition, ast.FunctionDef):
                lines[first.lineno - 2] += " ..."
    return "\n".join(lines)


def _definitions(tree: ast.Module) -> list[tuple[Definition, str | None]]:
    """All classes and functions in their order, and the class that each belongs to."""
    found: list[tuple[Definition, str | None]] = []
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found.append((node, None))
        if isinstance(node, ast.ClassDef):
            found += [(method, node.name) for method in node.body if isinstance(method, ast.FunctionDef)]
    return found


def _help(name: str, owner: str | None) -> str:
    """The documentation of the native part, of what is public."""
    if name.startswith("_") or (owner or "").startswith("_"):
        return ""
    place = getattr(_native, owner, None) if owner else _native
    return inspect.cleandoc(getattr(getattr(place, name, None), "__doc__", None) or "")


def _docstring(text: str, indent: str) -> list[str]:
    lines = textwrap.indent(f'"""{text}', indent).splitlines()
    return [*lines, f'{indent}"""'] if len(lines) > 1 else [f'{lines[0]}"""']


if __name__ == "__main__":
    STUB.write_text(documented(STUB.read_text()))
