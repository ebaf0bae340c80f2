"""CohereEmbeddings beside Cohere's SDK, and the forms that its vectors come in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from recorder import Recorder

from onevec import BadResponse, CohereEmbeddings
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Request


def body(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "embed-v4.0",
        "texts": ["猫"],
        "input_type": "search_query",
        "embedding_types": [kind],
        **more,
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the SDK's own libraries
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the SDK can't be closed
def test_our_request_equals_the_sdks() -> None:
    cohere = pytest.importorskip("cohere")
    with Recorder(lambda body: {"id": "1", "embeddings": {"float": [[1.0] * 256] * len(body["texts"])}}) as recorder:
        theirs = cohere.ClientV2(api_key="k", base_url=recorder.url, client_name="mine")
        theirs.embed(**body("float", output_dimension=256, truncate="END"))
        theirs._client_wrapper.httpx_client.httpx_client.close()
        ours = CohereEmbeddings(
            model="embed-v4.0", api_key="k", base_url=recorder.url, user_agent="mine", dimensions=256, truncate="END"
        )
        ours.embed_query("猫")
    first, second = recorder.sent
    assert (second.method, second.url, json.loads(second.body)) == (first.method, first.url, json.loads(first.body))
    assert all(second.headers[name] == first.headers[name] for name in ("authorization", "x-client-name"))


def replayed(kind: str, row: list[int], url: str = "https://api.cohere.com/v2/embed", **more: Any) -> ReplayTransport:
    reply = json_reply({"embeddings": {kind: [row]}, "meta": {"billed_units": {"input_tokens": 2}}})
    return ReplayTransport([Exchange(Request.post(url, json=body(kind, **more)), reply)])


@pytest.mark.parametrize(
    ("kind", "row", "width"),
    [
        ("int8", [-128, 0, 127, 1], 4),
        ("uint8", [255, 0, 127, 1], 4),
        ("binary", [-128, 127], 2),
        ("ubinary", [255, 0], 2),
    ],
)
def test_other_types_are_other_spaces_and_keep_their_numbers(kind: str, row: list[int], width: int) -> None:
    dimensions = width * 8 if "binary" in kind else width
    transport = replayed(kind, row, output_dimension=dimensions)
    model = CohereEmbeddings(
        model="embed-v4.0", api_key="k", embedding_types=[kind], dimensions=dimensions, transport=transport
    )
    found = model.embed(["猫"], "query")
    assert found.vectors.tolist() == [row]
    assert found.usage.tokens == 2
    assert (found.space.dtype, found.space.dimensions) == (kind, width)
    assert found.space != CohereEmbeddings(model="embed-v4.0", api_key="k", dimensions=dimensions).space


def test_a_packed_row_of_the_wrong_width_is_refused() -> None:
    transport = replayed("binary", [1] * 16, output_dimension=256)
    model = CohereEmbeddings(
        model="embed-v4.0", api_key="k", embedding_types=["binary"], dimensions=256, transport=transport
    )
    with pytest.raises(BadResponse, match="16 dimensions came, 32 were expected"):
        model.embed_query("猫")


def test_the_older_api_is_reached_by_its_address() -> None:
    transport = replayed("float", [1, 2], "https://api.cohere.com/v1/embed")
    model = CohereEmbeddings(model="embed-v4.0", api_key="k", base_url="https://api.cohere.com/v1", transport=transport)
    assert model.embed_query("猫") == [1.0, 2.0]
