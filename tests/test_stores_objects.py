"""ObjectStore beyond the contract: names, secrets, refusals, pickles, fork; over a real server and in a folder."""

from __future__ import annotations

import os
import pickle
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers_local import unpickled

from onevec import CacheError, ConfigurationError, MissingDependency, Secret, reveal_secrets
from onevec.stores.objects import LONGEST_NAME, ObjectStore, key_of, name_of

if TYPE_CHECKING:
    from pathlib import Path

obstore = pytest.importorskip("obstore")
pytest_plugins = ("servers_s3",)
LOGIN: dict[str, Any] = {"access_key_id": "A", "secret_access_key": "s3cret/K+y", "region": "us-east-1"}
ONE_TRY = {"max_retries": 0}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_name_is_safe_everywhere_and_gives_the_key_back(key: str) -> None:
    name = name_of(key)
    assert name.replace("_", "").replace("-", "").isalnum() or name.strip("-_") == ""
    assert name.isascii()
    assert 0 < len(name) <= LONGEST_NAME
    if not name.startswith("__"):
        assert key_of(name) == key


@pytest.mark.parametrize("name", ["a.txt", "a_zz", "_4", "a_4a", "folder/a", "_FF", ""])
def test_objects_of_others_are_no_keys(name: str) -> None:
    assert key_of(name) is None


def test_a_key_whose_name_would_be_long_stands_in_the_object(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path.as_uri())
    keys = ["x" * 200, "x" * 201, "猫" * 3000, "猫" * 3001]
    store.mset([(key, str(number).encode()) for number, key in enumerate(keys)])
    assert store.mget(keys) == [b"0", b"1", b"2", b"3"]
    assert sorted(store.yield_keys()) == sorted(keys)
    assert len([path for path in tmp_path.iterdir() if path.name.startswith("__")]) == 3


def test_folders_and_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("not ours", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_text("not ours", encoding="utf-8")
    store = ObjectStore(tmp_path.as_uri())
    store.mset([("a", b"1")])
    assert list(store.yield_keys()) == ["a"]


@pytest.mark.server
def test_the_folder_of_the_url_is_kept_to(s3_bucket: dict[str, Any]) -> None:
    store = ObjectStore(**s3_bucket)
    other = ObjectStore(**{**s3_bucket, "url": s3_bucket["url"].replace("/folder", "/folder2")})
    store.mset([("a", b"1")])
    assert other.mget(["a"]) == [None]
    assert list(other.yield_keys()) == []
    whole = ObjectStore(**{**s3_bucket, "url": s3_bucket["url"].replace("/folder", "")})
    assert list(whole.yield_keys()) == []


@pytest.mark.server
def test_settings_may_come_from_variables(s3_bucket: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    ObjectStore(**s3_bucket).mset([("a", b"1")])
    for name in ("access_key_id", "secret_access_key", "region"):
        monkeypatch.setenv(f"AWS_{name.upper()}", s3_bucket[name])
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_bucket["endpoint"])
    assert ObjectStore(s3_bucket["url"]).mget(["a"]) == [b"1"]


@pytest.mark.server
def test_a_missing_bucket_is_an_error_to_write_to(s3_bucket: dict[str, Any]) -> None:
    store = ObjectStore(**{**s3_bucket, "url": "s3://nobody-made-this-bucket/x"})
    with pytest.raises(CacheError, match=r"s3://nobody-made-this-bucket/x: .*is the address right") as caught:
        store.mset([("a", b"1")])
    assert "s3cret" not in str(caught.value)


def test_a_lost_server_is_an_error_with_its_address() -> None:
    store = ObjectStore("s3://bucket", endpoint="http://127.0.0.1:1", retry_config=ONE_TRY, **LOGIN)
    for use in (lambda: store.mget(["a"]), lambda: store.mset([("a", b"1")]), lambda: store.mdelete(["a"]),
                lambda: list(store.yield_keys())):  # fmt: skip
        with pytest.raises(CacheError, match=r"s3://bucket: GenericError") as caught:
            use()
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s3://bucket", {"nonsense": 1}),
        ("ftp://bucket", {}),
        ("s3://bucket", {"concurrency": 0}),
        ("no url", {}),
        ("s3://u:s3cret@bucket", {"nonsense": 1}),
    ],
)
def test_what_obstore_does_not_know_is_refused(url: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="ObjectStore") as caught:
        ObjectStore(url, **options)
    assert "s3cret" not in str(caught.value)


def test_repr_and_pickle_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    store = ObjectStore("s3://bucket/folder", **LOGIN)
    assert repr(store) == "ObjectStore(s3://bucket/folder)"
    with pytest.raises(ConfigurationError, match=r"Secret\.from_env"):
        pickle.dumps(store)
    with reveal_secrets():
        assert repr(unpickled(pickle.dumps(store))) == repr(store)
    monkeypatch.setenv("MY_SECRET", "s3cret/K+y")
    written = pickle.dumps(ObjectStore("s3://bucket", **{**LOGIN, "secret_access_key": Secret.from_env("MY_SECRET")}))
    assert b"s3cret" not in written
    assert isinstance(unpickled(written), ObjectStore)


@pytest.mark.server
def test_a_pickle_reaches_the_same_values(s3_bucket: dict[str, Any]) -> None:
    store = ObjectStore(**s3_bucket)
    store.mset([("a", b"1")])
    with reveal_secrets():
        assert unpickled(pickle.dumps(store)).mget(["a"]) == [b"1"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_gets_an_error_where_it_would_hang(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path.as_uri())
    store.mset([("a", b"1")])
    child = os.fork()
    if child == 0:
        try:
            ObjectStore(tmp_path.as_uri()).mget(["a"])
        except CacheError as error:
            os._exit(0 if "spawn" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.mget(["a"]) == [b"1"]


def test_without_obstore_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(MissingDependency, match=r"onevec\[s3\]"):
        ObjectStore("s3://bucket")
