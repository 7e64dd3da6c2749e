"""What Arrow batches, processes and files cost beside the core's own work on the same documents.

    python -m benchmarks.figures.scale [--documents 2000] [--rounds 5] [--module NAME …]

*The core* is `GateSet.check` of just these gates: pass, rules, findings, and no report. Shares are
of processor time, which neighbours on the machine change little; documents a second are by the
clock, which is worth something only on a machine with nothing else to do.

One core: the ways take turns chunk by chunk. All cores: so many processes, each with documents of
its own, do one way after the other, begun together. `linear` is the processor time of a document
in one process by that in several at once. `run`: what a document more costs, from two runs, so
without starting processes; and what starting takes.
Documents have 1,000 to 3,000 characters of made-up prose.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import pickle
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.inputs import corpus
from gatecore.engine.cpus import usable_cpus
from gatecore.scale import EngineSpec, run, validate_arrow

__all__ = ["documents", "main"]

Way: TypeAlias = Callable[[pa.RecordBatch], object]

_CHUNK: Final = 256
_GOAL: Final = 0.85


def documents(count: int, *, seed: int) -> pa.RecordBatch:
    """Documents of 1,000 to 3,000 characters, cut from a long text; another seed, others."""
    source = random.Random(seed)
    whole = corpus.document(600_000, kind="natural", seed=seed)
    sizes = [source.randint(1_000, 3_000) for _ in range(count)]
    starts = [source.randrange(len(whole) - size) for size in sizes]
    texts = [whole[start : start + size] for start, size in zip(starts, sizes, strict=True)]
    return pa.record_batch({"id": range(count), "text": texts})


def ways(spec: EngineSpec) -> dict[str, Way]:
    """What a batch is given to. The texts are made of Arrow's bytes in each of them."""
    engine = spec.engine()
    gates = engine.gates
    assert gates is not None

    def core(batch: pa.RecordBatch) -> None:
        for text in batch["text"].to_pylist():
            gates.check(text)

    def engine_alone(batch: pa.RecordBatch) -> None:
        for text in batch["text"].to_pylist():
            engine.validate_document(text)

    return {
        "GateSet.check (the core)": core,
        "validate_document": engine_alone,
        "validate_arrow, 1 thread": lambda batch: validate_arrow(batch, engine=engine, jobs=1),
    }


