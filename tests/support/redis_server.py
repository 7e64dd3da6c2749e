"""A Redis of the tests' own; figures have it as well."""

from __future__ import annotations

from benchmarks.inputs.redis_server import RedisServer, redis_server

__all__ = ["RedisServer", "redis_server"]
