"""How many threads this process should compute with, and keeping the linear algebra library (BLAS) to one of them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["one_blas_thread", "usable_cores"]

CGROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Cores that this process may use: those it is bound to, or fewer if its container has a smaller quota."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(bound, ceil(_quota(CGROUP) or bound)))


def _quota(cgroup: Path) -> float | None:
    """Cores' worth of time that a Linux container gets; None if that is not limited."""
    try:
        if (cgroup / "cpu.max").exists():
            quota, period = (cgroup / "cpu.max").read_text().split()
        else:  # version 1 of cgroups
            quota, period = ((cgroup / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return float(quota) / float(period) if float(quota) > 0 else None
    except (OSError, ValueError):  # no cgroups here, or the quota is "max"
        return None


class _Limit:
    """The limit of the whole process, and how many calls rely on it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.calls = 0
        self.controller: Any = None
        self.taken: Any = None

    def enter(self) -> None:
        with self.lock:
            if self.calls == 0:
                if self.controller is None:
                    from threadpoolctl import ThreadpoolController

                    self.controller = ThreadpoolController()  # looks through all loaded libraries, so once is enough
                self._unlock()
                self.taken = self.controller.limit(limits=1, user_api="blas")
            self.calls += 1

    def leave(self) -> None:
        with self.lock:
            self.calls -= 1
            if self.calls == 0:
                self._give_back()

    def _give_back(self) -> None:
        self._unlock()
        self.taken.restore_original_limits()
        self._unlock()

    def _unlock(self) -> None:
        """Let any thread set the limit: threadpoolctl >= 3.8 ignores all but the one that did so last."""
        for library in self.controller.lib_controllers:
            if hasattr(library, "clear_controlling_thread"):
                library.clear_controlling_thread(force=True)

    def after_fork(self) -> None:
        """The threads that held the limit did not come along, so nobody else would give it back."""
        self.lock = Lock()
        if self.calls:
            self.calls = 0
            self._give_back()


_limit = _Limit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_limit.after_fork)


@contextmanager
def one_blas_thread() -> Generator[None]:
    """Let BLAS compute with one thread while any thread of the process is in here; then as the user had set it.

    Workers that compute side by side would otherwise each start as many BLAS threads as there are cores, and these
    wait for each other.
    """
    _limit.enter()
    try:
        yield
    finally:
        _limit.leave()
