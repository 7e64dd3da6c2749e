"""The audit store at size: how fast it takes validations, and how fast it answers about millions.

    python -m benchmarks.figures.audit [--validations 200000] [--store FILE] [--json]
        [--only build writes questions first verify]

A validation is one of a host with 102 gates and nine detectors (`inputs/audit_records`), spread
over a year. `build` writes them in transactions of 2,000 by one thread. With --store the file is
kept, and used again if it is there.

`writes`: 100 threads, each waiting until its validation is on the disk, and one thread that hands
over without waiting, then waits once. To a store of its own; records are made before.

`questions`: each 200 times, about windows that end at a random moment of the last month, of which
none is asked twice, so that no answer comes from memory. `first`: the same once, in a new process,
the file's pages dropped from the system's memory before if that is allowed (root).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from benchmarks.inputs.audit_records import YEAR, records
from gatecore.audit import AuditStore, Record

__all__ = ["build", "first", "main", "questions", "writes"]

_DAY: Final = 86_400
_TIMES: Final = 200
_AT_A_TIME: Final = 2_000


def build(path: Path, count: int) -> dict[str, float]:
    """Writes validations of the last year; seconds, validations a second, bytes each."""
    begin = time.perf_counter()
    with AuditStore(path, durability="normal") as store:
        made = records(count, end=time.time_ns() // 1_000, over=YEAR)
        while several := list(islice(made, _AT_A_TIME)):
            for record in several:
                store.add(record)
            store.flush()
    seconds = time.perf_counter() - begin
    return {
        "validations": count,
        "seconds": seconds,
        "validations_per_second": count / seconds,
        "bytes_per_validation": path.stat().st_size / count,
    }


def writes(seconds: float = 5.0) -> dict[str, float]:
    """Validations a second: 100 threads that wait for the disk, one of them, one that does not."""
    pool = list(records(20_000, end=time.time_ns() // 1_000, over=_DAY * 10**6, seed=2))
    found: dict[str, float] = {}
    for threads in (100, 1):
        with _new_store() as store:
            found[f"{threads}_waiting"] = _rate(store, pool, threads, seconds)
            stats = store.counters
            found[f"{threads}_waiting_per_transaction"] = stats.written / stats.transactions
            if store.stats().validations != stats.written:
                raise RuntimeError("not everything that was acknowledged is there")
    with _new_store() as store:
        begin = time.perf_counter()
        for record in pool:
            store.add(record)
        store.flush()
        found["not_waiting"] = len(pool) / (time.perf_counter() - begin)
    return found


def _rate(store: AuditStore, pool: Sequence[Record], threads: int, seconds: float) -> float:
    begin = time.perf_counter()
    counts = [0] * threads

    def work(thread: int) -> None:
        while time.perf_counter() - begin < seconds:
            store.add(pool[(thread + threads * counts[thread]) % len(pool)], wait=True)
            counts[thread] += 1

    running = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / (time.perf_counter() - begin)


@contextlib.contextmanager
def _new_store() -> Iterator[AuditStore]:
    with tempfile.TemporaryDirectory() as folder, AuditStore(Path(folder) / "audit.db") as store:
        yield store


def _asked(store: AuditStore, chance: random.Random) -> dict[str, Callable[[], Any]]:
    """Each question, about a window that nobody asked about before."""
    now = time.time()

    def window(days: float) -> tuple[float, float]:
        until = now - chance.random() * 30 * _DAY
        return until - days * _DAY, until

    documents = [entry.document_hash for entry in store.recent(500).entries]
    last = store.recent(1).entries[0].id

    def page() -> Any:
        return store.recent(100, before=(int(window(300)[0] * 1e6), 1 << 60))

    return {
        "recent, 100": page,
        "history of a document": lambda: store.history(chance.choice(documents)),
        "one validation": lambda: store.entry(chance.randrange(1, last + 1)),
        "statistics, 30 days": lambda: store.stats(*window(30)),
        "module performance, 30 days": lambda: store.module_performance(*window(30)),
        "top failures, 30 days": lambda: store.top_failures(*window(30)),
        "module performance, 335 days": lambda: store.module_performance(*window(335)),
        "module performance, since": lambda: store.module_performance(window(90)[0]),
        "universal alerts, 30 days": lambda: store.universal_alerts(*window(30)),
        "risk trends, 335 days": lambda: store.risk_trends(*window(335)),
        "drift of a gate, 335 days": lambda: store.drift("fca_uk", "gate_3", *window(335)),
        "overview, 30 days": lambda: _overview(store, window(30)),
    }


def _overview(store: AuditStore, window: tuple[float, float]) -> None:
    """As `overview`, of a window of which nothing is known."""
    store.stats(*window)
    store.module_performance(*window)
    store.top_failures(*window)
    store.universal_alerts(*window)
    store.recent(5)


def questions(path: Path, times: int = _TIMES) -> dict[str, dict[str, float]]:
    """Milliseconds of each question: the median, 99 of 100, the worst."""
    found = {}
    with AuditStore(path, read_only=True) as store:
        for name, ask in _asked(store, random.Random(3)).items():
            took = []
            for _ in range(times):
                begin = time.perf_counter()
                ask()
                took.append((time.perf_counter() - begin) * 1e3)
            took.sort()
            p99 = took[min(round(0.99 * times), times - 1)]
            found[name] = {"median": statistics.median(took), "p99": p99, "worst": took[-1]}
        counters = store.counters
    found["connections"] = {"reuse": counters.reuse, "questions": float(counters.questions)}
    return found


def first(path: Path) -> dict[str, float]:
    """Milliseconds of each question, the first of a new process."""
    found = {}
    names = _names(path)
    for name in names:
        _drop_pages()
        command = [sys.executable, "-m", "benchmarks.figures.audit", "--ask", str(path), name]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found[name] = float(answer)
    return found


def _names(path: Path) -> list[str]:
    with AuditStore(path, read_only=True) as store:
        return list(_asked(store, random.Random(3)))


def _ask_once(path: Path, name: str) -> float:
    """Of a question, without what chooses its window and without opening the file."""
    with AuditStore(path, read_only=True) as store:
        ask = _asked(store, random.Random(5))[name]
        _drop_pages()
        begin = time.perf_counter()
        ask()
        return (time.perf_counter() - begin) * 1e3


def _drop_pages() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/sys/vm/drop_caches").write_text("1")


def verify(path: Path) -> dict[str, float]:
    """Seconds of a whole check, and microseconds a validation."""
    with AuditStore(path, read_only=True) as store:
        begin = time.perf_counter()
        result = store.verify()
    seconds = time.perf_counter() - begin
    if not result.is_sound:
        raise RuntimeError(result.problems[0])
    return {"seconds": seconds, "us_per_validation": seconds / result.validations * 1e6}


_ROWS: Final = ("build", "writes", "questions", "first", "verify")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--validations", type=int, default=200_000)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--only", nargs="+", choices=_ROWS, default=_ROWS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--ask", nargs=2, metavar=("FILE", "QUESTION"))
    options = parser.parse_args(arguments)
    if options.ask:
        print(_ask_once(Path(options.ask[0]), options.ask[1]))
        return 0
    found: dict[str, Any] = {"load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as folder:
        path = options.store or Path(folder) / "audit.db"
        if not path.exists():
            found["build"] = build(path, options.validations)
        if "writes" in options.only:
            found["writes"] = writes()
        if "questions" in options.only:
            found["questions"] = questions(path)
        if "first" in options.only:
            found["first"] = first(path)
        if "verify" in options.only:
            found["verify"] = verify(path)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        _show(found)
    return 0


def _show(found: dict[str, Any]) -> None:
    for row, values in found.items():
        if not isinstance(values, dict):
            print(f"{row}: {values:,.2f}")
            continue
        print(row)
        for name, value in values.items():
            figures = value if isinstance(value, dict) else {"": value}
            said = "  ".join(f"{what} {figure:,.2f}".strip() for what, figure in figures.items())
            print(f"  {name:32} {said}")


if __name__ == "__main__":
    raise SystemExit(main())
