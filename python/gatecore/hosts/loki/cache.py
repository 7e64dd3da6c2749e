"""What stands behind the methods of a host's cache of reports, without that cache's faults.

    cache.get(text, document_type, active_modules)           a fresh copy, or None
    cache.set(text, document_type, active_modules, result)   a copy of what is whole

The host's object stays the one it was, wherever the host holds it: `hits`, `misses`, `max_size`
and `ttl_seconds` are its attributes, read and written there. Its methods lead here.

What the old one did and this one does not: `text|type|modules` collided for texts with a `|`, for
no modules and all modules, for 5 and "5"; what was stored was handed out itself, so that whoever
changed it changed it for all; threads met in it (`KeyError`); errors were kept as reports of risk
LOW; a clock that was set back made entries live longer.

The store is not `gatecore.cache.MemoryCache`: the host says how many reports there may be, forgets
exactly the one that was used least recently, and may change both limits between any two calls,
where that one counts bytes alone, chooses by frequency, and times a value when it is kept.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any, Final

from gatecore import forks
from gatecore.cache.keys import key
from gatecore.hosts.cache_counts import CacheCounts
from gatecore.hosts.loki.snapshot import Snapshot, is_whole

__all__ = ["MOST_BYTES", "LruStore", "ReportCache", "request_key"]

#: Most bytes of reports that are kept: 7,000 of a real host's, whose own limit is 500 of any size.
MOST_BYTES: Final = 256 << 20

_NAMESPACE: Final = b"gatecore.hosts.loki 1"


def request_key(text: Any, document_type: Any, active_modules: Any) -> bytes:
    """The key of a request; the order of a list of modules makes no difference.

    Raises:
        TypeError: The modules are not names, as in the host's cache.
        UnicodeEncodeError: A text has lone surrogates, as in the host's cache.
    """
    names = sorted(active_modules or [])
    ",".join(names)  # raises what the host's cache raised for what is no list of names
    if isinstance(active_modules, list | tuple | set):
        kind = "list"
    else:
        kind, names = type(active_modules).__name__, [f"{active_modules}"]
    parts = (_kind(text), f"{text}", _kind(document_type), f"{document_type}", kind, *names)
    for part in parts:
        part.encode()
    return key(_NAMESPACE, *parts)


def _kind(value: Any) -> str:
    return "str" if isinstance(value, str) else type(value).__name__


class LruStore:
    """Values by key, with their time; what was used least recently goes first.

    `get`, `set` and `clear` are called as `gatecore.protocols.Cache` has them. The caller holds a
    lock.

    Attributes:
        size: Bytes of all values.

    >>> store = LruStore()
    >>> store.set(b"key", (0.0, Snapshot("a report")))
    >>> store.get(b"key")[1].copy(), len(store), store.shrink(0, 0), len(store)
    ('a report', 1, 1, 0)
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[float, Snapshot]] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes) -> tuple[float, Snapshot] | None:
        """The value, which is the most recently used one now."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def set(
        self,
        key: bytes,
        value: tuple[float, Snapshot],
        *,
        tags: Collection[str] = (),
        cost: float = 0.0,
    ) -> None:
        """Keeps a value; one that replaces another keeps that one's place."""
        old = self._kept.get(key)
        self.size += value[1].size - (0 if old is None else old[1].size)
        self._kept[key] = value

    def remove(self, key: bytes) -> None:
        """Forgets a value."""
        found = self._kept.pop(key, None)
        if found is not None:
            self.size -= found[1].size

    def shrink(self, most: float, most_bytes: int) -> int:
        """Forgets what is too much; how many."""
        gone = 0
        while self._kept and (len(self._kept) > most or self.size > most_bytes):
            _, value = self._kept.popitem(last=False)
            self.size -= value[1].size
            gone += 1
        return gone

    def remove_if(self, is_old: Callable[[float], bool]) -> int:
        """Forgets what is old; how many."""
        old = [key for key, (when, _) in self._kept.items() if is_old(when)]
        for each in old:
            self.remove(each)
        return len(old)

    def clear(self) -> None:
        """Forgets everything."""
        self._kept.clear()
        self.size = 0


