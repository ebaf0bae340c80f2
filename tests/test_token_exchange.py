"""Tokens that are fetched with a key: once for all batches, again after a refusal, and before they expire."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from onevec import AuthenticationError, ConfigurationError, ErnieEmbeddings, GigaChatEmbeddings
from onevec.testing import ReplayTransport, json_reply
from onevec.transport import HttpTransport

if TYPE_CHECKING:
    from pathlib import Path

    from onevec.wire import Reply, Request


class Baidu(ReplayTransport):
    """Gives tokens t-1, t-2, ... and refuses those that it was told to."""

    def __init__(self, refused: tuple[str, ...] = (), lasting: int = 2592000) -> None:
        super().__init__()
        self.refused, self.lasting, self.given = refused, lasting, 0
        self.used: list[str] = []

    def send(self, request: Request, timeout: float) -> Reply:  # noqa: ARG002  # nothing takes time here
        if "/oauth/" in request.url:
            self.given += 1
            return json_reply({"access_token": f"t-{self.given}", "expires_in": self.lasting})
        token = re.findall(r"access_token=([^&]+)", request.url)[0]
        self.used.append(token)
        if token in self.refused:
            return json_reply({"error_code": 111, "error_msg": f"Access token expired: {token}"})
        rows = [
            {"index": place, "embedding": [float(text)]} for place, text in enumerate(json.loads(request.body)["input"])
        ]
        return json_reply({"data": rows, "usage": {"total_tokens": len(rows)}})


def ernie(transport: Baidu, **init: Any) -> ErnieEmbeddings:
    return ErnieEmbeddings(ernie_client_id="i", ernie_client_secret="s", transport=transport, chunk_size=2, **init)


TEXTS = [str(number) for number in range(40)]
WANTED = [[float(number)] for number in range(40)]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_one_token_serves_all_batches_and_the_next_call(mode: str) -> None:
    transport = Baidu()
    model = ernie(transport)
    for _ in range(2):
        found = model.embed(TEXTS) if mode == "sync" else asyncio.run(model.aembed(TEXTS))
        assert found.vectors.tolist() == WANTED
    assert transport.given == 1
    assert set(transport.used) == {"t-1"}


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_token_that_many_batches_see_refused_is_renewed_once(mode: str) -> None:
    transport = Baidu(refused=("old",))
    model = ernie(transport, access_token="old")
    found = model.embed(TEXTS) if mode == "sync" else asyncio.run(model.aembed(TEXTS))
    assert found.vectors.tolist() == WANTED
    assert transport.given == 1
    assert transport.used.count("t-1") == 20
    assert 1 <= transport.used.count("old") <= model.max_concurrency
    model.embed(["1"])
    assert transport.used[-1] == "t-1"


def test_a_token_is_renewed_before_it_expires() -> None:
    transport = Baidu(lasting=100)
    model = ernie(transport)
    model.embed(["1"])
    transport.sleep(39)
    model.embed(["1"])
    assert transport.given == 1
    transport.sleep(1)
    model.embed(["1"])
    assert transport.used == ["t-1", "t-1", "t-2"]


def test_a_new_token_that_is_refused_too_ends_the_call() -> None:
    transport = Baidu(refused=("old", "t-1"))
    with pytest.raises(AuthenticationError) as caught:
        ernie(transport, access_token="old").embed(["1"])
    assert transport.used == ["old", "t-1"]
    assert "t-1" not in str(caught.value)


def test_gigachat_makes_its_own_transport_for_its_certificates(tmp_path: Path) -> None:
    model = GigaChatEmbeddings(credentials="k", verify_ssl_certs=False)
    assert isinstance(model.transport, HttpTransport)
    other = model.copy(update={"model": "EmbeddingsGigaR"})
    assert other.transport is model.transport
    assert GigaChatEmbeddings(credentials="k").transport is None
    missing = tmp_path / "none.pem"
    with pytest.raises(ConfigurationError, match=r"none\.pem"):
        GigaChatEmbeddings(credentials="k", ca_bundle_file=str(missing))
    missing.write_text("no certificate")
    with pytest.raises(ConfigurationError, match=r"none\.pem"):
        GigaChatEmbeddings(credentials="k", ca_bundle_file=str(missing))


def test_a_context_that_trusts_all_checks_nothing() -> None:
    from onevec.tls import tls_context

    assert tls_context(verify=False).verify_mode is ssl.CERT_NONE
    assert tls_context().verify_mode is ssl.CERT_REQUIRED


def test_gigachat_without_a_credential_names_its_variables() -> None:
    with pytest.raises(ConfigurationError, match=r"GIGACHAT_CREDENTIALS.*GIGACHAT_PASSWORD.*GIGACHAT_ACCESS_TOKEN"):
        GigaChatEmbeddings()
