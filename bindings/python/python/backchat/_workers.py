"""Threads for the handlers of `Inbox.run`."""

from __future__ import annotations

import contextlib
from queue import SimpleQueue
from threading import Semaphore, Thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._native import _Job


class Workers:
    """As many threads as jobs run at once. A handler that hangs keeps its thread, and holds up neither
    other jobs nor the end of the process."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._idle = Semaphore(0)
        self._threads: list[Thread] = []

    def run(self, job: _Job) -> None:
        """Has a thread run `job`."""
        self._jobs.put(job)
        if not self._idle.acquire(blocking=False):
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = Thread(target=self._work, name="backchat", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Ends the threads, those that hang as soon as their handler returns."""
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            with contextlib.suppress(BaseException):  # the inbox has reported it
                job.run()
            del job
            self._idle.release()
