"""Where a model's files are on this machine, and which weights they hold."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Source", "content", "download", "find", "sha256", "weights"]

WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "*.onnx", "onnx/*.onnx", "openvino_model.bin", "openvino/*.bin")
"""Where a folder keeps its weights; the first pattern that finds some tells the revision."""
MEANING = ("*.json", "*.model", "vocab.txt", "merges.txt", "*/config.json", "*/*.safetensors", "*/pytorch_model.bin")
"""Files beside the weights that change the vectors; they give a local folder its name."""
BESIDE = frozenset({"config_sentence_transformers.json", "data_config.json"})
"""Files that match `MEANING`, but tell who trained the model, or prompts, which are no part of the space."""


class Source(NamedTuple):
    """A model on this machine.

    Attributes:
        folder: where its files are.
        name: its id on the hub, or for a local folder the name that its content gives it.
        revision: the commit of the hub, or the sha256 of the weights.
        files: see `find`.
    """

    folder: Path
    name: str
    revision: str
    files: Hashable = ()


_found: dict[tuple[str, str | None, str | None, Hashable], Source] = {}
"""What was found once holds for the process, as do the models that it has loaded."""


def find(model: str, place: str | None = None, revision: str | None = None, files: Hashable = ()) -> Source | None:
    """A local folder, or a model that was downloaded before; None if it has to be downloaded.

    Args:
        model: a folder, or an id on the hub.
        place: the hub's cache folder, if it is not the usual one.
        revision: a commit, branch or tag of the hub.
        files: what tells a folder from itself after it was changed, see `LocalEmbeddings.on_disk`.
    """
    key = (model, place, revision, files)
    if key not in _found:
        folder = Path(model).expanduser()
        found = _local(folder.absolute(), files) if folder.is_dir() else _downloaded(model, place, revision)
        if found is None:
            return None
        _found[key] = found
    return _found[key]


def download(model: str, place: str | None, revision: str | None, patterns: list[str]) -> Path:
    """Get those files of a model that match a pattern from the hub; modules.json has to be among them.

    Raises:
        ConfigurationError: there is no such folder, and the hub has no such model or can't be reached.
    """
    hub = need("huggingface_hub", extra="onnx")
    try:
        folder = Path(hub.snapshot_download(model, revision=revision, cache_dir=place, allow_patterns=patterns))
    except (OSError, ValueError) as error:  # the hub's errors are among these
        reason = str(error).strip().partition("\n")[0]
        message = (
            f"{model!r} is no folder on this machine, and could not be downloaded from the hub: "
            f"{type(error).__name__}: {reason}"
        )
        raise ConfigurationError(message) from error
    if not (folder / "modules.json").exists():  # say so in the hub's own way, see `_downloaded`
        absent = folder.parent.parent / ".no_exist" / folder.name
        absent.mkdir(parents=True, exist_ok=True)
        (absent / "modules.json").touch()
    return folder


def _local(folder: Path, files: Hashable) -> Source:
    revision = _together(weights(folder))
    digest = hashlib.sha256(revision.encode())
    names = {path for pattern in MEANING for path in folder.glob(pattern)}
    for path in sorted(names - set(weights(folder)), key=lambda path: path.relative_to(folder).as_posix()):
        if path.name not in BESIDE:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + sha256(path).encode())
    config = folder / "config.json"
    try:
        kind = json.loads(config.read_bytes()).get("model_type", "model") if config.exists() else "model"
    except (ValueError, AttributeError) as error:
        message = f"{config} is no JSON of a model: {error}; get the file again"
        raise ConfigurationError(message) from error
    return Source(folder, f"{kind}-{digest.hexdigest()[:16]}", revision, files)


def weights(folder: Path) -> list[Path]:
    """The files that hold a folder's weights, those of one format."""
    for pattern in WEIGHTS:
        if files := sorted(path for path in folder.glob(pattern) if path.is_file()):
            return files
    return []


def sha256(path: Path) -> str:
    """The sha256 of a file, which is read once a process as long as it stays as it is."""
    seen = path.stat()
    return _sha256(path.absolute(), seen.st_size, seen.st_mtime_ns)


@cache
def _sha256(path: Path, _size: int, _time: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content(folder: Path) -> str:
    """The sha256 of all files of a folder, with their names."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _together(files: list[Path]) -> str:
    """The sha256 of one file, or of the sha256 of several."""
    digests = [sha256(path) for path in files]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _downloaded(model: str, place: str | None, revision: str | None) -> Source | None:
    """The snapshot in the hub's cache, as huggingface_hub lays it out; a part of one does not count."""
    for name in (model,) if "/" in model else (model, f"sentence-transformers/{model}"):
        root = _cache(place) / f"models--{name.replace('/', '--')}"
        reference = root / "refs" / (revision or "main")
        commit = reference.read_text().strip() if reference.is_file() else revision or ""
        folder = root / "snapshots" / commit
        known_modules = [folder / "modules.json", root / ".no_exist" / commit / "modules.json"]
        if commit and weights(folder) and any(path.exists() for path in known_modules):
            return Source(folder, name, commit)
    return None


def _cache(place: str | None) -> Path:
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(place or os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()
