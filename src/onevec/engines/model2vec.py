"""Model2Vec: static vectors distilled from a transformer, fast on any CPU."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..embeddings import Role
from ..errors import ConfigurationError
from ..local import LocalEmbeddings
from ..params import alias_of, param
from ..space import Recipe, SpaceId
from .checkpoint import Checkpoint
from .graph import tensors
from .hub import download, find
from .static_vectors import StaticVectors

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from ..local import Encoded

__all__ = ["Model2vecEmbeddings"]

FILES = ["*.json", "*.safetensors", "0_StaticEmbedding/*.json", "0_StaticEmbedding/*.safetensors"]
TOKENS = 512
"""The library's limit for models that tell none."""


class _Files(NamedTuple):
    folder: Path
    name: str
    revision: str
    config: dict[str, Any]
    normalised: bool


class Model2vecEmbeddings(LocalEmbeddings[StaticVectors]):
    """Embed texts with a Model2Vec model: a table of vectors, without a network to run.

    The files are read without the package model2vec, and without torch; folders that sentence-transformers saved are
    read too. A text is cut where the library cuts it, and a note says so. A text without any known token, such as an
    empty one, gets zeros.

    Example:
        >>> Model2vecEmbeddings(model="minishlab/potion-base-8M")
        Model2vecEmbeddings(model='minishlab/potion-base-8M')
    """

    model: str = param()
    """A folder, or a model of the hub."""
    model_name: str = alias_of("model")
    dimensions: int | None = None
    """Leading numbers of a vector that are kept; only for models that were trained for it, or by PCA."""
    normalize: bool | None = None
    """Whether vectors get the length 1; None is the model's own way."""
    max_tokens: int | None = None
    """Longer texts are cut; None is the model's own limit, 512 if it tells none."""
    cache_dir: str | None = None
    """The hub's cache, if it is not the usual one."""
    revision: str | None = None
    """A commit, branch or tag of the hub."""
    batch_size: int = 1024
    """Texts that are encoded together, at most."""

    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "model2vec"
    docs: ClassVar[str] = "https://github.com/MinishLab/model2vec"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("dimensions", "max_tokens"):
            value = getattr(self, name)
            self.require(value is None or value > 0, f"{name} must be at least 1, not {value}")

    def identity(self) -> Hashable:
        """All that the loaded model depends on."""
        return self.model, self.dimensions, self.max_tokens, self.cache_dir, self.revision

    def files(self) -> _Files:
        """Where the model is, and what it says about itself; a model of the hub is downloaded first."""
        found = find(self.model, self.cache_dir, self.revision, self.on_disk)
        if found is None:
            folder = download(self.model, self.cache_dir, self.revision, FILES)
            found = find(self.model, self.cache_dir, self.revision, self.on_disk) or find(str(folder))
        if found is None:
            message = f"Model2vecEmbeddings: {self.model!r} was downloaded, and is gone"
            raise ConfigurationError(message)
        path = found.folder / "config.json"
        config: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
        own = config.get("normalize", Checkpoint.read(found.folder, found.files).normalised)
        return _Files(*found[:3], config, bool(own) if self.normalize is None else self.normalize)

    @property
    def limit(self) -> int | None:
        """Tokens of the longest text."""
        return self.max_tokens or self.files().config.get("max_length", TOKENS)

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; its revision is the hub's commit, or the sha256 of a folder's weights."""
        files = self.files()
        return SpaceId(
            origin="model2vec",
            model=files.name,
            revision=files.revision,
            dimensions=self.dimensions,
            normalised=files.normalised,
        )

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        return Recipe(space=self.space, long_text="truncate", options=(("limit", str(self.limit)),))

    def load(self) -> StaticVectors:
        """Read tokenizer and table."""
        folder = self.files().folder
        nested = folder / "0_StaticEmbedding"
        place = nested if (nested / "model.safetensors").is_file() else folder
        for name in ("model.safetensors", "tokenizer.json"):
            self.require((place / name).is_file(), f"{place} has no {name}, so it is no model of Model2Vec")
        parts = tensors(place / "model.safetensors")
        table = parts.get("embeddings", parts.get("embedding.weight"))
        if table is None:
            message = f"Model2vecEmbeddings: {place} holds {', '.join(sorted(parts))}, which is no table of vectors"
            raise ConfigurationError(message)
        width = table.shape[1]
        self.require((self.dimensions or 0) <= width, f"dimensions must be at most {width}, not {self.dimensions}")
        return StaticVectors(
            place / "tokenizer.json",
            table[:, : self.dimensions],
            limit=self.limit,
            weights=parts.get("weights"),
            rows=parts.get("mapping"),
            skip_unknown=True,
        )

    def encode(self, model: StaticVectors, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # one form
        """Encode one batch."""
        return model.encode(texts, normalise=self.files().normalised)
