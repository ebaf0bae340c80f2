"""The pace of an account: never too fast, whoever asks, and slower when the provider's headers say so."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import World

from onevec.limits import Pace, Window, _first, _paces, pace_of  # pyright: ignore[reportPrivateUsage]
from onevec.wire import Headers

NOW = 1_767_225_600.0  # 2026-01-01
SECOND = 2.0**-10
"""Times in the properties are multiples of this, so sums of them are exact."""

steps = st.lists(
    st.tuples(st.integers(0, 40 * 1024).map(lambda ticks: ticks * SECOND), st.integers(0, 30)), max_size=60
)


def in_any_minute(taken: list[tuple[float, float]]) -> float:
    """The most that was taken in any 60 seconds."""
    starts = [when for when, _ in taken]
    return max((sum(units for when, units in taken if start <= when < start + 60) for start in starts), default=0.0)


@given(steps, st.integers(1, 20))
def test_a_window_never_gives_more_than_its_limit_in_any_minute(asked: list[tuple[float, int]], limit: int) -> None:
    window, now = Window(), NOW
    taken: list[tuple[float, float]] = []
    for pause, units in asked:
        now += pause
        when = window.earliest(now, units, limit)
        window.take(when, min(units, limit))
        assert when >= now
        taken.append((when, min(units, limit)))
    assert [when for when, _ in taken] == sorted(when for when, _ in taken)
    assert in_any_minute(taken) <= limit


@given(steps, st.integers(1, 20))
def test_a_window_waits_no_longer_than_it_must(asked: list[tuple[float, int]], limit: int) -> None:
    window, now = Window(), NOW
    taken: list[tuple[float, float]] = []
    for pause, units in asked:
        now += pause
        when = window.earliest(now, units, limit)
        least = max([now, *(other for other, _ in taken)])
        if when > least:  # a moment before, it was too much
            before = [(other, units) for other, units in taken if when - SECOND - 60 < other]
            assert sum(units for _, units in before) + min(units, limit) > limit
        window.take(when, min(units, limit))
        taken.append((when, min(units, limit)))


@given(steps, st.none() | st.integers(1, 10), st.none() | st.integers(1, 60))
def test_a_pace_holds_both_limits(asked: list[tuple[float, int]], requests: int | None, tokens: int | None) -> None:
    pace, now = Pace(), NOW
    starts: list[float] = []
    for pause, size in asked:
        now += pause
        wait = pace.reserve(now, size, requests_per_minute=requests, tokens_per_minute=tokens)
        assert wait >= 0
        starts.append(now + wait)
    if requests is not None:
        assert in_any_minute([(when, 1) for when in starts]) <= requests
    if tokens is not None:
        sizes = [min(size, tokens) for _, size in asked]
        assert in_any_minute(list(zip(starts, sizes, strict=True))) <= tokens
    if requests is None and tokens is None:
        assert starts == [NOW + sum(pause for pause, _ in asked[: place + 1]) for place in range(len(asked))]


def test_two_instances_with_different_limits_share_what_was_taken() -> None:
    pace = Pace()
    waits = [pace.reserve(NOW, 1, requests_per_minute=rate, tokens_per_minute=None) for rate in (2, 2, 3, 2)]
    assert waits == [0.0, 0.0, 0.0, 60.0]


def test_many_threads_together_are_not_faster() -> None:
    pace = Pace()
    start = threading.Barrier(8)

    def ask(_: int) -> list[float]:
        start.wait(5)
        return [pace.reserve(NOW, 1, requests_per_minute=20, tokens_per_minute=None) for _ in range(25)]

    with ThreadPoolExecutor(8) as pool:
        waits = sorted(wait for found in pool.map(ask, range(8)) for wait in found)
    assert waits == [60.0 * (place // 20) for place in range(200)]


def test_a_held_pace_lets_nothing_start() -> None:
    pace = Pace()
    pace.hold(NOW + 5)
    pace.hold(NOW + 3)
    assert pace.reserve(NOW, 1, requests_per_minute=None, tokens_per_minute=None) == 5.0
    assert pace.reserve(NOW + 6, 1, requests_per_minute=None, tokens_per_minute=None) == 0.0


# Headers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60", 60.0),
        ("0.5", 0.5),
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("120ms", 0.12),
        ("1h2m3.5s", 3723.5),
        ("1d", 86400.0),
        ("", None),
        ("soon", None),
        ("1.2.3", None),
        ("2026-01-01T00:00:00Z", None),
        ("-5", None),
        ("1" * 50_000 + "x", None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_span_is_read(text: str, seconds: float | None) -> None:
    assert _first(Headers({"x-ratelimit-reset-requests": text}), "reset", "requests") == seconds


@pytest.mark.parametrize(
    ("headers", "tokens", "wait"),
    [
        ({}, 1, 0.0),
        ({"remaining-requests": "0", "reset-requests": "2s"}, 1, 2.0),
        ({"remaining-requests": "1", "reset-requests": "2s"}, 1, 0.0),
        ({"remaining-requests": "0"}, 1, 0.0),
        ({"remaining-tokens": "10", "reset-tokens": "3s"}, 10, 0.0),
        ({"remaining-tokens": "10", "reset-tokens": "3s"}, 11, 3.0),
        ({"remaining-tokens": "10", "reset-tokens": "3s", "limit-tokens": "110"}, 60, 1.5),
        ({"remaining-tokens": "0", "reset-tokens": "8s", "limit-tokens": "10"}, 99, 8.0),
        ({"remaining-requests": "0", "reset-requests": "1s", "remaining-tokens": "0", "reset-tokens": "2s"}, 1, 2.0),
        ({"remaining": "0", "reset": "4"}, 1, 4.0),
        ({"remaining": "0", "reset": str(int(NOW) + 7)}, 1, 7.0),
        ({"remaining": "0", "reset": str(int(NOW) - 7)}, 1, 0.0),
        ({"remaining": "0", "reset": "1h"}, 1, 60.0),
        ({"remaining": "0", "reset": str(int(NOW) * 1000)}, 1, 60.0),
        ({"remaining": "0", "reset": "2026-01-01T09:00:00Z"}, 1, 0.0),
    ],
)
def test_headers_slow_down_before_the_limit_is_hit(headers: dict[str, str], tokens: int, wait: float) -> None:
    pace = Pace()
    pace.heed(Headers({f"X-RateLimit-{name}": value for name, value in headers.items()}), NOW, tokens)
    assert pace.reserve(NOW, tokens, requests_per_minute=None, tokens_per_minute=None) == wait


def test_the_name_of_the_standard_is_read_too() -> None:
    pace = Pace()
    pace.heed(Headers({"RateLimit-Remaining": "0", "RateLimit-Reset": "4"}), NOW, 1)
    assert pace.reserve(NOW, 1, requests_per_minute=None, tokens_per_minute=None) == 4.0


# Whose pace -----------------------------------------------------------------------------------------------------------


@dataclass
class Unhashable(World):
    """A transport as users write them: equal by value, so without a hash."""

    name: str = "mine"

    def __post_init__(self) -> None:
        super().__init__()


class Slots:
    """A transport that can't be referred to weakly."""

    __slots__ = ()


@pytest.mark.parametrize("kind", [World, Unhashable, Slots])
def test_a_pace_belongs_to_a_transport_and_a_key(kind: Any) -> None:
    one, other = kind(), kind()
    assert pace_of(one, ("a",)) is pace_of(one, ("a",))
    assert pace_of(one, ("a",)) is not pace_of(one, ("b",))
    assert pace_of(one, ("a",)) is not pace_of(other, ("a",))


def test_a_pace_goes_with_its_transport() -> None:
    gc.collect()
    before = len(_paces)
    transport = World()
    pace_of(transport, ("a",))
    assert len(_paces) == before + 1
    del transport
    gc.collect()
    assert len(_paces) == before
