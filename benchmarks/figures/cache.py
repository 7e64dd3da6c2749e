"""What a cache gives and what it costs, beside plain Python that does the same.

    [LOKI_HOME=/path/to/loki] python -m benchmarks.figures.cache [--quick] [--json]

Hit rate: Zipf's law with exponent 1.0 over 20,000 documents and room for 2,000, the trace on which
W-TinyLFU was published. Beside it, on the same requests, an LRU and what nobody can do better who
does not know what comes: the 2,000 most frequent documents, known beforehand and always there.
"cold" counts from the first request on, "warm" what comes after the first tenth.

A hit: the key of a document of 4,000 characters and the value that is kept under it. Beside it the
obvious cache in Python (SHA-256, a lock, an ordered dict with times), the host's own if it is
there, and a whole validation of 10,000 characters, which is what a hit saves. All in turn, round by
round; a text is either a new object each time, as a request brings it, or the same one.

One cold key: how often a value is made that 100 threads ask for at once.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import random
import statistics
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import gatecore
from benchmarks.figures.gates import document
from benchmarks.inputs import corpus, real_host
from gatecore.cache import MemoryCache, key

__all__ = [
    "GOALS",
    "ColdKey",
    "Hit",
    "HitRate",
    "PlainCache",
    "hit_rate",
    "hit_seconds",
    "main",
    "one_cold_key",
]

DOCUMENTS: Final = 20_000
ROOM: Final = 2_000
REQUESTS: Final = 1_000_000
#: Characters of a document whose answer is kept, and of one that is judged.
CHARACTERS: Final = 4_000
JUDGED_CHARACTERS: Final = 10_000
MODULE: Final = "fca_uk"
#: The share of characters that are not ASCII, where there are some.
ODD_SHARE: Final = 0.02
ODD: Final = "£–’“”•é"
#: Hit rate, seconds of a hit, how many hits a validation is worth, computations.
GOALS: Final = {"rate": 0.74, "seconds": 2e-6, "ratio": 50.0, "computations": 1}


class PlainCache:
    """What one writes in an afternoon: least recently used, a time for each entry, one lock.

    >>> cache = PlainCache(2)
    >>> cache.set("a", 1), cache.set("b", 2), cache.get("a"), cache.set("c", 3), cache.get("b")
    (None, None, 1, None, None)
    """

    def __init__(self, room: int, seconds: float = 3600.0) -> None:
        self._room, self._seconds = room, seconds
        self._entries: OrderedDict[Any, tuple[Any, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, at: Any) -> Any | None:
        """The value, or None."""
        with self._lock:
            entry = self._entries.get(at)
            if entry is None:
                return None
            if time.monotonic() > entry[1]:
                del self._entries[at]
                return None
            self._entries.move_to_end(at)
            return entry[0]

    def set(self, at: Any, value: Any) -> None:
        """Keeps a value; the one that was not asked for the longest goes."""
        with self._lock:
            self._entries[at] = value, time.monotonic() + self._seconds
            self._entries.move_to_end(at)
            if len(self._entries) > self._room:
                self._entries.popitem(last=False)


# --- hit rate --------------------------------------------------------------------------------


@dataclass(frozen=True)
class HitRate:
    """The share of requests that were answered from the cache, from 0 to 1.

    Attributes:
        name: What kept the answers.
        cold: Of all requests.
        warm: Of those after the first tenth.
    """

    name: str
    cold: float
    warm: float


def trace(requests: int, *, seed: int = 1, exponent: float = 1.0) -> list[int]:
    """Numbers of documents by Zipf's law, from the most frequent one, 0, on."""
    weights = itertools.accumulate(1 / (rank + 1) ** exponent for rank in range(DOCUMENTS))
    return random.Random(seed).choices(range(DOCUMENTS), cum_weights=list(weights), k=requests)


