"""The files of a checkpoint, and which engine can compute them."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..engines.checkpoint import Checkpoint
from ..engines.encoders import unsupported
from ..engines.hub import download, find, weights
from ..engines.onnx import EXPORTED, FILES, MINILM, graph_of, minilm, ready
from ..engines.runtimes import RUNTIMES
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from pathlib import Path

    from ..engines.hub import Source

__all__ = ["check_encoder", "graph_file", "no_graph", "own_way", "source"]

TORCH_WEIGHTS = ["pytorch_model*.bin*"]


@cache
def source(model: str, cache_dir: str | None, revision: str | None, engine: str, files: Hashable) -> Source:
    """The files of a model; one of the hub is downloaded first.

    Args:
        model: a folder, or an id on the hub.
        cache_dir: the hub's cache folder, if it is not the usual one.
        revision: a commit, branch or tag of the hub.
        engine: what is to compute.
        files: see `find`.

    Raises:
        ConfigurationError: there are no weights.
    """
    if model == MINILM:
        return minilm()
    found = find(model, cache_dir, revision, files)
    if found is None:
        folder = download(model, cache_dir, revision, FILES)
        if not weights(folder):
            download(model, cache_dir, revision, EXPORTED if engine == "onnx" else TORCH_WEIGHTS)
        found = find(model, cache_dir, revision, files)
    if found is None or not weights(found.folder):
        forms = "*.safetensors, pytorch_model.bin or model.onnx"
        message = f"ContextualEmbeddings: {model!r} has no weights: none of {forms}"
        raise ConfigurationError(message)
    return found


def check_encoder(model: str, config: Mapping[str, Any]) -> None:
    """Refuse a model whose tokens get no vectors by themselves."""
    if config.get("is_encoder_decoder"):
        kind = config.get("model_type")
        message = f"ContextualEmbeddings: {model!r} is an encoder-decoder ({kind}): pass the model of an encoder"
        raise ConfigurationError(message)


def no_graph(folder: Path, config: Mapping[str, Any]) -> str:
    """Why no graph of a folder's network can be run, in words; "" if one can."""
    if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.txt")):
        return "the folder has neither tokenizer.json nor vocab.txt"
    if any(folder.glob("*.safetensors")):
        lacking = unsupported(config)
        return f"no graph can be built with {lacking}" if lacking else ""
    return "" if ready(folder) else "the folder has neither safetensors nor model.onnx"


@cache
def own_way(found: Source) -> str:
    """The engine for a folder: onnx where it is installed and can, else transformers where that is installed."""
    folder, config = found.folder, Checkpoint.read(found.folder, found.files).config
    runs = find_spec("tokenizers") and any(find_spec(package) for package, _ in RUNTIMES.values())
    graph = runs and weights(folder)[0].suffix != ".bin" and not no_graph(folder, config)
    return "onnx" if graph or find_spec("transformers") is None else "transformers"


def graph_file(found: Source, config: Mapping[str, Any]) -> Path:
    """The ONNX file: built of the safetensors, or the one that the folder brings.

    Raises:
        ConfigurationError: neither can be.
    """
    lacking = no_graph(found.folder, config)
    if lacking:
        message = (
            f"ContextualEmbeddings: engine='onnx' can't compute {found.folder}: {lacking}; "
            "pass engine='transformers' (pip install 'onevec[local]')"
        )
        raise ConfigurationError(message)
    brought = None if any(found.folder.glob("*.safetensors")) else ready(found.folder)
    return brought or graph_of(found, config)
