"""Copy rows out of a large table, on all cores."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from ..engines.threads import usable_cores

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray

    from ..arrays import Array

__all__ = ["gather"]

WORTH = 1 << 20
"""Numbers that a second thread has to copy to gain more than its start costs; about half a millisecond."""
PIECE = 1 << 18
"""Numbers that a thread copies at a time, about a tenth of a millisecond."""


def gather(table: Array, ids: NDArray[np.intp], out: Array) -> None:
    """Copy the rows with these ids, on all cores if there are enough of them.

    Every thread takes the next piece as long as there is one, so that one that wakes late, or not at all because its
    core has other work, keeps nobody waiting.

    Args:
        table: float32 array `(rows, width)`.
        ids: `(n,)`, each in [0, rows), which is not checked.
        out: float32 array `(n, width)`, contiguous.
    """
    threads = min(_threads.count(), out.size // WORTH)
    if threads < 2:
        table.take(ids, axis=0, out=out, mode="clip")  # "raise" would make a copy of out first
        return
    step = max(1, PIECE // table.shape[1])
    starts = deque(range(0, len(ids), step))

    def copy() -> None:
        while True:
            try:
                start = starts.popleft()
            except IndexError:  # no piece is left
                return
            part = slice(start, start + step)
            table.take(ids[part], axis=0, out=out[part], mode="clip")

    others: list[Future[None]] = []
    with suppress(RuntimeError):  # the interpreter ends, and starts nothing more
        others.extend(_threads.pool().submit(copy) for _ in range(threads - 1))
    copy()
    for other in others:
        if not other.cancel():
            other.result()


class _Threads:
    """The threads beside the caller's own; started when they are first needed."""

    def __init__(self) -> None:
        self.cores = 0
        self.forget()

    def forget(self) -> None:
        """Begin anew: threads do not come along to a forked process."""
        self.lock = Lock()
        self.found: ThreadPoolExecutor | None = None

    def count(self) -> int:
        self.cores = self.cores or usable_cores()
        return self.cores

    def pool(self) -> ThreadPoolExecutor:
        with self.lock:
            if self.found is None:
                self.found = ThreadPoolExecutor(max(1, self.count() - 1), "onevec-layer")
            return self.found


_threads = _Threads()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.forget)
