"""Every model class with what can be told without importing it.

Written by scripts/gen.py: change the classes, then run it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ENTRIES", "Entry"]


class Entry(NamedTuple):
    """One model class.

    Attributes:
        name: the class.
        module: where it is, such as "onevec.providers.openai".
        kind: "provider" (reached over a network) or "engine" (runs here).
        slug: what stands before the ":" in `load("slug:model")`.
        default: whether `load` takes this class for its slug; one class of a module is.
        status: "live", "retired", ...
        successor: the class to use in place of a retired one.
        extra: the extra of onevec that it needs.
        variables: the environment variables that it reads.
        docs: the vendor's page.
    """

    name: str
    module: str
    kind: str
    slug: str
    default: bool
    status: str
    successor: str | None
    extra: str | None
    variables: tuple[str, ...]
    docs: str


ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="DeterministicFakeEmbedding",
        module="onevec.engines.fake",
        kind="engine",
        slug="fake",
        default=True,
        status="library",
        successor=None,
        extra=None,
        variables=(),
        docs="https://reference.langchain.com/python/langchain_core/embeddings/",
    ),
    Entry(
        name="FakeEmbeddings",
        module="onevec.engines.fake",
        kind="engine",
        slug="fake",
        default=False,
        status="library",
        successor=None,
        extra=None,
        variables=(),
        docs="https://reference.langchain.com/python/langchain_core/embeddings/",
    ),
    Entry(
        name="MiniMaxEmbeddings",
        module="onevec.providers.minimax",
        kind="provider",
        slug="minimax",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=("MINIMAX_GROUP_ID", "MINIMAX_API_KEY"),
        docs="https://platform.minimaxi.com/docs/api-reference/errorcode.md",
    ),
    Entry(
        name="OpenAIEmbeddings",
        module="onevec.providers.openai",
        kind="provider",
        slug="openai",
        default=True,
        status="live",
        successor=None,
        extra=None,
        variables=(
            "OPENAI_API_BASE",
            "OPENAI_BASE_URL",
            "OPENAI_API_KEY",
            "OPENAI_ORG_ID",
            "OPENAI_ORGANIZATION",
            "OPENAI_PROJECT_ID",
            "OPENAI_PROXY",
            "OPENAI_API_TYPE",
        ),
        docs="https://platform.openai.com/docs/api-reference/embeddings/create",
    ),
)
