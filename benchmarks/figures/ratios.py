"""The figures that issues and commits quote, each as a ratio measured side by side in one run.

    python -m benchmarks.figures.ratios [--quick] [--format table|json] [--backend …]
    python -m benchmarks.figures.ratios --hostile [FAMILY]

Absolute times on shared machines are worth ±30 %, so every section interleaves its tasks: round
by round each one runs once, on the round's document, which no earlier round has shown it, and in
a string object of its own. (Repeating a document flatters every backend that builds its automaton
while it scans.)
A ratio is the median over the rounds of (this task / the reference *in the same round*), which a
load that comes and goes disturbs far less than the ratio of two medians.
Answers are compared with `re`'s before anything is timed; times are never asserted.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import gatecore
from benchmarks.engines import (
    Peer,
    PeerMissingError,
    PythonHyperscan,
    Re2Set,
    ReLoop,
    SystemHyperscan,
)
from benchmarks.inputs import common, corpus

__all__ = ["Figure", "Section", "Text", "machine", "main", "measure", "table_of"]

REPETITIONS, QUICK_REPETITIONS = 25, 15

Task: TypeAlias = Callable[[], object]


@dataclass(frozen=True)
class Figure:
    """The times of one task in a section, with its ratio to each of the section's references."""

    name: str
    median_ms: float
    best_ms: float
    repetitions: int
    ratios: Mapping[str, float]


@dataclass(frozen=True)
class Section:
    """Tasks that were measured together and may be compared with each other."""

    title: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    backend: common.Backend = "auto"
    count: int = 2_500
    repetitions: int = REPETITIONS
    quick: bool = False


@dataclass(frozen=True)
class Result:
    """One run: the machine it ran on and everything it measured."""

    machine: Mapping[str, object]
    load_average_after: tuple[float, ...]
    options: Options
    compile_s: float
    sections: tuple[Section, ...]


class Text:
    """What the next task reads: a new document each round, a new string object each task."""

    def __init__(self, characters: int, kind: corpus.Kind) -> None:
        self.characters, self.kind = characters, kind
        # Documents of one seed begin alike, so sizes must not share their seeds.
        self._seeds = itertools.count(characters)
        self.next_document()

    def next_document(self) -> None:
        seed = next(self._seeds)
        self.current = corpus.document(self.characters, kind=self.kind, seed=seed)

    def next_string(self) -> None:
        self.current = corpus.fresh(self.current)

    def ask(self, question: Callable[[str], object]) -> Task:
        """A task that puts `question` to whatever string is current when it runs."""
        return lambda: question(self.current)


class _Again(Text):
    """The same words again and again: a long text without anything that a short one lacks."""

    def __init__(self, characters: int, kind: corpus.Kind, times: int) -> None:
        self.times = times
        super().__init__(characters, kind)

    def next_document(self) -> None:
        super().next_document()
        self.current = " ".join([self.current] * self.times)


def measure(
    title: str,
    tasks: Mapping[str, Task],
    *,
    references: Sequence[str],
    repetitions: int,
    texts: Sequence[Text] = (),
    notes: Sequence[str] = (),
    clock: Callable[[], float] = time.perf_counter,
) -> Section:
    """Run all tasks `repetitions` times in turns, renewing the `texts` that they read.

    One untimed round comes first. The garbage collector runs between rounds only.
    """
    times: dict[str, list[float]] = {name: [] for name in tasks}
    order = list(tasks.items())  # starts one further each round: the first finds colder caches
    for turn in range(repetitions + 1):
        for text in texts:
            text.next_document()
        gc.collect()
        gc.disable()
        try:
            for name, task in (*order[turn % len(order) :], *order[: turn % len(order)]):
                for text in texts:
                    text.next_string()
                start = clock()
                task()
                elapsed = clock() - start
                if turn > 0:
                    times[name].append(elapsed * 1e3)
        finally:
            gc.enable()
    return Section(
        title,
        tuple(
            Figure(
                name,
                statistics.median(values),
                min(values),
                repetitions,
                {
                    reference: statistics.median(
                        mine / theirs for mine, theirs in zip(values, times[reference], strict=True)
                    )
                    for reference in references
                    if reference in times
                },
            )
            for name, values in times.items()
        ),
        tuple(notes),
    )


