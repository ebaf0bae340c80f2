"""Document vectors of a spaCy pipeline."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from ..embeddings import Role
from ..errors import ConfigurationError
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..params import ignored
from ..space import Recipe, SpaceId
from .hub import content

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["SpacyEmbeddings"]

ENGLISH = "en_core_web_sm"
TENSORS = frozenset({"tok2vec", "transformer"})
"""Components that the vector of a document comes from, if the pipeline has no table of word vectors."""


class _Loaded(NamedTuple):
    nlp: Any
    lock: Lock
    """A pipeline adds the words it meets to its vocabulary."""


class SpacyEmbeddings(LocalEmbeddings[_Loaded]):
    """Embed texts with spaCy: the mean of the word vectors, or of the context tensors of a small pipeline.

    Only the components that the vectors come from are run. A text without any known word, such as an empty one, gets
    zeros.

    Example:
        >>> SpacyEmbeddings(model_name="zh_core_web_md")
        SpacyEmbeddings(model_name='zh_core_web_md')
    """

    model_name: str = ENGLISH
    """An installed pipeline, or a folder."""
    nlp: Any = ignored("the pipeline is loaded by model_name")

    model_parameter: ClassVar[str] = "model_name"
    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "spacy"
    docs: ClassVar[str] = "https://spacy.io/api/doc#vector"

    def identity(self) -> Hashable:
        """The name of the pipeline."""
        return self.model_name

    def load(self) -> _Loaded:
        """Load the pipeline, and switch off what the vectors don't need."""
        spacy = need("spacy", extra="spacy")
        try:
            nlp = spacy.load(self.model_name)
        except OSError as error:
            message = (
                f"SpacyEmbeddings: there is no pipeline {self.model_name!r}: "
                f"python -m spacy download {self.model_name}, or give the import name of an installed one, or a folder"
            )
            raise ConfigurationError(message) from error
        if hasattr(nlp, "select_pipes"):
            wanted = frozenset[str]() if nlp.vocab.vectors_length else TENSORS
            nlp.select_pipes(enable=[name for name in nlp.pipe_names if name in wanted])
        return _Loaded(nlp, Lock())

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; the revision is the pipeline's version, or a hash of its folder."""
        folder = Path(self.model_name)
        if folder.is_dir():
            return SpaceId(origin="spacy", model="folder", revision=content(folder), normalised=False)
        meta: dict[str, str] = getattr(self.loaded().nlp, "meta", {})
        return SpaceId(origin="spacy", model=self.model_name, revision=meta.get("version", ""), normalised=False)

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        return Recipe(space=self.space, long_text="whole")

    def encode(self, model: _Loaded, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # all share one form
        """Encode one batch."""
        nlp = model.nlp
        with model.lock:
            documents = nlp.pipe(texts) if hasattr(nlp, "pipe") else map(nlp, texts)
            rows = [np.asarray(document.vector, dtype=np.float32) for document in documents]
            width = max(map(len, rows)) or len(nlp("a").vector)  # the vector of no words has no numbers
        return Encoded(np.array([row if len(row) else np.zeros(width) for row in rows], dtype=np.float32))
