"""The stores of this machine: what is true of one kind only. What all have in common is in test_store_contract.py."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import pickle
import random
import sqlite3
import subprocess
import sys
import threading
import time
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cache_workers import write_and_read
from hypothesis import given
from hypothesis import strategies as st

from onevec import CacheError, ConfigurationError, MemoryStore, SQLiteStore, store_from
from onevec.storage import EncoderBackedStore, InMemoryByteStore, InMemoryStore, LocalFileStore
from onevec.stores.files import _PLAIN, _key_of, _name_of
from onevec.stores.urls import default_folder

if TYPE_CHECKING:
    from onevec import ByteStore

ERRORS: dict[str, type[Exception]] = {
    "ConfigurationError": ConfigurationError,
    "IsADirectoryError": OSError,
    "JSONDecodeError": ValueError,
    "NotADirectoryError": OSError,
    "TypeError": TypeError,
}
CONTRACTS = Path(__file__).parent / "contracts" / "cache"
spawn = multiprocessing.get_context("spawn")


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def bounded(kind: str, folder: Path, **options: Any) -> ByteStore:
    if kind == "lmdb":
        pytest.importorskip("lmdb")
    return store_from(f"{kind}:{folder / kind}" if kind != "memory" else "memory:", **options)


kinds = pytest.mark.parametrize("kind", ["memory", "sqlite", "lmdb"])
files = pytest.mark.parametrize("kind", ["sqlite", "lmdb"])


# Recorded from LangChain ----------------------------------------------------------------------------------------------


def plain(given: Any) -> Any:
    """A value of a contract: bytes are written in two ways."""
    if isinstance(given, dict) and given.keys() & {"bytes", "bytes_base64"}:
        return given["bytes"].encode() if "bytes" in given else b64decode(given["bytes_base64"])
    if isinstance(given, dict) and "python_type" in given:
        return set()
    return [plain(part) for part in given] if isinstance(given, list) else given


def recorded() -> list[Any]:
    cases: list[Any] = []
    for name in ("InMemoryByteStore", "LocalFileStore", "EncoderBackedStore"):
        contract = json.loads((CONTRACTS / f"{name}.json").read_text(encoding="utf-8"))
        cases += [
            pytest.param(name, case, id=f"{name}-{case['name']}")
            for case in contract["exchanges"] + contract["errors"]
            if "steps" in case
        ]
    return cases


def made(name: str, case: dict[str, Any], folder: Path) -> ByteStore:
    if name == "InMemoryByteStore":
        return InMemoryStore() if case["name"] == "no type check" else InMemoryByteStore()
    if name == "EncoderBackedStore":
        return EncoderBackedStore(
            InMemoryByteStore(), lambda key: f"key:{key}", lambda value: json.dumps(value).encode(), json.loads
        )
    return LocalFileStore(folder / ("link" if "link" in case["init"]["root_path"] else "root"))


async def answer(store: ByteStore, step: dict[str, Any]) -> Any:
    method = getattr(store, step["method"])
    args = [[tuple(each) for each in part] if "mset" in step["method"] else part for part in plain(step["args"])]
    found = method(*args, **step.get("kwargs", {}))
    if step["method"] == "ayield_keys":
        return sorted([key async for key in found])
    if step["method"] == "yield_keys":
        return sorted(found)
    return await found if step["method"].startswith("a") else found


@pytest.mark.parametrize(("name", "case"), recorded())
async def test_recorded_case(name: str, case: dict[str, Any], tmp_path: Path) -> None:
    if "symbolic link" in case["name"]:
        (tmp_path / "root" / "sub").mkdir(parents=True)
        (tmp_path / "secret").mkdir()
        (tmp_path / "secret" / "f").write_bytes(b"1")
        (tmp_path / "link").symlink_to(tmp_path / "root")
        if "inside" in case["name"]:
            (tmp_path / "root" / "sub").rmdir()
            (tmp_path / "root" / "out").symlink_to(tmp_path / "secret")
        else:
            (tmp_path / "root" / "sub" / "x").write_bytes(b"1")
    store = made(name, case, tmp_path)
    if case["name"] == "deserializer fails":
        store.store.mset([("key:a", b"{broken")])  # type: ignore[attr-defined]
    for step in case["steps"]:
        expect = step.get("expect") or ({"raises": step["raises"]["type"]} if "raises" in step else step)
        if "raises" in expect:
            kind = ERRORS[expect["raises"].rpartition(".")[2]]
            with pytest.raises(kind):
                await answer(store, step)
        else:
            assert await answer(store, step) == plain(expect["returns"])


# Files ----------------------------------------------------------------------------------------------------------------

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


@given(keys | st.text("a./%:\n猫", min_size=1))
def test_a_key_that_langchain_refuses_gets_a_path_that_leads_back(key: str) -> None:
    if not _PLAIN.fullmatch(key):
        name = _name_of(key)
        assert _key_of(name) == key
        assert os.path.normpath(name) == name
        assert not name.startswith(("/", "../"))
        assert all(len(part) <= 255 for part in name.split("/"))


def test_a_file_with_a_line_end_in_its_name_is_still_found(tmp_path: Path) -> None:
    (tmp_path / "k\n").write_bytes(b"langchain's")
    store = LocalFileStore(tmp_path)
    assert store.mget(["k\n", "k"]) == [b"langchain's", None]
    store.mset([("k\n", b"new")])
    assert store.mget(["k\n"]) == [b"new"]
    assert list(store.yield_keys()) == ["k\n"]
    assert [path.name for path in tmp_path.iterdir()] == ["k%0A"]
    store.mdelete(["k\n"])
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_damage_made_unreadable_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    store = SQLiteStore(path)
    store.mset([(f"键{number:04}", b"v") for number in range(2500)])
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE entries SET key = CAST(x'e994ae80' AS TEXT) WHERE key = '键0999'")
    assert list(store.yield_keys()) == [f"键{number:04}" for number in range(2500) if number != 999]
    assert list(store.yield_keys(prefix="键1")) == [f"键{number:04}" for number in range(1000, 2000)]


def test_modes_of_files_and_folders(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path / "m" / "n", chmod_file=0o640, chmod_dir=0o750)
    for _ in range(2):
        store.mset([("q/w", b"1")])
    modes = [(tmp_path / path).stat().st_mode & 0o777 for path in ("m", "m/n", "m/n/q", "m/n/q/w")]
    assert modes == [0o750, 0o750, 0o750, 0o640]


def test_update_atime(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path, update_atime=True)
    store.mset([("a", b"1")])
    os.utime(tmp_path / "a", ns=(10**9, 2 * 10**9))
    before = time.time_ns()
    assert store.mget(["a"]) == [b"1"]
    after = (tmp_path / "a").stat()
    assert before <= after.st_atime_ns
    assert after.st_mtime_ns == 2 * 10**9


def test_a_reader_sees_the_old_value_or_the_new_one_and_nothing_else(tmp_path: Path) -> None:
    store, stop = LocalFileStore(tmp_path), threading.Event()
    values = {bytes([number]) * 260_000 for number in range(4)}
    store.mset([("k", bytes(260_000))])
    seen: list[bytes | None] = []

    def read() -> None:
        while not stop.is_set():
            seen.extend(store.mget(["k"]))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(30):
        for value in values:
            store.mset([("k", value)])
    stop.set()
    reader.join()
    assert set(seen) <= values


def test_files_of_others_and_files_half_written_are_no_keys(tmp_path: Path) -> None:
    for name in ("%tmp-0123", "a b", "%zz", "%E6", "x%2"):
        (tmp_path / name).write_bytes(b"?")
    assert list(LocalFileStore(tmp_path).yield_keys()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
@pytest.mark.parametrize("kind", ["file", "sqlite", "lmdb"])
def test_a_full_disk(kind: str, tmp_path: Path) -> None:
    """A limit on the size of files makes the file system refuse, as a full disk does."""
    if kind == "lmdb":
        pytest.importorskip("lmdb")
    code = f"""
