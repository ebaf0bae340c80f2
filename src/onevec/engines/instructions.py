"""What BGE models want before a query."""

from __future__ import annotations

__all__ = ["QUESTION", "question"]

QUESTION = "Represent this question for searching relevant passages: "
CHINESE_QUESTION = "为这个句子生成表示以用于检索相关文章："
NO_QUESTION = ("bge-m3", "noinstruct")
"""Parts of the names of models that were trained without one."""


def question(model: str, given: str) -> str:
    """The instruction for a model; one that users chose stays.

    Example:
        >>> question("BAAI/bge-m3", QUESTION), question("BAAI/bge-base-zh", "query: ")
        ('', 'query: ')
    """
    if given != QUESTION:
        return given
    if any(part in model for part in NO_QUESTION):
        return ""
    return CHINESE_QUESTION if "-zh" in model else QUESTION