def one_core(spec: EngineSpec, count: int, rounds: int) -> Iterator[tuple[str, float, float]]:
    """Each way's microseconds of processor time a document, and the core's share of it."""
    asked = ways(spec)
    spent: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(rounds + 1):
        batch = documents(count // rounds, seed=turn)
        for start in range(0, batch.num_rows, _CHUNK):
            chunk = batch.slice(start, _CHUNK)
            for name, way in asked.items():
                begun = time.process_time()
                way(chunk)
                if turn:  # the first one builds what is built once
                    took = (time.process_time() - begun) / chunk.num_rows
                    spent[name].append(1e6 * took)
    core = statistics.median(next(iter(spent.values())))
    for name, each in spent.items():
        middle = statistics.median(each)
        yield name, middle, core / middle


def _at_work(connection: Any, compiled: bytes, seed: int, count: int) -> None:
    """In a process of its own: does the way that it is told, and says what it took."""
    asked = ways(pickle.loads(compiled))
    chunks = [documents(count, seed=seed).slice(start, _CHUNK) for start in range(0, count, _CHUNK)]
    for way in asked.values():
        way(chunks[0])
    connection.send(None)
    while (name := connection.recv()) is not None:
        begun = time.process_time()
        for chunk in chunks:
            asked[name](chunk)
        connection.send(1e6 * (time.process_time() - begun) / count)


def all_cores(
    spec: EngineSpec, processes: int, count: int, rounds: int
) -> dict[str, tuple[float, float]]:
    """Each way's microseconds of processor time a document, and documents a second of all."""
    context = multiprocessing.get_context("spawn")
    pairs = [context.Pipe() for _ in range(processes)]
    compiled = pickle.dumps(spec)
    made = [
        context.Process(target=_at_work, args=(theirs, compiled, 100 + number, count))
        for number, (_, theirs) in enumerate(pairs)
    ]
    for process in made:
        process.start()
    ours = [pair[0] for pair in pairs]
    for connection in ours:
        connection.recv()
    names = list(ways(spec))
    spent: dict[str, list[float]] = {name: [] for name in names}
    speeds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            begun = time.perf_counter()
            for connection in ours:
                connection.send(name)
            spent[name] += [connection.recv() for connection in ours]
            speeds[name].append(processes * count / (time.perf_counter() - begun))
    for connection in ours:
        connection.send(None)
    for process in made:
        process.join()
    return {
        name: (statistics.median(spent[name]), statistics.median(speeds[name])) for name in names
    }


def of_files(spec: EngineSpec, processes: int, count: int) -> tuple[float, float]:
    """Seconds of processor time of the processes of a `run`, and seconds by the clock."""
    with tempfile.TemporaryDirectory() as folder:
        names = [Path(folder, f"{number}.parquet") for number in range(2 * processes)]
        for number, name in enumerate(names):
            batch = documents(count // len(names), seed=100 + number)
            pq.write_table(pa.Table.from_batches([batch]), name)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        report = run(names, Path(folder, "out"), spec=spec, workers=processes)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if report.failed:
        raise AssertionError(report.failed[0].error)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, report.seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures.scale")
    parser.add_argument("--documents", type=int, default=2_000, help="for each process and way")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--module", action="append", default=[])
    options = parser.parse_args(arguments)
    load = "/".join(f"{part:.1f}" for part in os.getloadavg())
    cpus = usable_cpus()
    print(f"{cpus} cores, load {load}; medians of {options.rounds} rounds")

    begun = time.perf_counter()
    spec = EngineSpec(modules=tuple(options.module)).compile()
    compiling = time.perf_counter() - begun
    sent = pickle.dumps(spec)
    begun = time.perf_counter()
    engine = pickle.loads(sent).engine()
    loading = time.perf_counter() - begun
    gates = len(engine.registry.gates())
    print(
        f"{gates} gates: compiled in {compiling:.2f} s, {len(sent) / 1e6:.1f} MB, "
        f"loaded in {1000 * loading:.0f} ms"
    )
    print(f"\n{'one core':36}{'µs':>10}{'share':>8}")
    for name, spent, share in one_core(spec, options.documents, options.rounds):
        print(f"{name:36}{spent:10.1f}{share:8.2f}{_mark(share)}")
    alone: dict[str, float] = {}
    for processes in sorted({1, cpus}):
        found = all_cores(spec, processes, options.documents, options.rounds)
        core = next(iter(found.values()))[0]
        print(f"\n{f'{processes} processes':36}{'µs':>10}{'share':>8}{'linear':>8}{'docs/s':>10}")
        for name, (spent, speed) in found.items():
            linear = alone.setdefault(name, spent) / spent
            print(
                f"{name:36}{spent:10.1f}{core / spent:8.2f}{linear:8.2f}{speed:10,.0f}"
                f"{_mark(core / spent)}"
            )
        few, many = options.documents, 4 * options.documents
        (used, clock), (more, longer) = (of_files(spec, processes, n) for n in (few, many))
        spent = 1e6 * (more - used) / (many - few)
        linear = alone.setdefault("run", spent) / spent
        speed = (many - few) / (longer - clock)
        print(
            f"{'run, a document more':36}{spent:10.1f}{core / spent:8.2f}{linear:8.2f}"
            f"{speed:10,.0f}{_mark(core / spent)}"
        )
        start = (used - 1e-6 * spent * few) / processes
        print(f"{'run, to start a process':36}{start:8.1f} s of processor time")
    return 0


def _mark(share: float) -> str:
    return "" if share >= _GOAL else "  SHORT"


if __name__ == "__main__":
    sys.exit(main())