import resource, signal, warnings
from counting import Counting
from onevec import cached
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
model = Counting(width=1024)
cache = cached(model, "{kind}:{tmp_path / "s"}")
cache.embed(["before"])
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000) if "{kind}" == "file" else (500_000, 500_000))
texts = [str(number) for number in range(300)]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(2):
        assert (cache.embed(texts).vectors == model.expected(texts)).all()
    assert cache.embed(["before"]).cached.all()
print(len(caught), caught[0].message)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.startswith("1 the cache can't be used, so vectors are computed: ")
    found = store_from(f"{kind}:{tmp_path / 's'}")
    assert len(list(found.yield_keys())) >= 1  # and the store is sound


# Bounds ---------------------------------------------------------------------------------------------------------------


@kinds
@pytest.mark.parametrize(("eviction", "gone"), [("lru", "b"), ("fifo", "a")])
def test_what_goes_first(kind: str, eviction: str, gone: str, tmp_path: Path) -> None:
    clock, size = Clock(), 30_000
    options: dict[str, Any] = {"eviction": eviction, "clock": clock}
    pages = 3 * 4096 if kind == "lmdb" else 0
    store = bounded(kind, tmp_path, max_bytes=3 * 32768 + pages, **options)
    for key in "abc":
        clock.now += 1
        store.mset([(key, bytes(size))])
    clock.now += 1
    assert store.mget(["a"]) == [bytes(size)]
    clock.now += 1
    store.mset([("d", bytes(size))])
    left = {key for key, value in zip("abcd", store.mget("abcd"), strict=True) if value is not None}
    assert gone not in left
    assert "d" in left
    assert left == {"a", "b", "c", "d"} - {gone} or len(left) == 2  # a store on disk makes a little more room


