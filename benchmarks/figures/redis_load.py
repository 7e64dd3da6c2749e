"""Redis where it is hard: one cold key for many processes, and a server that is killed in mid-load.

    python -m benchmarks.figures.redis_load [--quick] [--json]

One cold key: processes with 100 threads each begin at the same time to ask for a key that is not
there; how often is its value made, in all? Beside it: threads that only `get` and `set`.

Killed: threads validate documents by an engine whose cache is in Redis. The server is killed as
`kill -9` does and begun again later, with nothing in it. A validation fails if it raises or its
report is not the one that an engine without a cache makes. Recovered is when Redis gives an answer
again, counted from when the new server answers.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.inputs.redis_server import redis_server

__all__ = ["Killed", "cold_key", "killed", "main"]

#: Seconds that the value of the cold key takes to make.
MAKING_SECONDS: Final = 0.1
DOCUMENTS: Final = 50
CHARACTERS: Final = 10_000


# --- one cold key ----------------------------------------------------------------------------


def cold_key(processes: int = 4, threads: int = 100, rounds: int = 5) -> dict[str, list[int]]:
    """Computations in all processes together, for each round: single flight, and without it."""
    found: dict[str, list[int]] = {"get_or_compute": [], "get and set": []}
    with redis_server() as server:
        command = [sys.executable, "-m", "benchmarks.figures.redis_load", "--ask", server.url]
        askers = [
            subprocess.Popen(
                [*command, "--threads", str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(processes)
        ]
        try:
            for asker in askers:
                _line(asker)
            for number in range(rounds):
                for how, counts in found.items():
                    begin = time.time() + 0.3
                    for asker in askers:
                        assert asker.stdin
                        asker.stdin.write(json.dumps([how, f"{how} {number}", begin]) + "\n")
                        asker.stdin.flush()
                    counts.append(sum(int(_line(asker)) for asker in askers))
        finally:
            for asker in askers:
                asker.kill()
                asker.communicate()
    return found


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a process that asks ended")
    return line


def ask(url: str, threads: int) -> None:
    """One of the processes: for each line that it reads, how often it made the value."""
    from gatecore.cache import RedisCache, key

    cache = RedisCache(url)
    print("ready", flush=True)
    for line in sys.stdin:
        how, name, begin = json.loads(line)
        print(_computations(cache, how, key(b"cold", name), begin, threads), flush=True)


def _computations(cache: Any, how: str, at: bytes, begin: float, count: int) -> int:
    made: list[int] = []
    given: list[bytes] = []

    def compute() -> bytes:
        made.append(1)
        time.sleep(MAKING_SECONDS)
        return b"made"

    def work() -> None:
        time.sleep(max(0.0, begin - time.time()))
        if how == "get_or_compute":
            value = cache.get_or_compute(at, compute)
        else:
            value = cache.get(at)
            if value is None:
                value = compute()
                cache.set(at, value)
        given.append(value)

    _in_threads(count, work)
    assert given == [b"made"] * count, given
    return len(made)


def _in_threads(count: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- killed ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Killed:
    """What users of an engine met while its Redis was killed and begun again.

    Attributes:
        validations: How many there were.
        failed: Those that raised, or whose report was another one.
        why: The first of them.
        before: Median seconds of a validation while Redis was there and had the answers.
        down: Likewise while it was not.
        longest: Seconds of the longest validation of all.
        recovery: Seconds from when the new server answered until it gave an answer to the engine.
    """

    validations: int
    failed: int
    why: str
    before: float
    down: float
    longest: float
    recovery: float


def killed(*, threads: int = 8, seconds: float = 3.0) -> Killed:
    """Kills Redis after so many seconds of load, and begins it again after as many."""
    import gatecore
    from benchmarks.figures.gates import document
    from gatecore.cache import Codec, RedisCache
    from gatecore.engine.report import ValidationReport

    texts = [document(CHARACTERS, "typical", seed=number) for number in range(DOCUMENTS)]
    store = gatecore.PatternStore.default()
    plain = gatecore.ComplianceEngine(store=store)
    wanted = [_told(plain.validate_document(text)) for text in texts]
    codec = Codec(ValidationReport.to_json, ValidationReport.from_json, name="report")
    took: list[tuple[float, float]] = []  # when it ended, how long it took
    wrong: list[str] = []
    is_over = threading.Event()
    with redis_server() as server:
        cache = RedisCache(server.url).with_codec(codec)
        engine = gatecore.ComplianceEngine(store=store, cache=cache)

        def work() -> None:
            number = threading.get_ident() % DOCUMENTS
            while not is_over.is_set():
                number = (number + 1) % DOCUMENTS
                begin = time.perf_counter()
                try:
                    report = engine.validate_document(texts[number])
                except Exception as error:
                    wrong.append(repr(error))
                else:
                    if _told(report) != wanted[number]:
                        wrong.append(f"another report of document {number}")
                end = time.perf_counter()
                took.append((end, end - begin))

        load = threading.Thread(target=_in_threads, args=(threads, work))
        load.start()
        try:
            time.sleep(seconds)
            hits = cache.stats().hits
            kill = time.perf_counter()
            server.kill()
            time.sleep(seconds)
            server.begin()
            begun = time.perf_counter()
            there = cache.stats().hits
            while cache.stats().hits == there and time.perf_counter() < begun + 30:
                time.sleep(0.001)
            recovered = time.perf_counter()
            time.sleep(min(seconds, 1.0))
        finally:
            is_over.set()
            load.join()
    if not hits:
        wrong.append("Redis gave nothing before it was killed")
    return Killed(
        validations=len(took),
        failed=len(wrong),
        why=wrong[0] if wrong else "",
        before=statistics.median(s for end, s in took if kill - seconds / 2 < end < kill),
        down=statistics.median(s for end, s in took if kill + 0.5 < end < kill + seconds),
        longest=max(s for _, s in took),
        recovery=recovered - begun,
    )


def _told(report: Any) -> Any:
    return {name: value for name, value in report.to_dict().items() if name != "timestamp"}


# --- command line ----------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures.redis_load")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, a shorter load")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--ask", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=100)
    options = parser.parse_args(arguments)
    if options.ask:
        ask(options.ask, options.threads)
        return 0
    load = os.getloadavg()
    colds = cold_key(threads=options.threads, rounds=2 if options.quick else 5)
    met = killed(seconds=2.0 if options.quick else 4.0)
    if options.json:
        print(json.dumps({"load average": load, "one cold key": colds, "killed": asdict(met)}))
        return 0
    print(f"{os.cpu_count()} cores, load {'/'.join(f'{part:.1f}' for part in load)}")
    print(f"\none cold key, 4 processes with {options.threads} threads each: computations, goal 1")
    for how, counts in colds.items():
        print(f"  {how:16} {' '.join(map(str, counts))}")
    print("\nRedis killed and begun again in mid-load: goal 0 failed, recovered within 2 s")
    print(f"  {met.validations:,} validations, {met.failed} failed {met.why}")
    print(f"  median {met.before * 1e3:.2f} ms before, {met.down * 1e3:.2f} ms while it was down")
    print(f"  longest {met.longest * 1e3:.0f} ms; recovered after {met.recovery:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
