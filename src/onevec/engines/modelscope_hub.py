"""Models of ModelScope, on our own engine; their package only downloads."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..errors import ConfigurationError
from ..optional import need
from ..params import alias_of
from .hub import find, weights
from .onnx import OnnxEmbeddings
from .runtimes import cache_folder

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .hub import Source

__all__ = ["ModelScopeEmbeddings"]

POOLERS = {"cls": "cls", "avg": "mean"}
"""How ModelScope spells a pooling."""
TOKENS = 128
"""The limit of ModelScope's pipeline for models that tell none."""
BESIDE = ("*.json", "*.txt", "*.model")
"""What is needed beside the weights."""


class ModelScopeEmbeddings(OnnxEmbeddings):
    """Embed texts with a model of ModelScope, or from a folder, on the CPU and without torch.

    Folders of sentence-transformers, such as those of BGE and GTE, say themselves how vectors are made. Others are run
    as ModelScope's pipeline for sentence embeddings does it: the vector of the first token, unless configuration.json
    says otherwise, from 128 tokens. Line breaks become spaces. Weights in pytorch_model.bin are read by torch, once,
    and then kept as safetensors in the user's cache folder. A model that was downloaded before is not asked for again.

    Example:
        >>> ModelScopeEmbeddings(model_id="iic/nlp_gte_sentence-embedding_chinese-base", threads=2).model
        'iic/nlp_gte_sentence-embedding_chinese-base'
    """

    model_id: str = "damo/nlp_corom_sentence-embedding_english-base"
    """A model of ModelScope, or a folder."""
    model: str = alias_of("model_id")
    model_revision: str | None = None
    """A commit, branch or tag of ModelScope."""
    revision: str | None = alias_of("model_revision")

    model_parameter: ClassVar[str] = "model_id"
    extra: ClassVar[str | None] = "modelscope"
    docs: ClassVar[str] = "https://modelscope.cn/models"

    def source(self) -> Source:
        """The files; a model of ModelScope is downloaded first."""
        folder = Path(self.model_id).expanduser()
        if not folder.is_dir():
            folder = _downloaded(self.model_id, self.model_revision, self.cache_dir)
        files = weights(folder)
        self.require(files, f"{folder} has no weights")
        readable = _with_safetensors(folder, self.on_disk) if files[0].suffix == ".bin" else folder
        found = find(str(readable), files=self.on_disk)
        if found is None:
            message = f"{type(self).__name__}: {folder} vanished while it was read"
            raise ConfigurationError(message)
        return found

    def told(self) -> dict[str, Any] | None:
        """What ModelScope's own file says of the model; None if the folder is one of sentence-transformers."""
        folder = self.source().folder
        if (folder / "modules.json").is_file():
            return None
        path = folder / "configuration.json"
        whole: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
        return {**(whole.get("preprocessor") or {}), **(whole.get("model") or {})}

    @property
    def modes(self) -> tuple[str, ...]:
        """How token vectors become one."""
        told = self.told()
        if self.pooling or told is None:
            return super().modes
        pooler = told.get("emb_pooler_type", "cls")
        self.require(pooler in POOLERS, f"the pooling {pooler!r} is not known: choose one by pooling=...")
        return (POOLERS[pooler],)

    @property
    def normalised(self) -> bool:
        """Whether vectors get the length 1."""
        told = self.told()
        return super().normalised if self.normalize is not None or told is None else bool(told.get("normalize"))

    @property
    def limit(self) -> int | None:
        """Tokens of the longest text."""
        told, places = self.told(), super().limit
        if told is None:
            return places
        limit = int(told.get("max_length") or told.get("sequence_length") or TOKENS)
        return min(limit, places) if places else limit

    def clean(self, text: str) -> str:
        """The text without line breaks."""
        return text.replace("\n", " ")


@cache
def _downloaded(model: str, revision: str | None, place: str | None) -> Path:
    """The folder in ModelScope's cache."""
    library = need("modelscope", extra="modelscope")
    options = {"revision": revision, "cache_dir": place}
    with suppress(Exception):  # none of it is there; the kind of error differs between versions
        return Path(library.snapshot_download(model, **options, local_files_only=True))
    try:
        return Path(library.snapshot_download(model, **options))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        message = (
            f"{model!r} is no folder on this machine, and could not be downloaded from ModelScope: "
            f"{type(error).__name__}: {reason}"
        )
        raise ConfigurationError(message) from error


@cache
def _with_safetensors(folder: Path, files: Hashable) -> Path:
    """A folder with the same model, and its weights in a form that is read without torch."""
    source = find(str(folder), files=files)
    name = f"{source.name}-{source.revision[:16]}" if source else ""
    place = cache_folder() / "modelscope" / name
    if not (place / "model.safetensors").exists():
        torch = need("torch", extra="local")
        found: dict[str, Any] = {}
        for path in weights(folder):
            found |= torch.load(path, map_location="cpu", weights_only=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=place.parent))
        try:
            for path in (path for pattern in BESIDE for path in folder.glob(pattern)):
                shutil.copy(path, part)
            _write({key: values.float().numpy() for key, values in found.items()}, part / "model.safetensors")
            with suppress(OSError):  # another process was faster
                part.rename(place)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return place


def _write(arrays: dict[str, Any], path: Path) -> None:
    """Write float32 arrays as safetensors: the length of a header, the header, the numbers."""
    header: dict[str, Any] = {}
    end = 0
    for name, values in arrays.items():
        start, end = end, end + values.nbytes
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for values in arrays.values():
            file.write(np.ascontiguousarray(values, dtype="<f4").tobytes())