@kinds
@pytest.mark.parametrize("eviction", ["lru", "fifo"])
def test_what_was_read_lately_stays_if_that_counts(kind: str, eviction: str, tmp_path: Path) -> None:
    clock = Clock()
    store = bounded(kind, tmp_path, max_bytes=800_000, eviction=eviction, clock=clock)
    names = [str(number) for number in range(240)]
    for name in names[:160]:
        clock.now += 1
        store.mset([(name, bytes(4000))])
    clock.now += 1
    store.mget(names[:10])
    for name in names[160:]:
        clock.now += 1
        store.mset([(name, bytes(4000))])
    left = set(store.yield_keys())
    assert left.isdisjoint(names[10:20])
    assert left.issuperset(names[:10]) if eviction == "lru" else left.isdisjoint(names[:10])


@kinds
def test_what_was_deleted_takes_no_room(kind: str, tmp_path: Path) -> None:
    store = bounded(kind, tmp_path, max_bytes=800_000)
    names = [str(number) for number in range(240)]
    store.mset([(name, bytes(4000)) for name in names[:170]])
    store.mdelete(names[20:170])
    store.mset([(name, bytes(4000)) for name in names[170:]])
    assert set(store.yield_keys()) == {*names[:20], *names[170:]}


@kinds
def test_a_bounded_store_stays_bounded(kind: str, tmp_path: Path) -> None:
    store = bounded(kind, tmp_path, max_bytes=1_000_000)
    for start in range(0, 3000, 100):
        store.mset([(str(number), bytes(3000)) for number in range(start, start + 100)])
        assert sum(3000 for _ in store.yield_keys()) <= 1_000_000
    assert store.mget(["2999"]) == [bytes(3000)]
    store.close()
    on_disk = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock.mdb")
    assert on_disk < 2_500_000


@kinds
def test_more_than_fits_at_once(kind: str, tmp_path: Path) -> None:
    store = bounded(kind, tmp_path, max_bytes=200_000)
    store.mset([(str(number), bytes(3000)) for number in range(300)])
    store.mset([("last", b"1")])
    assert sum(3000 for key in store.yield_keys() if key != "last") <= 200_000
    assert store.mget(["last"]) == [b"1"]


