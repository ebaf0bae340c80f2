"""Models of the Hugging Face hub, run by sentence-transformers."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from ..embeddings import Role
from ..errors import ConfigurationError
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..params import alias_of, ignored, param
from ..space import Recipe, SpaceId
from .checkpoint import Checkpoint, notes_of, prompt_name
from .hub import find
from .instructions import QUESTION, question

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from ..arrays import Array
    from .hub import Source

__all__ = [
    "HuggingFaceBgeEmbeddings",
    "HuggingFaceEmbeddings",
    "HuggingFaceInstructEmbeddings",
    "SentenceTransformerEmbeddings",
]

ELSEWHERE = frozenset({"batch_size", "device", "show_progress_bar", "convert_to_numpy", "convert_to_tensor"})
"""Arguments of `encode` that don't change the numbers; the last two would change their type, so they are left out."""
NOT_IN_A_RECIPE = frozenset({"device", "token", "revision", "local_files_only", "trust_remote_code", "prompts"})
"""Arguments of the model that don't change the numbers, or that the space or the prefix tells."""
INNER = ("torch_dtype", "attn_implementation", "provider", "file_name", "export")
"""Arguments of the model's library that users of BGE write beside those of sentence-transformers."""


class _Loaded(NamedTuple):
    client: Any
    lock: Lock
    """Fast tokenizers refuse to be used by two threads at once."""


class _SentenceTransformers(LocalEmbeddings[_Loaded]):
    """What the three classes share."""

    model_name: str
    """A model of the hub, or a folder."""
    cache_folder: str | None = param(env="SENTENCE_TRANSFORMERS_HOME", default=None)
    """Where models of the hub are kept; None is the hub's own cache."""
    model_kwargs: dict[str, Any] = param(default={}, shown=False)
    """Arguments of SentenceTransformer(), such as device, revision, prompts or token."""
    encode_kwargs: dict[str, Any] = {}
    """Arguments of its `encode`, such as batch_size, normalize_embeddings or prompt."""
    batch_size: int = 1024
    """Texts that are handed over together; encode_kwargs["batch_size"] tells how many are computed together."""
    client: Any = ignored("the model is loaded by model_name")

    joined: ClassVar[bool] = False
    """Whether we put the prefix in front, not sentence-transformers."""
    model_parameter: ClassVar[str] = "model_name"
    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "local"
    docs: ClassVar[str] = "https://sbert.net/docs/package_reference/sentence_transformer/SentenceTransformer.html"

    def __post_init__(self) -> None:
        super().__post_init__()
        for role in Role:
            options = self.options(role)
            self.require(
                options.get("precision") not in ("int8", "uint8"),
                "encode_kwargs: precision 'int8' and 'uint8' depend on the texts of the call, so equal texts would get "
                "different vectors: leave it out",
            )
            self.require(
                options.get("output_value", "sentence_embedding") == "sentence_embedding",
                "encode_kwargs: output_value must be 'sentence_embedding', this class gives one vector a text",
            )

    def options(self, role: Role) -> dict[str, Any]:  # noqa: ARG002  # HuggingFaceEmbeddings needs it
        """The arguments of `encode` that users gave for a role."""
        return self.encode_kwargs

    def form(self, role: Role) -> tuple[str, dict[str, Any], bool]:
        """What stands before a text, arguments of `encode` that follow from the role, whether the role is known."""
        raise NotImplementedError

    def clean(self, text: str) -> str:
        """A text without line breaks, as LangChain's classes embed it."""
        return text.replace("\n", " ")

    def identity(self) -> Hashable:
        """Model, folder and arguments."""
        return self.model_name, self.cache_folder, repr(sorted(self.model_kwargs.items()))

    def load(self) -> _Loaded:
        """Load the model; one that was downloaded before stays at its commit, and is not asked for at the hub."""
        library = need("sentence_transformers", extra="local")
        options, name, found = self.model_options(), self.model_name, self._find()
        if found is not None and Path(name).expanduser().is_dir():
            name = str(found.folder)
        elif found is not None:
            options["revision"] = found.revision
        try:
            client = library.SentenceTransformer(name, cache_folder=self.cache_folder, **options)
        except OSError as error:
            reason = str(error).strip().partition("\n")[0]
            place = "could not be loaded" if found else "is no folder on this machine and did not come from the hub"
            message = f"{type(self).__name__}: the model {name!r} {place}: {reason}"
            raise ConfigurationError(message) from error
        return _Loaded(client, Lock())

    def model_options(self) -> dict[str, Any]:
        """The arguments of SentenceTransformer()."""
        return dict(self.model_kwargs)

    def _find(self) -> Source | None:
        return find(self.model_name, self.cache_folder, self.model_kwargs.get("revision"), self.on_disk)

    def _source(self) -> Source | None:
        """The files; a model of the hub is downloaded first, because only then its revision is known."""
        if self._find() is None:
            self.loaded()
        return self._find()

    def checkpoint(self) -> Checkpoint:
        """What the model's folder says about it."""
        found = self._source()
        return Checkpoint.read(found.folder, found.files) if found else Checkpoint({}, unknown=("no folder",))

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; its revision is the hub's commit, or the sha256 of a folder's weights."""
        found, checkpoint = self._source(), self.checkpoint()
        options = {**self.model_kwargs, **self.options(Role.DOCUMENT)}
        width, cut = checkpoint.dimensions, options.get("truncate_dim")
        return SpaceId(
            origin="huggingface",
            model=found.name if found else self.model_name,
            revision=found.revision if found else "",
            dimensions=min(width, cut) if width and cut else width,
            normalised=(checkpoint.normalised and not cut) or bool(options.get("normalize_embeddings")),
            dtype=options.get("precision") or "float32",
        )

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role."""
        prefix, arguments, _ = self.form(Role(role))
        given = {name: value for name, value in self.model_kwargs.items() if name not in NOT_IN_A_RECIPE}
        given |= {f"encode {name}": value for name, value in self.options(Role(role)).items() if name not in ELSEWHERE}
        given |= {name: value for name, value in arguments.items() if name == "task"}
        options = {name: repr(value) for name, value in given.items()} | {"newlines": self.clean("\n")}
        return Recipe(space=self.space, prefix=prefix, long_text="truncate", options=tuple(sorted(options.items())))

    def encode(self, model: _Loaded, texts: list[str], role: Role) -> Encoded:
        """Encode one batch."""
        prefix, arguments, known = self.form(role)
        options = {name: value for name, value in self.options(role).items() if not name.startswith("convert_to_")}
        cleaned = [self.clean(text) for text in texts]
        whole = [prefix + text for text in cleaned]
        options = {"show_progress_bar": self.show_progress, **options, **arguments}
        with model.lock:
            vectors = self.vectors(model.client, whole if self.joined else cleaned, options)
            lengths = _lengths(model.client, whole)
        limit = getattr(model.client, "max_seq_length", None)
        notes = notes_of(lengths or [0] * len(texts), limit, role_known=known)
        kept = [min(length, limit or length) for length in lengths or ()]
        return Encoded(np.atleast_2d(np.asarray(vectors, dtype=np.float32)), sum(kept) if lengths else None, notes)

    def vectors(self, client: Any, texts: list[str], options: Mapping[str, Any]) -> Array:
        """The vectors of cleaned texts."""
        found: Array = client.encode(texts, **options)
        return found

    def progress(self, done: int, total: int) -> None:
        """Tell how far a call is; sentence-transformers draws the bar."""
        if self.on_progress is not None:
            self.on_progress(done, total)


