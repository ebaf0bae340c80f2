"""Which layers of a network are taken, and the two ways to compute them: ONNX, and transformers with torch."""

from __future__ import annotations

from copy import copy
from hashlib import sha256
from operator import index
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..engines import graph
from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..arrays import Array

__all__ = ["COMBINE", "Torch", "count_layers", "graph_of_layers", "numbered", "plain_layers"]

COMBINE = ("mean", "concat")


def count_layers(config: Mapping[str, Any]) -> int:
    """Layers of a network, by its config.json."""
    count: int | None = config.get("num_hidden_layers") or config.get("n_layers")
    if not count:
        message = "ContextualEmbeddings: config.json has no num_hidden_layers: this is no encoder that the class knows"
        raise ConfigurationError(message)
    return count


def plain_layers(layers: int | str | Sequence[int]) -> int | str | list[int]:
    """The same, with numbers of numpy as plain ones.

    Raises:
        ConfigurationError: they can't be layers of any model.
    """
    numbers = _meant(layers, 0)
    return layers if isinstance(layers, str) else numbers if hasattr(layers, "__iter__") else numbers[0]


def numbered(layers: int | str | Sequence[int], count: int) -> tuple[int, ...]:
    """The layers that are meant, as numbers from 0 (before the first layer) to `count` (the last one).

    Raises:
        ConfigurationError: the network has no such layer, or one is named twice.

    Example:
        >>> numbered("last", 12), numbered("last4", 12), numbered([-1, 0], 12), numbered("3,4", 12)
        ((12,), (9, 10, 11, 12), (12, 0), (3, 4))
    """
    meant = _meant(layers, count)
    wrong = [number for number in meant if not -count - 1 <= number <= count]
    if wrong or not meant:
        message = (
            f"ContextualEmbeddings: layers={layers!r}: the model has the layers 0 (before the first one) to {count}, "
            f"or -{count + 1} to -1"
        )
        raise ConfigurationError(message)
    found = tuple(number % (count + 1) for number in meant)
    if len(set(found)) < len(found):
        message = f"ContextualEmbeddings: layers={layers!r} names a layer twice: name each once"
        raise ConfigurationError(message)
    return found


def _meant(layers: int | str | Sequence[int], count: int) -> list[int]:
    try:
        if isinstance(layers, str) and layers.startswith("last"):
            wanted = int(layers.removeprefix("last") or 1)
            return [*range(count + 1 - wanted, count + 1)] if wanted <= count else []
        if isinstance(layers, str):
            return [*range(count + 1)] if layers == "all" else [int(part) for part in layers.split(",")]
        given: Any = layers
        return [index(number) for number in given] if hasattr(given, "__iter__") else [index(given)]
    except (TypeError, ValueError):
        message = f'ContextualEmbeddings: layers must be "last", "last4", "all", a number or several, not {layers!r}'
        raise ConfigurationError(message) from None


def graph_of_layers(path: Path, folder: Path, config: Mapping[str, Any], layers: tuple[int, ...], combine: str) -> Path:
    """A graph whose output is made from these layers, beside the graph of the last one, with which it shares weights.

    Args:
        path: what `OnnxEmbeddings.graph` gives.
        folder: the model's folder.
        config: its config.json.
        layers: as `numbered` gives them.
        combine: "mean", or "concat" to put them side by side.

    Raises:
        ConfigurationError: the folder has only an ONNX file, and that only the last layer.
    """
    last = count_layers(config)
    if layers == (last,):
        return path
    if path.is_relative_to(folder):
        message = (
            f'ContextualEmbeddings: {path} gives only its last layer: pass layers="last", or a folder with '
            "safetensors, or engine='transformers' if the folder has weights of torch"
        )
        raise ConfigurationError(message)
    target = path.with_name(f"{combine}-{sha256(repr(layers).encode()).hexdigest()[:16]}.onnx")
    if not target.exists():
        network = graph.build(config, graph.read(folder))
        inputs = ["last_hidden_state" if layer == last else f"hidden_{layer}" for layer in layers]
        if combine == "concat":
            network.width *= len(layers)
            network.output = network.node("Concat", inputs, axis=-1)
        else:
            network.output = network.node("Mean", inputs)
        with TemporaryDirectory(dir=path.parent) as part:
            network.save(Path(part))  # the weights are those beside `path`, at the same places
            (Path(part) / "model.onnx").replace(target)  # whole or not at all; another process may do the same
    return target