@kinds
def test_a_value_is_gone_after_its_time(kind: str, tmp_path: Path) -> None:
    clock = Clock()
    store = bounded(kind, tmp_path, ttl=10, clock=clock)
    store.mset([("a", b"1"), ("b", b"1")])
    clock.now += 6
    store.mset([("b", b"2")])
    clock.now += 6
    assert store.mget(["a", "b"]) == [None, b"2"]
    assert list(store.yield_keys()) == ["b"]
    store.mset([("c", b"3")])
    store.close()
    assert list(bounded(kind, tmp_path).yield_keys()) == ([] if kind == "memory" else ["b", "c"])  # it really is gone


@files
def test_bounds_may_come_later(kind: str, tmp_path: Path) -> None:
    clock = Clock()
    store = bounded(kind, tmp_path, clock=clock)
    store.mset([(str(number), bytes(3000)) for number in range(300)])
    store.close()
    store = bounded(kind, tmp_path, max_bytes=400_000, ttl=10, clock=clock)
    assert store.mget(["0"]) == [bytes(3000)]
    store.mset([("a", b"1")])
    assert sum(3000 for _ in store.yield_keys()) <= 400_000


@pytest.mark.parametrize("options", [{"max_bytes": 0}, {"ttl": -1}, {"eviction": "random"}])
@kinds
def test_bounds_are_checked(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        bounded(kind, tmp_path, **options)


def test_room_is_used_again(tmp_path: Path) -> None:
    """What goes leaves holes all over the file, and new values have to go there."""
    store, rng, keys = SQLiteStore(tmp_path / "s"), random.Random(1), [str(number) for number in range(400)]
    for turn in range(40):
        store.mset([(key, bytes(6000)) for key in keys if turn == 0 or key.startswith(f"{turn}-")])
        gone = set(rng.sample(keys, 50))
        store.mdelete(list(gone))
        keys = [key for key in keys if key not in gone] + [f"{turn + 1}-{number}" for number in range(50)]
    store.close()
    assert (tmp_path / "s").stat().st_size / 350 < 8500  # 12,000 and more without


# Processes ------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@files
def test_a_fork_opens_its_own(kind: str, tmp_path: Path) -> None:
    store = bounded(kind, tmp_path)
    store.mset([("parent", b"p")])
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover
        try:
            store.mset([("child", b"c")])
            os.write(write, b"".join(value or b"?" for value in store.mget(["parent", "child"])))
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(read, 10) == b"pc"
    store.mset([("again", b"a")])
    assert store.mget(["parent", "child", "again"]) == [b"p", b"c", b"a"]


@files
def test_processes_that_begin_a_store_at_the_same_time(kind: str, tmp_path: Path) -> None:
    store, done = bounded(kind, tmp_path), spawn.Queue()
    store = pickle.loads(pickle.dumps(store))  # noqa: S301
    workers = [spawn.Process(target=write_and_read, args=(store, number, done)) for number in range(3)]
    for worker in workers:
        worker.start()
    assert [done.get(timeout=60) for _ in workers] == [[None, b"c"]] * 3
    for worker in workers:
        worker.join()
    assert sorted(store.yield_keys()) == ["child 0", "child 1", "child 2"]


@files
def test_two_stores_over_one_place(kind: str, tmp_path: Path) -> None:
    one, other = bounded(kind, tmp_path), bounded(kind, tmp_path)
    one.mset([("a", b"1")])
    assert other.mget(["a"]) == [b"1"]
    one.close()
    assert other.mget(["a"]) == [b"1"]
    other.close()
    assert one.mget(["a"]) == [b"1"]


@files
def test_leases_end_with_their_time(kind: str, tmp_path: Path) -> None:
    clock = Clock()
    one, other = bounded(kind, tmp_path, clock=clock), bounded(kind, tmp_path, clock=clock)
    assert one.lease(["a", "b"], 10) == [True, True]
    assert other.lease(["a", "c"], 10) == [False, True]
    clock.now += 9
    assert one.lease(["a"], 10) == [True]  # longer now
    clock.now += 9
    assert other.lease(["a", "b"], 10) == [False, True]
    one.mset([("a", b"1")])
    assert other.lease(["a"], 10) == [True]


@files
def test_a_lease_that_seems_to_last_for_ever_is_over(kind: str, tmp_path: Path) -> None:
    """A flipped byte made it, or the clock was set back; nobody may wait for it."""
    clock = Clock()
    one, other = bounded(kind, tmp_path, clock=clock), bounded(kind, tmp_path, clock=clock)
    assert one.lease(["a"], 10) == [True]
    clock.now -= 4000
    assert other.lease(["a"], 10) == [True]


@files
@pytest.mark.skipif(sys.platform == "win32", reason="users of a process are POSIX")
def test_a_folder_that_can_not_be_written_is_read(kind: str, tmp_path: Path) -> None:
    store = bounded(kind, tmp_path)
    store.mset([("a", b"1")])
    store.close()
    code = f"""
import os
from onevec import CacheError, store_from
store = store_from("{kind}:{tmp_path / "never"}")
import urllib.parse  # as store.mget may, when the user is another one and may not read it
store.mget(["x"]), store.close()
if os.getuid() == 0:
    os.setuid(65534)
store = store_from("{kind}:{tmp_path / kind}")
print(store.mget(["a", "b"]), list(store.yield_keys()))
try:
    store.mset([("b", b"2")])
except CacheError as error:
    print("CacheError", error)
"""
    for folder in [tmp_path, *tmp_path.parents][:-1]:
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    for path in tmp_path.rglob("*"):
        path.chmod(0o444 if path.is_file() else 0o555)
    tmp_path.chmod(0o555)
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    finally:
        for path in [tmp_path, *tmp_path.rglob("*")]:
            path.chmod(0o755)
    assert done.stdout.startswith("[b'1', None] ['a']\nCacheError "), done.stderr
    assert str(tmp_path) in done.stdout


# SQLite ---------------------------------------------------------------------------------------------------------------


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "s") as other:
        other.execute("CREATE TABLE entries (key TEXT)")
    other.close()
    with pytest.raises(CacheError, match="another program"):
        SQLiteStore(tmp_path / "s").mget(["a"])


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "s")
    store.mset([("a", b"1")])
    store.close()
    with sqlite3.connect(tmp_path / "s") as other:
        other.execute("PRAGMA user_version = 2")
    other.close()
    with pytest.raises(CacheError, match="newer onevec"):
        store.mget(["a"])


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"This is no database. " * 5000)
    with pytest.raises(CacheError, match="is no database, or its beginning is damaged"):
        SQLiteStore(tmp_path / "s").mget(["a"])