def _lengths(client: Any, texts: list[str]) -> list[int] | None:
    """Tokens of each text before it is cut; None if the model's tokenizer can't tell."""
    tokenizer = getattr(client, "tokenizer", None)
    if not callable(tokenizer):
        return None
    found: Any = tokenizer(texts, truncation=False, padding=False, return_attention_mask=False, verbose=False)
    return [len(ids) for ids in found["input_ids"]]


class HuggingFaceEmbeddings(_SentenceTransformers):
    """Embed texts with a sentence-transformers model of the hub, or from a folder.

    A query gets the model's prompt for queries, a document that for documents, if the model has one and encode_kwargs
    name no other. Texts beyond the model's limit are cut, and a note says so. Without a device in model_kwargs, CUDA
    is taken before MPS, and that before the CPU.

    Example:
        >>> HuggingFaceEmbeddings(model_name="BAAI/bge-small-en-v1.5", model_kwargs={"device": "cpu"})
        HuggingFaceEmbeddings(model_name='BAAI/bge-small-en-v1.5')
    """

    general: ClassVar[bool] = True

    model_name: str = "sentence-transformers/all-mpnet-base-v2"
    model: str = alias_of("model_name")
    query_encode_kwargs: dict[str, Any] = {}
    """The same for queries; empty takes encode_kwargs."""
    multi_process: bool = False
    """Whether to encode in several processes: one for each GPU, or four on a CPU."""

    def options(self, role: Role) -> dict[str, Any]:
        """The arguments of `encode` that users gave for a role."""
        return self.query_encode_kwargs if role is Role.QUERY and self.query_encode_kwargs else self.encode_kwargs

    def form(self, role: Role) -> tuple[str, dict[str, Any], bool]:
        """The prompt that users chose, or that of the model for the role."""
        options, checkpoint = self.options(role), self.checkpoint()
        prompts = {**checkpoint.prompts, **self.model_kwargs.get("prompts", {})}
        default = self.model_kwargs.get("default_prompt_name") or checkpoint.default_prompt
        if "prompt" in options or "prompt_name" in options:
            return options.get("prompt") or prompts.get(options.get("prompt_name", ""), ""), {}, True
        name, known = prompt_name(prompts, default, role)
        arguments = {} if name == default else {"prompt_name": name}
        if "Router" in checkpoint.unknown:
            arguments["task"] = "query" if role is Role.QUERY else "document"
        return prompts.get(name or "", ""), arguments, known

    def batches(self, texts: list[str]) -> list[list[str]]:
        """All texts at once if there are several processes, because starting these takes long."""
        return [texts] if self.multi_process else super().batches(texts)

    def vectors(self, client: Any, texts: list[str], options: Mapping[str, Any]) -> Array:
        """The vectors of cleaned texts."""
        if not self.multi_process:
            return super().vectors(client, texts, options)
        pool = client.start_multi_process_pool()
        try:
            found: Array = client.encode(texts, pool=pool, **options)
        finally:
            client.stop_multi_process_pool(pool)
        return found


