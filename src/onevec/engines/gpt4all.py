"""Models in GGUF files, run by GPT4All's llama.cpp."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..arrays import array
from ..embeddings import Role
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..params import ignored
from ..space import Recipe, SpaceId
from .checkpoint import notes_of
from .hub import sha256

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["GPT4AllEmbeddings"]


class _Loaded(NamedTuple):
    client: Any
    lock: Lock
    """llama.cpp keeps one state for all callers."""


class GPT4AllEmbeddings(LocalEmbeddings[_Loaded]):
    """Embed texts with a GGUF model in GPT4All.

    The library cuts a text beyond the model's limit into pieces and averages them; it refuses an empty one. Models
    called nomic get their prefix for queries.

    Example:
        >>> GPT4AllEmbeddings(model_name="all-MiniLM-L6-v2.gguf2.f16.gguf", n_threads=2)
        GPT4AllEmbeddings(model_name='all-MiniLM-L6-v2.gguf2.f16.gguf', n_threads=2)
    """

    model_name: str | None = None
    """A file; None is GPT4All's own choice, a MiniLM."""
    n_threads: int | None = None
    """Threads that compute."""
    device: str | None = None
    """cpu, gpu, ...; None lets GPT4All choose."""
    gpt4all_kwargs: dict[str, Any] = {}
    """Arguments of Embed4All(), such as model_path, allow_download or n_ctx."""
    client: Any = ignored("the model is loaded by model_name")

    model_parameter: ClassVar[str] = "model_name"
    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "gpt4all"
    docs: ClassVar[str] = "https://docs.gpt4all.io/gpt4all_python/home.html"

    def identity(self) -> Hashable:
        """All that the loaded model depends on."""
        return self.model_name, self.n_threads, self.device, repr(sorted(self.gpt4all_kwargs.items()))

    def load(self) -> _Loaded:
        """Load the model, which downloads it if it may."""
        library = need("gpt4all", extra="gpt4all")
        options = {"n_threads": self.n_threads, "device": self.device, **self.gpt4all_kwargs}
        return _Loaded(library.Embed4All(model_name=self.model_name, **options), Lock())

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; its revision is the sha256 of the file, so the model is loaded."""
        config: dict[str, Any] = getattr(getattr(self.loaded().client, "gpt4all", None), "config", {})
        path = Path(config.get("path", ""))
        name = self.model_name or path.name or "default"
        return SpaceId(origin="gpt4all", model=name, revision=sha256(path) if path.is_file() else "")

    def prefix(self, role: Role) -> str | None:
        """The library's name of a role; None is what it takes by itself."""
        return "search_query" if role is Role.QUERY and "nomic" in (self.model_name or "") else None

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role."""
        return Recipe(space=self.space, role=self.prefix(Role(role)), long_text="split")

    def encode(self, model: _Loaded, texts: list[str], role: Role) -> Encoded:
        """Encode one batch, text by text as the library does it."""
        prefix = self.prefix(role)
        options = {"prefix": prefix} if prefix else {}
        with model.lock:
            rows = [model.client.embed(text, **options) for text in texts]
        known = role in (Role.DOCUMENT, Role.QUERY) or "nomic" not in (self.model_name or "")
        return Encoded(array(rows), notes=notes_of([0] * len(texts), None, role_known=known))
