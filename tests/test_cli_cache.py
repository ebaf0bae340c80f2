"""`onevec cache`: count, check, prune, export, import and migrate what a cache keeps."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from onevec import CacheBackedEmbeddings, RedisStore, SQLiteStore, cached, load, store_from
from onevec.cli import main
from onevec.storage import LocalFileStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from onevec import Embedded

    Run = Callable[..., tuple[int, str, str]]

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("typer")
pytest_plugins = ("servers_redis",)

TEXTS = ["猫", "狗", "hello", ""]
pytestmark = pytest.mark.filterwarnings("ignore:key_encoder='sha1':UserWarning")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def told(result: tuple[int, str, str]) -> Any:
    """What a verb said with --json."""
    assert result[0] == 0, result
    return json.loads(result[1])


def embedded(model: Any, where: Any, texts: list[str], role: str = "document", **options: Any) -> Embedded:
    """Embed through a cache that is closed afterwards."""
    with closing(store_from(where)) as store:
        return cached(model, store, **options).embed(texts, role)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A cache with four documents of one model and two queries of another."""
    folder = tmp_path / "ours"
    embedded(load("fake:3"), folder, TEXTS)
    embedded(load("fake:5"), folder, TEXTS[:2], "query")
    return folder


@pytest.fixture
def langchains(tmp_path: Path) -> Path:
    """A folder as LangChain's CacheBackedEmbeddings over its LocalFileStore writes it."""
    folder = tmp_path / "theirs"
    model = CacheBackedEmbeddings.from_bytes_store(load("fake:3"), LocalFileStore(folder), namespace="m3e-base")
    model.embed_documents(TEXTS)
    assert len(list(folder.iterdir())) == 4
    return folder


