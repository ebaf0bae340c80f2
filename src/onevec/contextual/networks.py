"""Which layers of a network are taken, and the two ways to compute them: ONNX, and transformers with torch."""

from __future__ import annotations

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

__all__ = ["COMBINE", "Torch", "count_layers", "graph_of_layers", "numbered"]

COMBINE = ("mean", "concat")


def count_layers(config: Mapping[str, Any]) -> int:
    """Layers of a network, by its config.json."""
    count: int | None = config.get("num_hidden_layers") or config.get("n_layers")
    if not count:
        message = "config.json has no num_hidden_layers: this is no encoder that ContextualEmbeddings knows"
        raise ConfigurationError(message)
    return count


def numbered(layers: int | str | Sequence[int], count: int) -> tuple[int, ...]:
    """The layers that are meant, as numbers from 0 (before the first layer) to `count` (the last one).

    Raises:
        ConfigurationError: the network has no such layer.

    Example:
        >>> numbered("last", 12), numbered("last4", 12), numbered([-1, 0], 12), numbered("3,4", 12)
        ((12,), (9, 10, 11, 12), (12, 0), (3, 4))
    """
    meant = _meant(layers, count)
    wrong = [number for number in meant if not -count - 1 <= number <= count]
    if wrong or not meant:
        message = (
            f"layers={layers!r}: the model has the layers 0 (before the first one) to {count}, or -{count + 1} to -1"
        )
        raise ConfigurationError(message)
    return tuple(number % (count + 1) for number in meant)


def _meant(layers: int | str | Sequence[int], count: int) -> list[int]:
    try:
        if isinstance(layers, str) and layers.startswith("last"):
            wanted = int(layers.removeprefix("last") or 1)
            return [*range(count + 1 - wanted, count + 1)] if wanted <= count else []
        if isinstance(layers, str):
            return [*range(count + 1)] if layers == "all" else [int(part) for part in layers.split(",")]
        return [int(layers)] if isinstance(layers, int) else [int(number) for number in layers]
    except (TypeError, ValueError):
        message = f'layers must be "last", "last4", "all", a number or several, not {layers!r}'
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
        message = f'{path} gives only its last layer: pass layers="last", or a folder with safetensors'
        raise ConfigurationError(message)
    target = path.with_name(f"{combine}-{'-'.join(map(str, layers))}.onnx")
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
    """A checkpoint in transformers; a `Runtime` like those of ONNX."""

    def __init__(self, folder: Path, layers: tuple[int, ...], combine: str, device: str | None) -> None:
        self.torch = need("torch", extra="local")
        transformers = need("transformers", extra="local")
        self.layers, self.combine = layers, combine
        self.device = device or _device(self.torch)
        try:
            network = transformers.AutoModel.from_pretrained(str(folder))
        except (OSError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            message = f"ContextualEmbeddings: transformers could not load {folder}: {reason}"
            raise ConfigurationError(message) from error
        self.network = network.float().eval().to(self.device)

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
        found = need("transformers", extra="local").AutoTokenizer.from_pretrained(str(folder))
        inner = getattr(found, "backend_tokenizer", None)
        if inner is None:
            kind = type(found).__name__
            message = (
                f"{folder}: the tokenizer {kind} tells no places in the text: a fast one is needed (tokenizer.json)"
            )
            raise ConfigurationError(message)
        return inner


def _device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
