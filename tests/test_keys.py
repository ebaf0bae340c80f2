"""Keys: LangChain's to the letter, and ours, which no two texts, models or roles share."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from counting import Counting, LangChainLike
from hypothesis import given
from hypothesis import strategies as st

from onevec import CacheBackedEmbeddings, ConfigurationError, MemoryStore
from onevec.embeddings import Role
from onevec.foreign import as_embeddings
from onevec.keys import LangChainKeys, NativeKeys

CONTRACT: dict[str, Any] = json.loads(
    (Path(__file__).parent / "contracts" / "cache" / "CacheBackedEmbeddings.json").read_text(encoding="utf-8")
)
pytestmark = pytest.mark.filterwarnings("ignore:key_encoder='sha1'")


def text_of(given: str | dict[str, Any]) -> str:
    return given if isinstance(given, str) else given["repeat"] * given["times"]


@pytest.mark.parametrize(
    "case", CONTRACT["key_value_vectors"], ids=lambda case: f"{case['key_encoder'][:7]}-{case['key']:.50}"
)
def test_langchain_keys_are_the_same(case: dict[str, Any]) -> None:
    own = "custom" in case["key_encoder"]
    encoder = (lambda text: "mine-" + hashlib.md5(text.encode()).hexdigest()) if own else case["key_encoder"]  # noqa: S324
    keys = LangChainKeys(case["namespace"], encoder, Counting())
    assert keys.of([text_of(case["text"])], Role.DOCUMENT) == [case["key"]]


def test_the_two_keys_of_langchains_own_example() -> None:
    keys = LangChainKeys("m3e-base", "sha1", Counting())
    assert keys.of(["hello", "goodbye"], Role.DOCUMENT) == [
        "m3e-basee885db5b-c0bd-5fbc-88b1-4d1da6020aa5",
        "m3e-base6ba52e44-59c9-5cc9-a084-284061b13c80",
    ]


def test_a_query_has_a_key_of_its_own_if_its_vector_differs() -> None:
    for model in (Counting(), as_embeddings(LangChainLike())):
        document, query = (
            LangChainKeys("m/", "sha256", model).of(["a"], role)[0] for role in (Role.DOCUMENT, Role.QUERY)
        )
        assert query == document.replace("m/", "m/query.")
    symmetric = LangChainKeys("m/", "sha256", Counting(symmetric=True))
    assert symmetric.of(["a"], Role.QUERY) == symmetric.of(["a"], Role.DOCUMENT)


def test_native_keys_are_frozen() -> None:
    """A key that changes makes every cache of every user cold."""
    assert NativeKeys(Counting()).of(["", "猫"], Role.DOCUMENT) == [
        "v1.zbxs7v5ycxvoutbfbpf4s2qki4/cae66941d9efbd404e4d88758ea67670",
        "v1.zbxs7v5ycxvoutbfbpf4s2qki4/3a59e7bfdd830b69728d41d7830d9b00",
    ]


texts = st.text(st.characters(exclude_categories=["Cs"]))
asked = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([Role.DOCUMENT, Role.QUERY]), texts)


@given(asked, asked)
def test_native_keys_are_equal_only_for_the_same_question(
    one: tuple[str, Role, str], other: tuple[str, Role, str]
) -> None:
    first, second = (NativeKeys(Counting(name=name)).of([text], role) for name, role, text in (one, other))
    assert (first == second) == (one == other)


def test_symmetric_models_share_keys_between_roles() -> None:
    keys = NativeKeys(Counting(symmetric=True))
    assert keys.of(["a"], Role.QUERY) == keys.of(["a"], Role.DOCUMENT)


@pytest.mark.parametrize("given", ["md5", "", 3])
def test_an_unknown_hash_is_refused_at_once(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="'sha256'"):
        CacheBackedEmbeddings.from_bytes_store(Counting(), MemoryStore(), namespace="m", key_encoder=given)


def test_sha1_warns_once_a_process() -> None:
    code = (
        "import warnings\nfrom counting import Counting\nfrom onevec import CacheBackedEmbeddings, MemoryStore\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    for encoder in ('sha256', 'sha1', 'sha1'):\n"
        "        CacheBackedEmbeddings.from_bytes_store(Counting(), MemoryStore(), namespace='', key_encoder=encoder)\n"
        "print(*[f'{each.filename} {each.category.__name__} {each.message}' for each in caught], sep=chr(10))"
    )
    here = Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith("<string> UserWarning key_encoder='sha1'")


def test_a_hash_without_a_namespace_has_no_effect_and_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="namespace=''"):
        CacheBackedEmbeddings.from_bytes_store(Counting(), MemoryStore(), key_encoder="sha256")


def test_an_encoder_of_ones_own_takes_no_namespace() -> None:
    with pytest.raises(ConfigurationError, match="namespace must not be given"):
        CacheBackedEmbeddings.from_bytes_store(Counting(), MemoryStore(), namespace="m/", key_encoder=str.upper)
    store = MemoryStore()
    CacheBackedEmbeddings.from_bytes_store(Counting(), store, key_encoder=str.upper).embed(["a"])
    assert list(store.yield_keys()) == ["A"]
