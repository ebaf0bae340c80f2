"""The model class: which files, which way to compute, and what a call gives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..embeddings import Note, Role, check_texts, in_thread
from ..engines.checkpoint import Checkpoint, prompt_name
from ..engines.encoders import FAMILIES, PADDED
from ..engines.hub import download, find, weights
from ..engines.onnx import EXPORTED, FILES, MINILM, OnnxEmbeddings
from ..engines.runtimes import RUNTIMES, faster
from ..engines.threads import usable_cores
from ..engines.token_ids import TokenIds
from ..local import Encoded, LocalEmbeddings
from ..space import Recipe, SpaceId
from .encoder import Encoder
from .networks import COMBINE, Torch, count_layers, graph_of_layers, numbered
from .reading import LONG_TEXT, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from pathlib import Path

    from ..arrays import Array
    from ..engines.hub import Source
    from ..engines.runtimes import Runtime
    from .spans import Chunks, Span, TokenVectors, Words

__all__ = ["ContextualEmbeddings"]

ENGINES = ("auto", "onnx", "transformers")
TORCH_WEIGHTS = ["pytorch_model*.bin*"]


class ContextualEmbeddings(LocalEmbeddings[Encoder]):
    """A vector for every token of a text, in its sentence, from a BERT, RoBERTa or ELECTRA checkpoint.

    `tokens` gives them with their places in the text, `word` and `words` pool them, and `chunks` embeds a long text
    once and pools its parts (late chunking). As an ordinary model, it gives a text the mean of its tokens. A text
    beyond the model's limit is read in overlapping windows, and a note says so.

    It runs our own graph of the weights without torch, or transformers with torch, and both give the same vectors.

    Example:
        >>> ContextualEmbeddings(model="minilm", layers="last4")
        ContextualEmbeddings(layers='last4')
    """

    model: str = MINILM
    """A folder, a model of the hub, or "minilm" for all-MiniLM-L6-v2 from the extra of this name."""
    layers: int | str | Sequence[int] = "last"
    """The layers that a vector is made from: "last", "last4" (any number), "all", or numbers from 0 (before the first
    layer) to the last one, which is also -1."""
    combine: str = "mean"
    """What is made of several layers: their mean, or concat to put them side by side."""
    special_tokens: bool = True
    """Whether the tokens that the model adds, such as [CLS] and [SEP], are kept."""
    long_text: str = "windows"
    """What is done to a text beyond the limit: windows, truncate or error."""
    max_tokens: int | None = None
    """Tokens of a window, special ones included; None is the model's limit."""
    window_overlap: int | None = None
    """Tokens that two windows share; None is a quarter of a window."""
    engine: str = "auto"
    """onnx (extra contextual), transformers (extra local), or auto: onnx where it is installed and knows the model."""
    runtime: str = "auto"
    """What computes a graph: onnxruntime, openvino, or auto: the faster one, tried once on this machine."""
    threads: int | None = None
    """Threads that compute a graph; None is one for each core. torch has settings of its own."""
    device: str | None = None
    """Where torch computes; None takes CUDA before MPS, and that before the CPU."""
    cache_dir: str | None = None
    """The hub's cache, if it is not the usual one."""
    revision: str | None = None
    """A commit, branch or tag of the hub."""
    batch_tokens: int = 1024
    """Tokens that are computed together, padding included."""

    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "contextual"
    docs: ClassVar[str] = "https://huggingface.co/docs/transformers/main_classes/output"

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = {"combine": COMBINE, "long_text": LONG_TEXT, "engine": ENGINES, "runtime": ("auto", *RUNTIMES)}
        for name, values in allowed.items():
            value = getattr(self, name)
            self.require(value in values, f"{name} must be one of {', '.join(values)}, not {value!r}")
        for name in ("threads", "max_tokens", "batch_tokens"):
            value = getattr(self, name)
            self.require(value is None or value > 0, f"{name} must be at least 1, not {value}")

    def source(self) -> Source:
        """The files; a model of the hub is downloaded first."""
        if self.model != MINILM and find(self.model, self.cache_dir, self.revision) is None:
            got = download(self.model, self.cache_dir, self.revision, FILES)
            if not weights(got):
                others = EXPORTED if self.engine == "onnx" else TORCH_WEIGHTS
                download(self.model, self.cache_dir, self.revision, others)
        return self._graphs().source()

    def checkpoint(self) -> Checkpoint:
        """What the model's folder says about itself."""
        return Checkpoint.read(self.source().folder)

    @property
    def chosen(self) -> tuple[int, ...]:
        """The layers by their numbers."""
        return numbered(self.layers, count_layers(self.checkpoint().config))

    @property
    def limit(self) -> int | None:
        """Tokens of a window, special ones included."""
        limit = self._graphs().limit
        if self.max_tokens is None:
            return limit
        config = self.checkpoint().config
        places = config.get("max_position_embeddings")
        if places and self._family() in PADDED:
            places -= config.get("pad_token_id", 1) + 1
        fits = places is None or self.max_tokens <= places
        self.require(fits, f"max_tokens must be at most {places}, the positions that the model has")
        return self.max_tokens

    def way(self) -> str:
        """The engine that computes: "onnx" or "transformers"."""
        if self.engine != "auto":
            return self.engine
        runs = find_spec("tokenizers") and any(find_spec(package) for package, _ in RUNTIMES.values())
        form = weights(self.source().folder)[0].suffix
        known = form == ".onnx" or (form == ".safetensors" and self._family() in FAMILIES)
        return "onnx" if (runs and known) or find_spec("transformers") is None else "transformers"

    def identity(self) -> Hashable:
        """All that the loaded model depends on."""
        files = self.source(), self.chosen, self.combine, self.way(), self.runtime, self.threads, self.device
        return *files, self.limit, self.long_text, self.window_overlap

    @property
    def space(self) -> SpaceId:
        """The space of tokens, words, chunks and texts alike, given by the checkpoint and the layers."""
        found, checkpoint, layers = self.source(), self.checkpoint(), self.chosen
        several = f"-{self.combine}" if len(layers) > 1 else ""
        width: int | None = checkpoint.config.get("hidden_size") or checkpoint.config.get("dim")
        return SpaceId(
            origin="huggingface",
            model=f"{found.name}#layer-{'-'.join(map(str, layers))}{several}",
            revision=found.revision,
            dimensions=width and width * (len(layers) if self.combine == "concat" else 1),
            normalised=False,
        )

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role."""
        options = {"limit": self.limit, "overlap": self.window_overlap, "special_tokens": self.special_tokens}
        return Recipe(
            space=self.space,
            prefix=self.prompt(Role(role))[0],
            long_text=self.long_text,
            options=tuple((name, str(value)) for name, value in sorted(options.items())),
        )

    def prompt(self, role: Role) -> tuple[str, bool]:
        """What is put in front of a text that is embedded whole or in chunks, and whether the model knows the role."""
        checkpoint = self.checkpoint()
        name, known = prompt_name(checkpoint.prompts, checkpoint.default_prompt, role)
        return checkpoint.prompts.get(name or "", ""), known

    def load(self) -> Encoder:
        """Load tokenizer and network."""
        folder, checkpoint, way = self.source().folder, self.checkpoint(), self.way()
        threads = self.threads or usable_cores()
        reader = Reader(
            TokenIds(folder, None).tokenizer if way == "onnx" else Torch.tokenizer(folder),
            limit=self.limit,
            overlap=self.window_overlap,
            long_text=self.long_text,
            lowercase=checkpoint.lowercase,
        )
        return Encoder(
            reader=reader,
            runtime=self._started(threads) if way == "onnx" else Torch(folder, self.chosen, self.combine, self.device),
            pool=ThreadPoolExecutor(threads if way == "onnx" else 1, "onevec"),
            padding=checkpoint.config.get("pad_token_id") or 0,
        )

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """A vector for every token of each text.

        Args:
            texts: the texts; one str is refused. No prompt is put in front of them.

        Raises:
            TypeError: `texts` is one str, or holds something else than str.
            InputTooLong: a text is beyond the limit, and `long_text` is "error".
            EmbeddingError: see `onevec.errors`.
        """
        return self._with_prompt(check_texts(texts), "")

    def word(self, text: str, span: Span | str, *, occurrence: int = 1, pooling: str = "mean") -> Array:
        """The vector of a part of a text, float32 `(dimension,)`; see `TokenVectors.word`."""
        return self.tokens([text])[0].word(span, occurrence=occurrence, pooling=pooling)

    def words(
        self, text: str, segmenter: str | Callable[[str], Iterable[Span]] = "characters", *, pooling: str = "mean"
    ) -> Words:
        """The vectors of all words of a text; see `TokenVectors.words`."""
        return self.tokens([text])[0].words(segmenter, pooling=pooling)

    def chunks(
        self, text: str, spans: Sequence[Span] | None = None, *, size: int | None = None, overlap: int = 0
    ) -> Chunks:
        """Embed a long text once, and pool its parts: late chunking (Günther et al. 2024, arXiv:2409.04701).

        The vector of a part then knows what the rest of the text says, as far as a window of the model reaches.

        Args:
            text: the text.
            spans: start and end of each part in code points; None takes the sentences, unless there is a size.
            size: tokens of a part, cut between words.
            overlap: tokens that a part shares with the one before it.

        Raises:
            ConfigurationError: a span holds no token, or size and overlap contradict each other.
            InputTooLong: the text is beyond the limit, and `long_text` is "error".
        """
        found = self._with_prompt(check_texts([text]), self.prompt(Role.DOCUMENT)[0])
        return found[0].chunks(spans, size=size, overlap=overlap)

    async def atokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """`tokens`, without blocking the event loop."""
        return await in_thread(self.tokens, texts)

    async def achunks(
        self, text: str, spans: Sequence[Span] | None = None, *, size: int | None = None, overlap: int = 0
    ) -> Chunks:
        """`chunks`, without blocking the event loop."""
        return await in_thread(self.chunks, text, spans, size=size, overlap=overlap)

    def encode(self, model: Encoder, texts: list[str], role: Role) -> Encoded:
        """Encode one batch: the mean of each text's tokens."""
        prefix, known = self.prompt(role)
        skipped = "" if self.checkpoint().include_prompt else prefix
        found = model.compute([prefix + text for text in texts], self.batch_tokens)
        rows = [each.mean(skipped, special_tokens=self.special_tokens) for each in found]
        cut = [each.notes(index) for index, each in enumerate(found)]
        notes = [note for index, some in enumerate(cut) for note in some or _role(index, known)]
        return Encoded(np.stack(rows), sum(len(each.vectors) for each in found), tuple(notes))

    def _graphs(self) -> OnnxEmbeddings:
        """The engine that knows the files, and builds a graph of them."""
        return OnnxEmbeddings(
            model=self.model,
            runtime=self.runtime,
            threads=self.threads,
            cache_dir=self.cache_dir,
            revision=self.revision,
        )

    def _family(self) -> str:
        return str(self.checkpoint().config.get("model_type"))

    def _started(self, threads: int) -> Runtime:
        graphs, layers, config = self._graphs(), self.chosen, self.checkpoint().config
        folder = self.source().folder

        def path(runtime: str) -> Path:
            return graph_of_layers(graphs.graph(runtime), folder, config, layers, self.combine)

        if self.runtime == "auto":
            return faster(self.source().revision, path, threads, "fp32")
        return RUNTIMES[self.runtime][1](path(self.runtime), threads, "fp32")

    def _with_prompt(self, texts: list[str], prefix: str) -> list[TokenVectors]:
        model, space = self.loaded(), self.space
        found: list[TokenVectors] = []
        for batch in self.batches(texts):
            computed = model.compute([prefix + text for text in batch], self.batch_tokens)
            for text, each in zip(batch, computed, strict=True):
                made = each.token_vectors(text, prefix, space, special_tokens=self.special_tokens)
                found.append(replace(made, notes=each.notes(len(found))))
            self.progress(len(found), len(texts))
        return found


def _role(index: int, known: bool) -> tuple[Note, ...]:
    return () if known else (Note(index, "role"),)