def _wrong(peer: Peer, text: str, right: Sequence[int]) -> int:
    return len(set(peer.matching(text)).symmetric_difference(right) - peer.unsupported)


def versus_hyperscan(patterns: gatecore.PatternSet, options: Options) -> list[Section]:
    """(a) T1 of gatecore and of raw backends on the same set, natural text."""
    sources = corpus.patterns(options.count)
    oracle = ReLoop(sources)
    peers: list[Peer] = []
    notes: list[str] = []
    makers: tuple[Callable[[], Peer], ...] = (
        lambda: PythonHyperscan(sources, mode="ascii"),
        lambda: PythonHyperscan(sources, mode="utf8"),
        lambda: SystemHyperscan(sources, mode="ascii"),
        lambda: SystemHyperscan(sources, mode="utf8"),
        lambda: Re2Set(sources),
    )
    for make in makers:
        try:
            peer = make()
        except PeerMissingError as missing:
            notes.append(f"a peer is left out: {missing}")
            continue
        peers.append(peer)
        notes.append(f"{peer.name}: {peer.version}; {len(peer.unsupported)} patterns unsupported")
    sections: list[Section] = []
    for characters in (10_000, 100_000):
        text = Text(characters, "natural")
        right = oracle.matching(text.current)
        if common.matching(patterns, text.current) != right:
            raise AssertionError(f"gatecore's ids differ from re's on {characters} characters")
        # RE2 builds its automaton anew for every document: seconds at 100,000 characters.
        asked = [p for p in peers if characters <= 10_000 or not isinstance(p, Re2Set)]
        wrong = [
            f"{peer.name}: {number} of the supported patterns answered otherwise than by re"
            for peer in asked
            if (number := _wrong(peer, text.current, right))
        ]
        tasks = {"gatecore": text.ask(partial(common.matching, patterns))}
        tasks |= {peer.name: text.ask(peer.matching) for peer in asked}
        tasks["floor: encode"] = text.ask(lambda t: t.encode("utf-8", "surrogatepass"))
        sections.append(
            measure(
                f"(a) T1, {characters:,} characters, natural, {len(right)} of {options.count:,} "
                "patterns match",
                tasks,
                references=[peer.name for peer in asked],
                repetitions=options.repetitions,
                texts=[text],
                notes=wrong if sections else [*notes, *wrong],
            )
        )
    return sections


def load_times(patterns: gatecore.PatternSet, options: Options) -> list[Section]:
    """(b) From a file to a usable set."""
    with tempfile.TemporaryDirectory(prefix="gatecore-ratios-") as directory:
        path = Path(directory, "patterns.gatecore")
        patterns.save(path)
        data = path.read_bytes()
        first = "what loading puts off, the first scan pays"
        tasks: dict[str, Task] = {
            "load": lambda: gatecore.PatternSet.load(path),
            "from_bytes": lambda: gatecore.PatternSet.from_bytes(data),
            "load and first scan": lambda: gatecore.PatternSet.load(path).scan(first).ids(),
            "floor: read the file": path.read_bytes,
        }
        try:
            peer = PythonHyperscan(corpus.patterns(options.count), mode="ascii")
        except PeerMissingError:
            pass  # section (a) has noted it
        else:
            dump = peer.to_bytes()
            tasks["hyperscan ascii, from bytes"] = lambda: peer.from_bytes(dump)
        return [
            measure(
                f"(b) load a compiled set of {options.count:,} ({len(data) / 1e6:.1f} MB)",
                tasks,
                references=["floor: read the file"],
                repetitions=options.repetitions,
            )
        ]