def test_a_read_makes_no_file(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "new" / "s")
    assert (store.mget(["a"]), list(store.yield_keys())) == ([None], [])
    store.mdelete(["a"])
    assert not (tmp_path / "new").exists()


def test_the_file_is_dense(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "s")
    store.mset([(f"v1.{number:059}", os.urandom(16 + 6144)) for number in range(2000)])
    store.close()
    assert (tmp_path / "s").stat().st_size / 2000 < 7000


# LMDB -----------------------------------------------------------------------------------------------------------------


def test_a_map_that_is_too_small_is_named(tmp_path: Path) -> None:
    pytest.importorskip("lmdb")
    store = store_from(f"lmdb:{tmp_path / 's'}", map_size=2**20)
    with pytest.raises(CacheError, match="set a larger map_size"):
        store.mset([(str(number), bytes(3000)) for number in range(1000)])
    store.mset([("a", b"1")])
    assert list(store.yield_keys()) == ["a"]


def test_a_cut_file_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    pytest.importorskip("lmdb")
    store = store_from(f"lmdb:{tmp_path / 's'}")
    store.mset([(str(number), bytes(3000)) for number in range(1000)])
    store.close()
    os.truncate(tmp_path / "s" / "data.mdb", 100_000)
    with pytest.raises(CacheError, match="has 100000 bytes"):
        store.mget(["1"])


