"""All that an engine and a cache one can trust must show: each row with its goal, in one run.

    [LOKI_HOME=/path/to/loki] python -m benchmarks.figures.targets [--only NAME …] [--quick]

Each measurement runs in a process of its own, one after the other, so that memory, threads and what
is warm are its own. Figures are medians; what is compared is measured side by side in that process.
Rows about the host need its checkout, and say so without one. `--quick` takes fewer rounds: enough
to see where something stands, not to quote.

A row that names a floor says why its goal is or is not within reach on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import gc
import itertools
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["TARGETS", "Row", "main"]

#: Characters of a document where nothing else is said.
CHARACTERS: Final = 10_000
#: Documents judged before anything is measured: automata are built when a pattern first matches.
WARM: Final = 40
#: Seconds after which a measurement counts as stuck.
MOST_SECONDS: Final = 1800.0


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        title: What was measured.
        goal: What it is to be.
        figure: What it is, with its unit; why there is none if it could not be measured.
        reached: Whether the goal is; None if it could not be measured.
        note: What it was measured beside, and what bounds it.
    """

    title: str
    goal: str
    figure: str
    reached: bool | None
    note: str = ""


def _median_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1e3


def _quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of all are at most."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _documents(
    characters: int, *, kind: Any = "typical", count: int = 0, seed: int = 0
) -> Iterator[str]:
    """Documents, no two the same; without end if no count is given."""
    from benchmarks.figures.gates import document

    numbers = range(seed, seed + count) if count else itertools.count(seed)
    return (document(characters, kind, seed=number) for number in numbers)


def _engine(**options: Any) -> Any:
    """An engine with all shipped gates, which has seen some documents."""
    import gatecore

    engine = gatecore.ComplianceEngine(store=gatecore.PatternStore.default(), **options)
    for kind in ("typical", "found"):
        for text in _documents(CHARACTERS, kind=kind, count=WARM, seed=90_000):
            engine.validate_document(text)
    return engine


def _seconds(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    gc.collect()
    begin = clock()
    call()
    return clock() - begin


# --- one document ----------------------------------------------------------------------------


def host(quick: bool) -> list[Row]:
    """A whole validation by the host's own engines, as they are and accelerated."""
    import gatecore
    from benchmarks.figures.host import Old, run, texts
    from benchmarks.inputs import real_host

    folder = os.environ.get("GATECORE_CACHE_DIR") or tempfile.mkdtemp()
    engines = {name: real_host.engine(name) for name in real_host.ENGINES}
    for engine in engines.values():
        gatecore.accelerate(engine, store=gatecore.PatternStore(folder)).wait()
    for text in texts(CHARACTERS + 7, WARM):
        for name in engines:
            run(engines, name, text)
    old, found = Old(), []
    for name in engines:
        some = texts(CHARACTERS, 3 if quick else 9)
        pairs = [(old(name, text).clock, run(engines, name, text).clock) for text in some]
        before, after = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for one, other in pairs)
        title = f"whole validation, 10 kB, the host's {name} engine accelerated"
        note = f"as it is {before:,.0f} ms: {ratio:,.0f} times as long"
        found.append(Row(title, "< 20 ms", f"{after:.2f} ms", after < 20, note))
    old.close()
    return [*found, _gates_of_host(engines["sync"], texts(CHARACTERS + 1, 5 if quick else 25))]


def _gates_of_host(engine: Any, some: Sequence[str]) -> Row:
    """Each gate within whole validations; who asks first pays for the pass that all share."""
    took: dict[str, list[float]] = {}

    def timed(name: str, check: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*args: Any) -> Any:
            begin = time.perf_counter()
            try:
                return check(*args)
            finally:
                took.setdefault(name, []).append(time.perf_counter() - begin)

        return measured

    for module_name, module in engine.modules.items():
        for gate_name, gate in module.gates.items():
            gate.check = timed(f"{module_name}/{gate_name}", gate.check)
    for text in some:
        engine.check_document(text, "contract", None)
    worst = sorted(((_median_ms(times), name) for name, times in took.items()), reverse=True)
    (most, name), (second, next_name) = worst[:2]
    note = f"{name}, of {len(worst)}; then {next_name} {second:.2f} ms"
    title = "each gate, worst, 10 kB, the host's accelerated"
    return Row(title, "< 1 ms", f"{most:.2f} ms", most < 1, note)