class ReportCache:
    """The methods of a host's cache; threads may share it.

    Args:
        host: The host's own object.
        clock: Seconds, as `time.time` has them.
        most_bytes: Most bytes of reports that are kept.

    Attributes:
        on_hit: Is told of each answer: text, type, modules, report. `None` if nobody is.

    >>> from types import SimpleNamespace
    >>> host = SimpleNamespace(hits=0, misses=0, max_size=500, ttl_seconds=1800)
    >>> cache = ReportCache(host)
    >>> cache.set("A letter.", "letter", ["fca_uk"], {"modules": {}})
    >>> cache.get("A letter.", "letter", ["fca_uk"]), cache.get("Another.", "letter", ["fca_uk"])
    ({'modules': {}}, None)
    >>> host.hits, host.misses
    (1, 1)
    """

    def __init__(
        self,
        host: Any,
        *,
        clock: Callable[[], float] | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._host = host
        self._clock = clock
        self._most_bytes = most_bytes
        self._store = LruStore()
        self._left_out = 0
        self._evicted = 0
        self.on_hit: Callable[[Any, Any, Any, Any], None] | None = None
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """Has a lock that nobody holds: who held it at a fork is not in the child."""
        self._lock = threading.Lock()

    # The host's methods.

    def get(self, text: Any, document_type: Any, active_modules: Any) -> Any:
        """The report, nobody else's, or `None`."""
        asked = request_key(text, document_type, active_modules)
        now = self._now()
        with self._lock:
            found = self._store.get(asked)
            if found is not None and self._is_old(found[0], now):
                self._store.remove(asked)
                found = None
            if found is None:
                self._host.misses += 1
                return None
            self._host.hits += 1
        report = found[1].copy()
        if self.on_hit is not None:
            self.on_hit(text, document_type, active_modules, report)
        return report

    def set(self, text: Any, document_type: Any, active_modules: Any, result: Any) -> None:
        """Keeps a copy of a report, unless it is an error or incomplete."""
        asked = request_key(text, document_type, active_modules)
        snapshot = None
        if is_whole(result):
            try:
                snapshot = Snapshot(result)
            except Exception:  # it cannot be copied, so it cannot be kept
                snapshot = None
        now = self._now()
        with self._lock:
            if snapshot is None or snapshot.size > self._most_bytes:
                self._left_out += 1
                return
            self._store.set(asked, (now, snapshot))
            self._evicted += self._store.shrink(self._host.max_size, self._most_bytes)

    def clear(self) -> None:
        """Forgets everything, and what the host's own methods kept before they led here."""
        with self._lock:
            self._store.clear()
            type(self._host).clear(self._host)
            self._host.hits = 0
            self._host.misses = 0

    def get_stats(self) -> dict[str, Any]:
        """The host's keys."""
        with self._lock:
            hits, misses = self._host.hits, self._host.misses
            return {
                "size": len(self._store),
                "max_size": self._host.max_size,
                "hits": hits,
                "misses": misses,
                "hit_rate": round(hits / (hits + misses) * 100 if hits + misses > 0 else 0, 2),
                "ttl_seconds": self._host.ttl_seconds,
            }

    def cleanup_expired(self) -> int:
        """Forgets what is too old; how many."""
        now = self._now()
        with self._lock:
            return self._store.remove_if(lambda when: self._is_old(when, now))

    # What it came to.

    def counts(self) -> CacheCounts:
        """For `Acceleration.stats`."""
        with self._lock:
            return CacheCounts(
                size=len(self._store),
                bytes=self._store.size,
                hits=self._host.hits,
                misses=self._host.misses,
                left_out=self._left_out,
                evicted=self._evicted,
            )

    def _now(self) -> float:
        return time.time() if self._clock is None else self._clock()

    def _is_old(self, when: float, now: float) -> bool:
        """Whether it is older than allowed, or younger than now: the clock was set back."""
        return not 0 <= now - when <= self._host.ttl_seconds
