"""WordLlama: static vectors from the token tables of Llama, packaged with the library of this name."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ..embeddings import Role
from ..errors import ConfigurationError, MissingDependency
from ..local import LocalEmbeddings
from ..optional import need
from ..space import Recipe, SpaceId
from .graph import tensors
from .hub import sha256
from .static_vectors import StaticVectors

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ..local import Encoded

__all__ = ["WordLlamaEmbeddings"]

REPOSITORIES = {
    "l2_supercat": "dleemiller/word-llama-l2-supercat",
    "l3_supercat": "dleemiller/wordllama-l3-supercat",
}
WIDTHS = (64, 128, 256, 512, 1024)
"""Widths that the models were trained for: the first numbers of a vector are a vector too (Matryoshka)."""
PACKAGED = 256
"""The width of the table in the package; it serves all smaller ones."""


class WordLlamaEmbeddings(LocalEmbeddings[StaticVectors]):
    """Embed texts with WordLlama: a table of vectors, without a network to run.

    l2_supercat comes with the package wordllama, up to 256 numbers a vector; other tables are downloaded from the hub,
    or read from the library's own cache. Nothing of a text is cut. The vectors are those of the library, which is not
    imported; an empty text gets zeros.

    Example:
        >>> WordLlamaEmbeddings(dimensions=64)
        WordLlamaEmbeddings(dimensions=64)
    """

    model: str = "l2_supercat"
    """l2_supercat or l3_supercat."""
    dimensions: int = PACKAGED
    """Numbers of a vector: 64, 128, 256, 512 or 1024."""
    normalize: bool = True
    """Whether vectors get the length 1; the library leaves them as they are unless it is told to."""
    cache_dir: str | None = None
    """The library's cache, if it is not ~/.cache/wordllama."""
    batch_size: int = 1024
    """Texts that are encoded together, at most."""

    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "wordllama"
    docs: ClassVar[str] = "https://github.com/dleemiller/WordLlama"

    def __post_init__(self) -> None:
        super().__post_init__()
        known = ", ".join(REPOSITORIES)
        self.require(self.model in REPOSITORIES, f"model must be one of {known}, not {self.model!r}")
        self.require(self.dimensions in WIDTHS, f"dimensions must be one of {WIDTHS}, not {self.dimensions}")

    def identity(self) -> Hashable:
        """All that the loaded model depends on."""
        return self.model, self.dimensions, self.cache_dir

    def weights(self) -> Path:
        """The file with the table."""
        return self._file("weights", f"{self.model}_{max(self.dimensions, PACKAGED)}.safetensors")

    def _file(self, kind: str, name: str) -> Path:
        """A file of the package, else of the cache, else of the hub."""
        own = Path(self.cache_dir or "~/.cache/wordllama").expanduser()
        for folder in (_package(), own):
            if (folder / kind / name).is_file():
                return folder / kind / name
        hub = need("huggingface_hub", extra="wordllama")
        try:
            return Path(hub.hf_hub_download(REPOSITORIES[self.model], name))
        except (OSError, ValueError) as error:  # the hub's errors are among these
            reason = str(error).strip().partition("\n")[0]
            message = (
                f"WordLlamaEmbeddings: {name} is neither in the package nor in {own / kind}, and could not be "
                f"downloaded from the hub: {type(error).__name__}: {reason}"
            )
            raise ConfigurationError(message) from error

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; its revision is the sha256 of the table."""
        return SpaceId(
            origin="wordllama",
            model=self.model,
            revision=sha256(self.weights()),
            dimensions=self.dimensions,
            normalised=self.normalize,
        )

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        return Recipe(space=self.space, long_text="whole")

    def load(self) -> StaticVectors:
        """Read tokenizer and table."""
        table = tensors(self.weights())["embedding.weight"][:, : self.dimensions]
        return StaticVectors(self._file("tokenizers", f"{self.model}_tokenizer_config.json"), table)

    def encode(self, model: StaticVectors, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # one form
        """Encode one batch."""
        return model.encode(texts, normalise=self.normalize)


@cache
def _package() -> Path:
    """The folder of the package, found without importing it, which would change how the process logs."""
    found = find_spec("wordllama")
    if found is None or found.origin is None:
        message = "wordllama is not installed: pip install 'onevec[wordllama]'"
        raise MissingDependency(message, name="wordllama")
    return Path(found.origin).parent