def test_keys_longer_than_lmdb_takes(tmp_path: Path) -> None:
    pytest.importorskip("lmdb")
    store = store_from(f"lmdb:{tmp_path / 's'}")
    long = ["长" * 171, "长" * 170, "x" * 511, "x" * 512, "x" * 513, ""]
    store.mset([(key, key.encode()) for key in long])
    assert store.mget(long) == [key.encode() for key in long]
    for prefix in ("", "长", "长" * 171, "x" * 511, "x" * 512, "y"):
        assert sorted(store.yield_keys(prefix=prefix)) == sorted(key for key in long if key.startswith(prefix))


# Addresses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("memory:", "MemoryStore()"),
        ("file:{0}/f", "LocalFileStore('{0}/f')"),
        ("sqlite:{0}/a.db", "SQLiteStore('{0}/a.db')"),
        ("sqlite://{0}/a.db", "SQLiteStore('{0}/a.db')"),
        ("SQLITE:{0}/a.db", "SQLiteStore('{0}/a.db')"),
        ("{0}/folder", "SQLiteStore('{0}/folder/vectors.sqlite')"),
        ("{0}/file", "SQLiteStore('{0}/file')"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the paths are POSIX")
def test_store_from(where: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert repr(store_from(where.format(tmp_path))) == shown.format(tmp_path)


def test_store_from_a_path_object_and_true(tmp_path: Path) -> None:
    assert repr(store_from(tmp_path)) == f"SQLiteStore({str(tmp_path / 'vectors.sqlite')!r})"
    assert repr(store_from(True)) == f"SQLiteStore({str(default_folder() / 'vectors.sqlite')!r})"


def test_a_drive_letter_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "SQLiteStore" in repr(store_from(r"D:\cache"))


@pytest.mark.parametrize(("where", "said"), [("mongo:x", "redis:"), ("lmdb:", "needs a path"), (False, "not False")])
def test_an_address_that_can_not_be_used(where: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        store_from(where)


def test_an_option_that_the_store_does_not_have() -> None:
    with pytest.raises(ConfigurationError, match="max_byte"):
        store_from("memory:", max_byte=3)


@pytest.mark.parametrize("system", ["win32", "darwin", "linux"])
def test_the_folder_for_caches(system: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    folder = default_folder()
    assert (
        folder.parts[-2:]
        == {"win32": ("onevec", "Cache"), "darwin": ("Caches", "onevec"), "linux": ("xdg", "onevec")}[system]
    )


def test_memory_counts_what_it_has() -> None:
    store = MemoryStore(max_bytes=10)
    store.mset([("a", b"123"), ("a", b"1"), ("b", b"12345")])
    assert store.mget(["a", "b"]) == [b"1", b"12345"]
    store.mset([("c", b"1")])
    assert store.mget(["a", "b", "c"]) == [b"1", b"12345", b"1"]
    store.mset([("d", b"")])
    assert store.mget(["a", "b", "c", "d"]) == [None, b"12345", b"1", b""]


def test_a_damaged_page_costs_only_its_own_keys(tmp_path: Path) -> None:
    store, keys = SQLiteStore(tmp_path / "s"), [str(number) for number in range(1000)]
    store.mset([(key, key.encode() * 1000) for key in keys])
    store.close()
    with (tmp_path / "s").open("r+b") as file:
        pages = (tmp_path / "s").stat().st_size // 32768
        file.seek(32768 * (pages // 2))
        file.write(b"\xff" * 100)
    found: dict[str, bytes | memoryview] = {}
    with pytest.raises(CacheError, match="move it away to begin a new one"):
        store.visit(keys, lambda index, value: found.update({keys[index]: value}))
    assert 900 < len(found) < 1000
    assert all(value == key.encode() * 1000 for key, value in found.items())
