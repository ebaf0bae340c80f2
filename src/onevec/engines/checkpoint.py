"""Read what a sentence-transformers folder says about itself, without loading it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ..embeddings import Note, Role
from ..errors import ConfigurationError
from .encoders import positions

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Checkpoint", "notes_of", "prompt_name"]

POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""How older folders spell what newer ones call `pooling_mode`."""
PROMPTS = {
    Role.DOCUMENT: ("document", "passage", "corpus"),
    Role.QUERY: ("query",),
    Role.SIMILARITY: ("similarity", "STS"),
    Role.CLASSIFICATION: ("classification", "Classification"),
    Role.CLUSTERING: ("clustering", "Clustering"),
}
"""The names under which models keep the prompt of a role."""
KNOWN = {"Transformer", "Pooling", "Dense", "Normalize"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a folder says about itself.

    Attributes:
        config: config.json, the architecture.
        pooling: how token vectors become one vector; several are put side by side.
        include_prompt: whether the tokens of a prompt are pooled too.
        dense: folders of layers after the pooling.
        normalised: whether vectors are divided by their length.
        prompts: texts that are put in front, by name.
        default_prompt: name of the prompt for texts without one of their own.
        max_tokens: longer texts are cut; None if nothing says so.
        lowercase: whether texts are lowercased before the tokenizer sees them.
        unknown: types of modules that are none of the above.
    """

    config: Mapping[str, Any]
    pooling: tuple[str, ...] = ("mean",)
    include_prompt: bool = True
    dense: tuple[Path, ...] = ()
    normalised: bool = False
    prompts: Mapping[str, str] = field(default_factory=dict[str, str])
    default_prompt: str | None = None
    max_tokens: int | None = None
    lowercase: bool = False
    unknown: tuple[str, ...] = ()

    @classmethod
    @cache
    def read(cls, folder: Path, files: Hashable = ()) -> Checkpoint:  # noqa: ARG003  # they tell what is remembered
        """Read a folder; one without modules.json is a bare transformer, whose token vectors are averaged.

        Args:
            folder: the folder.
            files: what tells it from itself after it was changed, see `LocalEmbeddings.on_disk`.
        """
        config = _json(folder / "config.json")
        own = _json(folder / "config_sentence_transformers.json")
        modules = cast("list[dict[str, str]]", _json(folder / "modules.json", []))
        kinds = {module["type"].rpartition(".")[2]: folder / module["path"] for module in modules}
        pooling = _json(kinds.get("Pooling", folder / "1_Pooling") / "config.json")
        return cls(
            config=config,
            pooling=_pooling(pooling),
            include_prompt=bool(pooling.get("include_prompt", True)),
            dense=tuple(folder / module["path"] for module in modules if module["type"].endswith(".Dense")),
            normalised="Normalize" in kinds,
            prompts={name: text for name, text in cast("dict[str, str]", own.get("prompts") or {}).items() if text},
            default_prompt=own.get("default_prompt_name"),
            max_tokens=_max_tokens(folder, config),
            lowercase=bool(_json(folder / "sentence_bert_config.json").get("do_lower_case")),
            unknown=tuple(sorted(kinds.keys() - KNOWN)),
        )

    @property
    def limit(self) -> int | None:
        """Tokens of the longest text that is read whole: those wanted, if the architecture has so many positions."""
        places = positions(self.config)
        return min(self.max_tokens, places) if self.max_tokens and places else self.max_tokens or places

    @property
    def dimensions(self) -> int | None:
        """Width of the vectors, if the folder tells it."""
        if self.unknown:
            return None
        if self.dense:
            width: int | None = _json(self.dense[-1] / "config.json").get("out_features")
            return width
        size: int | None = self.config.get("hidden_size") or self.config.get("dim") or self.config.get("d_model")
        return size * len(self.pooling) if size else None


def prompt_name(prompts: Mapping[str, str], default: str | None, role: Role) -> tuple[str | None, bool]:
    """The name of a role's prompt, and whether the model knows the role.

    Example:
        >>> prompt_name({"query": "query: "}, None, Role.QUERY), prompt_name({}, None, Role.CLUSTERING)
        (('query', True), (None, True))
        >>> prompt_name({"passage": "passage: "}, None, Role.CLUSTERING)
        ('passage', False)
    """
    for each in (role, Role.DOCUMENT) if role is not Role.QUERY else (role,):
        for name in PROMPTS[each]:
            if prompts.get(name):
                return name, each is role
    return default, role in (Role.DOCUMENT, Role.QUERY) or not any(prompts.values())


def notes_of(lengths: Sequence[int], limit: int | None, *, role_known: bool) -> tuple[Note, ...]:
    """A note for every text that was cut, or for all if the model lacks their role.

    Example:
        >>> notes_of([5, 9], 8, role_known=True)
        (Note(index=1, kind='truncated', tokens_kept=8, tokens_total=9),)
    """
    cut = {place: length for place, length in enumerate(lengths) if limit is not None and length > limit}
    notes = [Note(place, "truncated", limit, length) for place, length in cut.items()]
    if not role_known:
        notes += [Note(place, "role") for place in range(len(lengths)) if place not in cut]
    return tuple(sorted(notes, key=lambda note: note.index))


def _json(path: Path, default: Any = None) -> Any:
    if not path.is_file():
        return {} if default is None else default
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        message = f"{path} is no JSON: {error}; get the file again"
        raise ConfigurationError(message) from error


def _pooling(config: Mapping[str, Any]) -> tuple[str, ...]:
    mode: str | list[str] | None = config.get("pooling_mode")
    if mode is None:
        return tuple(mode for name, mode in POOLINGS.items() if config.get(name)) or ("mean",)
    return (mode,) if isinstance(mode, str) else tuple(mode)


def _max_tokens(folder: Path, config: Mapping[str, Any]) -> int | None:
    """As sentence-transformers decides: its own limit, else the tokenizer's within that of the architecture."""
    own: int | None = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    if own:
        return own
    tokenizer = _json(folder / "tokenizer_config.json").get("model_max_length")
    limits = [limit for limit in (tokenizer, config.get("max_position_embeddings")) if isinstance(limit, int)]
    return min(limits, default=None)
