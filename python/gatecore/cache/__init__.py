"""Answers kept in memory and in Redis, for threads and for asyncio.

>>> from gatecore.cache import MemoryCache, key
>>> cache = MemoryCache(max_bytes=10_000_000)
>>> cache.get_or_compute(key(b"v1", "a document"), lambda: b"made once")
b'made once'
"""

from __future__ import annotations

from gatecore.lazy import lazy_names

TYPE_CHECKING = False  # as in `gatecore`: `asyncio` alone would cost 30 ms
if TYPE_CHECKING:
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

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
