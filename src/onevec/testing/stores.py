"""What every byte store has to do: a class of tests, shipped so that a store of your own can be run through them."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..secret import reveal_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..stores.base import ByteStore

__all__ = ["StoreContract"]

ODD_KEYS = (
    *("", " ", ".", "..", "/", "a/b", "a//b", "../a", "/a", "a/", "a:b", "a::b", "a\\b", "a\nb", "a\tb", "a\n", "end "),
    *("%41", "a%2Fb", "_41", "__", "a_b", "a*b", "a?b", "a[b]", "a{b}", "a'b", 'a"b', "a;b--", "$a", "~a", "#a"),
    *(
        "a&b=c",
        "中文",
        "中文模型:猫",
        "é",
        "e\u0301",
        "ß",
        "🐈",
        "👩‍👩‍👧",
        "A",
        "a",
        "con",
        "v1.abc",
        "x" * 500,
        "猫" * 500,
    ),
)
BINARY = (b"", b"\0", b"\xff\xfe", bytes(range(256)), b"[0.5, 1.0]", "猫".encode(), b"data:;base64,AA==", b"\r\n")


class StoreContract:
    """The tests that a byte store has to pass, with pytest or any runner that knows its fixtures.

    A subclass has a fixture `store`: an empty store, new for every test. It says `shared = True` if the store keeps its
    values outside the process and takes leases; a pickle of it then has to reach the same values. The async twins are
    run with `asyncio.run`, so no plugin is needed.

    Example:
        >>> class TestMyStore(StoreContract):
        ...     @pytest.fixture  # doctest: +SKIP
        ...     def store(self, tmp_path):
        ...         return MyStore(tmp_path)
    """

    shared: bool = False
    odd_keys: Sequence[str] = ODD_KEYS
    """A store that takes only some keys names those here, of all that it may be given."""
    many: int = 3000
    """Keys in the largest call; fewer for a store that needs a request for each."""

    def test_what_was_never_set_is_none(self, store: ByteStore) -> None:
        """A missing key gives None, for every key."""
        same(store.mget(["a", "b"]), [None, None])
        same(list(store.yield_keys()), [])

    def test_no_keys_at_all(self, store: ByteStore) -> None:
        """Empty lists are no error."""
        store.mset([])
        store.mdelete([])
        same(store.mget([]), [])
        same(store.lease([], 1), [])
        store.release([])
        store.visit([], fail)

    def test_values_come_in_the_order_of_the_keys(self, store: ByteStore) -> None:
        """Order, gaps and repeated keys are those of the call."""
        store.mset([("b", b"2"), ("a", b"1")])
        same(store.mget(["a", "x", "b", "a", "x"]), [b"1", None, b"2", b"1", None])

    def test_values_are_bytes(self, store: ByteStore) -> None:
        """Not a view or a bytearray, which would change under the caller's hands."""
        store.mset([("a", b"1")])
        same([type(value) for value in store.mget(["a"])], [bytes])

    def test_a_new_value_replaces_the_old_one(self, store: ByteStore) -> None:
        """In a later call, and later in the same call; other keys stay."""
        store.mset([("a", b"old and longer"), ("b", b"2")])
        store.mset([("a", b"new")])
        same(store.mget(["a", "b"]), [b"new", b"2"])
        store.mset([("a", b"first"), ("a", b"last")])
        same(store.mget(["a"]), [b"last"])
        same(sorted(store.yield_keys()), ["a", "b"])

    def test_deleted_keys_are_gone(self, store: ByteStore) -> None:
        """Also when they are named twice, or with keys that do not exist."""
        store.mset([(key, b"1") for key in "abcd"])
        store.mdelete(["a", "x", "c", "a"])
        store.mdelete(["x"])
        same(store.mget(list("abcd")), [None, b"1", None, b"1"])
        same(sorted(store.yield_keys()), ["b", "d"])

    def test_a_prefix_is_no_pattern_and_no_folder(self, store: ByteStore) -> None:
        """Keys begin with the prefix letter by letter."""
        keys = {"m3e-1", "m3e-2", "m3e", "m4", *self.odd_keys}
        store.mset([(key, b"1") for key in keys])
        for prefix in ("m", "m3e", "m3e-", "m3e-1", "m3e-12", *{key[:2] for key in self.odd_keys}):
            same(sorted(store.yield_keys(prefix=prefix)), sorted(key for key in keys if key.startswith(prefix)), prefix)
        same(sorted(store.yield_keys(prefix=None)), sorted(keys))

    def test_keys_come_from_generators(self, store: ByteStore) -> None:
        """LangChain's tests ask for generators, not for any iterator."""
        made: list[object] = [store.yield_keys(), store.ayield_keys()]
        same([isinstance(made[0], Generator), isinstance(made[1], AsyncGenerator)], [True, True])

    def test_keys_may_be_deleted_while_they_are_read(self, store: ByteStore) -> None:
        """As a clean-up does."""
        store.mset([(f"key-{number}", b"1") for number in range(50)])
        for key in store.yield_keys(prefix="key-"):
            store.mdelete([key])
        same(list(store.yield_keys()), [])

    def test_any_text_is_a_key(self, store: ByteStore) -> None:
        """Each is a key of its own, is listed, and can be deleted."""
        pairs = [(key, f"value {number}".encode()) for number, key in enumerate(self.odd_keys)]
        store.mset(pairs)
        same(store.mget(self.odd_keys), [value for _, value in pairs])
        same(sorted(store.yield_keys()), sorted(self.odd_keys))
        store.mdelete(self.odd_keys[::2])
        same(sorted(store.yield_keys()), sorted(self.odd_keys[1::2]))

    def test_any_bytes_are_a_value(self, store: ByteStore) -> None:
        """Empty, binary, text, and a whole megabyte."""
        values = [*BINARY, bytes(range(256)) * 4096]
        store.mset([(str(number), value) for number, value in enumerate(values)])
        same(store.mget([str(number) for number in range(len(values))]), values)

    def test_many_keys_at_once(self, store: ByteStore) -> None:
        """More than the parameters that one statement of a database takes."""
        keys = [f"{number:06}" for number in range(self.many)]
        store.mset([(key, key.encode()) for key in keys])
        same(store.mget([*keys, "x"]), [*(key.encode() for key in keys), None])
        same(sum(1 for _ in store.yield_keys()), len(keys))
        store.mdelete(keys[1:])
        same(list(store.yield_keys()), keys[:1])

    def test_visit_hands_out_what_mget_returns(self, store: ByteStore) -> None:
        """By the position in the list of keys; what does not exist is left out."""
        store.mset([("a", b"1"), ("b", b""), ("c", bytes(5000))])
        keys = ["c", "x", "a", "b", "a"]
        seen: dict[int, bytes] = {}
        store.visit(keys, lambda index, value: seen.update({index: bytes(value)}))
        same(seen, {index: value for index, value in enumerate(store.mget(keys)) if value is not None})

    def test_a_failure_in_visit_comes_through(self, store: ByteStore) -> None:
        """And the store goes on working."""
        store.mset([("a", b"1")])
        try:
            store.visit(["a"], fail)
        except ZeroDivisionError:
            same(store.mget(["a"]), [b"1"])
        else:
            raise AssertionError("the error of take() was swallowed")

    def test_the_async_twins(self, store: ByteStore) -> None:
        """They do the same, many at a time."""

        async def use() -> None:
            await asyncio.gather(*(store.amset([(f"k{number}", b"%d" % number)]) for number in range(8)))
            found = await asyncio.gather(*(store.amget([f"k{number}", "x"]) for number in range(8)))
            same(found, [[b"%d" % number, None] for number in range(8)])
            await store.amdelete(["k1", "x", "k2"])
            left = [key async for key in store.ayield_keys(prefix="k")]
            same(sorted(left), ["k0", "k3", "k4", "k5", "k6", "k7"])
            same([key async for key in store.ayield_keys(prefix="x")], [])

        asyncio.run(use())
        same(store.mget(["k0", "k1"]), [b"0", None])

    def test_threads_share_a_store(self, store: ByteStore) -> None:
        """Each sees its own writes, and values that several write are whole ones."""

        def work(name: int) -> None:
            for turn in range(10):
                mine = f"{name}-{turn}"
                store.mset([(mine, mine.encode() * 100), ("all", b"%d" % name * 1000)])
                own, shared = store.mget([mine, "all"])
                same(own, mine.encode() * 100)
                same(shared in {b"%d" % other * 1000 for other in range(8)}, True)
                if turn % 2:
                    store.mdelete([mine])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        same(len(list(store.yield_keys())), 8 * 5 + 1)

    def test_a_closed_store_opens_again(self, store: ByteStore) -> None:
        """With what it had; closing twice is no error."""
        store.mset([("a", b"1")])
        store.close()
        store.close()
        same(store.mget(["a"]), [b"1"])
        store.close()
        store.mset([("b", b"2")])
        same(sorted(store.yield_keys()), ["a", "b"])

    def test_leases_are_given_to_one_caller(self, store: ByteStore) -> None:
        """Of a shared store; one that is not shared gives them to everybody. A caller may renew his own."""
        with self.twin(store) as other:
            same(store.lease(["a", "b", "a"], 60), [True, True, True])
            same(other.lease(["a", "c", "b"], 60), [not self.shared, True, not self.shared])
            same(store.lease(["b", "c"], 60), [True, not self.shared])
        same(list(store.yield_keys()), [])
        same(store.mget(["a"]), [None])

    def test_leases_end(self, store: ByteStore) -> None:
        """When they are given back, when the value is there, and when the time is up."""
        with self.twin(store) as other:
            store.lease(["back", "set", "kept"], 60)
            store.release(["back", "never leased"])
            store.mset([("set", b"1")])
            same(other.lease(["back", "set", "kept"], 60), [True, True, not self.shared])
            other.release(["kept"])
            same(other.lease(["kept"], 60), [not self.shared])
            store.lease(["short"], 0.01)
            same(eventually(lambda: other.lease(["short"], 60) == [True]), True)
        same(store.mget(["set", "short"]), [b"1", None])

    def test_a_renewed_lease_lasts_longer(self, store: ByteStore) -> None:
        """It ends with its last renewal."""
        with self.twin(store) as other:
            store.lease(["a", "b"], 0.2)
            same(store.lease(["a"], 60), [True])
            same(eventually(lambda: other.lease(["b"], 60) == [True]), True)
            same(other.lease(["a"], 60), [not self.shared])

    def test_callers_compete_for_leases(self, store: ByteStore) -> None:
        """Every lease has one winner."""
        keys = [str(number) for number in range(20)]
        start = threading.Barrier(8)

        def work(_: int) -> list[bool]:
            with self.twin(store) as other:
                start.wait()
                return other.lease(keys, 60)

        with ThreadPoolExecutor(8) as pool:
            won = [sum(answers) for answers in zip(*pool.map(work, range(8)), strict=True)]
        same(won, [1 if self.shared else 8] * len(keys))

    def test_a_pickle_reaches_the_same_values(self, store: ByteStore) -> None:
        """Of a shared store; connections are made anew."""
        store.mset([("a", b"1")])
        with self.twin(store) as other:
            same(other.mget(["a"]), [b"1"])
            other.mset([("b", b"2")])
            same(store.mget(["b"]), [b"2"])

    @contextmanager
    def twin(self, store: ByteStore) -> Generator[ByteStore]:
        """Another caller of the same store, as in another process; of a store that is not shared the store itself."""
        if not self.shared:
            yield store
            return
        with reveal_secrets():
            other: ByteStore = pickle.loads(pickle.dumps(store))  # noqa: S301  # it was made here and now
        try:
            yield other
        finally:
            other.close()


def fail(*_: object) -> None:
    """What `visit` is given where it must not, or may not, be called."""
    raise ZeroDivisionError


def same(found: Any, wanted: Any, about: object = "") -> None:
    """Fail unless two values are equal."""
    if found != wanted:
        message = f"expected {shown(wanted)}, not {shown(found)} {about}"
        raise AssertionError(message)


def shown(value: Any) -> str:
    """The beginning of a value's text."""
    text = repr(value)
    return text if len(text) <= 1000 else f"{text[:1000]}…"


def eventually(condition: Any, seconds: float = 30.0) -> bool:
    """Whether something becomes true within a time that is long enough for the slowest machine."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
