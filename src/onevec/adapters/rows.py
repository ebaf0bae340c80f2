"""What is put into a store: texts with an id and metadata each."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Row", "rows_of"]


class Row(NamedTuple):
    """One text."""

    id: str
    text: str
    metadata: Mapping[str, Any]


def rows_of(texts: Sequence[str], ids: Sequence[str] | None, metadata: Sequence[Mapping[str, Any]] | None) -> list[Row]:
    """Texts with their ids, which are random where there are none, and their metadata.

    Raises:
        ConfigurationError: there is not one id, or not one dict, a text.
    """
    names = [uuid.uuid4().hex for _ in texts] if ids is None else ids
    facts: Sequence[Mapping[str, Any]] = [dict[str, Any]() for _ in texts] if metadata is None else metadata
    if not len(names) == len(facts) == len(texts):
        message = f"{len(texts)} texts need as many ids and dicts of metadata, not {len(names)} and {len(facts)}"
        raise ConfigurationError(message)
    return [Row(*row) for row in zip(names, texts, facts, strict=True)]