def data(quick: bool) -> list[Row]:
    """A whole validation by gates as data, and each of those gates by itself."""
    import gatecore
    from benchmarks.figures.gates import document, specs

    engine, found = _engine(), []
    count = 30 if quick else 150
    for kind, what in (("typical", "prose"), ("found", "most gates find something")):
        times, as_json = [], []
        for text in _documents(CHARACTERS, kind=kind, count=count):
            begin = time.perf_counter()
            report = engine.validate_document(text)
            middle = time.perf_counter()
            report.to_json()
            times.append(middle - begin)
            as_json.append(time.perf_counter() - middle)
        median = _median_ms(times)
        note = f"{len(engine.gates)} gates; to_json() {_median_ms(as_json):.2f} ms more"
        title = f"whole validation, 10 kB, gates as data, {what}"
        found.append(Row(title, "< 3 ms", f"{median:.2f} ms", median < 3, note))
    store = gatecore.PatternStore.default()
    medians = []
    texts = [document(CHARACTERS, "found", seed=number) for number in range(15 if quick else 60)]
    for gate in specs():
        alone = gatecore.GateSet([gate], store=store)
        alone.check(document(CHARACTERS, "found", seed=99))
        # A text of its own each time, as what was scanned once is kept with it.
        times = [_seconds(functools.partial(alone.check, text[:-1])) for text in texts]
        medians.append((_median_ms(times), gate.name))
    most, name = max(medians)
    note = f"{name}, of {len(medians)}, each with a pass of its own"
    title = "each gate, worst, 10 kB, gates as data"
    return [*found, Row(title, "< 1 ms", f"{most:.2f} ms", most < 1, note)]


# --- many at once ----------------------------------------------------------------------------


def http(quick: bool) -> list[Row]:
    """A hundred users of the host's server, as it is and with the one line."""
    from benchmarks.figures.http import loads

    found = loads(quick=quick)
    # Each is what users met in one round, old and new in turn.
    old, new = found["unique"]["old"], found["unique"]["new"]
    known = found["repeated"]["new"]
    ratio = statistics.median(n.rate / o.rate for o, n in zip(old, new, strict=True))
    rates = [statistics.median(one.rate for one in rounds) for rounds in (old, new)]
    p99s = [statistics.median(_p99_of(one) for one in rounds) for rounds in (old, new, known)]
    errors = sum(sum(one.errors.values()) for one in (*new, *known))
    differing, of = found["answers that differ"], f"{found['users']} users over HTTP"
    note = f"as it is {p99s[0]:.1f} s; known documents {p99s[2]:.2f} s"
    return [
        Row(
            f"{of}, requests/s",
            ">= 30 times",
            f"{ratio:.1f} times",
            ratio >= 30,
            f"{rates[1]:.1f} against {rates[0]:.1f}, {len(new)} rounds",
        ),
        Row(f"{of}, p99", "< 1 s", f"{p99s[1]:.2f} s", p99s[1] < 1, note),
        Row(f"{of}, errors", "0", str(errors), errors == 0),
        Row(f"{of}, answers that differ", "0", str(differing), differing == 0),
    ]


def _p99_of(met: Any) -> float:
    return math.inf if met.p99 is None else float(met.p99)


