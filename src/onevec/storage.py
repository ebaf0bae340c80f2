"""Byte stores under the names and with the arguments that LangChain's `storage` modules give them."""

from __future__ import annotations

from .stores.encoder import EncoderBackedStore
from .stores.files import LocalFileStore
from .stores.memory import InMemoryByteStore, InMemoryStore
from .stores.redis import RedisStore as RedisStore  # noqa: PLC0414  # its own home is `stores`
from .stores.upstash import UpstashRedisByteStore, UpstashRedisStore

__all__ = [
    "EncoderBackedStore",
    "InMemoryByteStore",
    "InMemoryStore",
    "LocalFileStore",
    "UpstashRedisByteStore",
    "UpstashRedisStore",
]
