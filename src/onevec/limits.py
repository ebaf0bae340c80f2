"""Requests and tokens a minute: how long to wait before the next request. No I/O and no clock in here."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from .transport import Transport

__all__ = ["Pace", "Window", "pace_of"]

MINUTE = 60.0


class Window:
    """At most `limit` units in any 60 seconds; what is beyond is put off, never refused."""

    def __init__(self) -> None:
        self._taken: deque[tuple[float, float]] = deque()  # (when, units), ascending
        self._sum = 0.0

    def earliest(self, now: float, units: float, limit: float) -> float:
        """When `units` more may be taken; units beyond the limit go alone."""
        start = max(now, self._taken[-1][0] if self._taken else now)
        while self._taken and (self._taken[0][0] + MINUTE <= start or self._sum + min(units, limit) > limit):
            when, taken = self._taken.popleft()
            self._sum -= taken
            start = max(start, when + MINUTE)
        return start

    def take(self, when: float, units: float) -> None:
        """Count units as taken at a time that `earliest` gave."""
        self._taken.append((when, units))
        self._sum += units


class Pace:
    """What one account may send to one model; shared by every thread, task and instance that uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests, self._tokens = Window(), Window()
        self._held_until = 0.0

    def reserve(
        self, now: float, tokens: float, *, requests_per_minute: float | None, tokens_per_minute: float | None
    ) -> float:
        """Take a place for one request.

        Args:
            now: seconds of any clock that only grows.
            tokens: tokens of the request.
            requests_per_minute: None is no limit.
            tokens_per_minute: None is no limit.

        Returns:
            Seconds to wait before it is sent.
        """
        with self._lock:
            start = max(now, self._held_until)
            if requests_per_minute is not None:
                start = self._requests.earliest(start, 1, requests_per_minute)
            if tokens_per_minute is not None:
                start = self._tokens.earliest(start, tokens, tokens_per_minute)
                self._tokens.take(start, min(tokens, tokens_per_minute))
            if requests_per_minute is not None:
                self._requests.take(start, 1)
            return start - now

    def hold(self, until: float) -> None:
        """Let no request start before a time."""
        with self._lock:
            self._held_until = max(self._held_until, until)


_paces: WeakKeyDictionary[Transport, dict[tuple[Any, ...], Pace]] = WeakKeyDictionary()
_paces_lock = threading.Lock()


def pace_of(transport: Transport, key: tuple[Any, ...]) -> Pace:
    """The pace that belongs to a transport and a key (origin, fingerprint of the credential, model)."""
    with _paces_lock:
        return _paces.setdefault(transport, {}).setdefault(key, Pace())