def import_times(options: Options) -> list[Section]:
    """(c) Fresh processes, so file caches are warm and everything in Python is cold."""

    def run(statement: str) -> Task:
        return lambda: subprocess.run([sys.executable, "-I", "-c", statement], check=True)

    section = measure(
        "(c) fresh process",
        {
            "python -c 'import gatecore'": run("import gatecore"),
            "from gatecore import PatternSet": run("from gatecore import PatternSet"),
            "python -c 'import re'": run("import re"),
            "floor: python -c pass": run("pass"),
        },
        references=["floor: python -c pass"],
        repetitions=options.repetitions,
    )
    *imports, floor = section.figures
    notes = tuple(
        f"{figure.name}: {figure.median_ms - floor.median_ms:.1f} ms above the bare interpreter"
        for figure in imports
    )
    return [dataclasses.replace(section, notes=notes)]


def versus_re(patterns: gatecore.PatternSet, options: Options) -> list[Section]:
    """(d) All three questions against `re`'s precompiled loop; few repetitions, `re` is slow."""
    loop = ReLoop(corpus.patterns(options.count))
    sections: list[Section] = []
    for characters, repetitions in ((10_000, 5), (100_000, 1 if options.quick else 3)):
        text = Text(characters, "natural")
        common.assert_equal_to_re(patterns, text.current)
        questions: list[tuple[str, Callable[[str], object], Callable[[str], object]]] = [
            ("T1", loop.matching, partial(common.matching, patterns)),
            ("T2", loop.first_spans, partial(common.first_spans, patterns)),
            ("T3", loop.all_spans, partial(common.all_spans, patterns)),
        ]
        for name, theirs, ours in questions:
            # `re` takes a hundred times as long, so gatecore's own figure comes from enough
            # repetitions of its own and `re`'s from a few.
            mine = measure(
                name,
                {"gatecore": text.ask(ours)},
                references=[],
                repetitions=options.repetitions,
                texts=[text],
            ).figures[0]
            both = measure(
                f"(d) {name}, {characters:,} characters, natural, against re",
                {
                    "re, precompiled loop": text.ask(theirs),
                    "gatecore, just after re": text.ask(ours),
                },
                references=["re, precompiled loop"],
                repetitions=repetitions,
                texts=[text],
            )
            reference = both.figures[0]
            ratio = {reference.name: mine.median_ms / reference.median_ms}
            alone = dataclasses.replace(mine, ratios=ratio)
            sections.append(dataclasses.replace(both, figures=(*both.figures, alone)))
    return sections


