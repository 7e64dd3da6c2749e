"""Archiving a month: how long it takes, what it saves, and how long it holds up who writes.

    python -m benchmarks.figures.audit_archive [--validations 500000] [--store FILE] [--json]

The validations are those of one month, of a host with 102 gates and nine detectors
(`inputs/audit_records`). While it is archived and the room given back, a thread of this process and
another process each write one validation after the other and wait for it to be on the disk, as they
do before, when nothing else happens. A wait is from handing over to the end of its transaction.

Questions are asked ten times each, with no answer from memory, before and after: of a window that
begins and ends within the month, of a document, of a page in the middle, of one validation. The
answers must be the same.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from benchmarks.inputs.audit_records import records
from gatecore.audit import AuditStore

__all__ = ["build", "main", "measure"]

_MONTH: Final = "2026-01"
_BEGIN: Final = int(datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp())
_DAY: Final = 86_400
_MICROS: Final = 1_000_000
_TIMES: Final = 10
_QUIET_SECONDS: Final = 10.0
_AT_A_TIME: Final = 2_000


def build(path: Path, count: int) -> None:
    """Writes the validations of a month, and as many of the next one as a tenth of them."""
    with AuditStore(path, durability="normal") as store:
        for many, first_day in ((count, 0), (count // 10, 31)):
            end = (_BEGIN + (first_day + 27) * _DAY) * _MICROS
            for number, record in enumerate(records(many, end=end, over=27 * _DAY * _MICROS), 1):
                store.add(record)
                if not number % _AT_A_TIME:
                    store.flush()


def measure(path: Path) -> dict[str, Any]:
    """Archives the month; the store is another one after that."""
    with AuditStore(path) as store:
        count = store.stats(_BEGIN, _BEGIN + 31 * _DAY).validations
        before, expected = _questions(store)
        with _writing(store, path) as waits:
            time.sleep(_QUIET_SECONDS)
            quiet = _taken(waits)
            begin = time.perf_counter()
            (month,) = store.archive(before="2026-02")
            seconds = time.perf_counter() - begin
            archiving = _taken(waits)
            begin = time.perf_counter()
            vacuumed = store.vacuum()
            vacuuming_seconds = time.perf_counter() - begin
            vacuuming = _taken(waits)
        after, found = _questions(store)
        if found != expected:
            raise RuntimeError("an archived store answers something else")
        begin = time.perf_counter()
        verified = store.verify()
        verifying = time.perf_counter() - begin
        if not verified.is_sound:
            raise RuntimeError(f"not sound: {verified.problems}")
    return {
        "validations": count,
        "seconds": seconds,
        "seconds_per_million": seconds / count * 1e6,
        "store_mb_before": vacuumed.bytes_before / 1e6,
        "store_mb_after": vacuumed.bytes_after / 1e6,
        "archive_mb": month.bytes / 1e6,
        "vacuum_seconds": vacuuming_seconds,
        "verify_seconds_per_million": verifying / verified.validations * 1e6,
        "waits_ms": {"quiet": quiet, "archiving": archiving, "vacuuming": vacuuming},
        "questions_ms": {name: {"before": before[name], "after": after[name]} for name in before},
        "load": os.getloadavg()[0],
    }


def _questions(store: AuditStore) -> tuple[dict[str, dict[str, float]], list[Any]]:
    """Medians and the longest, in milliseconds; and the answers."""
    window = _BEGIN + 2.3 * _DAY, _BEGIN + 9.6 * _DAY
    middle = (_BEGIN + 6 * _DAY) * _MICROS, 1 << 60
    entry = store.entry(10)
    if entry is None:
        raise RuntimeError("validation 10 is not there")
    asked: dict[str, Callable[[], Any]] = {
        "stats": lambda: store.stats(*window),
        "outcome_counts": lambda: store.outcome_counts(*window),
        "risk_trends": lambda: store.risk_trends(*window),
        "recent": lambda: store.recent(100, before=middle),
        "entry": lambda: store.entry(10),
        "history": lambda: store.history(entry.document_hash),
    }
    times: dict[str, dict[str, float]] = {}
    answers = []
    for name, ask in asked.items():
        taken = []
        for _ in range(_TIMES):
            store._answers.clear()
            begin = time.perf_counter()
            answer = ask()
            taken.append((time.perf_counter() - begin) * 1e3)
        answers.append(answer)
        times[name] = {"median": statistics.median(taken), "longest": max(taken)}
    return times, answers


_Waits = dict[str, list[float]]


@contextlib.contextmanager
def _writing(store: AuditStore, path: Path) -> Iterator[_Waits]:
    """A thread and another process write meanwhile."""
    waits: _Waits = {"thread": [], "process": []}
    is_over = threading.Event()
    thread = threading.Thread(target=_write, args=(store, waits["thread"].append, is_over))
    command = [sys.executable, "-m", "benchmarks.figures.audit_archive", "--write", str(path)]
    other = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    reader = threading.Thread(target=_read, args=(other, waits["process"]))
    thread.start()
    reader.start()
    try:
        yield waits
    finally:
        is_over.set()
        thread.join()
        if other.stdin is not None:
            other.stdin.close()  # which is its end
        reader.join()
        other.wait()


def _read(other: subprocess.Popen[str], waits: list[float]) -> None:
    for line in other.stdout or ():
        waits.append(float(line))


def _write(store: AuditStore, told: Callable[[float], None], is_over: threading.Event) -> None:
    """Writes until it is over, in the month after the next, about documents of its own."""
    end = (_BEGIN + 70 * _DAY) * _MICROS
    made = records(100, end=end, over=_DAY * _MICROS)
    some = [replace(record, document=os.urandom(32)) for record in made]
    number = 0
    while not is_over.wait(0.002):
        number += 1
        begin = time.perf_counter()
        store.add(some[number % len(some)], wait=True)
        told(time.perf_counter() - begin)


def _taken(waits: _Waits) -> dict[str, dict[str, float]]:
    """How long each writer waited since the last call, in milliseconds."""
    found = {}
    for name, every in waits.items():
        some = sorted(every[:])
        del every[: len(some)]
        if some:
            found[name] = {
                "count": len(some),
                "median": some[len(some) // 2] * 1e3,
                "p99": some[len(some) * 99 // 100] * 1e3,
                "longest": some[-1] * 1e3,
            }
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--validations", type=int, default=500_000)
    parser.add_argument("--store", type=Path, help="kept as it is, made if it is not there")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.write:
        _write_as_process(options.write)
        return 0
    with tempfile.TemporaryDirectory(dir=options.store and options.store.parent) as folder:
        path = Path(folder) / "audit.db"
        if options.store:
            if not options.store.exists():
                build(options.store, options.validations)
            shutil.copyfile(options.store, path)
        else:
            build(path, options.validations)
        found = measure(path)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        _show(found)
    return 0


def _write_as_process(path: Path) -> None:
    """Writes until its standard input ends."""
    is_over = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=wait, daemon=True).start()
    with AuditStore(path) as store:
        _write(store, lambda wait: print(wait, flush=True), is_over)


def _show(found: dict[str, Any]) -> None:
    for name, value in found.items():
        if not isinstance(value, dict):
            print(f"{name:<28} {value:>12,.1f}")
    for group in ("waits_ms", "questions_ms"):
        for name, parts in found[group].items():
            for part, times in parts.items():
                said = "  ".join(f"{key} {value:,.1f}" for key, value in times.items())
                print(f"{group} {name:<15} {part:<10} {said}")


if __name__ == "__main__":
    raise SystemExit(main())
