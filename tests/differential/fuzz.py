"""Bulk search for differences to `re`: `python -m tests.differential.fuzz --seconds 60`.

Every worker process makes numbered cases (`generate.cases`), asks the oracle once, builds the set
on each backend and compares. A case is decided by `(seed, number)` alone, so a difference, a crash
or a hang is repeated with `--seed S --case N`, whatever the number of workers was.

A *pair* is one comparison of one pattern and one text on one backend.
On a difference the case is minimised, printed as a row for tests/data/differences.jsonl, and the
exit status is 1, as it is if no call about a Document was served from its pass.
Cases whose oracle takes more than five seconds are skipped and counted.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import multiprocessing.queues
import os
import queue
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import gatecore
from benchmarks.inputs.time_limit import TimeLimitReached, time_limit
from tests.support import generate
from tests.support.choices import Spec
from tests.support.compare import (
    Difference,
    Oracle,
    build_set,
    compare,
    compare_errors,
    compare_scan,
)
from tests.support.compare_document import ask_document, compare_document, with_keywords
from tests.support.generate import Case
from tests.support.wide import BEGINNINGS, LIMITS, forced

__all__ = ["main", "minimise"]

ORACLE_SECONDS = 5.0
"""Longer than this and `re` has run into a catastrophe: the case is skipped."""
ENGINE_SECONDS = 60.0
"""Longer than this is reported as slow: the oracle managed in five."""
SILENCE_SECONDS = 180.0
"""A worker that says nothing for so long hangs where no signal reaches it."""
REPORT_SECONDS = 5.0
MINIMISE_SECONDS = 60.0
EARLY_SHARE = 3
"""One case in so many."""

Counts = collections.Counter[str]


# --- one case --------------------------------------------------------------------------------


def run_case(
    case: Case,
    backends: Sequence[str],
    counts: Counts,
    *,
    number: int | None = None,
    engine_seconds: float = ENGINE_SECONDS,
) -> Iterator[Difference]:
    """Compare one case on each backend; `counts` tells what was looked at.

    With its number, symbols have several bytes, how many of them as the number says.
    One pattern of some cases is asked about alone as well, with so few characters of each text
    looked at first that its first match often ends it (`rust/gatecore/src/early.rs`).
    """
    limits = None if number is None else LIMITS[number % len(LIMITS)]
    with forced(limits):
        yield from _run_case(case, backends, counts, engine_seconds)
    draw = zlib.crc32(repr(case).encode())
    if case.patterns and draw % EARLY_SHARE == 0:
        lone = Case((case.patterns[draw % len(case.patterns)],), case.texts)
        with forced(limits, BEGINNINGS[draw % len(BEGINNINGS)]):
            yield from _run_case(lone, backends, counts, engine_seconds)


def _run_case(
    case: Case, backends: Sequence[str], counts: Counts, engine_seconds: float
) -> Iterator[Difference]:
    counts["cases"] += 1
    try:
        with time_limit(ORACLE_SECONDS):
            oracle = Oracle(with_keywords(case.patterns, case.texts))
            answers = [oracle.ask(text) for text in case.texts]
            expected = [
                ask_document(oracle, asked, text)
                for asked, text in zip(answers, case.texts, strict=True)
            ]
    except TimeLimitReached:
        counts["cases skipped (oracle too slow)"] += 1
        return
    counts["bad patterns"] += len(oracle.patterns) - len(oracle.good)
    known = [answer for asked in answers for answer in asked if answer is not None]
    counts["pairs on which re itself fails"] += sum(map(len, answers)) - len(known)
    matching = sum(answer.search is not None for answer in known)
    spans = sum(len(answer.spans) for answer in known)
    for backend in backends:
        try:
            with time_limit(engine_seconds):
                yield from compare_errors(oracle, backend)
                if oracle.good:
                    scanned = build_set(oracle.good, backend)
                    _count_routes(scanned, len(oracle.good), backend, counts)
                    for text, asked, told in zip(case.texts, answers, expected, strict=True):
                        yield from compare_scan(scanned, oracle, asked, text, backend)
                        yield from compare_document(
                            scanned, oracle, told, text, backend, counts=counts
                        )
        except TimeLimitReached:
            counts[f"cases slow on {backend}"] += 1
            continue
        except Exception as error:  # building a set of good patterns must not fail
            source, flags = oracle.good[0]
            yield Difference(source, flags, "", backend, "build", None, repr(error), oracle.good)
        counts["pairs"] += len(oracle.good) * len(case.texts)
        counts["pairs that match"] += matching
        counts["spans"] += spans


def _count_routes(pattern_set: Any, patterns: int, backend: str, counts: Counts) -> None:
    for index in range(patterns):
        explanation = pattern_set.explain(index)
        route = str(getattr(explanation.route, "value", explanation.route))
        counts[f"route {backend}: {route}"] += 1
        if route == "fallback":
            reason = str(explanation.reason).partition(";")[0]
            counts[f"fallback {backend}: {reason}"] += 1


# --- minimising ------------------------------------------------------------------------------


def minimise(difference: Difference, *, seconds: float = MINIMISE_SECONDS) -> Difference:
    """A smaller case with some difference on the same backend: set, then text, then sources."""
    deadline = time.monotonic() + seconds
    best = difference

    def attempt(patterns: Sequence[Spec], text: str) -> bool:
        """Whether the smaller case still differs; if so it is the best one now."""
        nonlocal best
        if time.monotonic() > deadline or not patterns:
            return False
        try:
            with time_limit(ORACLE_SECONDS):
                found = compare(patterns, text, difference.backend)
        except (Exception, TimeLimitReached):
            return False  # fails in another way: not what is looked for
        same = [other for other in found if other.what == difference.what]
        if same:
            best = same[0]
        return bool(same)

    attempt([(difference.pattern, difference.flags)], difference.text)
    size = None
    while size != (size := _size(best)) and time.monotonic() < deadline:
        _shorten(best.patterns, lambda patterns: attempt(patterns, best.text))
        _shorten(best.text, lambda text: attempt(best.patterns, text))
        for index in range(len(best.patterns)):
            if index < len(best.patterns):
                _simplify(best.patterns, index, lambda patterns: attempt(patterns, best.text))
    return best


def _size(difference: Difference) -> tuple[int, int, int]:
    sources = sum(len(source) + bin(flags).count("1") for source, flags in difference.patterns)
    return len(difference.patterns), len(difference.text), sources


def _shorten(whole: Any, attempt: Callable[[Any], bool]) -> None:
    """Leave out ever smaller parts of a string or tuple for as long as `attempt` agrees."""
    step = max(len(whole) // 2, 1)
    while step and len(whole):
        start = 0
        while start < len(whole):
            shorter = whole[:start] + whole[start + step :]
            if attempt(shorter):
                whole = shorter
            else:
                start += step
        step //= 2


def _simplify(patterns: Sequence[Spec], index: int, attempt: Callable[[Any], bool]) -> None:
    """Make one pattern of a set plainer: fewer flags, a shorter source."""
    before, (source, flags), after = patterns[:index], patterns[index], patterns[index + 1 :]
    for bit in range(9):
        fewer = flags & ~(1 << bit)
        if fewer != flags and attempt((*before, (source, fewer), *after)):
            flags = fewer
    _shorten(source, lambda shorter: attempt((*before, (shorter, flags), *after)))


# --- workers ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _News:
    """What a worker tells the parent now and then."""

    number: int
    """The case it is at."""
    counts: Counts
    difference: Difference | None = None


def _work(
    worker: int, options: argparse.Namespace, news: multiprocessing.Queue[_News], at: Any
) -> None:
    """Cases `worker`, `worker + jobs`, … until the parent ends this process or the work is done.

    `at[worker]` is the case being run, in shared memory: it outlives a crash of this process.
    """
    counts: Counts = collections.Counter()
    pairs = 0
    deadline = time.monotonic() + options.seconds if options.seconds else float("inf")
    enough = -(-options.pairs // options.jobs) if options.pairs else float("inf")
    told = time.monotonic()
    for number, case in generate.cases(
        options.seed, start=worker, step=options.jobs, texts=options.texts
    ):
        at[worker] = number
        wide = number if options.wide else None
        for difference in run_case(case, options.backend, counts, number=wide):
            small = difference if options.as_found else minimise(difference)
            news.put(_News(number, counts, small))
            pairs += counts["pairs"]
            counts = collections.Counter()
            break
        now = time.monotonic()
        if now - told > 1:
            told = now
            news.put(_News(number, counts))
            pairs += counts["pairs"]
            counts = collections.Counter()
        if now > deadline or pairs + counts["pairs"] >= enough:
            news.put(_News(number, counts))
            return


@dataclass
class _Worker:
    process: Any
    at: int = -1
    """The case that it was seen at."""
    since: float = 0.0


def search(options: argparse.Namespace, out: TextIO) -> int:
    """Run the workers, report, and give the exit status."""
    context = multiprocessing.get_context("spawn")
    news: multiprocessing.Queue[_News] = context.Queue()
    start = time.monotonic()
    at: Any = context.Array("q", [-1] * options.jobs, lock=False)
    workers = [
        _Worker(context.Process(target=_work, args=(number, options, news, at), daemon=True))
        for number in range(options.jobs)
    ]
    for worker in workers:
        worker.process.start()
        worker.since = start
    totals: Counts = collections.Counter()
    differences = 0
    faults: list[str] = []
    reported = start
    try:
        while differences < options.differences and not faults:
            running = [worker for worker in workers if worker.process.is_alive()]
            try:
                message = news.get(timeout=0.5)
            except queue.Empty:
                if not running:
                    break
            else:
                totals += message.counts
                if message.difference is not None:
                    differences += 1
                    place = f"--seed {options.seed} --case {message.number}"
                    print(f"\nDIFFERENCE ({place}) {message.difference}\n", file=out, flush=True)
            now = time.monotonic()
            for worker, number in zip(workers, at, strict=True):
                if number != worker.at:
                    worker.at, worker.since = number, now
            faults = list(filter(None, (_fault(worker, now) for worker in workers)))
            if now - reported > REPORT_SECONDS:
                reported = now
                print(_progress(totals, now - start), file=out, flush=True)
    except KeyboardInterrupt:
        print("interrupted", file=out)
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join()
    for fault in faults:
        print(f"\n{fault}: repeat it with --seed {options.seed} --case N", file=out)
    _summary(totals, time.monotonic() - start, differences, options, out)
    looked = totals["pairs that match"] and totals["document calls served"]
    return 1 if differences or faults or not looked else 0


def _fault(worker: _Worker, now: float) -> str:
    """Why a worker cannot go on: it died, or it hangs."""
    if worker.process.exitcode not in (None, 0):
        return f"CRASH with status {worker.process.exitcode} in case {worker.at}"
    if worker.process.is_alive() and now - worker.since > SILENCE_SECONDS:
        return f"HANG of {SILENCE_SECONDS:.0f} s in case {worker.at}"
    return ""


def _progress(totals: Counts, seconds: float) -> str:
    routes = ", ".join(
        f"{name[6:]} {count:,}"
        for name, count in sorted(totals.items())
        if name.startswith("route ")
    )
    reasons = ", ".join(f"{name} {count:,}" for name, count in _reasons(totals)[:4])
    return (
        f"{seconds:6.0f} s  {totals['pairs']:>11,} pairs  {totals['pairs'] / seconds:>8,.0f}/s  "
        f"{totals['pairs that match']:,} match  {totals['cases skipped (oracle too slow)']} skipped"
        f"\n          {routes}\n          fallback: {reasons or 'none'}"
    )


def _reasons(totals: Counts) -> list[tuple[str, int]]:
    """Reasons for the fallback route over all backends, most frequent first."""
    reasons: Counts = collections.Counter()
    for name, count in totals.items():
        if name.startswith("fallback "):
            reasons[name.partition(": ")[2]] += count
    return sorted(reasons.items(), key=lambda item: (-item[1], item[0]))


def _summary(
    totals: Counts, seconds: float, differences: int, options: argparse.Namespace, out: TextIO
) -> None:
    rate = totals["pairs"] / seconds
    rows = [
        ("seed", str(options.seed)),
        ("backends", ", ".join(options.backend)),
        ("seconds", f"{seconds:,.0f}"),
        ("jobs", str(options.jobs)),
        ("pairs a second", f"{rate:,.0f}"),
        ("pairs a second and job", f"{rate / options.jobs:,.0f}"),
        ("differences", str(differences)),
    ]
    rows += [(name, f"{count:,}") for name, count in sorted(totals.items())]
    width = max(len(name) for name, _ in rows)
    print("", *(f"{name:<{width}}  {value:>14}" for name, value in rows), sep="\n", file=out)


# --- command line ----------------------------------------------------------------------------


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.differential.fuzz", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seconds", type=float, help="how long to search (default: 60)")
    parser.add_argument("--pairs", type=int, help="how many pairs to compare instead")
    parser.add_argument("--seed", type=int, default=0, help="decides all cases (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="worker processes")
    parser.add_argument("--texts", type=int, default=8, help="texts for each set (default: 8)")
    parser.add_argument(
        "--backend",
        type=lambda names: tuple(names.split(",")),
        default=tuple(gatecore.backends()),
        help="backends to compare, with commas between them (default: all there are)",
    )
    parser.add_argument("--case", type=int, help="run only the case of this number")
    parser.add_argument(
        "--differences", type=int, default=1, help="stop after this many differences (default: 1)"
    )
    parser.add_argument(
        "--wide", action="store_true", help="with symbols of several bytes wherever that can be"
    )
    parser.add_argument("--as-found", action="store_true", help="do not minimise differences")
    options = parser.parse_args(arguments)
    unknown = set(options.backend) - set(gatecore.backends())
    if unknown:
        parser.error(f"no backend {sorted(unknown)}; this build has {gatecore.backends()}")
    if options.seconds is None and options.pairs is None:
        options.seconds = 60.0
    return options


def _run_one(options: argparse.Namespace, out: TextIO) -> int:
    """Run one numbered case in this process, so that a debugger or a profiler can watch it."""
    _, case = next(generate.cases(options.seed, start=options.case, texts=options.texts))
    counts: Counts = collections.Counter()
    found = 0
    wide = options.case if options.wide else None
    for difference in run_case(case, options.backend, counts, number=wide):
        found += 1
        print(difference if options.as_found else minimise(difference), file=out, flush=True)
        if found == options.differences:
            break
    print("", *(f"{name}: {count:,}" for name, count in sorted(counts.items())), sep="\n", file=out)
    return 1 if found else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Search for differences; 0 if none was found, 1 otherwise."""
    options = _options(arguments)
    if options.case is not None:
        return _run_one(options, sys.stdout)
    return search(options, sys.stdout)


if __name__ == "__main__":
    raise SystemExit(main())
