"""A real host, old against accelerated, in one run.

    LOKI_HOME=/path/to/loki python -m benchmarks.figures.host [--rounds 5] [--quick]

Both run in turn on texts of the host's own documents, each round on another one, so that nothing is
kept from the round before. The old engine runs in a process of its own that never sees gatecore.
Both are warm: an automaton is built when its pattern first finds something, and the first twenty
short documents of a process take up to ten times as long as those after them. Times are the clock's
and, beside them, the CPU time of the process with all its threads: what counts on a machine that
others use as well.
Then the same gates when all is answered already (`again`; what is below that: `host_floor`),
hostile texts, the share of calls that were served, client threads, the start, and memory.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

from benchmarks.inputs import real_host

__all__ = ["main"]


SIZES: Final = (2_000, 10_000, 50_000, 200_000)
#: The ratios that were asked for, gates and whole check, by size.
WANTED: Final = {2_000: (20, 15), 10_000: (60, 100), 50_000: (100, 200), 200_000: (60, 500)}
#: Documents of each size that both engines see before anything is measured.
WARM: Final = 30
HOSTILE: Final = {
    "2,000 digits after a keyword": "invoice " + "1" * 2_000,
    "80 spaces": "guaranteed" + " " * 80 + "returns",
    "40,000 letters": "a" * 40_000,
}


def texts(size: int, count: int, *, one_line: bool = False) -> list[str]:
    """Texts of a size, each begun at another place of the host's documents."""
    chosen = random.Random(size)
    documents = real_host.host_documents()
    made = []
    for _ in range(count):
        chosen.shuffle(documents)
        text = "\n\n".join(documents)
        text = (text * (size // len(text) + 1))[:size]
        made.append(text.replace("\n", " ") if one_line else text)
    return made


class Took(NamedTuple):
    """What a call took, in milliseconds."""

    clock: float
    cpu: float


def milliseconds(call: Callable[[], Any]) -> Took:
    """What one call takes."""
    gc.collect()
    start, cpu = time.perf_counter(), time.process_time()
    call()
    return Took((time.perf_counter() - start) * 1e3, (time.process_time() - cpu) * 1e3)


def gates(engine: Any, text: str) -> None:
    """All gates on a text, as the engine's modules run them."""
    for module in engine.modules.values():
        module.execute(text, "contract")


class Old:
    """The host without gatecore, in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.figures.host", "--old"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, what: str, text: str) -> Took:
        """What one call takes."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([what, text]) + "\n")
        self._process.stdin.flush()
        return Took(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()


def serve_old() -> None:
    """The process of `Old`."""
    engines = {name: real_host.engine(name) for name in real_host.ENGINES}
    for line in sys.stdin:
        what, text = json.loads(line)
        print(json.dumps(run(engines, what, text)), flush=True)


def run(engines: dict[str, Any], what: str, text: str) -> Took:
    """One call: "gates", or the whole check of the engine of that name."""
    if what == "gates":
        return milliseconds(lambda: gates(engines["sync"], text))
    return milliseconds(lambda: engines[what].check_document(text, "contract", None))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures.host", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="no 200,000 characters, no 80 k line")
    parser.add_argument("--replay", action="store_true", help="with replayed gates")
    parser.add_argument("--old", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.old:
        serve_old()
        return 0
    import gatecore
    from gatecore import PatternStore

    folder = os.environ.get("GATECORE_CACHE_DIR") or tempfile.mkdtemp()
    engines = {name: real_host.engine(name) for name in real_host.ENGINES}
    before = peak()
    store = PatternStore(folder)
    handles = {
        name: gatecore.accelerate(engine, store=store, replay=options.replay)
        for name, engine in engines.items()
    }
    for text in [text for size in SIZES[:3] for text in texts(size + 7, WARM)]:
        for what in ("gates", *engines):
            run(engines, what, text)
    old = Old()
    print(f"{'':34}{'clock, ms':>27}{'CPU, ms':>27}")
    head = f"{'old':>10}{'new':>9}{'ratio':>8}"
    print(f"{'median':34}{head}{head}{'wanted':>8}{'again':>9}")
    sizes = SIZES[:-1] if options.quick else SIZES
    for what, column in (("gates", 0), ("sync", 1), ("async", 1)):
        for size in sizes:
            rounds = options.rounds if size < 200_000 else min(options.rounds, 3)
            row(engines, old, what, texts(size, rounds), f"{size:,}", WANTED[size][column])
    if not options.quick:
        lines = texts(80_000, 1, one_line=True)
        row(engines, old, "gates", lines, "80,000 on one line", 200)
    old.close()
    print("\nhostile texts: whole check, ms (below 100)")
    for name, text in HOSTILE.items():
        took = {what: run(engines, what, text).clock for what in ("gates", "sync", "async")}
        print(f"  {name:32}", "  ".join(f"{k} {v:7.1f}" for k, v in took.items()))
    for name, handle in handles.items():
        stats = handle.stats()
        print(f"\n{name}: {stats.served:,} served, {stats.fell_through:,} fell through", end=" ")
        print(f"({stats.share:.3%}) {stats.by_reason}")
    print(f"\npeak memory beside the host's own: {(peak() - before) / 1e6:.0f} MB")
    clients(engines["sync"])
    start(folder)
    return 0


def row(
    engines: dict[str, Any], old: Old, what: str, some: list[str], name: str, wanted: int
) -> None:
    """One line of the table."""
    run(engines, what, some[0][: len(some[0]) // 2])
    timed = [(old(what, text), run(engines, what, text)) for text in some]
    shown = ""
    for number in range(len(Took._fields)):
        pairs = [(one[number], other[number]) for one, other in timed]
        before, after = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for one, other in pairs)
        shown += f"{before:10.1f}{after:9.2f}{ratio:7.0f}x"
    again = ""
    if what == "gates":
        known = [run(engines, what, some[0]).cpu for _ in range(5)]
        again = f"{statistics.median(known):9.2f}"
    short = "" if ratio >= wanted else "  SHORT"
    print(f"{f'{what}, {name}':34}{shown}{wanted:7}x{again}{short}", flush=True)


def clients(engine: Any) -> None:
    """Documents a second for one thread and for eight."""
    print("\nclients  documents/s")
    for size in (10_000, 50_000):
        for count in (1, 8, 1, 8):
            some = texts(size, 120 if size == 10_000 else 60)
            begin = time.perf_counter()
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(lambda text: engine.check_document(text, "contract", None), some))
            took = time.perf_counter() - begin
            print(f"{count:7}{len(some) / took:10.1f}   of {size:,} characters", flush=True)


def start(folder: str) -> None:
    """`accelerate` in a new process, with the set compiled before."""
    program = f"""
import time
from benchmarks.inputs import real_host
engine = real_host.engine("sync")
begin = time.perf_counter()
import gatecore, gatecore.hosts.acceleration
imported = time.perf_counter()
gatecore.accelerate(engine, store=gatecore.PatternStore({folder!r}))
print((imported - begin) * 1e3, (time.perf_counter() - imported) * 1e3)
"""
    found = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        )
        found.append([float(value) for value in done.stdout.split()])
    imports, accelerates = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"\nstart: import {imports:.0f} ms, accelerate {accelerates:.0f} ms (below 100)")


def peak() -> float:
    """The most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    raise SystemExit(main())
