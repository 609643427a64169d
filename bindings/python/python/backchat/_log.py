"""Writes the lines of the native part to `logging.getLogger("backchat")`, on a thread of its own.

A line's message is constant, so that whoever collects errors can group by it: `record.msg` is
`attempt %(fields)s`. Its fields are attributes of the record (`record.status`), `None` where the line
has none, and all that it has are in `record.backchat`, as text.
"""

from __future__ import annotations

import _thread
import logging
from threading import Thread
from types import BuiltinFunctionType

from ._native import _next_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    _Field = str | int | float | bool | None

_LOGGER = logging.getLogger("backchat")
_RESERVED = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "backchat"}


def start() -> bool:
    """Starts the writer, and says whether it is one: where gevent or eventlet have replaced threads,
    it would hold up all others."""
    if not isinstance(_thread.start_new_thread, BuiltinFunctionType):
        return False
    Thread(target=_run, name="backchat-log", daemon=True).start()
    return True


def _run() -> None:
    while (line := _next_line()) is not None:
        try:
            write(*line)
        except BaseException:  # noqa: BLE001
            # A handler of the application's that raises: `logging` itself has said what it could.
            pass
        del line


def write(
    level: int, message: str, fields: Mapping[str, _Field], error: BaseException | None
) -> None:
    """Writes one line."""
    shown = {name: _text(value) for name, value in fields.items() if value is not None}
    extra = {name: value for name, value in fields.items() if name not in _RESERVED}
    extra["backchat"] = shown  # type: ignore[assignment]
    if not shown:
        _LOGGER.log(level, message, exc_info=error, extra=extra)
        return
    template = message.replace("%", "%%") + " %(fields)s"
    together = " ".join(f"{name}={value}" for name, value in shown.items())
    _LOGGER.log(level, template, {"fields": together, **fields}, exc_info=error, extra=extra)


def _text(value: _Field) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
