"""Which failure is tried again, and how long is waited before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onevec.errors import (
    AuthenticationError,
    ConfigurationError,
    ProviderError,
    RateLimited,
    ServiceUnavailable,
    TimedOut,
    TransportError,
)
from onevec.retry import RetryPolicy, retry_after
from onevec.wire import Headers

if TYPE_CHECKING:
    from onevec.errors import (
        EmbeddingError,
    )

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = RetryPolicy()
parts = st.floats(0, 1, exclude_max=True)


def again(after: float | None = None) -> RateLimited:
    return RateLimited("slower", retryable=True, retry_after=after)


@pytest.mark.parametrize(
    "error", [again(), ServiceUnavailable(retryable=True), TransportError("reset"), TimedOut("late")]
)
def test_what_may_pass_is_tried_again(error: EmbeddingError) -> None:
    assert POLICY.wait(error, 0, 0.5) == 0.25


@pytest.mark.parametrize(
    "error",
    [
        ProviderError("no"),
        AuthenticationError("no"),
        RateLimited("quota", retry_after=1.0),
        ConfigurationError("wrong"),
        TransportError("a certificate", retryable=False),
    ],
)
def test_what_can_not_pass_is_not(error: EmbeddingError) -> None:
    assert POLICY.wait(error, 0, 0.5) is None


@pytest.mark.parametrize("tries", [0, 1, 5])
def test_there_are_only_so_many_tries(tries: int) -> None:
    waits = [RetryPolicy(tries).wait(again(), tried, 0.5) for tried in range(tries + 2)]
    assert [wait is None for wait in waits] == [False] * tries + [True, True]


@given(st.integers(0, 10**6), parts)
@example(5000, 0.999)
def test_the_span_doubles_up_to_its_bound_and_any_part_of_it_may_come(tried: int, part: float) -> None:
    wait = RetryPolicy(10**9).wait(again(), tried, part)
    assert wait is not None
    assert wait == pytest.approx(part * min(20.0, 0.5 * 2 ** min(tried, 9)))


@given(st.floats(0, 500), st.integers(0, 4), parts)
def test_never_earlier_than_asked_and_not_at_all_if_that_is_too_long(asked: float, tried: int, part: float) -> None:
    assert RetryPolicy(max_wait=120.0).wait(again(asked), tried, part) == (asked if asked <= 120.0 else None)


@given(st.integers(0, 60), parts)
def test_a_short_patience_bounds_every_wait(tried: int, part: float) -> None:
    wait = RetryPolicy(100, max_wait=0.1).wait(again(), tried, part)
    assert wait is not None
    assert 0 <= wait <= 0.1


# What the provider asks for -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "2"}, 2.0),
        ({"RETRY-AFTER": "0"}, 0.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
        ({"retry-after-ms": "soon", "Retry-After": "9"}, 9.0),
        ({"Retry-After": "Thu, 01 Jan 2026 00:00:30 GMT"}, 30.0),
        ({"Retry-After": "Thu, 01 Jan 2026 01:00:30 +0100"}, 30.0),
        ({"Retry-After": "Thu, 01 Jan 2026 00:00:30 -0000"}, 30.0),
        ({"Retry-After": "Wed, 31 Dec 2025 23:00:00 GMT"}, 0.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "tomorrow"}, None),
        ({"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, None),
    ],
)
def test_the_wish_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(Headers(headers), NOW) == seconds


@given(st.integers(0, 10**8))
def test_a_date_is_as_good_as_seconds(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after(Headers({"Retry-After": date}), NOW) == seconds


@given(
    st.text()
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,30} [A-Z][a-z]{2} \d{1,30} \d+:\d+:\d+ [+-]\d{1,20}", fullmatch=True)
)
def test_whatever_the_header_says_the_answer_is_a_wait_or_none(text: str) -> None:
    wait = retry_after(Headers({"Retry-After": text, "retry-after-ms": text}), NOW)
    assert wait is None or 0 <= wait < float("inf")
