"""Answers kept in memory and in Redis, for threads and for asyncio.

>>> from gatecore.cache import MemoryCache, key
>>> cache = MemoryCache(max_bytes=10_000_000)
>>> cache.get_or_compute(key(b"v1", "a document"), lambda: b"made once")
b'made once'
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `gatecore`: `asyncio` alone would cost 30 ms
if TYPE_CHECKING:
    from typing import Any

    from gatecore.cache.async_memory import AsyncMemoryCache
    from gatecore.cache.async_redis import AsyncRedisCache
    from gatecore.cache.codec import Codec
    from gatecore.cache.functions import cached
    from gatecore.cache.keys import key
    from gatecore.cache.memory import MemoryCache
    from gatecore.cache.stats import CacheStats, TieredStats
    from gatecore.cache.sync_redis import RedisCache
    from gatecore.cache.tiered import AsyncTieredCache, TieredCache

_HOMES = {
    "async_memory": "AsyncMemoryCache",
    "async_redis": "AsyncRedisCache",
    "functions": "cached",
    "codec": "Codec",
    "keys": "key",
    "memory": "MemoryCache",
    "stats": "CacheStats TieredStats",
    "sync_redis": "RedisCache",
    "tiered": "AsyncTieredCache TieredCache",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "AsyncMemoryCache",
    "AsyncRedisCache",
    "AsyncTieredCache",
    "CacheStats",
    "Codec",
    "MemoryCache",
    "RedisCache",
    "TieredCache",
    "TieredStats",
    "cached",
    "key",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
