"""What the contract does not show of AzureOpenAIEmbeddings: the newer address, and functions that give tokens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from onevec import AuthenticationError, AzureOpenAIEmbeddings, ConfigurationError
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Reply, Request

ROWS = json_reply({"data": [{"index": 0, "embedding": [1.0, 2.0]}], "usage": {"total_tokens": 1}})
RESOURCE = "https://res1.openai.azure.com"


def asked(url: str, headers: dict[str, str], model: str, reply: Reply = ROWS) -> Exchange:
    body = {"input": ["a"], "model": model, "encoding_format": "base64"}
    return Exchange(Request.post(url, json=body, headers=headers), reply)


@pytest.mark.parametrize(
    "init",
    [
        {"azure_endpoint": RESOURCE, "deployment": "dep-emb", "api_version": "v1"},
        {"base_url": f"{RESOURCE}/openai/v1/", "deployment": "dep-emb"},
        {"base_url": f"{RESOURCE}/openai/v1", "model": "dep-emb"},
    ],
)
def test_the_newer_form_has_no_version_and_names_the_deployment_as_model(init: dict[str, Any]) -> None:
    transport = ReplayTransport([asked(f"{RESOURCE}/openai/v1/embeddings", {"api-key": "k"}, "dep-emb")])
    model = AzureOpenAIEmbeddings(api_key="k", transport=transport, **init)
    assert model.embed_query("a") == [1.0, 2.0]
    transport.assert_done()


def test_two_deployments_are_two_spaces() -> None:
    one, other = (AzureOpenAIEmbeddings(azure_endpoint=RESOURCE, deployment=name, api_key="k") for name in "ab")
    assert one.space != other.space
    assert str(one.recipe()) != str(other.recipe())


def test_a_refused_token_is_asked_for_again() -> None:
    handed = iter(["t-1", "t-2"])
    url = f"{RESOURCE}/openai/deployments/dep/embeddings?api-version=2023-05-15"
    refused = Reply(status=401, body=b'{"error": {"code": "401", "message": "expired"}}')
    model = "text-embedding-ada-002"
    transport = ReplayTransport(
        [
            asked(url, {"Authorization": "Bearer t-1"}, model, refused),
            asked(url, {"Authorization": "Bearer t-2"}, model),
        ]
    )
    azure = AzureOpenAIEmbeddings(
        azure_endpoint=RESOURCE, deployment="dep", azure_ad_token_provider=lambda: next(handed), transport=transport
    )
    assert azure.embed_query("a") == [1.0, 2.0]
    transport.assert_done()


async def token() -> str:
    await asyncio.sleep(0)
    return "t-async"


def test_an_async_function_gives_tokens_to_the_async_methods() -> None:
    url = f"{RESOURCE}/openai/deployments/dep/embeddings?api-version=2023-05-15"
    transport = ReplayTransport([asked(url, {"Authorization": "Bearer t-async"}, "text-embedding-ada-002")])
    azure = AzureOpenAIEmbeddings(
        azure_endpoint=RESOURCE, deployment="dep", azure_ad_async_token_provider=token, transport=transport
    )
    with pytest.raises(ConfigurationError, match="async"):
        azure.embed_query("a")
    assert asyncio.run(azure.aembed_query("a")) == [1.0, 2.0]


def test_a_key_that_was_given_is_not_renewed() -> None:
    url = f"{RESOURCE}/openai/deployments/dep/embeddings?api-version=2023-05-15"
    refused = Reply(status=401, body=b'{"error": {"code": "401", "message": "Access denied: k-1"}}')
    transport = ReplayTransport([asked(url, {"api-key": "k-1"}, "text-embedding-ada-002", refused)])
    azure = AzureOpenAIEmbeddings(azure_endpoint=RESOURCE, deployment="dep", api_key="k-1", transport=transport)
    with pytest.raises(AuthenticationError) as caught:
        azure.embed_query("a")
    assert "k-1" not in str(caught.value)


def test_no_credential_names_all_variables() -> None:
    with pytest.raises(
        ConfigurationError, match=r"azure_ad_token=\.\.\. or AZURE_OPENAI_AD_TOKEN.*AZURE_OPENAI_API_KEY"
    ):
        AzureOpenAIEmbeddings(azure_endpoint=RESOURCE)
