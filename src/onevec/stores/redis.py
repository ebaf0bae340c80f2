"""Values in a Redis server, where LangChain's class of this name keeps them."""

from __future__ import annotations

import os
import re
import uuid
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from ..errors import ConfigurationError
from ..optional import need
from .address import Address
from .base import ByteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ..secret import HasSecretValue

__all__ = ["RedisStore"]

LEASE = "onevec:lease:"
"""Before the key of a lease, which is no key of the store."""
WAITS = {"socket_connect_timeout": 5, "socket_timeout": 30}
"""Seconds; a cache that waits longer for a lost server costs more than it saves."""
HINT = "is the server running and reachable, and is the password right?"


class RedisStore(ByteStore):
    """Keeps values in Redis (or Valkey), under the same keys as LangChain's `RedisStore`.

    Reads are one MGET, writes one transaction. Async methods use worker threads and the same connections.

    Args:
        client: a `redis.Redis` or `redis.RedisCluster` with `decode_responses=False`; it is not closed by `close`.
        redis_url: in place of a client: `redis://`, `rediss://` (TLS), `unix://`, or `redis+sentinel://` and
            `rediss+sentinel://` with `/service/db` as the path; or a `Secret` with it.
        client_kwargs: more arguments of the client that is made from `redis_url`.
        ttl: seconds until a value is dropped, counted from its last write; None keeps it.
        namespace: put before every key, with a "/" between.

    Raises:
        ConfigurationError: neither or both of `client` and `redis_url` are given, or one of them can't be used.
        TypeError: `client` is no Redis client, or `ttl` no int.
    """

    def __init__(
        self,
        *,
        client: Any = None,
        redis_url: str | HasSecretValue | None = None,
        client_kwargs: Mapping[str, Any] | None = None,
        ttl: int | None = None,
        namespace: str | None = None,
    ) -> None:
        if (client is None) == (not redis_url):
            raise ConfigurationError("RedisStore needs either client= or redis_url=, and not both")
        if client is not None and client_kwargs:
            raise ConfigurationError("RedisStore: client_kwargs belongs to redis_url; configure the client itself")
        check_ttl(ttl)
        self._address = Address(redis_url or "redis://(client)", client_kwargs)
        self._own = client is None
        self.client = _connect(self._address) if client is None else _checked(client)
        self.ttl = ttl
        self.namespace = namespace
        self._start()

    def _start(self) -> None:
        self._holder = uuid.uuid4().hex
        self._held: set[str] = set()

    @classmethod
    def from_url(cls, url: str | HasSecretValue, **options: Any) -> Self:
        """A store for a URL; `options` are the constructor's."""
        return cls(redis_url=url, **options)

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none.

        Raises:
            CacheError: the server failed; so do all methods.
        """
        return self._values([self._full(key) for key in keys])

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep values, all or none of them (a cluster keeps each on its own)."""
        if not key_value_pairs:
            return
        leased = self._held.intersection(key for key, _ in key_value_pairs)
        with self._faults():
            pipe = self.client.pipeline()
            for key, value in key_value_pairs:
                pipe.set(self._full(key), value, ex=self.ttl)
            for key in leased:
                pipe.delete(LEASE + self._full(key))
            pipe.execute()
        self._held.difference_update(leased)

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys; one that does not exist is no error."""
        if keys:
            with self._faults():
                self.client.delete(*map(self._full, keys))

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`, in any order.

        LangChain's class needs a star behind the prefix. So if no key starts with a prefix that ends in a star, the
        star counts as LangChain's.
        """
        yield from starred(prefix or "", self._scan)

    def lease(self, keys: Sequence[str], seconds: float) -> list[bool]:
        """Announce that this caller is about to compute the values of the keys; False where another one is."""
        unique = list(dict.fromkeys(keys))
        lifetime = max(1, round(seconds * 1000))
        with self._faults():
            pipe = self.client.pipeline(transaction=False)
            for key in unique:
                pipe.set(LEASE + self._full(key), self._name(), nx=True, px=lifetime)
            mine = {key for key, new in zip(unique, pipe.execute(), strict=True) if new}
            old = self._still_held([key for key in unique if key not in mine])
            for key in old:  # renewed
                pipe.pexpire(LEASE + self._full(key), lifetime)
            pipe.execute()
        self._held.update(mine)
        mine.update(old)
        return [key in mine for key in keys]

    def release(self, keys: Sequence[str]) -> None:
        """Give back leases; one that has expired and is another caller's now stays."""
        held = self._still_held(list(dict.fromkeys(keys)))
        if held:
            with self._faults():
                self.client.delete(*(LEASE + self._full(key) for key in held))
        self._held.difference_update(keys)

    def _still_held(self, keys: list[str]) -> list[str]:
        """Those of the keys whose lease is this caller's; one may expire here and now: computed twice, not wrongly."""
        held = [key for key in keys if key in self._held]
        holders = self._values([LEASE + self._full(key) for key in held])
        return [key for key, holder in zip(held, holders, strict=True) if holder == self._name().encode()]

    def close(self) -> None:
        """Close the connections, unless the client was passed in; they open again when needed."""
        if self._own:
            pool = self.client.connection_pool
            pool.disconnect()
            for sentinel in getattr(getattr(pool, "sentinel_manager", None), "sentinels", ()):
                sentinel.close()

    def _values(self, full: list[str]) -> list[bytes | None]:
        if not full:
            return []
        with self._faults():
            read = getattr(self.client, "mget_nonatomic", self.client.mget)  # keys of a cluster are on many servers
            values: list[bytes | None] = read(full)
            return values

    def _scan(self, prefix: str) -> Generator[str]:
        pattern = literal(self._full(prefix)) + "*"
        seen: set[bytes] = set()  # SCAN may tell a key twice while the server moves its keys
        with self._faults():
            for raw in self.client.scan_iter(match=pattern, count=1000):
                if raw not in seen and not raw.startswith(LEASE.encode()):
                    seen.add(raw)
                    key = raw.decode(errors="ignore")
                    if key.encode() == raw:  # keys of other programs need not be text
                        yield key[len(self._full("")) :]

    def _full(self, key: str) -> str:
        return f"{self.namespace}/{key}" if self.namespace else key

    def _name(self) -> str:
        """What marks a lease as this process's."""
        return f"{self._holder}:{os.getpid()}"

    def _faults(self) -> AbstractContextManager[None]:
        return self._address.faults(need("redis", extra="redis").RedisError, HINT)

    def __repr__(self) -> str:
        return f"RedisStore({self._address}, namespace={self.namespace!r}, ttl={self.ttl!r})"

    def __getstate__(self) -> dict[str, Any]:
        if not self._own:
            raise ConfigurationError("a RedisStore made from a client is not pickled: make it from redis_url")
        return {name: value for name, value in vars(self).items() if name not in {"client", "_holder", "_held"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.client = _connect(self._address)
        self._start()


def literal(text: str) -> str:
    r"""The pattern of Redis that stands for the text itself.

    Example:
        >>> print(literal("a*[b]"))
        a\*\[b\]
    """
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)


def starred(prefix: str, scan: Callable[[str], Generator[str]]) -> Generator[str]:
    """The keys that start with `prefix`; if there are none, a star at its end counts as LangChain's."""
    found = False
    for key in scan(prefix):
        found = True
        yield key
    if not found and prefix.endswith("*"):
        yield from scan(prefix[:-1])


def check_ttl(ttl: object) -> None:
    """Refuse what are no seconds.

    Raises:
        TypeError: `ttl` is neither int nor None.
        ConfigurationError: it is not positive.
    """
    if ttl is not None and not isinstance(ttl, int):
        message = f"ttl must be an int (seconds) or None, not {type(ttl).__name__}"
        raise TypeError(message)
    if ttl is not None and ttl <= 0:
        message = f"ttl={ttl} would drop values at once: pass the seconds to keep them, or None to keep them for ever"
        raise ConfigurationError(message)


def _checked(client: Any) -> Any:
    redis = need("redis", extra="redis")
    if not isinstance(client, redis.Redis | redis.RedisCluster):
        message = f"client must be a redis.Redis or a redis.RedisCluster, not {type(client).__name__}"
        raise TypeError(message)
    if client.get_encoder().decode_responses:
        raise ConfigurationError("RedisStore keeps bytes: make its client with decode_responses=False")
    return client


def _connect(address: Address) -> Any:
    """A client for a URL; no connection is opened yet."""
    redis = need("redis", extra="redis")
    settings = {**WAITS, **address.options}
    try:
        if address.scheme in {"redis+sentinel", "rediss+sentinel"}:
            return _behind_sentinel(redis, address.url, settings)
        client = redis.Redis.from_url(address.url, **settings)
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # else an unknown option shows at the first use only
        return _checked(client)
    except ConfigurationError:
        raise
    except (ValueError, TypeError):  # the driver's own error may show the password
        message = (
            f"RedisStore can't read redis_url={str(address)!r}: it begins with redis://, rediss://, unix:// or "
            "redis+sentinel://, special characters in a password are written as %XX, and its options and client_kwargs "
            "are those of redis.Redis"
        )
        raise ConfigurationError(message) from None


def _behind_sentinel(redis: Any, url: str, settings: dict[str, Any]) -> Any:
    """A client for the master of `redis+sentinel://user:password@host:port/service/db`, written as LangChain does."""
    parts = urlsplit(url)
    service, _, db = parts.path.strip("/").partition("/")
    login = {
        "username": parts.username and unquote(parts.username),
        "password": parts.password and unquote(parts.password),
    }
    if parts.scheme == "rediss+sentinel":
        settings["ssl"] = True
    shared = {**settings, **{name: value for name, value in login.items() if value}}
    sentinel = redis.Sentinel(
        [(parts.hostname or "localhost", parts.port or 26379)], sentinel_kwargs=shared, db=int(db or 0), **shared
    )
    return sentinel.master_for(service or "mymaster")