def hit_rate(requests: int = REQUESTS, *, seed: int = 1) -> list[HitRate]:
    """The rates of `MemoryCache`, of an LRU and of the best fixed choice, on one trace.

    `MemoryCache` is asked in both ways, as each tells it in its own way how often a key is wanted.
    """
    asked = trace(requests, seed=seed)
    names = [number.to_bytes(4, "little") for number in range(DOCUMENTS)]
    rates = []
    for name, cache, ask in (
        ("MemoryCache.get_or_compute", _small(), _by_computing),
        ("MemoryCache.get and set", _small(), _by_setting),
        ("LRU", PlainCache(ROOM), _by_setting),
    ):
        rates.append(_rate(name, [ask(cache, names[number], number) for number in asked]))
        if isinstance(cache, MemoryCache):
            stats = cache.stats()
            assert stats.entries <= ROOM
            assert stats.hits / requests == rates[-1].cold
    return [*rates, _rate("best fixed choice", [number < ROOM for number in asked])]


def _small() -> MemoryCache:
    return MemoryCache(max_bytes=ROOM, weigh=lambda _: 1)


def _by_setting(cache: Any, at: bytes, number: int) -> bool:
    value = cache.get(at)
    assert value is None or value == number
    if value is None:
        cache.set(at, number)
    return value is not None


def _by_computing(cache: Any, at: bytes, number: int) -> bool:
    made: list[int] = []

    def compute() -> int:
        made.append(number)
        return number

    assert cache.get_or_compute(at, compute) == number
    return not made


