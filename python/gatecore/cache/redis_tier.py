"""What a cache in Redis does, step by step, and not how it waits.

Each operation is a generator of steps, which `sync_redis` takes by threads and `async_redis` by
tasks, so there is one home for the rules:

```text
Ask    a script and its arguments   ──▶ Redis' reply, or None: it is down, slow, or left alone
Pause  seconds                      ──▶ None
Make                                ──▶ the computation's Outcome
```

Redis that does not answer is as a cache that has nothing. What could not be forgotten there is
remembered here, and forgotten before anything else is asked.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Set
from dataclasses import dataclass, field
from typing import Any, Final

from gatecore import forks
from gatecore.breaker import Breaker
from gatecore.cache import scripts
from gatecore.cache.codec import PLAIN, Codec, CorruptError, framed, unframed
from gatecore.cache.flights import Flight, Flights
from gatecore.cache.lifetime import Lifetime
from gatecore.cache.scripts import Script
from gatecore.cache.stats import CacheStats
from gatecore.cache.values import MISSING, is_frozen
from gatecore.errors import CacheValueError
from gatecore.loggers import logger

__all__ = ["Ask", "Found", "Make", "Outcome", "Pause", "RedisTier", "Steps", "TagHold"]
__all__ += ["names_of"]

_log = logger("cache")

#: Seconds between two looks at whether another process has made a value.
_FIRST_PAUSE: Final = 0.001
_LONGEST_PAUSE: Final = 0.02
#: For how long a key of which nothing came is made by whoever asks, side by side, in ms.
_NOTHING_CAME: Final = 1000
#: For how long others wait between the two steps of setting a value, in ms.
_SETTING: Final = 2000
#: The longest lifetime in ms, some 30 years.
_LONGEST: Final = 10**12
#: Keys and tags that are remembered to be forgotten; when there are more, everything is.
_MOST_PENDING: Final = 10_000
#: Epochs that one script deletes: Lua takes some 8,000 arguments.
_MOST_TAGS: Final = 1000


@dataclass(frozen=True)
class Ask:
    """A script to run in Redis."""

    script: Script
    keys: tuple[bytes, ...]
    arguments: tuple[bytes | str | int, ...]


@dataclass(frozen=True)
class Pause:
    """Time to wait."""

    seconds: float


class Make:
    """The computation to run."""


@dataclass(frozen=True)
class Outcome:
    """What came of a computation, or was there.

    Attributes:
        value: The value.
        stored: How it is stored, if others must not be given the same object.
        error: What the computation raised instead.
    """

    value: Any = None
    stored: bytes | None = None
    error: BaseException | None = None


@dataclass(frozen=True)
class Found:
    """An entry of Redis.

    Attributes:
        value: Its value, of nobody else.
        seconds: For how long it is good; `None` for ever.
        tags: What it was made of.
    """

    value: Any
    seconds: float | None
    tags: list[str]


Steps = Generator["Ask | Pause | Make", Any, Any]


@dataclass(eq=False)
class TagHold:
    """The tags of what is being made in this process.

    Attributes:
        is_alive: Whether none of them was invalidated by this process since.
    """

    tags: frozenset[str]
    is_alive: bool = True


@dataclass
class _Pending:
    """What Redis was not told to forget, each with a number of its own."""

    keys: dict[bytes, int] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    everything: int = 0

    def __len__(self) -> int:
        return len(self.keys) + len(self.tags) + bool(self.everything)

    def copy(self) -> _Pending:
        return _Pending(dict(self.keys), dict(self.tags), self.everything)

    def settle(self, told: _Pending) -> None:
        """Takes out what was told, but for what was put off anew since."""
        for key, number in told.keys.items():
            if self.keys.get(key) == number:
                del self.keys[key]
        for tag, number in told.tags.items():
            if self.tags.get(tag) == number:
                del self.tags[tag]
        if self.everything == told.everything:
            self.everything = 0


class RedisTier:
    """The rules of a cache in Redis.

    Attributes:
        flights: Its computations under way in this process.
        breaker: Whether Redis is left alone.
        channel: On which what is forgotten is published.
        name: Who this is, on that channel.
        is_cost_aware: Whether what is cheaper to make than to fetch is not stored.
    """

    def __init__(
        self,
        name: str,
        lifetime: Lifetime,
        *,
        lock_seconds: float,
        pause_seconds: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if not name or set("{}") & set(name):
            raise ValueError(f"name is a text without braces, not {name!r}")
        if not lock_seconds > 0:
            raise ValueError(f"lock_seconds is more than 0, not {lock_seconds}")
        self.lifetime = lifetime
        self.flights = Flights()
        self.breaker = Breaker(pause_seconds)
        self.is_cost_aware = False
        self._clock = clock
        self._lock_ms = max(1, round(lock_seconds * 1000))
        prefix = b"{gatecore:" + _encoded(name) + b"}:"
        self.epoch, self.channel = prefix + b"e", prefix + b"c"
        self._tags, self._values, self._locks = prefix + b"t:", prefix + b"v:", prefix + b"l:"
        self._hits = self._misses = self._corrupt = self._refused = self._too_cheap = 0
        self._ill = 0
        self._pending = _Pending()
        self._numbers = itertools.count(1)
        self._refusal = ""
        self._fetches: deque[float] = deque(maxlen=31)
        self._least = 0.0
        self._has_hit = False
        self.after_fork()
        forks.watch(self)

    def after_fork(self) -> None:
        """Is somebody else, with locks of his own."""
        self.name = os.urandom(16)
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self.breaker.begin()

    # What whoever talks to Redis tells.

    def answered(self) -> None:
        """Redis answered."""
        if self.breaker.is_open:
            _log.info("Redis answers again")
        self.breaker.succeeded()

    def did_not_answer(self, error: BaseException) -> None:
        """Redis is down or slow."""
        if not self.breaker.is_open:
            _log.warning("Redis does not answer; values are made without it: %r", error)
        self.breaker.failed()

    def would_not(self, error: BaseException) -> None:
        """Redis answered that it would not: it is full, loading, read-only, or forbids it."""
        with self._lock:
            self._ill += 1
            is_new, self._refusal = self._refusal != str(error), str(error)
        if is_new:
            # An unknown command is quoted with its arguments, which may be somebody's value.
            _log.warning("Redis refuses: %s", str(error).partition(", with args")[0])
        self.breaker.succeeded()

    @property
    def fetch_seconds(self) -> float:
        """The least that Redis took for one of its last 31 hits, decoding included.

        The least, because a busy process or event loop makes others seem to take longer. Of misses,
        before there is a hit; 0 before any.
        """
        return self._least

    def is_cheap(self, seconds: float) -> bool:
        """Whether what took so long to make is not worth a place in Redis; then it is counted."""
        if not 0 < seconds < self._least:
            return False
        with self._lock:
            self._too_cheap += 1
        return True

    # Operations.

    def get(self, key: bytes, codec: Codec) -> Steps:
        """The `Found` entry, or `MISSING`."""
        keys = (self._values + _checked(key).hex().encode(), self.epoch)
        begin = self._clock()
        reply = yield from self._ask(Ask(scripts.GET, keys, (self._tags,)))
        found = yield from self._entry(key, reply, codec)
        if reply is not None:
            self._fetched(self._clock() - begin, is_hit=found is not MISSING)
        self._count(found is not MISSING)
        return found

    def set(self, key: bytes, value: Any, tags: Collection[str], codec: Codec) -> Steps:
        """Keeps a value.

        In two steps, so that one which Redis gets late, after a timeout, undoes nothing that came
        after it.
        """
        names, keys = names_of(tags), self._keys(key)
        stored = framed(value, codec)
        self.flights.void(key, lambda: None)
        mine = os.urandom(16).hex()
        arguments = (self._tags, mine, _SETTING, os.urandom(16).hex(), self._tags_ms())
        message = self.name + b"d" + key
        begin = Ask(
            scripts.REPLACE, keys, (*arguments, self.channel, message, *map(_encoded, names))
        )
        guard = yield from self._tell(begin, keys=[key])
        if guard is not None:
            end = Ask(scripts.STORE, keys, (self._tags, mine, stored, self._drawn(), *guard))
            yield from self._tell(end, keys=[key])

    def make(
        self,
        key: bytes,
        tags: Collection[str],
        keep: Callable[[Any], bool] | None,
        flight: Flight,
        codec: Codec,
        *,
        waits: bool = True,
    ) -> Steps:
        """The `Outcome` of the computation of this process, or another one's value."""
        keys, names = self._keys(key), names_of(tags)
        mine, pause, waited = os.urandom(16).hex(), _FIRST_PAUSE, 0.0
        guard: list[bytes] | None = None
        mark, is_damaged = b"", False
        while not flight.is_void:
            fresh = os.urandom(16).hex()
            ask = Ask(
                scripts.BEGIN,
                keys,
                (self._tags, mine, self._lock_ms, fresh, self._tags_ms(), *map(_encoded, names)),
            )
            reply = yield from self._ask(ask)
            if reply is None:
                break
            if reply[0] == 1:
                found = yield from self._entry(key, reply, codec)
                if found is MISSING:
                    if is_damaged:
                        break  # and Redis does not let go of it
                    is_damaged = True
                    continue
                # Who joined since may have asked after it was forgotten: let them look themselves.
                flight.is_outdated = True
                return Outcome(found.value)
            if reply[0] == 3:
                self._corrupt += reply[2]
                if not waits or waited >= 2 * self._lock_ms / 1000:
                    break
                yield Pause(pause)
                waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)
                continue
            self._corrupt += reply[1]
            mark, guard = reply[2], reply[3:]
            break
        return (yield from self._make(keys, mark, guard, keep, flight, codec))

    def _make(
        self,
        keys: tuple[bytes, ...],
        mark: bytes,
        guard: list[bytes] | None,
        keep: Callable[[Any], bool] | None,
        flight: Flight,
        codec: Codec,
    ) -> Steps:
        self.flights.count()
        begin = self._clock()
        try:
            outcome: Outcome = yield Make()
            seconds = self._clock() - begin
            is_shared = is_frozen(outcome.value) and codec is not PLAIN
            if outcome.error is None and not is_shared:
                outcome = Outcome(outcome.value, framed(outcome.value, codec))
            ask = self._storage(keys, mark, guard, keep, flight, codec, outcome, seconds)
        except GeneratorExit:
            raise
        except BaseException:
            yield from self._release(keys, mark, guard)
            raise
        reply = None
        if ask is not None:
            reply = yield from self._ask(ask)
        if reply is None:
            reply = yield from self._release(keys, mark, guard)
        if reply == 0:
            # It is outdated: right for who asked before, not for who asked since.
            flight.is_outdated = True
            if ask is not None:
                self._refuse()
        return outcome

    def _storage(
        self,
        keys: tuple[bytes, ...],
        mark: bytes,
        guard: list[bytes] | None,
        keep: Callable[[Any], bool] | None,
        flight: Flight,
        codec: Codec,
        outcome: Outcome,
        seconds: float,
    ) -> Ask | None:
        """How to store what was made, if it is to be stored."""
        if outcome.error is not None:
            return None
        if keep is not None and not keep(outcome.value):
            self._refuse()
            return None
        if not flight.is_current:
            self._refuse()
            return None
        if self.is_cost_aware and self.is_cheap(seconds):
            return None
        if guard is None:
            return None
        stored = framed(outcome.value, codec) if outcome.stored is None else outcome.stored
        return Ask(scripts.STORE, keys, (self._tags, mark, stored, self._drawn(), *guard))

    def _release(self, keys: tuple[bytes, ...], mark: bytes, guard: list[bytes] | None) -> Steps:
        """Lets others make it, of which nothing came here; 0 if it is outdated as well."""
        if guard is None:
            return None
        arguments: tuple[bytes | str | int, ...] = (self._tags, mark, _NOTHING_CAME, *guard)
        return (yield from self._ask(Ask(scripts.RELEASE, keys[1:], arguments)))

    def delete(self, key: bytes) -> Steps:
        """Forgets an entry; whether there was one, as far as Redis answers."""
        self.flights.void(_checked(key), lambda: None)
        return bool((yield from self._tell(self._deletion(key), keys=[key])))

    def invalidate(self, tags: Collection[str]) -> Steps:
        """Forgets what carries one of the tags."""
        names = names_of(tags)
        self._outdate(frozenset(names))
        for ask, part in self._invalidations(names):
            yield from self._tell(ask, tags=part)
        return 0

    def clear(self) -> Steps:
        """Forgets everything."""
        self._outdate(None)
        with self._lock:
            told = self._pending.copy()
        if (yield from self._tell(self._clearing(), everything=True, first=True)) is not None:
            with self._lock:
                self._pending.settle(told)

    def hold(self, tags: Collection[str]) -> TagHold:
        """What a value of these tags depends on, from now on."""
        return TagHold(frozenset(names_of(tags)))

    def given(self, outcome: Outcome, codec: Codec) -> Any:
        """The value for one who waited while another one made it."""
        if outcome.stored is None or is_frozen(outcome.value):
            return outcome.value
        try:
            return unframed(outcome.stored, codec)
        except CorruptError as error:
            raise CacheValueError(
                f"the codec {codec.name!r} does not read what it wrote of a "
                f"{type(outcome.value).__name__}"
            ) from error

    def stats(self) -> CacheStats:
        """Everything counted."""
        return CacheStats(
            hits=self._hits,
            misses=self._misses,
            refused=self._refused,
            computations=self.flights.computations,
            waits=self.flights.waits,
            failures=self.breaker.failures + self._ill,
            bypassed=self.breaker.bypassed,
            corrupt=self._corrupt,
            too_cheap=self._too_cheap,
            pending=len(self._pending),
            is_open=self.breaker.is_open,
        )

    # Parts of operations.

    def _entry(self, key: bytes, reply: list[Any] | None, codec: Codec) -> Steps:
        if reply is None or reply[0] == 0:
            return MISSING
        if reply[0] == 1:
            try:
                value = unframed(reply[1], codec)
            except CorruptError:
                yield self._deletion(key)
            else:
                seconds = reply[2] / 1000 if reply[2] >= 0 else None
                return Found(value, seconds, [_decoded(tag) for tag in reply[3:]])
        with self._lock:
            self._corrupt += 1
        return MISSING

    def _ask(self, ask: Ask) -> Steps:
        """Redis' reply, once it has forgotten what it was to forget."""
        if len(self._pending) and not (yield from self._tell_pending()):
            return None
        return (yield ask)

    def _tell(self, ask: Ask, *, first: bool = False, **what: Any) -> Steps:
        """Has Redis forget something; what it is not told is put off."""
        try:
            reply = (yield ask) if first else (yield from self._ask(ask))
        except BaseException:  # interrupted or cancelled: nobody knows what it was told
            self._put_off(**what)
            raise
        if reply is None:
            self._put_off(**what)
        return reply

    def _tell_pending(self) -> Steps:
        """Whether Redis was told everything; one asker tells, the others go on without Redis."""
        if not self._telling.acquire(blocking=False):
            return False
        try:
            with self._lock:
                pending = self._pending.copy()
            told: list[tuple[Ask, _Pending]] = []
            if pending.everything:
                told.append((self._clearing(), _Pending(everything=pending.everything)))
            for ask, part in self._invalidations([*pending.tags]):
                told.append((ask, _Pending(tags={tag: pending.tags[tag] for tag in part})))
            for key, number in pending.keys.items():
                told.append((self._deletion(key), _Pending(keys={key: number})))
            for ask, part_of_pending in told:
                if (yield ask) is None:
                    return False
                with self._lock:
                    self._pending.settle(part_of_pending)
            return True
        finally:
            self._telling.release()

    def _put_off(
        self, keys: Collection[bytes] = (), tags: Collection[str] = (), *, everything: bool = False
    ) -> None:
        with self._lock:
            pending, number = self._pending, next(self._numbers)
            pending.keys.update(dict.fromkeys(keys, number))
            pending.tags.update(dict.fromkeys(tags, number))
            if everything or len(pending) > _MOST_PENDING:
                self._pending = _Pending(everything=number)

    def _outdate(self, tags: Set[str] | None) -> None:
        for flight in self.flights.under_way():
            hold = flight.hold
            if isinstance(hold, TagHold) and (tags is None or tags & hold.tags):
                hold.is_alive = False

    def _deletion(self, key: bytes) -> Ask:
        arguments = (self._lock_ms, self.channel, self.name + b"d" + key)
        return Ask(scripts.DELETE, self._keys(key)[:2], arguments)

    def _clearing(self) -> Ask:
        return Ask(scripts.CLEAR, (self.epoch,), (self.channel, self.name + b"a"))

    def _invalidations(self, names: list[str]) -> list[tuple[Ask, list[str]]]:
        asks = []
        for start in range(0, len(names), _MOST_TAGS):
            part = names[start : start + _MOST_TAGS]
            encoded = [_encoded(name) for name in part]
            message = self.name + b"t" + b"\0".join(encoded)
            if any(b"\0" in name for name in encoded):
                message = self.name + b"a"
            keys = tuple(self._tags + name for name in encoded)
            asks.append((Ask(scripts.INVALIDATE, keys, (self.channel, message)), part))
        return asks

    def _keys(self, key: bytes) -> tuple[bytes, bytes, bytes]:
        name = _checked(key).hex().encode()
        return self._values + name, self._locks + name, self.epoch

    def _drawn(self) -> int:
        seconds = self.lifetime.draw()
        return 0 if seconds is None else min(max(1, round(seconds * 1000)), _LONGEST)

    def _tags_ms(self) -> int:
        """How long epochs of tags are kept at least: longer than what is made of them."""
        seconds = self.lifetime.seconds
        if seconds is None:
            return 0
        return min(round(seconds * 1000), _LONGEST) + 2 * self._lock_ms + 60_000

    def _fetched(self, seconds: float, *, is_hit: bool) -> None:
        with self._lock:
            if is_hit and not self._has_hit:
                self._fetches.clear()
                self._has_hit = True
            if is_hit == self._has_hit:
                self._fetches.append(seconds)
            self._least = min(self._fetches)

    def _count(self, is_hit: bool) -> None:
        with self._lock:
            self._hits += is_hit
            self._misses += not is_hit

    def _refuse(self) -> None:
        with self._lock:
            self._refused += 1


def _checked(key: bytes) -> bytes:
    if not isinstance(key, bytes):
        raise TypeError(f"a key is bytes, as gatecore.cache.key makes, not {type(key).__name__}")
    return key


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")


def names_of(tags: Collection[str]) -> list[str]:
    """Each tag once."""
    if isinstance(tags, str):
        raise TypeError(f"tags are several names, not a str: [{tags!r}]")
    return list(dict.fromkeys(tags))