class SentenceTransformerEmbeddings(HuggingFaceEmbeddings):
    """LangChain's other name of `HuggingFaceEmbeddings`."""


class _Instructed(_SentenceTransformers):
    """A model whose queries and documents get an instruction."""

    query_instruction: str = QUESTION
    """Put in front of queries."""
    embed_instruction: str = ""
    """Put in front of everything else."""

    def instruction(self, role: Role) -> str:
        """What is put in front of a text."""
        return self.query_instruction if role is Role.QUERY else self.embed_instruction


class HuggingFaceBgeEmbeddings(_Instructed):
    """Embed texts with BGE and other models that want an instruction before queries.

    Without a query_instruction of your own, models with -zh in their name get the Chinese one, bge-m3 and those with
    noinstruct none. BGE's authors write "sentence" where LangChain's instruction, the default here, says "question".

    Example:
        >>> HuggingFaceBgeEmbeddings(model_name="BAAI/bge-small-zh-v1.5").instruction(Role.QUERY)
        '为这个句子生成表示以用于检索相关文章：'
    """

    model_name: str = "BAAI/bge-large-en"

    joined: ClassVar[bool] = True

    def instruction(self, role: Role) -> str:
        """What is put in front of a text."""
        return question(self.model_name, self.query_instruction) if role is Role.QUERY else self.embed_instruction

    def model_options(self) -> dict[str, Any]:
        """The arguments of SentenceTransformer(), and inside of them those of the library below it."""
        outer = {name: value for name, value in self.model_kwargs.items() if name not in INNER}
        inner = {name: self.model_kwargs[name] for name in INNER if name in self.model_kwargs}
        return {**outer, "model_kwargs": {**outer.get("model_kwargs", {}), **inner}}

    def form(self, role: Role) -> tuple[str, dict[str, Any], bool]:
        """The instruction is a part of the text."""
        return self.instruction(role), {}, role in (Role.DOCUMENT, Role.QUERY)


class HuggingFaceInstructEmbeddings(_Instructed):
    """Embed texts with INSTRUCTOR models: an instruction is read before each text, but its tokens are not pooled.

    sentence-transformers does this by itself, with the numbers of the package InstructorEmbedding, which is not needed.

    Example:
        >>> HuggingFaceInstructEmbeddings(query_instruction="Represent the question: ").instruction(Role.QUERY)
        'Represent the question: '
    """

    model_name: str = "hkunlp/instructor-large"
    query_instruction: str = "Represent the question for retrieving supporting documents: "
    embed_instruction: str = "Represent the document for retrieval: "

    def clean(self, text: str) -> str:
        """The text as it is."""
        return text

    def form(self, role: Role) -> tuple[str, dict[str, Any], bool]:
        """The instruction is a prompt that is not pooled."""
        instruction = self.instruction(role)
        return instruction, {"prompt": instruction}, role in (Role.DOCUMENT, Role.QUERY)

    def load(self) -> _Loaded:
        """Load the model, and let its pooling pass over the instruction."""
        loaded = super().load()
        loaded.client.set_pooling_include_prompt(include_prompt=False)
        return loaded
