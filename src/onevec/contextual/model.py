"""The model class: which files, which way to compute, and what a call gives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..embeddings import Note, Role, check_texts, in_thread
from ..engines.checkpoint import Checkpoint, prompt_name
from ..engines.encoders import positions
from ..engines.onnx import MINILM
from ..engines.runtimes import RUNTIMES, faster
from ..engines.threads import usable_cores
from ..engines.token_ids import TokenIds
from ..local import Encoded, LocalEmbeddings
from ..space import Recipe, SpaceId
from .encoder import Encoder
from .files import check_encoder, graph_file, own_way, source
from .networks import COMBINE, Torch, count_layers, graph_of_layers, numbered, plain_layers
from .parts import Parts
from .reading import LONG_TEXT, Reader, Tokens

if TYPE_CHECKING:
    import os
    from collections.abc import Hashable, Sequence

    from ..embeddings import Embedded
    from ..engines.hub import Source
    from ..engines.runtimes import Runtime
    from .encoder import Computed
    from .spans import TokenVectors

__all__ = ["ContextualEmbeddings"]

ENGINES = ("auto", "onnx", "transformers")


class ContextualEmbeddings(Parts, LocalEmbeddings[Encoder]):
    """A vector for every token of a text, in its sentence, from a BERT, RoBERTa or ELECTRA checkpoint.

    `tokens` gives them with their places in the text, `word` and `words` pool them, and `chunks` embeds a long text
    once and pools its parts (late chunking). As an ordinary model, it gives a text the mean of its tokens. A text
    beyond the model's limit is read in overlapping windows, and a note says so.

    It runs our own graph of the weights without torch, or transformers with torch, and both give the same vectors.

    Example:
        >>> ContextualEmbeddings("minilm", layers="last4")
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
    """onnx (extra contextual), transformers (extra local), or auto: onnx where it is installed and knows the model,
    unless there is a device."""
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

    def __init__(self, model: str | os.PathLike[str] | None = None, **given: Any) -> None:
        values: Any = {"model": model, **given}  # not keywords: type checkers don't know the base's constructor
        super().__init__(**values)

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = {"combine": COMBINE, "long_text": LONG_TEXT, "engine": ENGINES, "runtime": ("auto", *RUNTIMES)}
        for name, values in allowed.items():
            value = getattr(self, name)
            self.require(value in values, f"{name} must be one of {', '.join(values)}, not {value!r}")
        for name in ("threads", "max_tokens", "batch_tokens"):
            value = getattr(self, name)
            self.require(value is None or value > 0, f"{name} must be at least 1, not {value}")
        self.layers = plain_layers(self.layers)
        self.require(
            self.device is None or self.engine != "onnx",
            f"device={self.device!r} is for torch: pass engine='transformers', or no device",
        )
        self.require(
            (self.runtime == "auto" and self.threads is None) or not (self.engine == "transformers" or self.device),
            "runtime and threads are for engine='onnx': leave them out for torch, which has settings of its own",
        )

    def source(self) -> Source:
        """The files; a model of the hub is downloaded first."""
        return source(self.model, self.cache_dir, self.revision, self.engine, self.on_disk)

    def checkpoint(self) -> Checkpoint:
        """What the model's folder says about itself; modules behind the transformer don't matter to tokens."""
        source = self.source()
        found = Checkpoint.read(source.folder, source.files)
        check_encoder(self.model, found.config)
        return found

    @property
    def chosen(self) -> tuple[int, ...]:
        """The layers by their numbers."""
        return numbered(self.layers, count_layers(self.checkpoint().config))

    @property
    def limit(self) -> int | None:
        """Tokens of a window, special ones included."""
        checkpoint = self.checkpoint()
        if self.max_tokens is None:
            return checkpoint.limit
        places = positions(checkpoint.config)
        fits = places is None or self.max_tokens <= places
        self.require(fits, f"max_tokens must be at most {places}, the positions that the model has")
        return self.max_tokens

    def way(self) -> str:
        """The engine that computes: "onnx" or "transformers"."""
        if self.engine != "auto" or self.device:
            return self.engine if self.engine != "auto" else "transformers"
        return own_way(self.source())

    def identity(self) -> Hashable:
        """All that the loaded model depends on; torch computes all layers, and a graph those that it was built for."""
        way, chosen = self.way(), self.chosen
        own = (self.device,) if way == "transformers" else (self.runtime, self.threads, chosen, self.combine)
        return self.source(), way, *own

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
        folder, checkpoint, graph = self.source().folder, self.checkpoint(), self.way() == "onnx"
        threads = self.threads or usable_cores()
        network = self._started(threads) if graph else Torch(folder, self.device)
        tokenizer = TokenIds(folder, None).tokenizer if graph else Torch.tokenizer(folder)
        return Encoder(
            tokens=Tokens(tokenizer, lowercase=checkpoint.lowercase),
            network=network,
            pool=ThreadPoolExecutor(threads if graph else 1, "onevec"),
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

    def tokens_behind_prompt(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The same, read behind the prompt of documents, which has no tokens in it; for `chunks`."""
        return self._with_prompt(check_texts(texts), self.prompt(Role.DOCUMENT)[0])

    async def atokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """`tokens`, without blocking the event loop."""
        return await in_thread(self.tokens, texts)

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """Embed texts for a role; see `Embeddings.embed`."""
        whole, prefix = check_texts(texts), self.prompt(Role(role))[0]
        if self.long_text == "error":  # the batches know no places in the call
            self._reader(self.loaded()).check([prefix + text for text in whole])
        return super().embed(whole, role)

    def encode(self, model: Encoder, texts: list[str], role: Role) -> Encoded:
        """Encode one batch: the mean of each text's tokens."""
        prefix, known = self.prompt(role)
        skipped = "" if self.checkpoint().include_prompt else prefix
        found = self._computed(model, [prefix + text for text in texts])
        rows = [each.mean(skipped, special_tokens=self.special_tokens) for each in found]
        cut = [each.notes(index) for index, each in enumerate(found)]
        notes = [note for index, some in enumerate(cut) for note in some or _role(index, known)]
        return Encoded(np.stack(rows), sum(len(each.vectors) for each in found), tuple(notes))

    def _started(self, threads: int) -> Runtime:
        found, config, layers = self.source(), self.checkpoint().config, self.chosen
        path = graph_of_layers(graph_file(found, config), found.folder, config, layers, self.combine)
        most = positions(config)
        if self.runtime == "auto":
            return faster(found.revision, lambda _: path, threads, "fp32", most)
        return RUNTIMES[self.runtime][1](path, threads, "fp32", most)

    def _reader(self, model: Encoder) -> Reader:
        return Reader(model.tokens, limit=self.limit, overlap=self.window_overlap, long_text=self.long_text)

    def _computed(self, model: Encoder, texts: list[str]) -> list[Computed]:
        network = model.network
        runtime = network.taking(self.chosen, self.combine) if isinstance(network, Torch) else network
        return model.compute(self._reader(model), runtime, texts, self.batch_tokens)

    def _with_prompt(self, texts: list[str], prefix: str) -> list[TokenVectors]:
        model, space = self.loaded(), self.space
        self._reader(model).check([prefix + text for text in texts])
        found: list[TokenVectors] = []
        for batch in self.batches(texts):
            computed = self._computed(model, [prefix + text for text in batch])
            for text, each in zip(batch, computed, strict=True):
                made = each.token_vectors(text, prefix, space, special_tokens=self.special_tokens)
                found.append(replace(made, notes=each.notes(len(found))))
            self.progress(len(found), len(texts))
        return found


def _model_first() -> None:
    """Show the constructor as it is: the model, which may be given by position, and then the other parameters."""
    shown = signature(ContextualEmbeddings)
    model = shown.parameters["model"].replace(kind=Parameter.POSITIONAL_OR_KEYWORD)
    others = [each for each in shown.parameters.values() if each.name != "model"]
    ContextualEmbeddings.__signature__ = shown.replace(parameters=[model, *others])  # type: ignore[attr-defined]


_model_first()


def _role(index: int, known: bool) -> tuple[Note, ...]:
    return () if known else (Note(index, "role"),)
