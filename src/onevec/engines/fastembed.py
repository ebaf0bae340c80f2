"""Models that Qdrant's fastembed offers, run by it on ONNX Runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..embeddings import Role
from ..errors import ConfigurationError, MissingDependency
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..params import ignored
from ..space import Recipe, SpaceId
from .checkpoint import notes_of
from .hub import find

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = ["FastEmbedEmbeddings"]

GPU = "CUDAExecutionProvider"


class FastEmbedEmbeddings(LocalEmbeddings[Any]):
    """Embed texts with fastembed; queries and passages get what the library puts in front of them, if anything.

    Texts beyond max_length, or beyond the model's own limit if that is less, are cut, and a note says so.
    `OnnxEmbeddings` runs the same kind of model faster.

    Example:
        >>> FastEmbedEmbeddings(model_name="BAAI/bge-small-zh-v1.5", threads=2)
        FastEmbedEmbeddings(model_name='BAAI/bge-small-zh-v1.5', threads=2)
    """

    model_name: str = "BAAI/bge-small-en-v1.5"
    """A name from fastembed's list of models."""
    max_length: int = 512
    """Tokens of a text, at most."""
    cache_dir: str | None = None
    """Where models are kept; None is fastembed's own place, which FASTEMBED_CACHE_PATH names."""
    threads: int | None = None
    """Threads of ONNX Runtime."""
    doc_embed_type: str = "default"
    """"passage" puts in front of documents what the library has for them, "default" does not."""
    batch_size: int = 256
    """Texts that are computed together."""
    parallel: int | None = None
    """Processes; 0 is one for each core, None is this one."""
    providers: Sequence[str] | None = None
    """Execution providers of ONNX Runtime."""
    specific_model_path: str | None = None
    """A folder with the files of the model, in place of a download."""
    model: Any = ignored("the model is loaded by model_name")

    model_parameter: ClassVar[str] = "model_name"
    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "fastembed"
    docs: ClassVar[str] = "https://qdrant.github.io/fastembed/"

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = self.doc_embed_type in ("default", "passage")
        self.require(allowed, f"doc_embed_type must be 'default' or 'passage', not {self.doc_embed_type!r}")

    def identity(self) -> Hashable:
        """All that the loaded model depends on."""
        providers = tuple(self.providers or ())
        return self.model_name, self.max_length, self.cache_dir, self.threads, providers, self.specific_model_path

    def load(self) -> Any:
        """Load the model, which downloads it if need be."""
        options = {
            "max_length": self.max_length,
            "cache_dir": self.cache_dir,
            "threads": self.threads,
            "providers": self.providers,
        }
        if self.specific_model_path:
            options["specific_model_path"] = self.specific_model_path
        try:
            client = need("fastembed", extra="fastembed").TextEmbedding(model_name=self.model_name, **options)
        except MissingDependency as error:
            if GPU not in (self.providers or ()):
                raise
            message = f"{GPU} needs another package than fastembed: pip install fastembed-gpu"
            raise MissingDependency(message, name="fastembed") from error
        except ValueError as error:
            message = f"FastEmbedEmbeddings: {error}"
            raise ConfigurationError(message) from error
        tokenizer = _tokenizer(client)
        if tokenizer is not None and tokenizer.truncation["max_length"] > self.max_length:
            tokenizer.enable_truncation(self.max_length)  # the library ignores its own max_length
        return client

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; its revision is the sha256 of the weights, so the model is loaded."""
        client = self.loaded()
        folder = getattr(getattr(client, "model", None), "_model_dir", None)
        found = find(str(folder)) if folder else None
        width: int | None = getattr(client, "embedding_size", None)
        revision = found.revision if found else ""
        return SpaceId(origin="fastembed", model=self.model_name, revision=revision, dimensions=width)

    def form(self, role: Role) -> str:
        """The library's function for a role."""
        return "query" if role is Role.QUERY else self.doc_embed_type

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role."""
        limit = ("max_length", str(self.max_length))
        return Recipe(space=self.space, role=self.form(Role(role)), long_text="truncate", options=(limit,))

    def encode(self, model: Any, texts: list[str], role: Role) -> Encoded:
        """Encode one batch."""
        options = {"batch_size": self.batch_size, "parallel": self.parallel}
        if role is Role.QUERY:
            rows = model.query_embed(texts[0] if len(texts) == 1 else texts, **options)
        else:
            rows = (model.passage_embed if self.doc_embed_type == "passage" else model.embed)(texts, **options)
        vectors = np.array([*rows], dtype=np.float32)
        known, tokenizer = role in (Role.DOCUMENT, Role.QUERY), _tokenizer(model)
        if tokenizer is None:
            return Encoded(vectors, notes=notes_of([0] * len(texts), None, role_known=known))
        special = tokenizer.num_special_tokens_to_add(is_pair=False)
        found = tokenizer.encode_batch(texts)
        kept = [sum(each.attention_mask) for each in found]
        totals = [
            count + sum(sum(part.attention_mask) - special for part in each.overflowing)
            for count, each in zip(kept, found, strict=True)
        ]
        limit = tokenizer.truncation["max_length"]
        return Encoded(vectors, sum(kept), notes_of(totals, limit, role_known=known))


def _tokenizer(client: Any) -> Any:
    """The tokenizer of a loaded model, if it is of the usual kind."""
    return getattr(getattr(client, "model", None), "tokenizer", None)
