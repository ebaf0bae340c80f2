"""What a cache did and what it saved."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CacheStats"]


@dataclass(frozen=True, slots=True)
class CacheStats:
    """Counts since a cache was made, in this process.

    Attributes:
        hits: texts whose vector came from the store, or from a computation that was already under way.
        misses: texts whose vector was computed.
        repeated: texts that were in the same call before.
        damaged: values that could not be used, and were dropped.
        bytes_read: size of the values that were read.
        bytes_written: size of the values that were written.
        store_failures: times that the store failed.
        saved_requests: requests that the hits and repeats would have taken, if every one is as full as can be.
        saved_tokens: tokens of the hits and repeats: an estimate, brought to scale by what was counted for misses.
        saved_cost: US dollars for these tokens, by the catalogue; None if the price is not known.
    """

    hits: int = 0
    misses: int = 0
    repeated: int = 0
    damaged: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    store_failures: int = 0
    saved_requests: int = 0
    saved_tokens: int = 0
    saved_cost: float | None = None
