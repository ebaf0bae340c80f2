"""Requests and tokens a minute: how long to wait before the next request. No I/O and no clock in here."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import finalize

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def heed(self, headers: Mapping[str, str], now: float, tokens: float) -> None:
        """Slow down by a provider's rate-limit headers, before it refuses a request.

        Args:
            headers: of a reply.
            now: when the reply came.
            tokens: tokens that the next request will need.
        """
        for unit, need in (("requests", 1.0), ("tokens", tokens)):
            left, reset = (_first(headers, name, unit) for name in ("remaining", "reset"))
            if left is None or reset is None or left >= need:
                continue
            if reset > EPOCH:
                reset -= now
            limit = _first(headers, "limit", unit)
            share = min(1.0, (need - left) / (limit - left)) if limit is not None and limit > left else 1.0
            self.hold(now + min(max(0.0, reset) * share, MINUTE))  # beyond that the provider's refusal decides

    def hold(self, until: float) -> None:
        """Let no request start before a time."""
        with self._lock:
            self._held_until = max(self._held_until, until)


EPOCH = 1e9
"""A reset beyond this is a time, not a wait."""
_DURATION = re.compile(r"([0-9.]+)(ms|s|m|h|d)?")
_DURATIONS = re.compile(r"(?:[0-9.]+(?:ms|s|m|h|d))*[0-9.]*")
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _first(headers: Mapping[str, str], name: str, unit: str) -> float | None:
    """A number or a span such as "6m0s" from `x-ratelimit-<name>-<unit>`, or `ratelimit-<name>` for requests."""
    text = headers.get(f"x-ratelimit-{name}-{unit}")
    if text is None and unit == "requests":
        text = headers.get(f"x-ratelimit-{name}") or headers.get(f"ratelimit-{name}")
    if not text or not _DURATIONS.fullmatch(text):
        return None
    try:
        return sum(float(number) * _SECONDS[scale] for number, scale in _DURATION.findall(text))
    except ValueError:
        return None


_paces: dict[int, dict[tuple[Any, ...], Pace]] = {}  # by id of the transport, which need not be hashable
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_paces.clear)  # a thread of the parent may hold a lock for ever


def pace_of(transport: Transport, key: tuple[Any, ...]) -> Pace:
    """The pace that belongs to a transport and a key (origin, fingerprint of the credential, model)."""
    known = _paces.get(id(transport))
    if known is None:
        known = _paces.setdefault(id(transport), {})
        with suppress(TypeError):  # it can't be referred to weakly
            finalize(transport, _paces.pop, id(transport), None).atexit = False
    return known.get(key) or known.setdefault(key, Pace())
