"""gatecore beside its peers on pattern sets that others published, in one process, interleaved.

    make bench-peers [PEERS='--quick --only gitleaks --markdown --json peers.json']

For each set and size of text: T1 which patterns match, T2 the first span of each, T3 every span,
each engine once a round on texts that it has not seen, in turn, and the order turns too. Times are
medians over the rounds, ratios are medians of the ratios within a round.

Every answer of every engine is compared with `re`'s. Ours must have no wrong one: the program ends
with status 1 if it has. A peer is charged only with patterns that it accepted.

`re` can take minutes on a long text, so each cell has a budget of seconds, after which it is not
asked again, and each call a limit, at which it is stopped if it can be. A cell that was asked
fewer than three times says how often; what was not measured is a dash, with the reason below.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import gatecore
from benchmarks import engines
from benchmarks.figures import peer_tables
from benchmarks.figures.peer_chart import chart
from benchmarks.figures.peer_figures import (
    OURS,
    OURS_ON_THEIRS,
    RE,
    Cell,
    Question,
    SetFigures,
)
from benchmarks.figures.ratios import machine
from benchmarks.inputs import common, corpus
from benchmarks.inputs.public_sets import (
    SETS,
    PublicSet,
    SetMissingError,
    public_set,
    words_of_many_scripts,
)
from benchmarks.inputs.public_texts import TextMaker, texts_for, with_odd_characters
from benchmarks.inputs.time_limit import TimeLimitReached, time_limit

__all__ = ["Limits", "main", "measure_set"]

QUESTIONS: tuple[Question, ...] = ("T1", "T2", "T3")
Answers: TypeAlias = "Mapping[int, list[tuple[int, int]]]"
"""Every span of each pattern that matches: from it the answers to all three questions follow."""

SIZES = (100, 10_000, 100_000)
#: Characters of the texts that the chart is about.
CHART = 10_000

_COLD_FIRST: tuple[Question, ...] = ("T2", "T3", "T1")

# Characters of the texts on which engines warm up and odd characters are tried.
_WARM = 10_000

# A second of our own may take so many where others use the machine.
_SHARED = 4

# How many texts a round has: a call of a microsecond is timed in a batch.
_BATCH = {100: 64}

_PEERS: Mapping[str, Callable[[Sequence[tuple[str, int]]], engines.Peer]] = {
    "hyperscan": partial(engines.PythonHyperscan, mode="ascii"),
    "libhs": partial(engines.SystemHyperscan, mode="ascii"),
    "regex": engines.RegexLoop,
    "re2 loop": engines.Re2Loop,
    "re2 Set": engines.Re2Set,
    "YARA-X": engines.YaraX,
    "literals + re": engines.LiteralsThenRe,
}


@dataclass(frozen=True)
class Limits:
    """How long measuring may take.

    Attributes:
        rounds: How often each cell is asked, at most.
        cell_seconds: A cell that took more is not asked again.
        call_seconds: A call that takes more is stopped, and its cell with it.
        clock: What samples are: "wall", or "cpu", the process's own time with all its threads,
            which is what a machine that others use at the same time leaves comparable.
    """

    rounds: int = 11
    cell_seconds: float = 4.0
    call_seconds: float = 60.0
    clock: Literal["wall", "cpu"] = "wall"


QUICK = Limits(rounds=5, cell_seconds=1.0, call_seconds=20.0)


class _Ours:
    """A `PatternSet` as a peer; `numbers` are those of its patterns in the whole set."""

    def __init__(self, patterns: Sequence[tuple[str, int]], numbers: Sequence[int]) -> None:
        self.set = gatecore.PatternSet([patterns[number] for number in numbers])
        self.name, self.version = OURS, gatecore.__version__
        self.unsupported = frozenset(range(len(patterns))) - frozenset(numbers)
        self._numbers = numbers

    def matching(self, text: str) -> list[int]:
        numbers = self._numbers
        return [numbers[i] for i in common.matching(self.set, text)]

    def first_spans(self, text: str) -> dict[int, tuple[int, int]]:
        numbers = self._numbers
        return {numbers[i]: span for i, span in common.first_spans(self.set, text).items()}

    def all_spans(self, text: str) -> dict[int, list[tuple[int, int]]]:
        numbers = self._numbers
        return {numbers[i]: spans for i, spans in common.all_spans(self.set, text).items()}


def measure_set(
    public: PublicSet,
    maker: TextMaker,
    *,
    limits: Limits,
    sizes: Sequence[int] = SIZES,
    peers: Sequence[str] = tuple(_PEERS),
) -> SetFigures:
    """Builds every engine on the set, and asks each every question on texts of each size."""
    figures, built = _built(public, peers)
    _warm_up(figures, built, maker, limits)
    _odd_answers(figures, built, maker, limits)
    for characters in sizes:
        cells = [
            Cell(name, question, characters)
            for name, peer in built.items()
            for question in QUESTIONS
            if _method(peer, question) is not None and (question == "T1" or name != OURS_ON_THEIRS)
        ]
        # `re`'s T3 first: it is the oracle of the round.
        cells.sort(key=lambda cell: (cell.engine, cell.question) != (RE, "T3"))
        figures.cells += cells
        for round_number in range(limits.rounds):
            seed = 1_000 * characters + round_number
            texts = [maker(characters, 1_000 * seed + n) for n in range(_BATCH.get(characters, 1))]
            _one_round(cells, built, texts, round_number, limits)
            if all(cell.stopped for cell in cells):
                break
    return figures


def _built(public: PublicSet, peers: Sequence[str]) -> tuple[SetFigures, dict[str, engines.Peer]]:
    patterns = public.patterns
    everything = range(len(patterns))
    compile_seconds: dict[str, float] = {}
    missing: dict[str, str] = {}
    built: dict[str, engines.Peer] = {}

    def build(name: str, make: Callable[[], engines.Peer]) -> None:
        _say(f"  {public.name}: building {name}")
        started = time.perf_counter()
        try:
            built[name] = peer = make()
        except engines.PeerMissingError as error:
            missing[name] = str(error)
        except Exception as error:  # a peer that fails on a set is a finding, not the end
            if name in (OURS, OURS_ON_THEIRS, RE):
                raise
            missing[name] = f"{type(error).__name__}: {error}"
        else:
            taken = time.perf_counter() - started
            compile_seconds[name] = getattr(peer, "compile_seconds", taken)

    build(RE, lambda: engines.ReLoop(patterns))
    build(OURS, lambda: _Ours(patterns, everything))
    for name in peers:
        build(name, partial(_PEERS[name], patterns))
    strict = built.get("hyperscan", built.get("libhs"))
    if strict is not None and strict.unsupported:
        kept = [number for number in everything if number not in strict.unsupported]
        build(OURS_ON_THEIRS, lambda: _Ours(patterns, kept))
    ours = built[OURS]
    assert isinstance(ours, _Ours)
    explained = [ours.set.explain(number) for number in everything]
    figures = SetFigures(
        name=public.name,
        origin=public.origin,
        patterns=len(patterns),
        left_out=public.left_out,
        routes=Counter(explanation.route for explanation in explained),
        reasons=Counter(f"{e.route}: {e.reason}" for e in explained if e.route != "exact"),
        compile_seconds=compile_seconds,
        versions={name: peer.version for name, peer in built.items()},
        unsupported={name: len(peer.unsupported) for name, peer in built.items()},
        missing=missing,
    )
    return figures, built


def _method(peer: engines.Peer, question: Question) -> Callable[[str], Any] | None:
    names = {"T1": "matching", "T2": "first_spans", "T3": "all_spans"}
    return getattr(peer, names[question], None)


def _warm_up(
    figures: SetFigures, built: Mapping[str, engines.Peer], maker: TextMaker, limits: Limits
) -> None:
    """Lets engines build what they build when they are first asked, and says what that takes.

    On other texts than those that are timed, until a fourth of a cell's budget is spent.
    """
    for name, peer in built.items():
        if name == RE:
            continue  # it builds nothing
        questions = [q for q in _COLD_FIRST if _method(peer, q) is not None]
        for question in questions:
            cell = Cell(name, question, _WARM)
            for number in range(30):
                if cell.stopped or sum(cell.samples) > limits.cell_seconds * 250_000:
                    break
                _asked(cell, peer, [maker(_WARM, -1 - number)], limits)
            if question == questions[0] and cell.samples:
                figures.cold[name] = cell.samples[0] / 1_000


def _odd_answers(
    figures: SetFigures, built: Mapping[str, engines.Peer], maker: TextMaker, limits: Limits
) -> None:
    """Compares answers, not times, on texts with odd characters."""
    text = with_odd_characters(maker(_WARM, -100), 1)
    oracle = _asked(Cell(RE, "T3", _WARM), built[RE], [text], limits)
    if oracle is None:
        return
    for name, peer in built.items():
        wrong: set[int] = set()
        for question in QUESTIONS:
            if _method(peer, question) is None:
                continue
            cell = Cell(name, question, _WARM)
            answers = _asked(cell, peer, [text], limits)
            if answers is not None:
                wrong |= _differences(answers[0], oracle[0], question) - peer.unsupported
        figures.odd[name] = sorted(wrong)


def _one_round(
    cells: Sequence[Cell],
    built: Mapping[str, engines.Peer],
    texts: Sequence[str],
    round_number: int,
    limits: Limits,
) -> None:
    """Asks every cell that has budget left once, and compares what they answered."""
    oracle, others = cells[0], list(cells[1:])
    turn = round_number % max(1, len(others))
    right: list[Answers] | None = None
    for cell in [oracle, *others[turn:], *others[:turn]]:
        peer = built[cell.engine]
        if cell.stopped:
            continue
        if cell.engine == RE and cell is not oracle and _is_hopeless(cell, oracle, limits):
            continue
        answers = _asked(cell, peer, texts, limits)
        if answers is None:
            continue
        if cell is oracle:
            right = answers
        elif right is not None:
            cell.compared += len(texts)
            for answer, spans in zip(answers, right, strict=True):
                cell.wrong |= _differences(answer, spans, cell.question) - peer.unsupported
        if sum(cell.samples) * len(texts) > limits.cell_seconds * 1e6:
            cell.stopped = f"budget of {limits.cell_seconds:g} s"


def _is_hopeless(cell: Cell, oracle: Cell, limits: Limits) -> bool:
    """Whether `re` would take too long, as its T3 did; then nothing is asked and it is said."""
    if oracle.samples and oracle.samples[0] < limits.call_seconds * 1e6:
        return False
    cell.stopped = "its T3 took too long"
    return True


def _asked(
    cell: Cell, peer: engines.Peer, texts: Sequence[str], limits: Limits
) -> list[Any] | None:
    ask = _method(peer, cell.question)
    assert ask is not None
    clock = time.process_time if limits.clock == "cpu" else time.perf_counter
    own = [corpus.fresh(text) for text in texts]
    gc.collect()
    gc.disable()
    try:
        # Not by ITIMER_PROF: while it runs, Linux counts the process's time in ticks.
        with time_limit(limits.call_seconds * (_SHARED if limits.clock == "cpu" else 1)):
            started = clock()
            answers = [ask(text) for text in own]
            taken = clock() - started
    except TimeLimitReached:
        cell.stopped = f"stopped after {limits.call_seconds:g} s"
        return None
    except Exception as error:
        if cell.engine in (OURS, OURS_ON_THEIRS, RE):
            raise
        cell.stopped = f"{type(error).__name__}: {error}"
        return None
    finally:
        gc.enable()
    cell.samples.append(taken / len(texts) * 1e6)
    return answers


def _differences(answer: Any, right: Answers, question: Question) -> set[int]:
    """The patterns for which an answer is not what `re`'s spans say."""
    if question == "T1":
        return set(answer) ^ set(right)
    wanted: Mapping[int, Any] = right
    if question == "T2":
        wanted = {number: spans[0] for number, spans in right.items()}
    return {number for number in {*answer, *wanted} if answer.get(number) != wanted.get(number)}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.figures.peers",
        description="Measure gatecore beside its peers on public pattern sets.",
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller budgets")
    parser.add_argument(
        "--only", action="append", choices=tuple(SETS), metavar="SET", help=", ".join(SETS)
    )
    parser.add_argument(
        "--peer", action="append", choices=tuple(_PEERS), metavar="PEER", help=", ".join(_PEERS)
    )
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu: on a machine that is shared"
    )
    parser.add_argument("--size", action="append", type=int, help="characters of a text")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="also draw T1 there, as SVG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every sample there")
    parser.add_argument(
        "--show", type=Path, metavar="FILE", help="measure nothing: the tables of such a file"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints the tables, and says by its status whether ours had a wrong answer."""
    chosen = _parser().parse_args(arguments)
    if chosen.show:
        earlier = json.loads(chosen.show.read_text("utf-8"))
        sets = [SetFigures.from_dict(plain) for plain in earlier["sets"]]
        peer_tables.show(sets, earlier, markdown=chosen.markdown)
        if chosen.chart:
            chosen.chart.write_text(chart(sets, earlier, characters=CHART), "utf-8")
        return 0
    limits = dataclasses.replace(QUICK if chosen.quick else Limits(), clock=chosen.clock)
    result: dict[str, Any] = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "limits": dataclasses.asdict(limits),
        "not measured": {},
        "sets": [],
    }
    measured: list[SetFigures] = []
    for name in chosen.only or SETS:
        try:
            public = public_set(name)
        except SetMissingError as error:
            result["not measured"][name] = str(error)
            _say(f"{name}: not measured, {error}")
            continue
        started = time.perf_counter()
        figures = measure_set(
            public,
            texts_for(name, words_of_many_scripts),
            limits=limits,
            sizes=chosen.size or SIZES,
            peers=chosen.peer or tuple(_PEERS),
        )
        _say(f"{name}: {len(public.patterns)} patterns, {time.perf_counter() - started:.0f} s")
        measured.append(figures)
        result["sets"].append(figures.to_dict())
        if chosen.json:  # after each set: a run that is cut short is worth what it did
            result["load average at the end"] = machine()["load average"]
            chosen.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    peer_tables.show(measured, result, markdown=chosen.markdown)
    if chosen.chart:
        chosen.chart.write_text(chart(measured, result, characters=CHART), "utf-8")
    wrong = [
        f"{figures.name}: gatecore's {cell.question} on {cell.characters} characters differs "
        f"from re's for patterns {sorted(cell.wrong)[:10]}"
        for figures in measured
        for cell in figures.cells
        if cell.wrong and cell.engine in (OURS, OURS_ON_THEIRS)
    ] + [
        f"{figures.name}: gatecore differs from re where characters are odd, patterns {odd[:10]}"
        for figures in measured
        if (odd := figures.odd.get(OURS, []) + figures.odd.get(OURS_ON_THEIRS, []))
    ]
    for line in wrong:
        _say(f"WRONG {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
