"""The nearest rows by the bits in which they differ, for many queries at once; much faster than `scan`, with numba."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from ..engines.threads import usable_cores
from ..errors import MissingDependency
from .codes import BITS_AT_ONCE, Bits, words_of
from .scan import are_few, on_all_processors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .codes import Codes

__all__ = ["nearest_by_bits"]

MANY = 16
"""Queries below which reading the rows takes longer than comparing them."""
WORTH = 2**31
"""Bytes of codes times queries below which loading numba costs more than it brings."""


def nearest_by_bits(
    codes: Codes, queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None = None
) -> NDArray[np.int64] | None:
    """As `scan`; None for other codes, where it would not pay, and without a numba that works."""
    if not isinstance(codes, Bits) or len(queries) < MANY or codes.rows.nbytes * len(queries) < WORTH:
        return None
    if allowed is not None and are_few(allowed):
        return None
    try:
        return _nearest(codes, queries, n, allowed)
    except MissingDependency:
        return None
    except (ImportError, OSError) as error:  # it does not fit this numpy, or can't keep on disk what it compiled
        warnings.warn(f"numba fails, so that many queries over bits at once take longer: {error}", stacklevel=2)
        return None


def _nearest(codes: Bits, queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    from .loops import NOTHING, ROW, keep_nearest

    wanted = words_of(codes.encode(queries)[0])
    blocks = list(codes.rows.blocks(0, len(codes), BITS_AT_ONCE))
    threads = min(usable_cores(), len(blocks))
    kept = np.full((threads, len(queries), n), NOTHING)
    everything = np.zeros(0, dtype=np.bool_)

    def work(thread: int) -> None:
        for first, block in blocks[thread::threads]:
            here = everything if allowed is None else allowed[first : first + len(block)]
            keep_nearest(codes.words(first, block), wanted, here, first, kept[thread])

    on_all_processors(work, range(threads))
    best = np.sort(np.concatenate(list(kept), axis=1), axis=1)[:, :n]
    return np.where(best == NOTHING, -1, best & (2**ROW - 1))