def concurrent(quick: bool) -> list[Row]:
    """A hundred documents at once in one event loop."""
    import gatecore

    engine, users, rounds = _engine(), 100, 5 if quick else 25
    numbers = itertools.count(step=users)
    cores = len(os.sched_getaffinity(0))
    singles: list[float] = []
    worst: list[float] = []
    shares: list[float] = []
    batches: list[float] = []
    errors = 0

    async def timed(served: Any, text: str, begin: float) -> float:
        await served.validate_document_async(text)
        return time.perf_counter() - begin

    async def main() -> None:
        nonlocal errors
        async with gatecore.AsyncComplianceEngine(engine) as served:
            for turn in range(rounds + 1):
                texts = list(_documents(CHARACTERS, count=users, seed=next(numbers)))
                alone = [
                    await timed(served, text, time.perf_counter())
                    for text in _documents(CHARACTERS, count=20, seed=next(numbers))
                ]
                gc.collect()
                begin = time.perf_counter()
                tasks = [timed(served, text, begin) for text in texts]
                answers = await asyncio.gather(*tasks, return_exceptions=True)
                errors += sum(isinstance(answer, BaseException) for answer in answers)
                latencies = [answer for answer in answers if isinstance(answer, float)]
                if turn:
                    singles.append(statistics.median(alone))
                    worst.append(_quantile(latencies, 0.99))
                    shares.append(worst[-1] / (singles[-1] * users / cores))
                    other = list(_documents(CHARACTERS, count=users, seed=next(numbers)))
                    batches.append(_seconds(lambda: list(engine.validate_many(other))))  # noqa: B023

    asyncio.run(main())
    single, p99 = statistics.median(singles), statistics.median(worst)
    ratio = statistics.median(one / other for one, other in zip(worst, singles, strict=True))
    share = statistics.median(shares)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    of = f"{users} concurrent validate_document_async, {len(engine.gates)} gates"
    floor = f"floor: {users} documents on {cores} cores end after {users / cores:.0f} times one"
    beside = f"1 is no waste at all; validate_many takes {_median_ms(batches):.1f} ms for as many"
    took = f"{p99 * 1e3:.1f} ms, one alone {single * 1e3:.2f} ms"
    return [
        Row(f"{of}, errors", "0", str(errors), errors == 0),
        Row(f"{of}, p99 by one alone", "<= 5", f"{ratio:.1f}", ratio <= 5, f"{took}; {floor}"),
        Row(f"{of}, p99 by that floor", "<= 5", f"{share:.2f}", share <= 5, beside),
        Row(f"{of}, peak memory", "< 500 MB", f"{peak:.0f} MB", peak < 500, "the whole process"),
    ]


def batch(quick: bool) -> list[Row]:
    """Many documents by one thread and by one for each core, beside SHA-256 by as many."""
    from benchmarks.figures.threads import control, gain

    engine, cores = _engine(), len(os.sched_getaffinity(0))
    rows: list[tuple[float, float, float]] = []
    count = 100
    for turn in range(8):  # each batch has new threads, and automata are built for several
        list(engine.validate_many(_documents(CHARACTERS, count=count, seed=-count * (turn + 1))))
    with ThreadPoolExecutor(1) as single, ThreadPoolExecutor(cores) as several:
        for turn in range((5 if quick else 15) + 1):
            one, other = (
                list(_documents(CHARACTERS, count=count, seed=(2 * turn + n) * count))
                for n in (0, 1)
            )
            work = [f"{n}" for n in range(4 * cores)]
            beside = gain(control, work, work, (single, several))
            alone = _seconds(lambda: list(engine.validate_many(one, jobs=1)))  # noqa: B023
            all_of_them = _seconds(lambda: list(engine.validate_many(other, jobs=cores)))  # noqa: B023
            beside = (beside + gain(control, work, work, (single, several))) / 2
            if turn:
                rows.append((alone / all_of_them, beside, count / all_of_them))
    found, beside, rate = (statistics.median(column) for column in zip(*rows, strict=True))
    share = statistics.median(one / other for one, other, _ in rows)
    title, wanted = f"validate_many, {cores} cores against 1", 0.9 * cores
    note = f"{rate:,.0f} documents/s; SHA-256 off the GIL gains {beside:.2f} in the same rounds"
    by_control = f"{title}, by what SHA-256 gains"
    return [
        Row(title, f">= {wanted:.1f}", f"{found:.2f}", found >= wanted, note),
        Row(by_control, ">= 0.9", f"{share:.2f}", share >= 0.9, "what others leave of the cores"),
    ]


def stall(quick: bool) -> list[Row]:
    """How late the event loop is while documents of 1 MB are judged, and while none is."""
    import gatecore
    from benchmarks.figures.threads import control

    engine, seconds, period = _engine(), 4.0 if quick else 20.0, 0.001

    async def beats(busy: Callable[[], Awaitable[object]] | None) -> tuple[list[float], int]:
        """How late each beat was, in seconds, and how often `busy` was done meanwhile."""
        late: list[float] = []
        is_over, done = False, 0

        async def work() -> None:
            nonlocal done
            while busy is not None and not is_over:
                await busy()
                done += 1

        working = asyncio.create_task(work())
        until = time.perf_counter() + seconds
        while (begin := time.perf_counter()) < until:
            await asyncio.sleep(period)
            late.append(time.perf_counter() - begin - period)
        is_over = True
        await working
        return late, done

    async def main() -> list[Row]:
        idle, _ = await beats(None)
        hashed, _ = await beats(lambda: asyncio.to_thread(control, ""))
        beside = f"idle {_p999(idle)}, beside SHA-256 in a thread {_p999(hashed)}"
        rows = []
        async with gatecore.AsyncComplianceEngine(engine) as served:
            for kind, what in (("typical", "prose"), ("found", "most gates find something")):
                texts = itertools.cycle(_documents(1_000_000, kind=kind, count=4))

                async def judge(texts: Iterator[str] = texts) -> None:
                    # A text of its own each time, as a request brings it.
                    await served.validate_document_async(next(texts)[:-1])

                await judge()
                late, done = await beats(judge)
                longest = _quantile(late, 0.999)
                note = f"{done} documents, {len(late):,} beats; {beside}"
                title = f"event loop beside documents of 1 MB, {what}, p99.9"
                figure = f"{longest * 1e3:.2f} ms"
                rows.append(Row(title, "<= 5 ms", figure, longest <= 0.005, note))
        return rows

    return asyncio.run(main())


