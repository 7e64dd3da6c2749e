"""Connections to Redis: a timeout for everything, nothing tried twice, scripts by their digest."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

try:
    import redis
except ImportError as error:
    raise ImportError('redis is not installed: pip install "gatecore-re[redis]"') from error
import redis.asyncio
import redis.asyncio.retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnectedError
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as TooSlowError
from redis.retry import Retry

from gatecore.cache import forks
from gatecore.cache.redis_tier import Ask, RedisTier
from gatecore.cache.scripts import RENEW

__all__ = ["AsyncLink", "Link"]

#: Tasks of one event loop that ask at the same time, each on a connection; more would wait for
#: Redis, which answers one after the other.
_MOST_TASKS: Final = 32

_NO_ANSWER: Final = (NotConnectedError, TooSlowError, OSError)


def _options(url: str, timeout: float, more: Mapping[str, Any]) -> dict[str, Any]:
    if not timeout > 0:
        raise ValueError(f"timeout is more than 0 seconds, not {timeout}")
    if more.get("decode_responses") or "decode_responses" in url:
        raise ValueError("decode_responses is not for a cache: its values are bytes")
    timeouts = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    return {**timeouts, "health_check_interval": 0, **more}


class Link:
    """Connections for threads, made when they are first needed, anew after a fork."""

    def __init__(self, tier: RedisTier, url: str, timeout: float, more: Mapping[str, Any]) -> None:
        self._tier = tier
        self._url = url
        self._options = _options(url, timeout, more)
        self._lock = threading.Lock()
        self._client: redis.Redis | None = None
        self.client()  # a URL that is none is noticed now
        forks.watch(self)

    def after_fork(self) -> None:
        """Leaves the parent its connections."""
        self._lock = threading.Lock()
        self._client = None

    def client(self, **options: Any) -> redis.Redis:
        """The client; another one of its own if there are options."""
        if options:
            return redis.Redis(connection_pool=self._pool({**self._options, **options}))
        with self._lock:
            if self._client is None:
                self._client = redis.Redis(connection_pool=self._pool(self._options))
            return self._client

    def _pool(self, options: Mapping[str, Any]) -> redis.ConnectionPool:
        return redis.ConnectionPool.from_url(
            self._url, retry=Retry(NoBackoff(), 0), redis_connect_func=self._connect, **options
        )

    def _connect(self, connection: Any) -> None:
        connection.on_connect()
        connection.send_command("EVAL", RENEW.source, 1, self._tier.epoch)
        connection.read_response()

    def ask(self, ask: Ask) -> Any:
        """The reply, or None."""
        if not self._tier.breaker.allows():
            return None
        client = self.client()
        several: tuple[Any, ...] = (len(ask.keys), *ask.keys, *ask.arguments)
        try:
            try:
                reply = client.evalsha(ask.script.digest, *several)
            except NoScriptError:
                reply = client.eval(ask.script.source, *several)
        except _NO_ANSWER as error:
            self._tier.did_not_answer(error)
            client.connection_pool.disconnect(inuse_connections=False)
            return None
        except RedisError as error:
            self._tier.would_not(error)
            return None
        self._tier.answered()
        return reply

    def close(self) -> None:
        """Closes the connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.connection_pool.disconnect()


class AsyncLink:
    """Connections for tasks: of each event loop its own."""

    def __init__(self, tier: RedisTier, url: str, timeout: float, more: Mapping[str, Any]) -> None:
        self._tier = tier
        self._url = url
        self._options = _options(url, timeout, more)
        #: What a `Link` to the same place is made of, besides the tier.
        self.target = url, timeout, more
        self._clients: WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[redis.asyncio.Redis, asyncio.Semaphore]
        ] = WeakKeyDictionary()
        self._make()
        forks.watch(self)

    def after_fork(self) -> None:
        """Leaves the parent its connections."""
        self._clients = WeakKeyDictionary()

    def _make(self) -> redis.asyncio.Redis:
        retry = redis.asyncio.retry.Retry(NoBackoff(), 0)
        pool = redis.asyncio.ConnectionPool.from_url(
            self._url, retry=retry, redis_connect_func=self._connect, **self._options
        )
        return redis.asyncio.Redis(connection_pool=pool)

    async def _connect(self, connection: Any) -> None:
        await connection.on_connect()
        await connection.send_command("EVAL", RENEW.source, 1, self._tier.epoch)
        await connection.read_response()

    async def ask(self, ask: Ask) -> Any:
        """The reply, or None."""
        if not self._tier.breaker.allows():
            return None
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = self._make(), asyncio.Semaphore(_MOST_TASKS)
        client, room = self._clients[loop]
        several: tuple[Any, ...] = (len(ask.keys), *ask.keys, *ask.arguments)
        try:
            async with room:
                if not self._tier.breaker.allows():
                    return None  # it failed since
                try:
                    reply = await client.evalsha(ask.script.digest, *several)
                except NoScriptError:
                    reply = await client.eval(ask.script.source, *several)
        except _NO_ANSWER as error:
            self._tier.did_not_answer(error)
            await client.connection_pool.disconnect(inuse_connections=False)
            return None
        except RedisError as error:
            self._tier.would_not(error)
            return None
        self._tier.answered()
        return reply

    async def close(self) -> None:
        """Closes the connections of this event loop."""
        client, _ = self._clients.pop(asyncio.get_running_loop(), (None, None))
        if client is not None:
            await client.aclose()
            await client.connection_pool.disconnect()
