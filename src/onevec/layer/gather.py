"""Copy rows out of a large table, on all cores."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..engines.threads import usable_cores

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray

    from ..arrays import Array

__all__ = ["gather"]

WORTH = 1 << 20
"""Numbers that a second thread has to copy to gain more than its start costs; about half a millisecond."""


def gather(table: Array, ids: NDArray[np.intp], out: Array) -> None:
    """Write the rows with these ids to `out`.

    Args:
        table: float32 array `(rows, width)`.
        ids: `(n,)`, each in [0, rows), which is not checked.
        out: float32 array `(n, width)`, contiguous.
    """
    parts = min(_threads.count(), out.size // WORTH)
    if parts < 2:
        table.take(ids, axis=0, out=out, mode="clip")  # "raise" would make a copy of out first
        return
    cuts = [len(ids) * part // parts for part in range(parts + 1)]
    ranges = [slice(start, end) for start, end in pairwise(cuts)]
    others: list[Future[Any]] = []
    own = ranges[0]
    try:
        pool = _threads.pool()
        others.extend(pool.submit(table.take, ids[part], 0, out[part], "clip") for part in ranges[1:])
    except RuntimeError:  # the interpreter ends, and starts nothing more
        own = slice(None)
    table.take(ids[own], axis=0, out=out[own], mode="clip")
    for other in others:
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