def _rate(name: str, served: Sequence[bool]) -> HitRate:
    warm = served[len(served) // 10 :]
    return HitRate(name, sum(served) / len(served), sum(warm) / len(warm))


# --- a hit -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hit:
    """What one answer takes.

    Attributes:
        name: What gives it.
        text: What it is asked about.
        seconds: The median of the rounds.
        worth: How many of them one validation takes, in the same round; the median.
    """

    name: str
    text: str
    seconds: float
    worth: float


def texts() -> dict[str, str]:
    """A document in ASCII, and one with a few other characters in it."""
    plain = corpus.document(CHARACTERS, kind="ascii", seed=4)
    chosen = random.Random(4)
    odd = list(plain)
    for place in chosen.sample(range(len(odd)), int(ODD_SHARE * len(odd))):
        odd[place] = chosen.choice(ODD)
    return {"ASCII": plain, f"{ODD_SHARE:.0%} not ASCII": "".join(odd)}


def hit_seconds(*, rounds: int = 30, repeats: int = 300) -> list[Hit]:
    """The times of a hit, in turn with those of a whole validation."""
    store = gatecore.PatternStore.default()
    engine = gatecore.ComplianceEngine(store=store)
    cached = gatecore.ComplianceEngine(store=store, cache=MemoryCache())
    ours, plain = MemoryCache(), PlainCache(ROOM)
    namespace = key(b"", "gates", "options")
    asks: dict[str, Callable[[str], object]] = {
        "key and MemoryCache.get": lambda text: ours.get(key(namespace, text, "contract")),
        "key alone": lambda text: key(namespace, text, "contract"),
        "SHA-256 and PlainCache.get": lambda text: plain.get(_by_sha(text)),
        "ComplianceEngine with a MemoryCache": lambda text: cached.validate_document(
            text, document_type="contract", modules=[MODULE]
        ),
    }
    named = texts()
    for text in named.values():
        ours.set(key(namespace, text, "contract"), b"LOW")
        plain.set(_by_sha(text), b"LOW")
    if "LOKI_HOME" in os.environ:
        host = _host_cache()
        for text in named.values():
            host.set(text, "contract", [MODULE], {"overall_risk": "LOW"})
        asks["the host's ValidationCache.get"] = lambda text: host.get(text, "contract", [MODULE])
    for name, ask in asks.items():
        for text in named.values():
            ask(text)
            assert ask(corpus.fresh(text)) is not None, name
    took: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for turn in range(rounds + 1):
        whole = _validation_seconds(engine, turn)
        for kind, text in named.items():
            for name, ask in asks.items():
                for is_new in (True, False):
                    seconds = _call_seconds(ask, text, repeats, is_new=is_new)
                    if turn:  # the first round finds everything cold
                        which = f"{kind}, {'new' if is_new else 'the same'}"
                        took.setdefault((name, which), []).append((seconds, whole / seconds))
    found = []
    for (name, text), pairs in took.items():
        seconds, worth = (statistics.median(column) for column in zip(*pairs, strict=True))
        found.append(Hit(name, text, seconds, worth))
    return found


def _call_seconds(ask: Callable[[str], object], text: str, repeats: int, *, is_new: bool) -> float:
    """The median of single calls, less what it takes to look at the clock twice.

    One text at a time, as a server has it: hundreds of new ones at once would be measured with the
    memory that their UTF-8 takes.
    """
    taken, clocks, clock = [], [], time.perf_counter
    for _ in range(repeats):
        one = corpus.fresh(text) if is_new else text
        begin = clock()
        ask(one)
        end = clock()
        clocks.append(clock() - end)
        taken.append(end - begin)
    return statistics.median(taken) - statistics.median(clocks)


def _by_sha(text: str) -> str:
    return hashlib.sha256(f"{text}|contract|{MODULE}".encode()).hexdigest()


def _validation_seconds(engine: gatecore.ComplianceEngine, turn: int, count: int = 5) -> float:
    took = []
    for number in range(count):
        text = document(JUDGED_CHARACTERS, "typical", seed=turn * count + number)
        begin = time.perf_counter()
        engine.validate_document(text, document_type="contract", modules=[MODULE])
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def _host_cache() -> Any:
    sys.path.insert(0, str(real_host.home() / "backend"))
    from core.cache import ValidationCache  # type: ignore[import-not-found, unused-ignore]

    return ValidationCache()


# --- one cold key ----------------------------------------------------------------------------


@dataclass(frozen=True)
class ColdKey:
    """How often a value was made that all threads asked for at once."""

    name: str
    threads: int
    computations: int


def one_cold_key(threads: int = 100) -> list[ColdKey]:
    """By `MemoryCache`, and by a cache that knows nothing of who else asks."""
    ours, plain = MemoryCache(), PlainCache(ROOM)

    def ask_plain(compute: Callable[[], bytes]) -> bytes:
        value = plain.get(b"cold")
        if value is None:
            value = compute()
            plain.set(b"cold", value)
        return bytes(value)

    asks: dict[str, Callable[[Callable[[], bytes]], bytes]] = {
        "MemoryCache": lambda compute: ours.get_or_compute(b"cold", compute),
        "PlainCache": ask_plain,
    }
    return [ColdKey(name, threads, _computations(ask, threads)) for name, ask in asks.items()]


def _computations(ask: Callable[[Callable[[], bytes]], bytes], count: int) -> int:
    begin, made, given = threading.Barrier(count), list[int](), list[bytes]()

    def compute() -> bytes:
        made.append(1)
        time.sleep(0.1)
        return b"made"

    def work() -> None:
        begin.wait()
        given.append(ask(compute))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == [b"made"] * count
    return len(made)


# --- command line ----------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures.cache")
    parser.add_argument("--quick", action="store_true", help="a fifth of the requests and rounds")
    parser.add_argument("--seed", type=int, default=1, help="of the trace")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    load = os.getloadavg()
    rates = hit_rate(REQUESTS // 5 if options.quick else REQUESTS, seed=options.seed)
    hits = hit_seconds(rounds=6 if options.quick else 30)
    colds = one_cold_key()
    if options.json:
        tables: dict[str, list[Any]] = {"hit rate": rates, "hit": hits, "one cold key": colds}
        found = {name: [asdict(row) for row in table] for name, table in tables.items()}
        print(json.dumps({"load average": load, **found}))
        return 0
    print(f"{os.cpu_count()} cores, load {'/'.join(f'{part:.1f}' for part in load)}")
    print(f"\n{'hit rate':40}{'cold':>9}{'warm':>9}   goal {GOALS['rate']:.0%}")
    for rate in rates:
        print(f"{rate.name:40}{rate.cold:9.2%}{rate.warm:9.2%}")
    print(f"\n{'a hit':40}{'text':25}{'µs':>9}{'of a validation':>18}   goal 2 µs, 1/50")
    for hit in hits:
        print(f"{hit.name:40}{hit.text:25}{hit.seconds * 1e6:9.2f}{f'1/{hit.worth:,.0f}':>18}")
    print(f"\n{'one cold key':40}{'threads':>9}{'computations':>14}   goal 1")
    for cold in colds:
        print(f"{cold.name:40}{cold.threads:9}{cold.computations:14}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
