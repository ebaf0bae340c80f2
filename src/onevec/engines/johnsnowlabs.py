"""Spark NLP, through the library of John Snow Labs."""

from __future__ import annotations

import os
import sys
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from ..arrays import array
from ..embeddings import Role
from ..errors import BadResponse, ConfigurationError
from ..local import Encoded, LocalEmbeddings
from ..optional import need
from ..space import Recipe, SpaceId

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["JohnSnowLabsEmbeddings"]


class _Loaded(NamedTuple):
    pipeline: Any
    lock: Lock
    """Spark works on one question after the other."""


class JohnSnowLabsEmbeddings(LocalEmbeddings[_Loaded]):
    """Embed texts with a pipeline of Spark NLP, in a Spark session on this machine; it needs Java.

    Models are downloaded from John Snow Labs by their library; a licence for paid ones is read by it too. Spark's
    workers run the Python of this process, unless PYSPARK_PYTHON names another.

    Example:
        >>> JohnSnowLabsEmbeddings(model="zh.embed_sentence.bert")
        JohnSnowLabsEmbeddings(model='zh.embed_sentence.bert')
    """

    model: Any = "embed_sentence.bert"
    """A reference of NLU, or a pipeline."""
    hardware_target: str = "cpu"
    """cpu, gpu, apple_silicon or aarch64."""

    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "johnsnowlabs"
    docs: ClassVar[str] = "https://nlp.johnsnowlabs.com/docs/en/jsl/install"

    def identity(self) -> Hashable:
        """The reference, or the pipeline itself."""
        return (self.model if isinstance(self.model, str) else id(self.model)), self.hardware_target

    def load(self) -> _Loaded:
        """Start Spark, and load the pipeline."""
        nlp = need("johnsnowlabs", extra="johnsnowlabs").nlp
        for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
            os.environ.setdefault(name, sys.executable)
        try:
            nlp.start(hardware_target=self.hardware_target)
        except Exception as error:  # whatever Py4J, Spark or the installer of its jars raise
            message = f"JohnSnowLabsEmbeddings: Spark did not start, is Java installed? {_first_line(error)}"
            raise ConfigurationError(message) from error
        try:
            pipeline = nlp.load(self.model) if isinstance(self.model, str) else nlp.to_nlu_pipe(self.model)
        except Exception as error:
            message = f"JohnSnowLabsEmbeddings: the model {self.model!r} could not be loaded: {_first_line(error)}"
            raise ConfigurationError(message) from error
        return _Loaded(pipeline, Lock())

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; a pipeline that is no reference has a space of its own."""
        return SpaceId(origin="johnsnowlabs", model=self.model) if isinstance(self.model, str) else super().space

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one; a pipeline that is no reference has none."""
        if not isinstance(self.model, str):
            return super().recipe(role)
        Role(role)
        return Recipe(space=self.space, long_text="truncate")

    def encode(self, model: _Loaded, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # all share one form
        """Encode one batch: the last column of embeddings, which is that of whole texts."""
        with model.lock:
            table = model.pipeline.predict(texts, output_level="document")
        names = [name for name in table.columns if "embedding" in name]
        if not names:
            message = f"the pipeline gave no column of embeddings, only {', '.join(table.columns)}"
            raise BadResponse(message, provider="johnsnowlabs")
        rows = list(table[names[-1]])
        for place, row in enumerate(rows):
            if np.ndim(row) != 1:
                message = f"the pipeline gave no vector for the text {texts[place][:40]!r}"
                raise BadResponse(message, provider="johnsnowlabs")
        return Encoded(array(rows))


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
