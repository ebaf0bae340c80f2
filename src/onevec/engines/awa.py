"""What AwaDB embeds with: one sentence-transformers model; its own package is not needed."""

from __future__ import annotations

from typing import Any

from ..params import alias_of, ignored
from .huggingface import HuggingFaceEmbeddings

__all__ = ["AwaEmbeddings"]


class AwaEmbeddings(HuggingFaceEmbeddings):
    """Embed texts as AwaDB does, with all-mpnet-base-v2.

    AwaDB hands every text to sentence-transformers as it is, and so does this class; it was last released in 2023, and
    is not installed. Unlike in LangChain's class, `model` has an effect.

    Example:
        >>> AwaEmbeddings().model
        'all-mpnet-base-v2'
    """

    model_name: str = "all-mpnet-base-v2"
    model: str = alias_of("model_name")
    client: Any = ignored("the model is loaded by sentence-transformers")

    def set_model(self, model_name: str) -> None:
        """Take another model."""
        self.model_name = model_name

    def clean(self, text: str) -> str:
        """The text as it is, with its line breaks."""
        return text
