"""`backchat`, the program: `backchat sandbox`, `backchat trigger`, …; also `python -m backchat`."""

from __future__ import annotations

import signal
import sys

from ._native import _cli


def main() -> int:
    """Runs the program with the arguments of this process, and gives its exit code."""
    # Ctrl-C ends a command at once; the sandbox waits for it and ends well.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _cli(["backchat", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
