"""How large a store may grow, and what goes first."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigurationError

__all__ = ["LONGEST_LEASE", "Bounds"]

LONGEST_LEASE = 3600.0
"""Seconds; a lease that seems to last longer is damaged, or older than a clock that was set back: it counts as over."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a store.

    Attributes:
        max_bytes: what keys and values may take.
        ttl: seconds after which a value is gone.
        eviction: "lru" or "fifo".
    """

    max_bytes: int | None = None
    ttl: float | None = None
    eviction: str = "lru"

    def __post_init__(self) -> None:
        for name, value in (("max_bytes", self.max_bytes), ("ttl", self.ttl)):
            if value is not None and value <= 0:
                message = f"{name} must be more than 0, not {value}; None is no bound"
                raise ConfigurationError(message)
        if self.eviction not in {"lru", "fifo"}:
            message = f"eviction must be 'lru' or 'fifo', not {self.eviction!r}"
            raise ConfigurationError(message)

    def __str__(self) -> str:
        given = {"max_bytes": self.max_bytes, "ttl": self.ttl}
        return ", ".join(f"{name}={value}" for name, value in given.items() if value is not None)

    @property
    def touches(self) -> bool:
        """Whether a read changes what goes first."""
        return self.max_bytes is not None and self.eviction == "lru"

    @property
    def target(self) -> int:
        """Bytes that are left after an eviction: enough less than `max_bytes` that the next one is not near."""
        return (self.max_bytes or 0) * 7 // 8
