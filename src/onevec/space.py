"""Which space a vector lives in, and what exactly was embedded.

Two vectors may be compared if their `SpaceId` is equal. A vector may be used again for a text if its `Recipe` is equal.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .errors import SpaceMismatch

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Recipe", "SpaceId"]

PREPROCESSING_VERSION = 1
"""Counted up when onevec changes what it does to a text before it is sent or encoded."""


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceId:
    """The space that vectors live in; only vectors of one space may be compared.

    Attributes:
        origin: the vendor's name, or host and path of a `base_url` that is not the vendor's.
        model: name of the model, or for a local folder the name that its content gives it.
        revision: the version of the weights, "" if the vendor tells none.
        dimensions: the width that was asked for or is known; None stands for the model's own.
        normalised: whether every vector has length 1; None if that is not known.
        dtype: type of the numbers before they became float32, such as "float32", "int8" or "binary".

    Example:
        >>> space = SpaceId(origin="openai", model="text-embedding-3-small", dimensions=256)
        >>> str(space)
        'openai:text-embedding-3-small/256'
        >>> SpaceId.from_json(space.to_json()) == space
        True
    """

    origin: str
    model: str
    revision: str = ""
    dimensions: int | None = None
    normalised: bool | None = None
    dtype: str = "float32"

    def __str__(self) -> str:
        revision = f"@{self.revision[:12]}" if self.revision else ""
        width = f"/{self.dimensions}" if self.dimensions else ""
        dtype = "" if self.dtype == "float32" else f"/{self.dtype}"
        return f"{self.origin}:{self.model}{revision}{width}{dtype}"

    def check(self, other: SpaceId) -> None:
        """Refuse to compare with vectors of another space.

        Raises:
            SpaceMismatch: the spaces differ; the message names both.
        """
        if self == other:
            return
        ours, theirs = asdict(self), asdict(other)
        differ = ", ".join(f"{name} {ours[name]!r} and {theirs[name]!r}" for name in ours if ours[name] != theirs[name])
        message = (
            f"vectors of {self} and of {other} can't be compared (they differ in {differ}): embed both with one model"
        )
        raise SpaceMismatch(message)

    def to_json(self) -> str:
        """The space as one line of JSON, as files and stores keep it."""
        return _canonical(asdict(self)).decode("utf-8", "surrogatepass")

    @classmethod
    def from_json(cls, text: str | bytes) -> SpaceId:
        """Read what `to_json` wrote.

        Raises:
            ValueError: the text is not a space.
        """
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            message = f"this is no space of onevec: {text!r}"
            raise ValueError(message) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What exactly is done to a text; a vector may be used again for the same text and the same recipe.

    Attributes:
        space: where the vectors live.
        role: the role as the request spells it; None where the request does not depend on the role.
        prefix: text that is put in front of every text.
        long_text: what is done to a text beyond the model's limit.
        options: other parts of the request that may change the vectors, as sorted (name, value) pairs.
        version: version of onevec's own preprocessing.

    Example:
        >>> str(Recipe(space=SpaceId(origin="openai", model="m")))
        'v1.ey5iwutxfkheg4uv2jjx3wkqxy'
    """

    space: SpaceId
    role: str | None = None
    prefix: str = ""
    long_text: str = "error"
    options: tuple[tuple[str, str], ...] = ()
    version: int = PREPROCESSING_VERSION

    def __str__(self) -> str:
        """`v1.` and 26 characters of base32: a 128-bit blake2b over the canonical JSON of all attributes."""
        digest = hashlib.blake2b(_canonical(asdict(self)), digest_size=16).digest()
        return "v1." + base64.b32encode(digest).decode().rstrip("=").lower()
