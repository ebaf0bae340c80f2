"""The two libraries that compute a graph, ONNX Runtime and OpenVINO, behind one function."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from ..arrays import Array

__all__ = ["OpenVINO", "OrtRuntime", "Runtime", "cache_folder", "faster"]

GROUP = 128
"""Numbers of an activation that share a scale in int8; fewer are a little closer, and slower."""
SHAPES = 256
"""Kernels that OpenVINO keeps for shapes it has seen; its own limit of 5000 lets memory grow with the texts."""
SHORT = 512
"""Up to so many tokens OpenVINO's attention is faster as single products than as one kernel, which saves memory."""
SINGLE_PRODUCTS = {"SNIPPETS_MODE": "DISABLE"}
TRIED = 64
"""Tokens of a text in the trial of the runtimes; fewer if the model reads fewer."""


class Runtime(Protocol):
    """A graph that is ready; several threads may use it at once."""

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64], then: Callable[[Array], Array]) -> Array:
        """What `then` makes of the vectors of the tokens, which hold only while it runs."""
        ...


class OrtRuntime:
    """ONNX Runtime; every caller computes with its own thread."""

    def __init__(self, path: Path, threads: int, precision: str, limit: int | None = None) -> None:
        del threads, limit  # every caller brings a thread, and texts of any length are computed in one way
        if precision == "bf16":
            message = "precision 'bf16' needs OpenVINO: pip install 'onevec[openvino]', or take 'fp32' or 'int8'"
            raise ConfigurationError(message)
        library = need("onnxruntime", extra="onnx")
        options = library.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        providers = [("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})]
        self.session = library.InferenceSession(str(path), options, providers=providers)
        self.names: list[str] = [each.name for each in self.session.get_inputs()]
        self.output: str = self.session.get_outputs()[0].name

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64], then: Callable[[Array], Array]) -> Array:
        """What `then` makes of the vectors of the tokens."""
        return then(self.session.run([self.output], _inputs(self.names, ids, mask))[0])


class OpenVINO:
    """OpenVINO on the CPU, with one stream a thread.

    Args:
        path: the graph.
        threads: how many compute at once.
        precision: "fp32", "bf16" or "int8".
        limit: tokens of the longest text; None for no limit.
        options: settings of OpenVINO, which come before ours.
    """

    def __init__(
        self,
        path: Path,
        threads: int,
        precision: str,
        limit: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        core = _openvino().Core()
        if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            message = (
                "precision 'bf16' needs a CPU that computes in bfloat16, and this one does not: take 'fp32' or 'int8'"
            )
            raise ConfigurationError(message)
        settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
            "NUM_STREAMS": threads,
            "INFERENCE_NUM_THREADS": threads,
            "CPU_RUNTIME_CACHE_CAPACITY": SHAPES,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": GROUP if precision == "int8" else 0,
        }
        settings |= options or {}
        try:
            single = SINGLE_PRODUCTS if limit is not None and limit <= SHORT else {}
            compiled = core.compile_model(str(path), "CPU", {**single, **settings})
        except RuntimeError:  # a version that does not know the setting, or another fault, which comes again
            compiled = core.compile_model(str(path), "CPU", settings)
        self.names: list[str] = [each.get_any_name() for each in compiled.inputs]
        self.requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(threads):
            self.requests.put(compiled.create_infer_request())

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64], then: Callable[[Array], Array]) -> Array:
        """What `then` makes of the vectors of the tokens; a thread waits while all streams are busy."""
        request = self.requests.get()
        try:
            request.infer(_inputs(self.names, ids, mask), share_inputs=True)
            return then(request.get_output_tensor(0).data)
        finally:
            self.requests.put(request)


def _openvino() -> Any:
    """The library, imported without openvino-telemetry, by which it would tell Google Analytics about the import."""
    modules: dict[str, Any] = cast("dict[str, Any]", sys.modules)
    if "openvino_telemetry" in modules:
        return need("openvino", extra="openvino")
    modules["openvino_telemetry"] = None  # now it can't be imported, and OpenVINO does without
    try:
        return need("openvino", extra="openvino")
    finally:
        del modules["openvino_telemetry"]


def _inputs(names: list[str], ids: NDArray[np.int64], mask: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    given = {"input_ids": ids, "attention_mask": mask}
    return {name: given[name] if name in given else np.zeros_like(ids) for name in names}


RUNTIMES: dict[str, tuple[str, type[OrtRuntime | OpenVINO]]] = {
    "openvino": ("openvino", OpenVINO),
    "onnxruntime": ("onnxruntime", OrtRuntime),
}


def installed() -> list[str]:
    """The runtimes that can be imported."""
    return [name for name, (package, _) in RUNTIMES.items() if find_spec(package) is not None]


def faster(model: str, path: Callable[[str], Path], threads: int, precision: str, limit: int | None = None) -> Runtime:
    """The runtime that is faster on this machine for a model, tried once and remembered in the user's cache folder."""
    names = ["openvino"] if precision == "bf16" else installed() or ["onnxruntime"]
    versions = [f"{name} {metadata.version(name)}" for name in names] if len(names) > 1 else []
    key, file = " ".join([model, precision, str(threads), *versions]), cache_folder() / "runtimes.json"
    known: dict[str, str] = json.loads(file.read_bytes()) if file.is_file() else {}
    if len(names) == 1 or known.get(key) in names:
        name = known.get(key, names[0])
        return RUNTIMES[name][1](path(name), threads, precision, limit)
    tried = {name: RUNTIMES[name][1](path(name), threads, precision, limit) for name in names}
    best = min(names, key=lambda name: _seconds(tried[name], min(TRIED, limit or TRIED)))
    _write(file, json.dumps({**known, key: best}, indent=1))
    return tried[best]


def _seconds(runtime: Runtime, tokens: int) -> float:
    """The best of a few tries; the first one also prepares the shape."""
    ids = np.ones((8, tokens), dtype=np.int64)
    best = float("inf")
    for _ in range(4):
        start = perf_counter()
        runtime.run(ids, ids, lambda hidden: hidden)
        best = min(best, perf_counter() - start)
    return best


def cache_folder() -> Path:
    """Where onevec keeps what it can make again, such as graphs."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "onevec" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "onevec"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onevec"


def _write(file: Path, text: str) -> None:
    """All or nothing; a folder that can't be written to only costs the next process the trial."""
    part = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
