"""Under which key a cache keeps the vector of a text."""

from __future__ import annotations

import hashlib
import uuid
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from .embeddings import Role
from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .embeddings import Embeddings
    from .space import Recipe

__all__ = ["Keys", "LangChainKeys", "NativeKeys", "TextKeys", "same_as_document"]

NATIVE_BYTES = 16
"""Bytes of a text's hash in a native key: 2**64 texts before two of them may be expected to meet."""
NAMESPACE_1985 = uuid.UUID(int=1985)
"""What LangChain hashes the SHA-1 of a text under."""


class Keys(Protocol):
    """Makes keys; equal texts of equal recipes get equal keys, others never do."""

    def of(self, texts: Sequence[str], role: Role) -> list[str]:
        """The keys of texts that are embedded for a role."""
        ...


class NativeKeys:
    """`<recipe>/<hash>`: the text under the recipe that its vector is made by.

    Example:
        >>> from onevec import load
        >>> NativeKeys(load("fake:3")).of(["猫"], Role.DOCUMENT)
        ['v1.74ggtjttmrycc245vji5oeqmhi/3a59e7bfdd830b69728d41d7830d9b00']
    """

    def __init__(self, model: Embeddings) -> None:
        self.model = model

    def of(self, texts: Sequence[str], role: Role) -> list[str]:
        """The keys of texts that are embedded for a role."""
        prefix = f"{_named(self.model.recipe(role))}/"
        blake2b = hashlib.blake2b
        return [prefix + blake2b(text.encode(), digest_size=NATIVE_BYTES).hexdigest() for text in texts]


_named = lru_cache(maxsize=256)(str)  # to hash a recipe takes longer than all else that a hit takes


class LangChainKeys:
    """The namespace and LangChain's hash of the text; of other roles with the role between them if they differ.

    Raises:
        ConfigurationError: there is no such hash.
    """

    def __init__(self, namespace: str, key_encoder: str | Callable[[str], str], model: Embeddings) -> None:
        self.namespace, self.key_encoder, self.model = namespace, key_encoder, model
        self._encode = _encoder(key_encoder)

    def of(self, texts: Sequence[str], role: Role) -> list[str]:
        """The keys of texts that are embedded for a role."""
        prefix = self.namespace if same_as_document(self.model, role) else f"{self.namespace}{role}."
        return [prefix + self._encode(text) for text in texts]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_encode"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _encode=_encoder(state["key_encoder"]))


class TextKeys:
    """The text itself is the key, for a store that was given without `from_bytes_store`."""

    def of(self, texts: Sequence[str], role: Role) -> list[str]:
        """The keys of texts that are embedded for a role."""
        del role
        return list(texts)


def same_as_document(model: Embeddings, role: Role) -> bool:
    """Whether a text of this role gets the vector that it has as a document, as far as the model says."""
    if role is Role.DOCUMENT:
        return True
    document = _recipe(model, Role.DOCUMENT)
    return document is not None and _recipe(model, role) == document


def _recipe(model: Embeddings, role: Role) -> Recipe | None:
    try:
        return model.recipe(role)
    except ConfigurationError:
        return None


def _encoder(given: str | Callable[[str], str]) -> Callable[[str], str]:
    """LangChain's hash of this name, or the function that was given."""
    if callable(given):
        return given
    if given not in _ENCODERS:
        message = f"key_encoder must be {', '.join(map(repr, _ENCODERS))} or a function from str to str, not {given!r}"
        raise ConfigurationError(message)
    if given == "sha1":
        _warn_of_sha1()
    return _ENCODERS[given]


def _sha1(text: str) -> str:
    return str(uuid.uuid5(NAMESPACE_1985, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()))


_ENCODERS: dict[str, Callable[[str], str]] = {
    "sha1": _sha1,
    "blake2b": lambda text: hashlib.blake2b(text.encode()).hexdigest(),
    "sha256": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "sha512": lambda text: hashlib.sha512(text.encode()).hexdigest(),
}
_warned: list[str] = []


def _warn_of_sha1() -> None:
    if _warned:
        return
    _warned.append("sha1")
    message = (
        "key_encoder='sha1' is not collision-resistant: who chooses the texts can make two that share a vector. Pass "
        "key_encoder='blake2b' or 'sha256' for a new cache; an existing one is found only under the hash it was "
        "written with."
    )
    warnings.warn(message, UserWarning, stacklevel=6)  # the caller of from_bytes_store