class Torch:
    """A checkpoint in transformers; `taking` makes it a `Runtime` like those of ONNX.

    Raises:
        ConfigurationError: the device can't be used, or the files don't hold all weights of the network.
    """

    def __init__(self, folder: Path, device: str | None) -> None:
        self.torch = need("torch", extra="local")
        transformers = need("transformers", extra="local")
        self.device = _device(self.torch, device)
        self.layers: tuple[int, ...] = (-1,)
        self.combine = COMBINE[0]
        try:
            network, found = transformers.AutoModel.from_pretrained(str(folder), output_loading_info=True)
        except Exception as error:  # of transformers, safetensors, pickle, json, ...
            raise _not_loaded(folder, error) from error
        _check_weights(folder, found)
        self.network = network.float().eval().to(self.device)

    def taking(self, layers: tuple[int, ...], combine: str) -> Torch:
        """The same network, whose vectors are made from these layers."""
        made = copy(self)
        made.layers, made.combine = layers, combine
        return made

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64], then: Callable[[Array], Array]) -> Array:
        """What `then` makes of the vectors of the tokens."""
        torch = self.torch
        with torch.inference_mode():
            given = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            moved = {name: values.to(self.device) for name, values in given.items()}
            found = self.network(**moved, output_hidden_states=True)
            states = [*found.hidden_states[:-1], found.last_hidden_state]  # some normalise once more at the end
            chosen = [states[layer] for layer in self.layers]
            made = torch.cat(chosen, dim=-1) if self.combine == "concat" else torch.stack(chosen).mean(dim=0)
            return then(made.cpu().numpy())

    @staticmethod
    def tokenizer(folder: Path) -> Any:
        """The tokenizer as transformers makes it, which is the one inside of it that knows offsets."""
        library = need("transformers", extra="local")
        try:
            found = library.AutoTokenizer.from_pretrained(str(folder))
        except Exception as error:  # of transformers, tokenizers, sentencepiece, json, ...
            raise _not_loaded(folder, error) from error
        inner = getattr(found, "backend_tokenizer", None)
        if inner is None:
            message = (
                f"ContextualEmbeddings: the tokenizer {type(found).__name__} of {folder} tells no places in the text: "
                "a fast one is needed (tokenizer.json)"
            )
            raise ConfigurationError(message)
        return inner


def _not_loaded(folder: Path, error: Exception) -> ConfigurationError:
    reason = str(error).strip().partition("\n")[0]
    return ConfigurationError(f"ContextualEmbeddings: transformers could not load {folder}: {reason}")


def _check_weights(folder: Path, found: Mapping[str, Any]) -> None:
    """Refuse what transformers lets pass: weights drawn at random, and positions that it no longer computes."""
    missing = sorted(name for name in found["missing_keys"] if "pooler" not in name.split("."))
    missing += sorted(str(entry[0]) for entry in found["mismatched_keys"])
    if missing:
        message = (
            f"ContextualEmbeddings: the files in {folder} lack {len(missing)} weights of the network, or have them in "
            f"another shape ({', '.join(missing[:3])}, ...): config.json and the weights are not of one model"
        )
        raise ConfigurationError(message)
    left = sorted(name for name in found["unexpected_keys"] if "distance_embedding" in name)
    if left:
        message = (
            f"ContextualEmbeddings: this version of transformers computes {folder} without its relative positions "
            f"({left[0]}), so its vectors would be wrong: install transformers 4"
        )
        raise ConfigurationError(message)


def _device(torch: Any, wanted: str | None) -> str:
    usual = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=wanted or usual).tolist()
    except (RuntimeError, AssertionError) as error:  # an unknown name; a torch that was built without it
        reason = str(error).strip().partition("\n")[0]
        message = f"ContextualEmbeddings: device={wanted!r} can't be used here: {reason}; {usual!r} can"
        raise ConfigurationError(message) from error
    return wanted or usual
