"""Which failure is tried again, and when. No I/O in here.

Full jitter after "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): a random part of a span that doubles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from .errors import ProviderError, TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .errors import EmbeddingError

__all__ = ["RetryPolicy", "retry_after"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to try.

    Attributes:
        max_retries: tries after the first.
        max_wait: seconds; a provider that asks for more is given up at once.
        first: seconds, the span of the first wait; it doubles with every try up to `span`.
        span: seconds, the longest span.
    """

    max_retries: int = 5
    max_wait: float = 120.0
    first: float = 0.5
    span: float = 20.0

    def wait(self, error: EmbeddingError, tried: int, random: float) -> float | None:
        """Seconds to wait before the next try; None if there is none.

        Args:
            error: what the last try ended with.
            tried: tries after the first so far.
            random: a number in [0, 1).
        """
        asked = error.retry_after if isinstance(error, ProviderError) else None
        retryable = isinstance(error, ProviderError | TransportError) and error.retryable
        if not retryable or tried >= self.max_retries:
            return None
        if asked is not None:
            return asked if asked <= self.max_wait else None
        return random * min(self.span, self.first * 2.0 ** min(tried, 64), self.max_wait)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the reply asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as an HTTP date.

    Example:
        >>> from datetime import UTC, datetime
        >>> from onevec.wire import Headers
        >>> retry_after(Headers({"Retry-After": "1.5"}), datetime(2026, 1, 1, tzinfo=UTC))
        1.5
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    from email.utils import parsedate_to_datetime

    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