def _p999(late: Sequence[float]) -> str:
    return f"{_quantile(late, 0.999) * 1e3:.2f} ms"


# --- growth ----------------------------------------------------------------------------------

SIZES: Final = (2_000, 10_000, 100_000, 1_000_000, 10_000_000)


def growth(quick: bool) -> list[Row]:
    """What a character takes in documents of 2 kB to 10 MB.

    Processor time: what others do on the machine must not look like growth.
    """
    engine, rows = _engine(), []
    sizes = SIZES[:-1] if quick else SIZES
    kinds = {"prose": "typical", "most gates find something": "found", "all on one line": "typical"}
    for what, kind in kinds.items():
        per_character = []
        for size in sizes:
            rounds = max(3, min(40, 2_000_000 // size))
            times = []
            for text in itertools.islice(_long(size, kind), rounds):
                asked = text.replace("\n", " ") if what == "all on one line" else text
                ask = functools.partial(engine.validate_document, asked)
                times.append(_seconds(ask, time.process_time) / size)
            per_character.append(statistics.median(times))
        worst = max(
            later / earlier
            for n, earlier in enumerate(per_character)
            for later in per_character[n + 1 :]
        )
        table = ", ".join(
            f"{size:,}: {taken * 1e9:.0f}" for size, taken in zip(sizes, per_character, strict=True)
        )
        title = f"time per character, {sizes[0]:,} to {sizes[-1]:,}, {what}"
        rows.append(Row(title, "<= 1.5 times", f"{worst:.2f} times", worst <= 1.5, f"ns: {table}"))
    return [*rows, *_growth_of_host(quick)]


def _long(size: int, kind: str) -> Iterator[str]:
    """Documents of a size; the longest are made of several."""
    piece = min(size, 1_000_000)
    for number in itertools.count():
        pieces = _documents(piece, kind=kind, count=size // piece, seed=number * (size // piece))
        yield "\n\n".join(pieces)[:size]


def _growth_of_host(quick: bool) -> list[Row]:
    """The same of the host as it is, where it is there: beside the rows above."""
    if "LOKI_HOME" not in os.environ or quick:
        return []
    from benchmarks.figures.host import Old, texts

    old, sizes = Old(), (2_000, 10_000, 50_000)
    taken = []
    for size in sizes:
        some = texts(size, 3)
        old("sync", some[0])
        taken.append(statistics.median(old("sync", text).cpu for text in some) / size)
    old.close()
    table = ", ".join(f"{size:,}: {t * 1e6:,.0f}" for size, t in zip(sizes, taken, strict=True))
    title = "time per character, the host as it is, 2,000 to 50,000"
    return [Row(title, "none", f"{max(taken) / taken[0]:.2f} times", None, f"ns: {table}")]


# --- cache -----------------------------------------------------------------------------------


def hit(quick: bool) -> list[Row]:
    """A hit in memory with its key, and what it saves."""
    from benchmarks.figures.cache import GOALS, hit_seconds

    hits = hit_seconds(rounds=6 if quick else 30)
    rows, ours = [], "key and MemoryCache.get"
    for one in (one for one in hits if one.name == ours):
        beside = [
            f"{other.name} {other.seconds * 1e6:.2f} µs"
            for other in hits
            if other.text == one.text and other.name != ours
        ]
        title, figure = f"cache hit with key, 4 kB, {one.text}", f"{one.seconds * 1e6:.2f} µs"
        rows.append(Row(title, "<= 2 µs", figure, one.seconds <= 2e-6, "; ".join(beside)))
    least = min(one.worth for one in hits if one.name == ours)
    title = "a validation of 10 kB, in cache hits"
    return [*rows, Row(title, ">= 50", f"{least:,.0f}", least >= GOALS["ratio"], "the dearest hit")]


def rate(quick: bool) -> list[Row]:
    """The hit rate on a published kind of trace."""
    from benchmarks.figures.cache import GOALS, REQUESTS, hit_rate

    *ours, lru, best = hit_rate(REQUESTS // 5 if quick else REQUESTS)
    rows = []
    for one in ours:
        beside = f"warm {one.warm:.2%}; LRU {lru.cold:.2%}, best fixed choice {best.cold:.2%}"
        title = f"hit rate, Zipf 1.0, 20,000 documents, room for 2,000, {one.name}"
        is_reached = one.cold >= GOALS["rate"]
        rows.append(Row(title, ">= 74 %", f"{one.cold:.2%}", is_reached, beside))
    return rows


def cold(quick: bool) -> list[Row]:
    """One cold key, for threads and for processes."""
    from benchmarks.figures.cache import one_cold_key

    ours, plain = one_cold_key()
    title = "100 threads on one cold key, in memory"
    beside = f"a plain cache {plain.computations}"
    made = ours.computations
    rows = [Row(title, "1 in all", str(made), made == 1, beside)]
    title = "100 threads x 4 processes on one cold key, in Redis"
    missing = _no_redis()
    if missing:
        return [*rows, Row(title, "1 in all", missing, None)]
    from benchmarks.figures.redis_load import cold_key

    found = cold_key(rounds=2 if quick else 5)
    counts = found["get_or_compute"]
    beside = f"{len(counts)} rounds; get and set {max(found['get and set'])}"
    return [*rows, Row(title, "1 in all", str(max(counts)), max(counts) == 1, beside)]


def _no_redis() -> str:
    """Why there is no figure of Redis; empty if there can be one."""
    import shutil

    from gatecore import cache

    if not hasattr(cache, "RedisCache"):
        return "not built"
    if shutil.which("redis-server") is None:
        return "redis-server is not installed"
    with contextlib.suppress(ImportError):
        import redis  # noqa: F401

        return ""
    return "the package redis is not installed"


def model(quick: bool) -> list[Row]:
    """The cache beside a dict, and threads that invalidate: by the tests' own program."""
    from gatecore import cache

    found = []
    operations, in_threads = (50_000, 5_000) if quick else (1_000_000, 100_000)
    plans = [("memory", operations, in_threads)]
    if not _no_redis():
        plans.append(("redis", operations // 10, in_threads // 10))
        if hasattr(cache, "TieredCache"):
            plans.append(("tiered", operations // 10, in_threads // 10))
    for name, some, each in plans:
        for what, arguments in (
            (
                f"{some:,} random operations with reloads",
                (f"--operations={some}", "--thread-operations=0"),
            ),
            (f"8 threads x {each:,} operations", ("--operations=0", f"--thread-operations={each}")),
        ):
            command = [sys.executable, "-m", "tests.differential.cache_model", "--seed=1"]
            ran = subprocess.run(
                [*command, f"--cache={name}", *arguments],
                capture_output=True,
                text=True,
                timeout=MOST_SECONDS,
            )
            lines = dict(
                line.rsplit(None, 1) for line in ran.stdout.splitlines() if line.startswith("  ")
            )
            given = next((count for key, count in lines.items() if key.strip() == "hits"), "")
            figure = "0 differences" if ran.returncode == 0 else "it differs"
            note = f"{given} hits held against it" if given else ""
            if ran.returncode:
                note = (ran.stdout + ran.stderr)[-300:]
            title = f"{what}, {name}"
            found.append(Row(title, "0 errors, 0 stale", figure, ran.returncode == 0, note))
    return found


def killed(quick: bool) -> list[Row]:
    """Redis killed and begun again in mid-load."""
    of = "Redis killed and begun again in mid-load"
    goals = {"failed validations": "0", "recovery": "< 2 s"}
    missing = _no_redis()
    if missing:
        return [Row(f"{of}, {what}", goal, missing, None) for what, goal in goals.items()]
    from benchmarks.figures.redis_load import killed as met_by_users

    rounds = [met_by_users(seconds=2.0 if quick else 4.0) for _ in range(1 if quick else 3)]
    failed, count = (sum(getattr(one, n) for one in rounds) for n in ("failed", "validations"))
    longest = max(one.recovery for one in rounds)
    slow = max(one.longest for one in rounds)
    why = "; ".join(one.why for one in rounds if one.why)
    note = f"of {count:,}, the longest {slow * 1e3:.0f} ms; {why}".rstrip("; ")
    return [
        Row(
            f"{of}, failed validations", goals["failed validations"], str(failed), not failed, note
        ),
        Row(f"{of}, recovery", goals["recovery"], f"{longest:.2f} s", longest < 2, "the longest"),
    ]


# --- the program -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Target:
    measure: Callable[[bool], list[Row]]
    title: str
    needs_host: bool = False
    is_served: bool = False
    """Whether it needs the packages that the host's server imports."""


#: What can be measured, in the order of the table.
TARGETS: Final[dict[str, _Target]] = {
    "host": _Target(host, "whole validation and each gate, the host accelerated", True),
    "data": _Target(data, "whole validation and each gate, gates as data"),
    "http": _Target(http, "100 users over HTTP", True, True),
    "concurrent": _Target(concurrent, "100 concurrent validate_document_async"),
    "batch": _Target(batch, "validate_many, N cores against 1"),
    "stall": _Target(stall, "event loop beside documents of 1 MB"),
    "growth": _Target(growth, "time per character, 2 kB to 10 MB"),
    "hit": _Target(hit, "cache hit"),
    "rate": _Target(rate, "hit rate"),
    "cold": _Target(cold, "one cold key"),
    "model": _Target(model, "threads, and random operations beside a dict"),
    "killed": _Target(killed, "Redis killed and begun again"),
}


#: Where `make bench-http` installs what the host's server imports.
HOST_PYTHON: Final = Path(__file__).parents[2] / ".venvs/host/bin/python"


def _measured(name: str, *, quick: bool, host_python: str) -> list[Row]:
    """The rows of one measurement, made in a process of its own."""
    target = TARGETS[name]
    if target.needs_host and "LOKI_HOME" not in os.environ:
        return [Row(target.title, "", "needs the host: set LOKI_HOME", None)]
    python = host_python if target.is_served else sys.executable
    command = [python, "-W", "ignore", "-m", "benchmarks.figures.targets", "--row", name]
    try:
        ran = subprocess.run(
            [*command, *(["--quick"] if quick else [])],
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return [Row(target.title, "", f"not done after {MOST_SECONDS:.0f} s", None)]
    if ran.returncode:
        lines = ran.stderr.strip().splitlines() or [f"status {ran.returncode}"]
        return [Row(target.title, "", "it could not be measured", None, lines[-1][:300])]
    return [Row(**row) for row in json.loads(ran.stdout.splitlines()[-1])]


_SAID: Final = {True: "yes", False: "NO", None: "-"}


def _show(row: Row, load: float) -> None:
    print(f"{row.title:80} {row.goal:>18} {row.figure:>16}  {_SAID[row.reached]:4}{load:5.1f}")
    if row.note:
        print(f"    {row.note}")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; the exit status says whether all could be measured, never how fast."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures.targets")
    parser.add_argument("--only", nargs="+", choices=tuple(TARGETS), metavar="NAME", default=())
    parser.add_argument("--quick", action="store_true", help="fewer rounds: not to quote")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--host-python",
        default=str(HOST_PYTHON) if HOST_PYTHON.exists() else sys.executable,
        help="an interpreter that can run the host's server (default: that of `make bench-http`)",
    )
    parser.add_argument("--row", choices=tuple(TARGETS), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.row:
        print(json.dumps([asdict(row) for row in TARGETS[options.row].measure(options.quick)]))
        return 0
    table: list[tuple[str, Row, float]] = []
    if not options.json:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", end="")
        print("; quick: not to quote" if options.quick else "")
        print(f"{'':80} {'goal':>18} {'figure':>16}  {'':4}{'load':>5}")
    for name in options.only or TARGETS:
        load = os.getloadavg()[0]
        for row in _measured(name, quick=options.quick, host_python=options.host_python):
            table.append((name, row, load))
            if not options.json:
                _show(row, load)
    if options.json:
        rows = [{"name": name, **asdict(row), "load": load} for name, row, load in table]
        print(json.dumps(rows, indent=2))
    else:
        said = [row.reached for _, row, _ in table]
        print(f"\nreached {said.count(True)}, not {said.count(False)}, not told {said.count(None)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
