"""What a second thread gives, beside a control that needs no interpreter.

    [LOKI_HOME=/path/to/loki] python -m benchmarks.figures.threads [--rounds 9]

The second core of a shared machine is often not there, so only the ratio counts: in each round the
control (SHA-256 over large buffers, which lets go of the GIL) and each task do the same work with
one thread and with two, one right after the other. `gain` is one thread's time by two threads',
`share` the task's gain by the control's of the same round. Documents are fresh in each round.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import gatecore
from benchmarks.figures.gates import document, gate_set
from benchmarks.inputs import real_host

__all__ = ["main"]

THREADS: Final = 2
#: Documents of a task, by their size: some 0.1 s of work.
DOCUMENTS: Final = {10_000: 64, 100_000: 12}
_BUFFER: Final = bytes(8 << 20)
_WANTED: Final = 0.9


def control(_: str) -> None:
    """One piece of the control's work."""
    hashlib.sha256(_BUFFER).digest()


def seconds(work: Callable[[str], object], texts: Sequence[str], pool: ThreadPoolExecutor) -> float:
    """What a pool takes for all texts."""
    start = time.perf_counter()
    for _ in pool.map(work, texts):
        pass
    return time.perf_counter() - start


def gain(
    work: Callable[[str], object],
    one_thread: Sequence[str],
    more: Sequence[str],
    pools: Sequence[ThreadPoolExecutor],
) -> float:
    """One thread's time by that of several, each with texts of its own."""
    return seconds(work, one_thread, pools[0]) / seconds(work, more, pools[1])


def tasks() -> Iterator[tuple[str, Callable[[str], object]]]:
    """What is asked."""
    gates = gate_set()
    patterns = gatecore.PatternSet(list(gates.patterns), store=gatecore.PatternStore.default())
    yield "PatternSet.scan", lambda text: patterns.scan(text).ids()
    yield "GateSet.check", gates.check
    if "LOKI_HOME" in os.environ:
        engine: Any = real_host.engine("sync")
        folder = os.environ.get("GATECORE_CACHE_DIR") or tempfile.mkdtemp()
        gatecore.accelerate(engine, store=gatecore.PatternStore(folder)).wait()
        yield "accelerated host", lambda text: engine.check_document(text, "contract", None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures.threads")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    asked = list(tasks())
    load = "/".join(f"{part:.1f}" for part in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}; medians of {options.rounds} rounds")
    print(f"{'':32}{'control':>9}{'gain':>8}{'share':>8}{'wanted':>8}")
    seed = 0
    with ThreadPoolExecutor(1) as single, ThreadPoolExecutor(THREADS) as several:
        pools = (single, several)
        for size, count in DOCUMENTS.items():
            for name, work in asked:
                rows = []
                for turn in range(options.rounds + 1):
                    fresh = [document(size, "typical", seed=seed + n) for n in range(2 * count)]
                    seed += 2 * count
                    before = gain(control, fresh[:8], fresh[:8], pools)
                    found = gain(work, fresh[:count], fresh[count:], pools)
                    after = gain(control, fresh[:8], fresh[:8], pools)
                    if turn:  # the first one builds what is built once
                        rows.append(((before + after) / 2, found, 2 * found / (before + after)))
                middle = [statistics.median(column) for column in zip(*rows, strict=True)]
                short = "" if middle[2] >= _WANTED else "  SHORT"
                print(
                    f"{f'{name}, {size:,}':32}{middle[0]:9.2f}{middle[1]:8.2f}{middle[2]:8.2f}"
                    f"{_WANTED:8}{short}",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
