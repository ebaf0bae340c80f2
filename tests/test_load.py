"""`load("provider:model")`: which class a name leads to, and what is said of a name that leads nowhere."""

from __future__ import annotations

import re
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

import onevec
from onevec import load, providers
from onevec._catalog import ENTRIES
from onevec.errors import ConfigurationError
from onevec.load import FOLDER_SLUGS, _find  # pyright: ignore[reportPrivateUsage]

if TYPE_CHECKING:
    from pathlib import Path

SLUGS = sorted({entry.slug for entry in ENTRIES})


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_is_what_its_class_says(entry: onevec.ProviderInfo) -> None:
    kind: Any = getattr(onevec, entry.name)
    assert getattr(import_module(entry.module), entry.name) is kind
    assert entry.module.rpartition(".")[2] == entry.slug
    assert entry.docs == kind.docs
    variables = [name for spec in kind._params.values() for name in spec.env]
    assert sorted(entry.variables) == sorted(set(variables))


@pytest.mark.parametrize("slug", SLUGS)
def test_one_class_of_a_module_is_its_default(slug: str) -> None:
    assert sum(entry.default for entry in ENTRIES if entry.slug == slug) == 1


def test_a_slug_leads_to_its_class() -> None:
    found = load("openai", api_key="k")
    assert isinstance(found, onevec.OpenAIEmbeddings)
    assert found.model == "text-embedding-ada-002"


def test_what_follows_the_first_colon_is_the_model() -> None:
    found = load("openai:org/model:v2:0", api_key="k", dimensions=8)
    assert isinstance(found, onevec.OpenAIEmbeddings)
    assert (found.model, found.dimensions) == ("org/model:v2:0", 8)


def test_a_class_name_does_too() -> None:
    found = load("FakeEmbeddings:4")
    assert isinstance(found, onevec.FakeEmbeddings)
    assert found.size == 4


@pytest.mark.parametrize(
    "found",
    [
        lambda: load("bedrock", model="m", region_name="r", bedrock_api_key="k"),
        lambda: load("bedrock", model_id="m", region_name="r", bedrock_api_key="k"),
        lambda: load("openai", model="m", api_key="k"),
        lambda: load(model="openai:m", api_key="k"),
    ],
    ids=["under its usual name", "under the class's own name", "where they are the same", "all by name"],
)
def test_the_model_as_an_argument(found: Any) -> None:
    assert found().wire_model == "m"


@pytest.mark.parametrize("name", ["model", "model_id"])
def test_a_model_given_twice_is_refused_under_each_of_its_names(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the model is given twice: 'm' in 'bedrock:m', and {name}='n'"):
        load("bedrock:m", **{name: "n"})


def test_a_model_given_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the model is given twice: '3' in 'fake:3', and size=4"):
        load("fake:3", size=4)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("openia", "did you mean 'openai'"),
        ("minimaks:x", "did you mean 'minimax'"),
        ("OpenAIEmbedings", "did you mean 'OpenAIEmbeddings"),
        ("text-embedding-3-small", "did you mean 'openai:text-embedding-3-small'"),
        ("BAAI/bge-m3", "did you mean 'huggingface:BAAI/bge-m3'"),
        ("default:x", "did you mean 'default'?"),
        ("zzzzzz", "`onevec providers` lists all"),
        ("x" * 5000, "`onevec providers` lists all"),
        ("nul\0byte", ""),
    ],
    ids=[
        "slug",
        "slug with model",
        "class",
        "model alone",
        "of the hub",
        "short name",
        "unlike any",
        "very long",
        "not even a file name",
    ],
)
def test_an_unknown_name_gets_a_suggestion(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^there is no provider, engine or folder .*{re.escape(hint)}"):
        load(name)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="must be a str such as"):
        load(5)  # type: ignore[arg-type]


def test_the_general_class_of_a_module_has_its_slug() -> None:
    general = {entry.slug: entry.name for entry in ENTRIES if entry.default}
    assert general["huggingface"] == "HuggingFaceEmbeddings"
    assert general["openvino"] == "OpenVINOEmbeddings"
    assert general["mlflow"] == "MlflowEmbeddings"


def test_a_folder_is_no_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "openai").mkdir()
    assert isinstance(load("openai", api_key="k"), onevec.OpenAIEmbeddings)


@pytest.mark.skipif(not set(FOLDER_SLUGS) & set(SLUGS), reason="no engine loads folders yet")
@pytest.mark.parametrize("folder", [r"D:\models\m3e-base", "d:/models/m3e-base", "{tmp}"])
def test_a_folder_goes_to_an_engine(folder: str, tmp_path: Path) -> None:
    entry, rest = _find(folder.replace("{tmp}", str(tmp_path)))
    assert entry.slug in FOLDER_SLUGS
    assert rest == folder.replace("{tmp}", str(tmp_path))


def test_the_current_folder_gives_no_foreign_error() -> None:
    with suppress(onevec.EmbeddingError, OSError):  # what an engine, or nobody, makes of this folder
        load(".")


def test_providers_lists_every_class() -> None:
    assert providers() == list(ENTRIES)
    assert {entry.kind for entry in providers()} == {"engine", "provider"}
    providers().clear()
    assert providers()
