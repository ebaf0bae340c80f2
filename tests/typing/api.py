"""What type checkers accept and refuse. Read by mypy --strict and pyright strict, never run.

Every line with an `ignore` comment is one that must be refused: the checkers report a comment that is not needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

import onevec
from onevec import (
    Completed,
    DeterministicFakeEmbedding,
    Embedded,
    Embeddings,
    MiniMaxEmbeddings,
    OpenAIEmbeddings,
    ProviderInfo,
    Recipe,
    Role,
    Secret,
    SpaceId,
    Usage,
)
from onevec.params import Parameters, alias_of, param, secret
from onevec.testing import ReplayTransport
from onevec.transport import HttpTransport
from onevec.wire import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onevec.errors import ProviderError
    from onevec.hosted import HostedEmbeddings
    from onevec.params import SecretField
    from onevec.transport import Transport


async def later() -> str:
    return "k"


def told(done: int, of: int) -> None:
    assert_type(done + of, int)


# Constructors: both spellings, every form of a key --------------------------------------------------------------------

OpenAIEmbeddings()
OpenAIEmbeddings(model="text-embedding-3-small", dimensions=256, openai_api_key="k")
OpenAIEmbeddings(api_key="k", chunk_size=16, request_timeout=5, openai_api_base="https://x/v1")
OpenAIEmbeddings(api_key=SecretStr("k"), batch_size=16, timeout=2.5, base_url="https://x/v1")
OpenAIEmbeddings(api_key=Secret("k"))
OpenAIEmbeddings(api_key=lambda: "k")
OpenAIEmbeddings(api_key=later)
OpenAIEmbeddings(api_key=None)
OpenAIEmbeddings(transport=HttpTransport(), max_retries=0, long_text="truncate", on_progress=told)
OpenAIEmbeddings(transport=ReplayTransport([]))
MiniMaxEmbeddings(minimax_api_key="k", minimax_group_id="g")
MiniMaxEmbeddings(api_key="k", group_id="g")
DeterministicFakeEmbedding(size=3)

OpenAIEmbeddings(modle="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
OpenAIEmbeddings("text-embedding-3-small")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
OpenAIEmbeddings(model=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
OpenAIEmbeddings(model=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
OpenAIEmbeddings(dimensions="256")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
OpenAIEmbeddings(chunk_size="16")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
OpenAIEmbeddings(api_key=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
OpenAIEmbeddings(api_key=b"k")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
OpenAIEmbeddings(api_key=lambda: 5)  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
OpenAIEmbeddings(long_text="cut")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
OpenAIEmbeddings(transport="https://x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
OpenAIEmbeddings(on_progress=print, max_retries=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
MiniMaxEmbeddings(grup_id="g")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
DeterministicFakeEmbedding(size="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# Attributes -----------------------------------------------------------------------------------------------------------

model = OpenAIEmbeddings()
assert_type(model.model, str)
assert_type(model.chunk_size, int | None)
assert_type(model.api_key, Secret)
assert_type(model.openai_api_key.get_secret_value(), str)
assert_type(model.space, SpaceId)
assert_type(model.recipe(Role.QUERY), Recipe)
assert_type(model.usage, Usage)
assert_type(model.copy(update={"model": "x"}), OpenAIEmbeddings)
assert_type(model.model_copy(), OpenAIEmbeddings)
model.model = "x"
model.chunk_size = 5
model.api_key = "k"
model.api_key = lambda: "k"
model.long_text = "split"

model.modle = "x"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
model.model = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
model.long_text = "cut"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
model.api_key = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
model.api_key.join("k")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


# Calls ----------------------------------------------------------------------------------------------------------------


async def calls(texts: list[str], some: Sequence[str]) -> None:
    found = model.embed(some, Role.QUERY)
    assert_type(found, Embedded)
    assert_type(found.vectors, NDArray[np.float32])
    assert_type(found.cached, NDArray[np.bool_])
    assert_type(found.usage.tokens, int | None)
    assert_type(found.notes[0].tokens_kept, int | None)
    assert_type(await model.aembed(("a", "b"), "query"), Embedded)
    assert_type(model.embed_documents(texts, chunk_size=3, dimensions=5), list[list[float]])
    assert_type(model.embed_query("a"), list[float])
    assert_type(await model.aembed_documents(texts), list[list[float]])
    assert_type(await model.aembed_query("a"), list[float])

    model.embed([1, 2])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    model.embed(texts, role=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    model.embed_query(["a"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    model.embed_documents(texts, chunk_size="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def errors(error: ProviderError) -> None:
    assert_type(error.status, int | None)
    assert_type(error.retry_after, float | None)
    assert_type(error.completed, Completed | None)
    if error.completed is not None:
        assert_type(error.completed.vectors, NDArray[np.float32])


assert_type(onevec.load("openai:text-embedding-3-small", api_key="k"), Embeddings)
assert_type(onevec.load(), Embeddings)
assert_type(onevec.providers(), list[ProviderInfo])
onevec.load(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
onevec.not_there()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


# A class of one's own -------------------------------------------------------------------------------------------------


class Mine(Parameters):
    size: int = param(env="MINE_SIZE")
    width: int = alias_of("size")
    name: str = "x"
    key: SecretField = secret(env="MINE_KEY")


Mine()
Mine(size=3, key="k")
Mine(width=3, name="y")
Mine(sise=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Mine(name=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Mine(3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


class Local(Embeddings):
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[1.0] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return [float(len(text))]


any_model: Embeddings = Local()
any_model = model
hosted: HostedEmbeddings = model
hosted = Local()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


# Wire -----------------------------------------------------------------------------------------------------------------

Request(method="POST", url="https://x", headers={"A": "b"}, body=b"")
Reply(status=200, headers={"A": "b"}, body=b"{}")
Request("POST", "https://x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Reply(status=200).status = 500  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]

outside: Transport = HttpTransport()
outside = ReplayTransport([])
outside = object()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
progress: Callable[[int, int], None] | None = model.on_progress
anything: Any = model.tokenizer
