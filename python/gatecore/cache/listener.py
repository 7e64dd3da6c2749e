"""Hears of what other processes forget, so that copies in memory are forgotten as well."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Final, Protocol

from gatecore import forks
from gatecore.loggers import logger

__all__ = ["Listener"]

_log = logger("cache")

#: Seconds between two signs of life, and how long to wait for one.
_PING: Final = 0.5
#: Seconds after a failure.
_PAUSE: Final = 0.2
#: The bytes of who did it, before each message.
_NAME: Final = 16


class Hears(Protocol):
    """Who is told."""

    def subscribed(self, *, is_current: bool) -> None:
        """From now on it hears everything, or nothing: it forgets what it has."""

    def heard(self, sender: bytes, kind: bytes, rest: bytes) -> None:
        """Something was forgotten."""


class Listener:
    """A thread on a channel of Redis, begun when it is first needed, ended with who is told.

    Args:
        hears: Who is told; held weakly.
        connect: Makes a client whose questions take so many seconds at most.
        channel: The channel.
    """

    def __init__(self, hears: Hears, connect: Callable[[float], Any], channel: bytes) -> None:
        self._hears = weakref.ref(hears)
        self._connect = connect
        self._channel = channel
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """The child has no thread yet."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def begin(self) -> None:
        """Begins to hear, if it does not yet."""
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._ended = threading.Event()
                self._thread = threading.Thread(
                    target=_listen,
                    args=(self._hears, self._connect, self._channel, self._ended),
                    name="gatecore cache listener",
                    daemon=True,
                )
                try:
                    self._thread.start()
                except RuntimeError:  # no thread is to be had now
                    self._thread = None

    def end(self) -> None:
        """Ends it; `begin` begins another."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._ended.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(10 * _PING)


def _listen(
    hears: weakref.ref[Hears],
    connect: Callable[[float], Any],
    channel: bytes,
    ended: threading.Event,
) -> None:
    while not ended.is_set() and hears() is not None:
        try:
            _hear(hears, connect(_PING), channel, ended)
        except Exception as error:  # a lost connection has many forms; and this thread must not end
            _log.debug("the listener begins anew: %r", error)
        finally:
            if (one := hears()) is not None:
                one.subscribed(is_current=False)
            del one
        ended.wait(_PAUSE)


def _hear(hears: weakref.ref[Hears], client: Any, channel: bytes, ended: threading.Event) -> None:
    subscription = client.pubsub()
    try:
        subscription.subscribe(channel)
        last, asked = time.monotonic(), False
        while not ended.is_set():
            message = subscription.get_message(timeout=_PING / 4)
            now = time.monotonic()
            one = hears()
            if one is None:
                return
            if message is not None:
                last, asked = now, False
                if message["type"] == "subscribe":
                    one.subscribed(is_current=True)
                elif message["type"] == "message":
                    data = message["data"]
                    one.heard(data[:_NAME], data[_NAME : _NAME + 1], data[_NAME + 1 :])
            elif now - last > 2 * _PING:
                return  # no sign of life: what is invalidated now is not heard
            elif now - last > _PING and not asked:
                subscription.ping()
                asked = True
            del one
    finally:
        subscription.close()
        client.connection_pool.disconnect()
