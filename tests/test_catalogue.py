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

TABLES = tomllib.loads((Path(onevec.__file__).parent / "models.toml").read_text(encoding="utf-8"))
ROWS = [(slug, name, row) for slug, models in TABLES.items() for name, row in models.items()]
KNOWN = {field.name for field in fields(catalogue.Model)} | {"date"}


@pytest.mark.parametrize(("slug", "name", "row"), ROWS, ids=[f"{slug}-{name}" for slug, name, _ in ROWS])
def test_a_row_is_well_formed(slug: str, name: str, row: dict[str, Any]) -> None:
    assert slug in {entry.slug for entry in ENTRIES}
    assert name
    assert row.keys() <= KNOWN
    assert row["source"].startswith("https://")
    assert isinstance(row["date"], date)
    assert all(type(row.get(key, 1)) is int and row.get(key, 1) > 0 for key in ("dimensions", "max_tokens", "texts"))
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
