"""models.toml: every row is well formed, and has a source and a date."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import onevec
from onevec import catalogue
from onevec._catalog import ENTRIES
from onevec.call import HostedCall
from onevec.embeddings import Role

TABLES = tomllib.loads((Path(onevec.__file__).parent / "models.toml").read_text(encoding="utf-8"))
ROWS = [(slug, name, row) for slug, models in TABLES.items() if slug != "trained" for name, row in models.items()]
KNOWN = {field.name for field in fields(catalogue.Model)} | {"date"}


@pytest.mark.parametrize(("slug", "name", "row"), ROWS, ids=[f"{slug}-{name}" for slug, name, _ in ROWS])
def test_a_row_is_well_formed(slug: str, name: str, row: dict[str, Any]) -> None:
    assert slug in {entry.slug for entry in ENTRIES}
    assert name
    assert row.keys() <= KNOWN
    assert row["source"].startswith("https://")
    assert isinstance(row["date"], date)
    numbers = ("dimensions", "max_tokens", "texts", "request_tokens", "shortest")
    assert all(type(row.get(key, 1)) is int and row.get(key, 1) > 0 for key in numbers)
    assert row.get("widths", []) == sorted(row.get("widths", []))
    assert not row.get("widths") or row["dimensions"] in row["widths"]
    assert "widths" not in row or "shortest" not in row
    assert row.get("price_source", "https://").startswith("https://")
    assert 0 <= row.get("price", 0.0) < 10
    assert type(row.get("normalised", True)) is bool


def test_the_facts_are_read() -> None:
    small = catalogue.model("openai", "text-embedding-3-small")
    assert (small.dimensions, small.max_tokens, small.normalised) == (1536, 8191, True)
    assert catalogue.price("openai", "text-embedding-3-small") == small.price == 0.02


@pytest.mark.parametrize(("slug", "name"), [("openai", "not-there"), ("not-there", "m"), ("", "")])
def test_an_unknown_model_has_no_facts(slug: str, name: str) -> None:
    assert catalogue.model(slug, name) == catalogue.Model()
    assert catalogue.price(slug, name) is None


@pytest.mark.parametrize("row", TABLES["trained"], ids=lambda row: row["name"])
def test_a_family_is_well_formed(row: dict[str, Any]) -> None:
    assert row.keys() <= {field.name for field in fields(catalogue.Trained)} | {"name", "date"}
    assert row["source"].startswith("https://")
    assert isinstance(row["date"], date)
    assert row.get("query") or row.get("role")


@pytest.mark.parametrize(
    ("slug", "name", "width", "given"),
    [
        ("openai", "text-embedding-3-small", 256, True),
        ("openai", "text-embedding-3-small", 1537, False),
        ("openai", "text-embedding-ada-002", 1536, True),
        ("openai", "text-embedding-ada-002", 256, False),
        ("dashscope", "text-embedding-v4", 2048, True),
        ("dashscope", "text-embedding-v3", 2048, False),
        ("google_generative_ai", "gemini-embedding-001", 127, False),
        ("voyageai", "nobody-knows-it", 7, True),
    ],
)
def test_the_widths_that_can_be_asked_for(slug: str, name: str, width: int, given: bool) -> None:
    assert catalogue.model(slug, name).gives(width) is given


# What the plan makes of it --------------------------------------------------------------------------------------------


class Letters:
    """A tokenizer: a letter is a token."""

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def decode(self, tokens: list[int]) -> str:
        return "".join(map(chr, tokens))


def sizes(model: Any, texts: list[str]) -> list[int]:
    """Texts of each request."""
    return [len(batch.texts) for batch in HostedCall(model, texts, Role.DOCUMENT).plan.batches]


@pytest.mark.parametrize(
    ("model", "most"),
    [
        (onevec.DashScopeEmbeddings(api_key="k", model="text-embedding-v1"), 25),
        (onevec.DashScopeEmbeddings(api_key="k", model="text-embedding-v3"), 10),
        (onevec.DashScopeEmbeddings(api_key="k", model="text-embedding-v4"), 10),
        (onevec.GoogleGenerativeAIEmbeddings(api_key="k"), 100),
        (onevec.VertexAIEmbeddings(project="p", model="text-embedding-005"), 250),
        (onevec.VertexAIEmbeddings(project="p", model="gemini-embedding-001"), 1),
        (onevec.QianfanEmbeddingsEndpoint(api_key="bce-v3/k", model="bge-large-zh"), 16),
        (onevec.QianfanEmbeddingsEndpoint(api_key="bce-v3/k", model="tao-8k"), 1),
        (onevec.BaichuanTextEmbeddings(api_key="k"), 16),
        (onevec.GigaChatEmbeddings(access_token="t"), 90),
        (onevec.CohereEmbeddings(api_key="k"), 96),
        (onevec.JinaEmbeddings(api_key="k", batch_size=2048), 512),
        (onevec.OpenAIEmbeddings(api_key="k", chunk_size=4096), 2048),
        (onevec.VoyageEmbeddings(api_key="k", model="voyage-4"), 1000),
        (onevec.ZhipuAIEmbeddings(api_key="k"), 64),
        (onevec.SparkLLMTextEmbeddings(app_id="a", api_key="k", api_secret="s"), 1),
    ],
    ids=lambda value: f"{type(value).__name__} {value.wire_model}" if hasattr(value, "wire_model") else str(value),
)
def test_no_request_has_more_texts_than_the_model_takes(model: Any, most: int) -> None:
    count = 2 * most + 1
    assert sizes(model, [str(number) for number in range(count)]) == [most, most, 1]


@pytest.mark.parametrize(
    ("kind", "model", "most"),
    [
        (onevec.OpenAIEmbeddings, "text-embedding-3-small", 300_000),
        (onevec.MistralAIEmbeddings, "mistral-embed", 16_000),
        (onevec.VertexAIEmbeddings, "text-embedding-005", 20_000),
        (onevec.VoyageEmbeddings, "voyage-4-large", 120_000),
        (onevec.VoyageEmbeddings, "voyage-4", 320_000),
        (onevec.VoyageEmbeddings, "voyage-4-lite", 1_000_000),
    ],
)
def test_no_request_has_more_tokens_than_the_model_takes(kind: Any, model: str, most: int) -> None:
    key = {"project": "p"} if kind is onevec.VertexAIEmbeddings else {"api_key": "k"}
    texts = [f"{number:04}" + "x" * 1996 for number in range(2 * most // 2000 + 1)]
    found = sizes(kind(**key, model=model, tokenizer=Letters(), batch_size=None), texts)
    whole = most // 2000
    assert found == [whole, whole, 1]


def test_a_text_beyond_the_limit_is_named() -> None:
    model = onevec.DashScopeEmbeddings(api_key="k", model="text-embedding-v1", tokenizer=Letters())
    with pytest.raises(onevec.InputTooLong, match="has 2049 tokens, the model takes 2048"):
        sizes(model, ["x" * 2049])


def test_a_width_that_the_model_lacks_gets_a_warning_once() -> None:
    model = onevec.DashScopeEmbeddings(api_key="k", model="text-embedding-v3", dimensions=2048)
    with pytest.warns(UserWarning, match="gives vectors of 64, 128, 256, 512, 768, 1024 dimensions, not 2048") as told:
        [sizes(model, [text]) for text in ("a", "b")]
    assert len(told) == 1
