"""Models in GGUF files, run by llama.cpp through llama-cpp-python."""

from __future__ import annotations

import warnings
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..arrays import array
from ..embeddings import Role
from ..errors import ConfigurationError
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..space import Recipe, SpaceId
from .checkpoint import notes_of
from .hub import sha256

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["LlamaCppEmbeddings"]

SENT = ("device", "f16_kv", "logits_all", "n_ctx", "n_parts", "n_threads", "seed", "use_mlock", "verbose")
"""Arguments that Llama() always gets, vocab_only too."""
CHOSEN = ("n_batch", "n_gpu_layers", "n_threads_batch", "n_ubatch")
"""Arguments that it gets if they are not None."""
POOLINGS = ("mean", "cls", "last")


class _Loaded(NamedTuple):
    client: Any
    limit: int | None
    """Tokens of a text; more of them make llama.cpp end the process."""
    lock: Lock
    """llama.cpp keeps one state for all callers."""


class LlamaCppEmbeddings(LocalEmbeddings[_Loaded]):
    """Embed texts with a GGUF file in llama.cpp.

    The vectors are as the model gives them, not divided by their length. A text is cut at the smallest of n_ctx,
    n_batch, n_ubatch and the model's own limit, without its closing token, and a note says so.

    Example:
        >>> LlamaCppEmbeddings(model_path="bge-m3-q8_0.gguf", n_ctx=8192, n_batch=8192, n_ubatch=8192, verbose=False)
        LlamaCppEmbeddings(model_path='bge-m3-q8_0.gguf', n_ctx=8192, n_batch=8192, verbose=False, n_ubatch=8192)
    """

    model_path: str = ""
    """A GGUF file."""
    n_ctx: int = 512
    """Tokens of the context."""
    n_batch: int | None = 512
    """Tokens that are computed together, and of a text at most."""
    n_threads: int | None = None
    """Threads that compute a text of one token; longer ones take n_threads_batch."""
    n_gpu_layers: int | None = None
    """Layers on the GPU, -1 for all."""
    seed: int = -1
    use_mlock: bool = False
    """Whether the model is kept from being swapped out."""
    logits_all: bool = False
    verbose: bool = True
    """Whether llama.cpp writes its log to stderr."""
    n_threads_batch: int | None = None
    """Threads that compute texts; None is one for each core."""
    n_ubatch: int | None = None
    """Tokens of a text that llama.cpp can take; None is its default, 512."""
    pooling: str | None = None
    """How token vectors become one: mean, cls or last; None is what the file says."""
    client: Any = None
    """A Llama object with embedding=True, in place of a file."""
    vocab_only: bool = False
    """Must be False: it would load no weights."""
    n_parts: int = -1
    """Handed over, without effect in today's llama.cpp."""
    f16_kv: bool = False
    """Handed over, without effect in today's llama.cpp."""
    device: str | None = None
    """Handed over, without effect: n_gpu_layers decides."""

    model_parameter: ClassVar[str] = "model_path"
    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "llamacpp"
    docs: ClassVar[str] = "https://llama-cpp-python.readthedocs.io/en/latest/api-reference/"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.model_path or self.client is not None, "model_path must name a GGUF file")
        self.require(not self.vocab_only, "vocab_only=True loads no weights, so there is nothing to embed with")
        allowed = self.pooling is None or self.pooling in POOLINGS
        self.require(allowed, f"pooling must be one of {', '.join(POOLINGS)}, not {self.pooling!r}")
        self.require(self.client is None or not self.pooling, "client pools in its own way: leave out pooling")

    def identity(self) -> Hashable:
        """All that the loaded model depends on."""
        if self.client is not None:
            return id(self.client)  # it is kept as long as the process, so no other object gets its number
        return self.model_path, self.pooling, *(getattr(self, name) for name in (*SENT, *CHOSEN))

    def load(self) -> _Loaded:
        """Load the model, and see how long a text may be."""
        client = self.client or self._started()
        limit = _limit(client)
        if limit is not None and hasattr(client, "n_batch"):
            client.n_batch = limit  # so the library cuts texts, and fills batches, before llama.cpp aborts
            if self.client is None and limit < min(self.n_batch or 0, self.n_ctx):
                message = (
                    f"LlamaCppEmbeddings cuts texts at {limit} tokens: n_batch={self.n_batch} is more than n_ubatch "
                    f"or the model's own limit; if the model reads more, pass n_ubatch={self.n_batch}"
                )
                warnings.warn(message, UserWarning, stacklevel=2)
        return _Loaded(client, limit, Lock())

    def _started(self) -> Any:
        library = need("llama_cpp", extra="llamacpp")
        options: dict[str, Any] = {name: getattr(self, name) for name in (*SENT, "vocab_only")}
        options |= {name: value for name in CHOSEN if (value := getattr(self, name)) is not None}
        if self.pooling:
            options["pooling_type"] = getattr(library, f"LLAMA_POOLING_TYPE_{self.pooling.upper()}")
        try:
            return library.Llama(self.model_path, embedding=True, **options)
        except ValueError as error:
            message = f"LlamaCppEmbeddings: model_path {self.model_path!r} must be a GGUF file that loads: {error}"
            raise ConfigurationError(message) from error

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; its revision is the sha256 of the file."""
        path = Path(self.model_path or getattr(self.client, "model_path", ""))
        return SpaceId(
            origin="llama.cpp",
            model=path.name + (f"#{self.pooling}" if self.pooling else ""),
            revision=sha256(path) if path.is_file() else "",
            normalised=False,
        )

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        own = {name: getattr(self, name) for name in ("n_batch", "n_ctx", "n_ubatch")}
        limits = own if self.client is None else {"limit": self.loaded().limit}
        options = tuple((name, str(value)) for name, value in limits.items())
        return Recipe(space=self.space, long_text="truncate", options=options)

    def encode(self, model: _Loaded, texts: list[str], role: Role) -> Encoded:
        """Encode one batch; queries one by one, with the same vectors."""
        client = model.client
        with model.lock:
            if role is Role.QUERY:
                rows = [client.embed(text) for text in texts]
            else:
                rows = [row["embedding"] for row in client.create_embedding(texts)["data"]]
            lengths = _lengths(client, texts)
        if isinstance(rows[0][0], list):
            message = (
                f"LlamaCppEmbeddings: {self.space.model} gives a vector for each token: pass pooling='mean', or what "
                "the model was trained with"
            )
            raise ConfigurationError(message)
        notes = notes_of(lengths or [0] * len(texts), model.limit, role_known=True)
        kept = [min(length, model.limit or length) for length in lengths or ()]
        return Encoded(array(rows), sum(kept) if lengths else None, notes)


def _limit(client: Any) -> int | None:
    """Tokens that the library may hand to llama.cpp at once; None if the object does not tell."""
    metadata = getattr(client, "metadata", {})
    trained = metadata.get(f"{metadata.get('general.architecture')}.context_length")
    physical = getattr(getattr(client, "context_params", None), "n_ubatch", None)
    limits = [getattr(client, "n_batch", None), physical, trained]
    return min((int(limit) for limit in limits if limit), default=None)


def _lengths(client: Any, texts: list[str]) -> list[int] | None:
    """Tokens of each text before it is cut."""
    return [len(client.tokenize(text.encode())) for text in texts] if hasattr(client, "tokenize") else None
