"""A cache beside a dict: `python -m tests.differential.cache_model --operations 1000000 --seed 1`.

Random operations go to a cache and to a model of it, under a clock that both share. The model knows
which value each key has, from when on it is stale and from when on it is over, and what it is
tagged with. Whatever the cache gives must be the model's value at that time: never one that was
replaced, invalidated or is over, never another key's. A cache may forget what it has no room for,
so where room is tight the model accepts a miss and forgets the entry as well; where there is room
for all, a miss is a difference. The cache's own counters are held to the model's.

Then threads ask one cache while others invalidate (`cache_threads`).

A run is decided by its seed. On a difference the operations are cut to the fewest that still show
it, as long as a minute allows, and printed; the exit status is 1. It is 1 as well if a run did not
come to what it is there for: hits, stale values, evictions.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

from gatecore.cache import key
from tests.differential.cache_kinds import (
    AMPLE,
    KINDS,
    Counts,
    Kind,
    Operation,
    Options,
    Outcome,
    kind_of,
)
from tests.differential.cache_threads import check_threads
from tests.unit.cache.caches import Clock

__all__ = ["check", "main", "operations", "run", "shortest"]

KEYS: Final = 300
MODULES: Final = 12
MINIMISE_SECONDS: Final = 60.0


# --- operations ------------------------------------------------------------------------------


def _tags(chance: random.Random, number: int) -> tuple[str, ...]:
    tags = [f"document:{number}", f"module:{number % MODULES}"]
    if chance.random() < 0.2:
        tags.append(f"module:{chance.randrange(MODULES)}")
    return tuple(tags[: chance.choice((0, 1, 2, 3, 3, 3))])


def _made_options(chance: random.Random, kind: Kind) -> Options:
    seconds = chance.choice((None, 8.0, 60.0)) if kind.has_clock else None
    return Options(
        max_bytes=chance.choice((AMPLE, 20_000, 100_000) if kind.is_bounded else (AMPLE,)),
        seconds=seconds,
        jitter=chance.choice((0.0, 0.0, 0.5)),
        stale_seconds=chance.choice((0.0, 5.0, 20.0)),
    )


#: How often each operation is drawn.
_WEIGHTS: Final = {
    "get": 400,
    "compute": 300,
    "set": 160,
    "move": 20,
    "delete": 30,
    "invalidate": 30,
    "sweep": 8,
    "clear": 1,
    "reload": 1,
}
#: What happens while a value is made; most often nothing.
_MEANWHILE: Final = ("refused", "raises", "invalidate", "delete", "clear", "set", "move")
_MEANWHILE_WEIGHTS: Final = (4, 4, 4, 4, 1, 4, 4)
_ALONE: Final = ("", "refused", "raises", "move")


def operations(seed: int, count: int, kind: Kind) -> Iterator[Operation]:
    """The operations of a seed: the same each time.

    The first one makes the cache; `reload` makes another one and puts in again what there was.
    """
    chance = random.Random(f"cache model {seed}")
    yield "reload", *vars(_made_options(chance, kind)).values()
    for _ in range(count):
        (name,) = chance.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))
        number = int(KEYS * chance.random() ** 3)  # some keys much more often than others
        if name in ("get", "delete"):
            yield name, number
        elif name in ("set", "compute"):
            size = 30_000 if chance.random() < 0.002 else int(2_000 * chance.random() ** 2)
            if name == "set":
                yield name, number, size, _tags(chance, number)
            else:
                meanwhile = ""
                if chance.random() < 0.15:
                    (meanwhile,) = chance.choices(_MEANWHILE, _MEANWHILE_WEIGHTS)
                if kind.inside is None and meanwhile not in _ALONE:
                    meanwhile = ""
                yield name, number, size, _tags(chance, number), meanwhile
        elif name == "invalidate":
            tags = (f"module:{number % MODULES}", f"document:{number}", "nothing")
            yield name, tuple(chance.sample(tags, chance.choice((0, 1, 1, 1, 2, 3))))
        elif name == "move":
            yield name, chance.choice((0.25, 0.25, 1.0, 4.0, 8.0))
        elif name == "reload":
            yield name, *vars(_made_options(chance, kind)).values()
        else:
            yield (name,)


# --- the model -------------------------------------------------------------------------------


class _FailsError(Exception):
    """What a computation raises."""


class _DifferenceError(AssertionError):
    """What the cache did and the model does not."""


@dataclass
class _Kept:
    """What the model knows of an entry; times are bounds where a lifetime is drawn at random.

    Attributes:
        value: What the cache must give.
        tags: What it is invalidated by.
        fresh: Until when it is certainly and until when it is possibly fresh.
        stale: Likewise, until when it may be given as a stale one.
        is_certain: Whether the cache must have it: there is room, and nothing took it out.
    """

    value: str
    tags: frozenset[str]
    fresh: list[float]
    stale: list[float]
    is_certain: bool


@dataclass
class _Run:
    """One cache beside its model.

    Operations raise `_DifferenceError` where they differ.
    """

    kind: Kind
    clock: Clock = field(default_factory=Clock)
    kept: dict[int, _Kept] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counter)
    own: Counts = field(default_factory=Counter)
    """What the present cache should have counted."""
    serial: int = 0
    options: Options = field(default_factory=Options)
    cache: Any = None

    def do(self, operation: Operation) -> None:
        """One operation on both."""
        name, *arguments = operation
        self.counts[name] += 1
        getattr(self, f"_{name}")(*arguments)

    def end(self) -> None:
        """Looks at the counters and gives the cache back."""
        if self.cache is None:
            return
        self.kind.wait(self.cache)
        self._compare_counters()
        getattr(self.cache, "end", self.cache.close)()
        self.cache = None

    # Each of these is one operation.

    def _get(self, number: int) -> None:
        got, kept, now = self.cache.get(_KEYS[number]), self.kept.get(number), self.clock.now
        if got is not None:
            self._hold(number, got, now)
            self._count("hits")
            return
        self._count("misses")
        self._missed(number, kept, now)

    def _compute(self, number: int, size: int, tags: tuple[str, ...], meanwhile: str) -> None:
        made = self._value(number, size)
        calls: list[str] = []
        errors: list[Exception] = []

        def compute() -> str:
            calls.append(meanwhile)
            try:
                self._happens(meanwhile, number, size, tags)
            except Exception as error:  # in the background, nobody would hear of it
                errors.append(error)
            if meanwhile == "raises":
                raise _FailsError
            return made

        kept, now = self.kept.get(number), self.clock.now
        try:
            got = self.cache.get_or_compute(
                _KEYS[number], compute, tags=tags, keep=lambda _: meanwhile != "refused"
            )
        except _FailsError:
            got = made
        if self.options.stale_seconds and kept is not None and now >= kept.fresh[0]:
            self.kind.wait(self.cache)
        if errors:
            raise errors[0]
        _equal(len(calls) <= 1, f"a value was made {len(calls)} times")
        if not calls:
            self._hold(number, got, now)
            self._count("hits")
            return
        self._count("misses")
        self._count("computations")
        if got != made:  # a stale value, and the new one was made in the background
            _equal(kept is not None and got == kept.value, f"{_short(got)} was given for {number}")
            assert kept is not None
            _equal(
                kept.fresh[0] <= now < kept.stale[1] and self.options.stale_seconds > 0,
                f"{_short(got)} was given as a stale value at {now}: {kept}",
            )
            self._count("stale")
            kept.fresh[1] = min(kept.fresh[1], now)
        elif kept is not None:
            is_due = kept.is_certain and self.options.stale_seconds > 0 and now < kept.stale[0]
            _equal(not is_due, f"a stale value was not given at {now}: {kept}")
            self._missed(number, kept, now)
        gone = meanwhile in ("delete", "clear", "set") or (meanwhile == "invalidate" and tags)
        if not gone and meanwhile not in ("refused", "raises"):
            self._put(number, made, tags)

    def _happens(self, what: str, number: int, size: int, tags: tuple[str, ...]) -> None:
        outer = self.cache
        self.cache = self.kind.inside(outer) if self.kind.inside else None
        try:
            if what == "invalidate":
                self._invalidate(tags[:1])
            elif what == "delete":
                self._delete(number)
            elif what == "clear":
                self._clear()
            elif what == "set":
                self._set(number, size // 2, tags[1:])
            elif what == "move":
                self._move(1.0)
        finally:
            self.cache = outer

    def _set(self, number: int, size: int, tags: tuple[str, ...]) -> None:
        value = self._value(number, size)
        # What is cheap to make is not for every cache worth keeping.
        self.cache.set(_KEYS[number], value, tags=tags, cost=size % 2)
        self._put(number, value, tags)

    def _delete(self, number: int) -> None:
        was_there, kept = self.cache.delete(_KEYS[number]), self.kept.pop(number, None)
        is_odd = was_there and kept is None and self.kind.has_counts
        _equal(not is_odd, f"{number} was deleted, and was not there")
        if kept is not None and self.kind.has_counts:
            must = kept.is_certain and self.clock.now < kept.stale[0]
            _equal(was_there or not must, f"{number} was there, and delete denies it: {kept}")

    def _invalidate(self, tags: tuple[str, ...]) -> None:
        count, now = self.cache.invalidate(*tags), self.clock.now
        ended = {n: kept for n, kept in self.kept.items() if not kept.tags.isdisjoint(tags)}
        for number in ended:
            del self.kept[number]
        least = sum(kept.is_certain and now < kept.stale[0] for kept in ended.values())
        self._between(least, count, len(ended), f"invalidated by {tags}")

    def _clear(self) -> None:
        self.cache.clear()
        self.kept.clear()

    def _sweep(self) -> None:
        if not hasattr(self.cache, "sweep"):
            return
        count, now = self.cache.sweep(), self.clock.now
        over = {n: kept for n, kept in self.kept.items() if now >= kept.stale[0]}
        least = sum(kept.is_certain and now >= kept.stale[1] for kept in over.values())
        for number, kept in over.items():
            kept.is_certain = False
            if now >= kept.stale[1]:
                del self.kept[number]
        self._between(least, count, len(over), "swept")

    def _move(self, seconds: float) -> None:
        self.clock.now += seconds

    def _reload(self, *options: Any) -> None:
        self.end()
        self.options, self.own = Options(*options), Counter()
        self.cache = self.kind.make(self.options, self.clock if self.kind.has_clock else None)
        if self.kind.is_lasting:
            return
        before, self.kept = self.kept, {}
        for number, kept in before.items():
            if self.clock.now < kept.fresh[0]:
                self.cache.set(_KEYS[number], kept.value, tags=kept.tags)
                self._put(number, kept.value, tuple(kept.tags))

    # What they have in common.

    def _value(self, number: int, size: int) -> str:
        self.serial += 1
        return f"{number}:{self.serial}:{'x' * size}"

    def _count(self, what: str) -> None:
        self.counts[what] += 1
        self.own[what] += 1

    def _put(self, number: int, value: str, tags: Sequence[str]) -> None:
        now, options = self.clock.now, self.options
        longest = math.inf if options.seconds is None else options.seconds
        shortest = longest * (1 - options.jitter)
        fresh = [now + shortest, now + longest]
        stale = [until + options.stale_seconds for until in fresh]
        is_certain = self.kind.keeps_all and options.max_bytes == AMPLE
        self.kept[number] = _Kept(value, frozenset(tags), fresh, stale, is_certain)

    def _hold(self, number: int, got: object, now: float) -> None:
        """Holds a value that was given as a fresh one against the model."""
        kept = self.kept.get(number)
        _equal(kept is not None, f"{_short(got)} was given for {number}, of which nothing is kept")
        assert kept is not None
        _equal(got == kept.value, f"{_short(got)} was given for {number}: {kept}")
        _equal(now < kept.fresh[1], f"{_short(got)} was given at {now}: {kept}")

    def _missed(self, number: int, kept: _Kept | None, now: float) -> None:
        """Nothing fresh was given: there must be a reason."""
        if kept is None:
            return
        if now < kept.fresh[0]:
            _equal(not kept.is_certain, f"nothing was given for {number} at {now}: {kept}")
            self._count("misses for want of room")
            if self.kept.get(number) is kept:
                del self.kept[number]
            return
        kept.fresh[1] = min(kept.fresh[1], now)  # it is not fresh now, so it never will be again
        if now >= kept.stale[0]:
            kept.is_certain = False  # whoever finds that it is over takes it out

    def _between(self, least: int, count: int, most: int, what: str) -> None:
        if self.kind.has_counts:
            _equal(least <= count <= most, f"{count} entries {what}, not {least} to {most}")

    def _compare_counters(self) -> None:
        if not self.kind.has_counts:
            return
        stats, options = self.cache.stats(), self.options
        for name in ("hits", "misses", "stale", "computations"):
            told, own = getattr(stats, name), self.own[name]
            _equal(told == own, f"stats say {told} {name}, not {own}")
        _equal(stats.bytes <= options.max_bytes, f"{stats.bytes} of {options.max_bytes} bytes")
        _equal(stats.entries <= len(self.kept), f"{stats.entries} entries, not {len(self.kept)}")
        lost = self.own["misses for want of room"]
        _equal(lost <= stats.evictions + stats.refused, f"{lost} misses, {stats}")
        if options.max_bytes == AMPLE:
            _equal(stats.evictions == 0, f"{stats.evictions} evictions where there is room")
        for name in ("evictions", "expired", "refused"):
            self.counts[name] += getattr(stats, name)


#: Digests, and plain names that begin alike.
_KEYS: Final = tuple(
    key(b"model", str(number)) if number % 3 else b"plain " + str(number).encode()
    for number in range(KEYS)
)


def _equal(is_so: object, what: str) -> None:
    if not is_so:
        raise _DifferenceError(what)


def _short(value: object) -> str:
    return f"{value!r:.40}"


# --- running and cutting ---------------------------------------------------------------------


def run(asked: Iterator[Operation] | Sequence[Operation], kind: Kind) -> Outcome:
    """Runs operations until they are over or differ; those without a cache do nothing."""
    model, done = _Run(kind), []
    try:
        for operation in asked:
            if model.cache is None and operation[0] != "reload":
                continue
            done.append(operation)
            model.do(operation)
        model.end()
    except Exception as error:  # that it raises is a difference as well
        what = str(error) if isinstance(error, _DifferenceError) else repr(error)
        return Outcome(model.counts, what, tuple(done))
    return Outcome(model.counts)


def check(kind: Kind, count: int, seed: int) -> Outcome:
    """So many operations of a seed, and a last look at each key."""
    last = (("get", number) for number in range(KEYS))
    return run(itertools.chain(operations(seed, count, kind), last), kind)


def shortest(found: Outcome, kind: Kind, *, seconds: float = MINIMISE_SECONDS) -> Outcome:
    """The fewest operations that still differ, found in this time; not always in the same way."""
    deadline, best = time.monotonic() + seconds, found

    def differs(fewer: Sequence[Operation]) -> bool:
        nonlocal best
        if time.monotonic() > deadline:
            return False
        outcome = run(fewer, kind)
        if outcome.difference:
            best = outcome
        return bool(outcome.difference)

    # What was before the last caches hardly matters: begin with the last one, the last two, …
    begins = [n for n, operation in enumerate(found.operations) if operation[0] == "reload"]
    for back in range(1, len(begins)):
        if differs(found.operations[begins[-back] :]):
            break
    size = None
    while size != (size := len(best.operations)) and time.monotonic() < deadline:
        step = max(len(best.operations) // 2, 1)
        while step:
            start = 0
            while start < len(best.operations) and time.monotonic() < deadline:
                whole = best.operations
                if not differs(whole[:start] + whole[start + step :]):
                    start += step
            step //= 2
    return best


# --- command line ----------------------------------------------------------------------------


def _show(title: str, outcome: Outcome, seconds: float, out: TextIO) -> None:
    print(f"\n{title}: {seconds:.1f} s", file=out)
    for name, count in sorted(outcome.counts.items()):
        print(f"  {name:<24}{count:>12,}", file=out)
    print(f"  {'differences':<24}{1 if outcome.difference else 0:>12}", file=out, flush=True)
    if outcome.difference:
        print(f"\nDIFFERENCE {outcome.difference}", file=out, flush=True)


def _show_operations(outcome: Outcome, out: TextIO) -> None:
    print(f"{len(outcome.operations)} operations that differ:", file=out)
    for operation in outcome.operations[-100:]:
        print(f"    {operation!r},", file=out)
    print(f"  {outcome.difference}", file=out)


def _idle(outcome: Outcome, names: Sequence[str], out: TextIO) -> bool:
    """Whether the run did not come to something that it is there for."""
    missing = [name for name in names if not outcome.counts[name]]
    if missing:
        print(f"\nNOTHING WAS SEEN OF: {', '.join(missing)}", file=out)
    return bool(missing)


def _run_model(kind: Kind, options: argparse.Namespace, out: TextIO) -> bool:
    """Whether it failed."""
    begin = time.perf_counter()
    outcome = check(kind, options.operations, options.seed)
    _show(f"{options.operations:,} operations", outcome, time.perf_counter() - begin, out)
    if outcome.difference:
        _show_operations(outcome if options.as_found else shortest(outcome, kind), out)
    wanted = ["hits", "misses", "computations", "reload"]
    if kind.has_counts:
        wanted += ["stale", "expired", "evictions", "refused", "misses for want of room"]
    return bool(outcome.difference) | _idle(outcome, wanted, out)


def _run_threads(kind: Kind, options: argparse.Namespace, out: TextIO) -> bool:
    """Whether it failed."""
    begin = time.perf_counter()
    outcome = check_threads(
        kind, options.threads, options.thread_operations, options.seed, clients=options.clients
    )
    title = f"{options.threads} threads, {options.thread_operations:,} operations each"
    _show(title, outcome, time.perf_counter() - begin, out)
    return bool(outcome.difference) | _idle(outcome, ["get", "get_or_compute"], out)


def main(arguments: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Looks for differences; 0 if none was found, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.cache_model")
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0, help="decides all operations (default: 0)")
    parser.add_argument("--cache", choices=KINDS, default="memory")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument(
        "--thread-operations", type=int, default=100_000, help="of each thread; 0 for no threads"
    )
    parser.add_argument(
        "--clients", type=int, help="objects that threads share (default: all that may be)"
    )
    parser.add_argument("--as-found", action="store_true", help="do not cut a difference short")
    options = parser.parse_args(arguments)
    out, failed = out or sys.stdout, False
    print(f"cache {options.cache}, seed {options.seed}", file=out)
    with kind_of(options.cache) as kind:
        if options.operations:
            failed |= _run_model(kind, options, out)
        if options.thread_operations and kind.clients:
            failed |= _run_threads(kind, options, out)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