def linearity(patterns: gatecore.PatternSet, options: Options) -> list[Section]:
    """(e) Twice the text may take twice the time: ratios should be 1, 2, 4.

    New text brings new words, so more patterns match, which is more to do: the ratios of T2 and T3
    hold that growth as well, and on one line those of T1 the growth of `.*` that wait for their
    ends. Where a text is the same words again, only its length grows.
    """
    sections: list[Section] = []
    sizes = (100_000, 200_000, 400_000)
    questions: tuple[tuple[str, Callable[[gatecore.PatternSet, str], object]], ...] = (
        ("T1", common.matching),
        ("T2", common.first_spans),
        ("T3", common.all_spans),
    )
    kinds: tuple[corpus.Kind, ...] = ("natural", "one_line")
    growing: list[tuple[str, Sequence[Text]]] = [
        *((kind, [Text(size, kind) for size in sizes]) for kind in kinds),
        (
            "one_line, the same words again",
            [_Again(sizes[0], "one_line", size // sizes[0]) for size in sizes],
        ),
    ]
    for kind_name, texts in growing:
        for name, ask in questions:
            sections.append(
                measure(
                    f"(e) {name}, {kind_name}, growing",
                    {
                        f"{size:,}": text.ask(partial(ask, patterns))
                        for size, text in zip(sizes, texts, strict=True)
                    },
                    references=[f"{sizes[0]:,}"],
                    repetitions=options.repetitions if name == "T1" else QUICK_REPETITIONS,
                    texts=texts,
                )
            )
    return sections


def machine() -> dict[str, object]:
    """What the figures depend on besides the code."""
    cpu, features = platform.processor(), ""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            cpu = value.strip()
        if key.strip() == "flags":
            known = ("sse4_2", "avx2", "avx512bw", "avx512vbmi")
            features = " ".join(flag for flag in known if flag in value.split())
            break
    return {
        "cpu": cpu,
        "features": features,
        "cores": os.cpu_count(),
        "load average": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
        "gatecore": gatecore.__version__,
        "backends": list(gatecore.backends()),
    }


def run(options: Options) -> Result:
    """All sections, and the machine before and after."""
    before = machine()
    start = time.perf_counter()
    patterns = gatecore.PatternSet(corpus.patterns(options.count), backend=options.backend)
    built = time.perf_counter() - start
    sections = [
        *versus_hyperscan(patterns, options),
        *load_times(patterns, options),
        *import_times(options),
        *versus_re(patterns, options),
        *linearity(patterns, options),
    ]
    after = tuple(round(value, 2) for value in os.getloadavg())
    return Result(before, after, options, built, tuple(sections))


def _table(result: Result) -> str:
    """For people: a block per section, one line per task, one column per reference."""
    lines = [f"{name}: {value}" for name, value in result.machine.items()]
    lines.append(f"load average after: {list(result.load_average_after)}")
    lines.append(
        f"{result.options.count:,} patterns, backend {result.options.backend}, "
        f"compiled in {result.compile_s:.1f} s"
    )
    for section in result.sections:
        lines += ["", *table_of(section)]
    return "\n".join(lines)


def table_of(section: Section) -> list[str]:
    """The lines of one section."""
    references = list(section.figures[0].ratios)
    width = max(len(figure.name) for figure in section.figures)
    columns = {reference: max(len(reference) + 2, 10) for reference in references}
    heading = f"  {'':{width}}  {'median ms':>10}  {'best ms':>10}  {'n':>3}"
    heading += "".join(f"  {'/ ' + name:>{size}}" for name, size in columns.items())
    lines = [section.title, heading]
    for figure in section.figures:
        row = f"  {figure.name:{width}}  {figure.median_ms:10.3f}  {figure.best_ms:10.3f}"
        row += f"  {figure.repetitions:3}"
        row += "".join(f"  {figure.ratios[name]:{size}.4g}" for name, size in columns.items())
        lines.append(row)
    return [*lines, *(f"  {note}" for note in section.notes)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.figures.ratios",
        description="Measure gatecore beside re and raw backends, interleaved, and print ratios.",
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions (still 15)")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--backend", choices=("auto", *gatecore.backends()), default="auto")
    parser.add_argument(
        "--hostile",
        nargs="?",
        const="",
        metavar="FAMILY",
        help="instead: how hostile families grow, all or those whose name contains FAMILY",
    )
    parser.add_argument("--patterns", type=int, default=2_500, help="size of the set")
    return parser


def _hostile(chosen: argparse.Namespace) -> int:
    from benchmarks.figures import growth  # which builds on this module

    backends = gatecore.backends() if chosen.backend == "auto" else (chosen.backend,)
    repetitions = 5 if chosen.quick else 9
    found = list(
        growth.growths(repetitions=repetitions, backends=tuple(backends), names=chosen.hostile)
    )
    if not found:
        raise SystemExit(f"no family off the fallback route has {chosen.hostile!r} in its name")
    if chosen.format == "json":
        print(json.dumps([dataclasses.asdict(each) for each in found], indent=2))
    else:
        print(growth.table(found))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code says whether answers were right, never how fast."""
    chosen = _parser().parse_args(arguments)
    if chosen.hostile is not None:
        return _hostile(chosen)
    options = Options(
        backend=chosen.backend,
        count=chosen.patterns,
        repetitions=QUICK_REPETITIONS if chosen.quick else REPETITIONS,
        quick=chosen.quick,
    )
    result = run(options)
    if chosen.format == "json":
        print(json.dumps(dataclasses.asdict(result), indent=2))
    else:
        print(_table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
