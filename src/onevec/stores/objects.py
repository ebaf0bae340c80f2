"""Values as objects of S3, Google Cloud Storage, Azure, or whatever speaks S3's protocol."""

from __future__ import annotations

import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ..errors import CacheError, ConfigurationError
from ..optional import need
from .address import Address
from .base import ByteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager

__all__ = ["ObjectStore"]

T = TypeVar("T")
R = TypeVar("R")

HINT = "is the address right, and may these credentials list, read, write and delete there?"
LONGEST_NAME = 200
"""Services allow about 1,000 characters for the whole path, file systems 255 for a name."""
LENGTH_BYTES = 4
PATIENCE: dict[str, Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
"""A cache that waits longer for a lost server costs more than it saves."""


class ObjectStore(ByteStore):
    """Keeps each value as one object below a URL; reads and writes many of them at once.

    The name of an object is its key, with each byte of UTF-8 but ASCII letters, digits and "-" written as `_XX`. A key
    whose name would be too long is named by its hash, and stands before the value in the object.

    It takes no leases: two processes may compute the same text at the same time.

    Args:
        url: such as `s3://bucket/folder`, `gs://bucket/folder`, `az://container/folder` or `file:///folder`.
        concurrency: requests at once.
        options: what `obstore.store.from_url` takes, such as `endpoint`, `region`, `access_key_id`,
            `secret_access_key`, `credential_provider`, `client_options`, `retry_config`. What is left out comes from
            the service's own environment variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, AWS_REGION, ...). A secret
            may be a `Secret`.

    Raises:
        ConfigurationError: the URL or an option is none that obstore knows.
        MissingDependency: obstore is not installed.
    """

    _process: ClassVar[int | None] = None
    """The first that used obstore: its threads do not live on in a child, which would wait for them."""

    def __init__(self, url: str, *, concurrency: int = 16, **options: Any) -> None:
        if concurrency < 1:
            message = f"ObjectStore: concurrency must be 1 or more, not {concurrency}"
            raise ConfigurationError(message)
        self._address = Address(url, options)
        self.concurrency = concurrency
        self._open()

    def _open(self) -> None:
        stores = need("obstore.store", extra="s3")
        options = self._address.options
        endpoints = [value for name, value in options.items() if "endpoint" in name] or [
            os.environ.get("AWS_ENDPOINT_URL")
        ]
        if str(endpoints[0]).startswith("http://"):
            options["client_options"] = {"allow_http": True, **options.get("client_options", {})}
        try:
            self._store = stores.from_url(self._address.url, **{"retry_config": PATIENCE, **options})
        except (need("obstore.exceptions", extra="s3").BaseError, TypeError, ValueError) as error:
            message = f"ObjectStore can't open {self._address}: {self._address.redacted(error)}"
            raise ConfigurationError(message) from None

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none.

        Raises:
            CacheError: the service failed; so do all methods.
        """
        unique = list(dict.fromkeys(keys))
        found = dict(zip(unique, self._all(self._get, unique), strict=True))
        return [found[key] for key in keys]

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep values; of several of them some may be kept if the service fails."""
        self._all(self._put, list(dict(key_value_pairs).items()))

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys; one that does not exist is no error."""
        self._all(self._delete, list(dict.fromkeys(keys)))

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`, in any order; the service lists all keys for it."""
        with self._faults():
            for page in need("obstore", extra="s3").list(self._store):
                for entry in page:
                    key = self._key(entry["path"])
                    if key is not None and key.startswith(prefix or ""):
                        yield key

    def _get(self, key: str) -> bytes | None:
        name = name_of(key)
        try:
            content = need("obstore", extra="s3").get(self._store, name).bytes()
        except FileNotFoundError:
            return None
        return bytes(memoryview(content)[_head(content) :] if name.startswith("__") else content)

    def _put(self, pair: tuple[str, bytes]) -> None:
        key, value = pair
        name = name_of(key)
        if name.startswith("__"):
            raw = key.encode()
            value = len(raw).to_bytes(LENGTH_BYTES, "little") + raw + value
        need("obstore", extra="s3").put(self._store, name, value)

    def _delete(self, key: str) -> None:
        with suppress(FileNotFoundError):  # only some services tell
            need("obstore", extra="s3").delete(self._store, name_of(key))

    def _key(self, name: str) -> str | None:
        """The key of an object; None if it is not one of ours."""
        if not re.fullmatch("__[0-9a-f]{64}", name):
            return key_of(name)
        content = need("obstore", extra="s3").get(self._store, name).bytes()
        return bytes(memoryview(content)[LENGTH_BYTES : _head(content)]).decode()

    def _all(self, function: Callable[[T], R], items: list[T]) -> list[R]:
        """A function's answers, some calls at a time."""
        if not items:
            return []
        with self._faults(), ThreadPoolExecutor(min(self.concurrency, len(items)), "onevec-objects") as pool:
            return list(pool.map(function, items))

    def _faults(self) -> AbstractContextManager[None]:
        ObjectStore._process = ObjectStore._process or os.getpid()
        if ObjectStore._process != os.getpid():
            message = (
                f"{self._address}: this process was forked from one that had used an ObjectStore, and would wait for "
                "ever: start processes with the method 'spawn' or 'forkserver'"
            )
            raise CacheError(message)
        return self._address.faults((need("obstore.exceptions", extra="s3").BaseError, OSError), HINT)

    def __repr__(self) -> str:
        return f"ObjectStore({self._address})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_store"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()


def name_of(key: str) -> str:
    """The name of the object that holds a key.

    Example:
        >>> name_of("m3e:a b"), name_of("")
        ('m3e_3Aa_20b', '_')
    """
    raw = key.encode()
    name = re.sub(rb"[^A-Za-z0-9-]", lambda found: b"_%02X" % found[0][0], raw).decode() or "_"
    return name if len(name) <= LONGEST_NAME else f"__{hashlib.sha256(raw).hexdigest()}"


def key_of(name: str) -> str | None:
    """The key that `name_of` made a name of; None if it made none of it.

    Example:
        >>> key_of("m3e_3Aa_20b"), key_of("readme.txt")
        ('m3e:a b', None)
    """
    if name == "_":
        return ""
    if re.fullmatch("(?:[A-Za-z0-9-]|_[0-9A-F]{2})+", name) is None:
        return None
    raw = re.sub(rb"_(..)", lambda found: bytes.fromhex(found[1].decode()), name.encode())
    with suppress(UnicodeDecodeError):
        return raw.decode()
    return None


def _head(content: Any) -> int:
    """Bytes before the value in an object that is named by a hash."""
    return LENGTH_BYTES + int.from_bytes(bytes(memoryview(content)[:LENGTH_BYTES]), "little")