class Refusing:
    """A model that must not be asked."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise AssertionError(texts)

    def embed_query(self, text: str) -> list[float]:
        raise AssertionError(text)


def test_stats_count_by_what_keys_begin_with(run: Run, ours: Path, langchains: Path) -> None:
    facts = told(run("cache", "stats", ours, "--json"))
    prefix = f"{load('fake:3').recipe('document')}/"
    first, second = facts["groups"]
    assert (first["prefix"], first["dimensions"], first["vectors"], first["damaged"]) == (prefix, 3, 4, 0)
    assert first["bytes"] == 4 * (len(prefix) + 32 + 16 + 12)
    assert (second["dimensions"], second["vectors"]) == (5, 2)
    code, out, _ = run("cache", "stats", langchains)
    assert (code, out.split("\t")[:4]) == (0, ["m3e-base", "3", "4", "0"])


def test_stats_of_one_model_or_prefix(run: Run, ours: Path) -> None:
    assert [
        group["vectors"] for group in told(run("cache", "stats", ours, "--json", "--model", "fake:5"))["groups"]
    ] == [2]
    assert told(run("cache", "stats", ours, "--json", "--prefix", "v1.zz"))["groups"] == []


def test_no_cache_is_made_by_looking_at_it(run: Run, tmp_path: Path) -> None:
    for where in (tmp_path / "no", f"sqlite:{tmp_path}/no.sqlite", f"lmdb:{tmp_path}/no", f"file:{tmp_path}/no"):
        code, out, err = run("cache", "stats", where)
        assert (code, out) == (1, "")
        assert "there is no cache at" in err
    assert list(tmp_path.iterdir()) == []


def test_the_users_cache_is_the_default(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    embedded(load("fake:3"), True, TEXTS)
    assert told(run("cache", "stats", "--json"))["groups"][0]["vectors"] == 4


def test_a_cache_that_is_missing_or_empty_says_so(
    run: Run, ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.platform", "linux")
    for verb in ("stats", "verify"):
        code, out, err = run("cache", verb)
        assert (code, out) == (1, "")
        assert f"there is no cache at {tmp_path / 'home' / 'onevec'}" in err
    assert not (tmp_path / "home").exists()
    code, out, err = run("cache", "stats", ours, "--prefix", "v1.zz")
    assert (code, out) == (0, "")
    assert "there are no such vectors in SQLiteStore" in err


def test_verify_finds_and_drops_what_is_damaged(run: Run, ours: Path) -> None:
    store = store_from(ours)
    assert run("cache", "verify", ours) == (0, "6 values are sound, 0 damaged\n", "")
    first, second = sorted(store.yield_keys())[:2]
    [value] = store.mget([first])
    assert value is not None
    store.mset([(first, value[:-1]), (second, value)])
    code, out, _ = run("cache", "verify", ours)
    assert (code, out) == (1, f"damaged: {first}\ndamaged: {second}\n4 values are sound, 2 damaged\n")
    assert told(run("cache", "stats", ours, "--json"))["groups"][-1]["damaged"] > 0
    code, out, _ = run("cache", "verify", ours, "--drop")
    assert (code, out.splitlines()[-1]) == (0, "4 values are sound, 2 damaged and dropped")
    assert run("cache", "verify", ours)[:2] == (0, "4 values are sound, 0 damaged\n")
    store.close()


def test_prune_by_prefix_and_model(run: Run, ours: Path) -> None:
    assert told(run("cache", "prune", ours, "--model", "fake:5", "--dry-run", "--json")) == {
        "dropped": 2,
        "dry_run": True,
    }
    assert run("cache", "prune", ours, "--model", "fake:5") == (0, "2 vectors dropped\n", "")
    assert run("cache", "prune", ours, "--prefix", "v1.") == (0, "4 vectors dropped\n", "")
    assert told(run("cache", "stats", ours, "--json"))["groups"] == []


def test_prune_by_size_and_age(run: Run, tmp_path: Path) -> None:
    now = [1e6]
    store = SQLiteStore(tmp_path / "vectors.sqlite", clock=lambda: now[0])
    model = cached(load("fake:1000"), store)
    for text in map(str, range(20)):
        model.embed([text])
        now[0] += 1
    store.close()
    code, out, _ = run("cache", "prune", tmp_path, "--max-bytes", 45_000)
    assert (code, out) == (0, "11 vectors dropped\n")
    assert model.embed(["19", "0"]).cached.tolist() == [True, False]
    store.close()
    assert run("cache", "prune", tmp_path, "--older-than", 10)[1] == "10 vectors dropped\n"
    assert told(run("cache", "stats", tmp_path, "--json"))["groups"] == []


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--prefix", "a", "--max-bytes", "1"),
        ("--max-bytes", "1", "--dry-run"),
        ("--prefix", ""),
        ("--prefix", "", "--model", "fake:5"),
    ],
)
def test_prune_wants_to_know_what(run: Run, ours: Path, options: tuple[str, ...]) -> None:
    code, _, err = run("cache", "prune", ours, *options)
    assert code == 2
    assert "--prefix" in err
    assert sum(group["vectors"] for group in told(run("cache", "stats", ours, "--json"))["groups"]) == 6


def test_a_store_without_bounds_says_so(run: Run, langchains: Path) -> None:
    code, _, err = run("cache", "prune", langchains, "--max-bytes", 1)
    assert code == 1
    assert "LocalFileStore" in err
    assert len(list(langchains.iterdir())) == 4


def test_export_and_import_give_the_same_vectors(run: Run, ours: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.parquet"
    code, _, err = run("cache", "export", ours, "--out", file)
    assert (code, "3 and 5 dimensions" in err, file.exists()) == (1, True, False)
    assert told(run("cache", "export", ours, "--model", "fake:3", "--out", file, "--json"))["vectors"] == 4
    table = parquet.read_table(file)
    assert str(table.schema.field("vector").type).startswith("fixed_size_list<")
    assert run("cache", "import", file, tmp_path / "new")[:2] == (0, "4 vectors are kept\n")
    again = embedded(load("fake:3"), tmp_path / "new", TEXTS)
    assert again.cached.all()
    np.testing.assert_array_equal(again.vectors, load("fake:3").embed(TEXTS).vectors)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "ours", "out.parquet"]


def test_damaged_values_are_left_out_with_a_remark(run: Run, ours: Path, tmp_path: Path) -> None:
    store = store_from(ours)
    store.mset([(next(store.yield_keys(prefix=f"{load('fake:3').recipe('document')}/")), b"x")])
    store.close()
    code, out, err = run("cache", "export", ours, "--model", "fake:3", "--out", tmp_path / "o.parquet")
    assert (code, out) == (0, f"{tmp_path}/o.parquet: 3 vectors\n")
    assert "1 damaged values were left out" in err


def test_a_file_of_embed_warms_a_cache(run: Run, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("猫\n狗\n", encoding="utf-8")
    assert run("embed", texts, "--out", tmp_path / "v.parquet", "--model", "fake:3")[0] == 0
    assert run("cache", "import", tmp_path / "v.parquet", f"sqlite:{tmp_path}/c.sqlite")[:2] == (
        0,
        "2 vectors are kept\n",
    )
    again = embedded(load("fake:3"), f"sqlite:{tmp_path}/c.sqlite", ["狗", "猫", "x"])
    assert again.cached.tolist() == [True, True, False]


@pytest.mark.parametrize("content", [b"no parquet", None])
def test_another_file_is_refused(run: Run, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "x.parquet"
    if content is None:
        parquet.write_table(pa.table({"a": [1]}), file)
    else:
        file.write_bytes(content)
    code, _, err = run("cache", "import", file, tmp_path / "c")
    assert code == 1
    assert str(file) in err


def test_a_file_with_nan_stops_the_import(run: Run, tmp_path: Path) -> None:
    vectors = pa.array([[1.0, float("nan")]], pa.list_(pa.float32(), 2))
    parquet.write_table(pa.table({"key": ["k"], "vector": vectors}), tmp_path / "x.parquet")
    code, _, err = run("cache", "import", tmp_path / "x.parquet", tmp_path / "c")
    assert (code, "finite" in err) == (1, True)


@pytest.mark.parametrize("kind", ["", "sqlite:", "file:"])
@pytest.mark.parametrize("value_format", ["float32", "json"])
def test_a_cache_of_langchain_moves_without_computing(
    run: Run, langchains: Path, tmp_path: Path, kind: str, value_format: str
) -> None:
    target = f"{kind}{tmp_path}/new"
    options = ("cache", "migrate", langchains, target, "--value-format", value_format)
    for _ in range(2):
        assert told(run(*options, "--json")) == {"copied": 4, "damaged": 0}
    again = embedded(Refusing(), target, TEXTS, namespace="m3e-base")
    np.testing.assert_array_equal(again.vectors, load("fake:3").embed(TEXTS).vectors)


@pytest.mark.server
def test_a_redis_cache_of_langchain_moves_too(run: Run, redis_url: str, tmp_path: Path) -> None:
    old = RedisStore(redis_url=redis_url, namespace="emb")
    CacheBackedEmbeddings.from_bytes_store(load("fake:3"), old, namespace="m3e").embed_documents(TEXTS)
    old.close()
    code, out, err = run("cache", "migrate", redis_url, tmp_path, "--store-namespace", "emb")
    assert (code, err) == (0, "")
    assert out.startswith("4 vectors are in SQLiteStore")
    assert embedded(Refusing(), tmp_path, TEXTS, namespace="m3e").cached.all()
    assert told(run("cache", "stats", redis_url, "--json", "--store-namespace", "emb"))["groups"][0]["prefix"] == "m3e"
    assert "wörd" not in run("cache", "stats", redis_url, "--json")[1]
