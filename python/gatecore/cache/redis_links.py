"""Connections to Redis: a timeout for everything, nothing tried twice, scripts by their digest."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from typing import Any, Final

try:
    import redis
except ImportError as error:
    raise ImportError('redis is not installed: pip install "gatecore-re[redis]"') from error
import redis.asyncio
import redis.asyncio.retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ResponseError
from redis.retry import Retry

from gatecore import forks
from gatecore.cache.redis_tier import Ask, RedisTier
from gatecore.cache.scripts import RENEW

__all__ = ["AsyncLink", "Link"]

#: Threads, or tasks of one event loop, that ask at the same time, each on a connection; more would
#: wait for Redis, which answers one after the other.
_MOST: Final = 32


def _words(ask: Ask, *, whole: bool = False) -> list[Any]:
    """The command: the script by its digest, or whole, as a server that was flushed needs it."""
    script = ["EVAL", ask.script.source] if whole else ["EVALSHA", ask.script.digest]
    return [*script, len(ask.keys), *ask.keys, *ask.arguments]


def _packed(*words: bytes | str | int) -> list[bytes]:
    """A command as Redis reads it. hiredis' own packer crashes if a signal's handler raises."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        encoded = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(encoded), encoded))
    return [b"".join(parts)]


def _reply(pool: Any, words: list[Any]) -> Any:
    """What Redis replies. A connection whose reply was not read whole is not used again."""
    connection = pool.get_connection()
    is_whole = False
    try:
        connection.send_packed_command(_packed(*words))
        try:
            reply = connection.read_response()
        except ResponseError:
            is_whole = True
            raise
        is_whole = True
        return reply
    finally:
        if not is_whole:
            connection.disconnect()
        pool.release(connection)


async def _reply_async(pool: Any, words: list[Any]) -> Any:
    """As `_reply`, for a task that may be cancelled."""
    connection = await pool.get_connection()
    is_whole = False
    try:
        await connection.send_packed_command(_packed(*words))
        try:
            reply = await connection.read_response()
        except ResponseError:
            is_whole = True
            raise
        is_whole = True
        return reply
    finally:
        if not is_whole:
            await connection.disconnect(nowait=True)
        await pool.release(connection)


def _options(url: str, timeout: float, more: Mapping[str, Any]) -> dict[str, Any]:
    if not timeout > 0:
        raise ValueError(f"timeout is more than 0 seconds, not {timeout}")
    if more.get("decode_responses") or "decode_responses" in url:
        raise ValueError("decode_responses is not for a cache: its values are bytes")
    timeouts = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    return {**timeouts, "health_check_interval": 0, "max_connections": _MOST, **more}


class Link:
    """Connections for threads, made when they are first needed, anew after a fork."""

    def __init__(self, tier: RedisTier, url: str, timeout: float, more: Mapping[str, Any]) -> None:
        self._tier = tier
        self._url = url
        self._options = _options(url, timeout, more)
        self.after_fork()
        self.client()  # a URL that is none is noticed now
        forks.watch(self)

    def after_fork(self) -> None:
        """Leaves the parent its connections."""
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(self._options["max_connections"])
        self._client: redis.Redis | None = None

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
        connection.send_packed_command(_packed("EVAL", RENEW.source, 1, self._tier.epoch))
        connection.read_response()

    def ask(self, ask: Ask) -> Any:
        """The reply, or None."""
        pool = self.client().connection_pool
        try:
            with self._room:
                if not self._tier.breaker.allows():
                    return None
                try:
                    reply = _reply(pool, _words(ask))
                except NoScriptError:
                    reply = _reply(pool, _words(ask, whole=True))
        except ResponseError as error:
            self._tier.would_not(error)
            return None
        except Exception as error:
            # Whatever redis-py raises: it may be closed by another thread, which has many forms.
            self._tier.did_not_answer(error)
            with contextlib.suppress(Exception):
                pool.disconnect(inuse_connections=False)
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
        self._clients: dict[
            asyncio.AbstractEventLoop, tuple[redis.asyncio.Redis, asyncio.Semaphore]
        ] = {}
        self._make()
        forks.watch(self)

    def after_fork(self) -> None:
        """Leaves the parent its connections."""
        self._clients = {}

    def _make(self) -> redis.asyncio.Redis:
        retry = redis.asyncio.retry.Retry(NoBackoff(), 0)
        pool = redis.asyncio.ConnectionPool.from_url(
            self._url, retry=retry, redis_connect_func=self._connect, **self._options
        )
        return redis.asyncio.Redis(connection_pool=pool)

    async def _connect(self, connection: Any) -> None:
        await connection.on_connect()
        await connection.send_packed_command(_packed("EVAL", RENEW.source, 1, self._tier.epoch))
        await connection.read_response()

    async def ask(self, ask: Ask) -> Any:
        """The reply, or None."""
        client, room = self._of_this_loop()
        pool = client.connection_pool
        async with room:
            if not self._tier.breaker.allows():
                return None
            try:
                try:
                    reply = await _reply_async(pool, _words(ask))
                except NoScriptError:
                    reply = await _reply_async(pool, _words(ask, whole=True))
            except ResponseError as error:
                self._tier.would_not(error)
                return None
            except Exception as error:
                self._tier.did_not_answer(error)
                with contextlib.suppress(Exception):
                    await pool.disconnect(inuse_connections=False)
                return None
        self._tier.answered()
        return reply

    def _of_this_loop(self) -> tuple[redis.asyncio.Redis, asyncio.Semaphore]:
        loop = asyncio.get_running_loop()
        known = self._clients.get(loop)
        if known is None:
            for other in [one for one in self._clients if one.is_closed()]:
                self._clients.pop(other, None)
            room = asyncio.Semaphore(self._options["max_connections"])
            known = self._clients[loop] = self._make(), room
        return known

    async def close(self) -> None:
        """Closes the connections of this event loop."""
        client, _ = self._clients.pop(asyncio.get_running_loop(), (None, None))
        if client is not None:
            await client.aclose()
            await client.connection_pool.disconnect()
