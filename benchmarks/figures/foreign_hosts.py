"""Packages that nobody here wrote, plain and under `accelerate`, side by side.

    make bench-foreign                     all of them, as a table; FOREIGN='--format json' likewise
    python -m benchmarks.figures.foreign_hosts [HOST …] [--rounds 15] [--control] [--format json]

Each host runs in three processes that answer in turn, each round a text that none has seen: one
that never sees gatecore, one under `accelerate`, one under `accelerate` without the functions
where documents come in ("names": no text is a `Document`, so all that is measured is what an
unserved call costs). A ratio is plain / accelerated in processor time, which other work on the
machine disturbs less than the clock; the median over the rounds. Answers are compared each round.
After these rounds come 24 texts that are not timed, in which a host learns and what does not gain
is given back, and then as many rounds again ("later"). Then the accelerated process ends and
another one begins with what it kept on disk, beside a new plain one ("next"). `--control` sets a
second plain process beside the first: how far from 1.0 noise gets.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from unittest import mock

from benchmarks.inputs.foreign_hosts import FOREIGN_HOSTS, ForeignHost

__all__ = ["Row", "main", "measure"]

ROUNDS: Final = 15
#: The number of the first text that is timed; those before it are warming up and learning.
FIRST: Final = 100
WARM: Final = 3
#: Texts between the first rounds and the later ones.
BETWEEN: Final = 24
WAYS: Final = ("plain", "accelerated", "names")
NEXT: Final = ("plain", "next")


@dataclass(frozen=True)
class Row:
    """What a host came to.

    Attributes:
        host: Its name.
        plain_ms: Milliseconds of the processor for a call without gatecore, median.
        ratio: Plain / accelerated; above 1 is faster.
        later_ratio: The same of the later rounds.
        next_ratio: The same of the first rounds of the next start.
        names_ratio: The same of the first ones when no text becomes a document.
        control: The same of a second plain process; `None` if there was none.
        different: Rounds whose answers differ, of how many.
        first_difference: Both answers, from where they differ.
        leaked: Objects of gatecore's own in an answer, by type.
        start_s: Seconds that the first `accelerate` took.
        patterns: How many patterns the set holds, by route.
        calls: Calls of functions in which documents come in, for each call of the host.
        documents: Documents made, for each call of the host.
        served: Calls of `re` that were served, for each call of the host.
        by_reason: Those that were not, by reason.
        extra_us: Microseconds that an unserved call costs more than `re`'s, from "names".
        left: What `explain` says was left alone.
    """

    host: str
    plain_ms: float
    ratio: float
    later_ratio: float
    next_ratio: float
    names_ratio: float
    control: float | None
    different: tuple[int, int]
    first_difference: tuple[str, str] | None
    leaked: dict[str, int]
    start_s: float
    patterns: dict[str, int]
    calls: float
    documents: float
    served: float
    by_reason: dict[str, float]
    extra_us: float | None
    left: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of calls of `re` that were served."""
        asked = self.served + sum(self.by_reason.values())
        return self.served / asked if asked else 0.0


class Process:
    """A host in a process of its own."""

    def __init__(self, host: str, way: str, folder: str) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.figures.foreign_hosts"]
        environment = {**os.environ, "PYTHONHASHSEED": "0", "GATECORE_CACHE_DIR": folder}
        self._process = subprocess.Popen(
            [*command, "--serve", way, host],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __call__(self, question: str, *arguments: Any) -> Any:
        """Asks, and waits for the answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([question, *arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the host's process ended: {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()


class Served:
    """The other side of `Process`: a host that is made, and asked."""

    def __init__(self, host: ForeignHost, way: str) -> None:
        self.host = host
        self.handle: Any = None
        self.start_s = 0.0
        self.modules = host.modules()
        if way != "plain":
            self._accelerate(way)
        self.ask = self.host.make()
        for number in range(1, WARM):
            self.answer(number)
        self._freeze()

    def _freeze(self) -> None:
        """Has what is there now left out when garbage is collected before a call.

        Looking through what gatecore holds as well, 19,000 objects for 13,000, would leave the
        host's own less of the processor's caches.
        """
        gc.collect()
        gc.freeze()

    def _accelerate(self, way: str) -> None:
        """As at a second start: what the first one learned is in the set."""
        import gatecore
        from gatecore.hosts import registry
        from gatecore.hosts.acceleration import Acceleration

        modules = self.modules
        if way == "names":
            found = registry.recognise(modules)
            found.entries.clear()
            store = gatecore.PatternStore.default()
            self.handle = Acceleration(modules, found, [], store, "auto", "own")
        elif way == "next":
            self.handle = gatecore.accelerate(modules)
            self.handle.wait()
        else:
            begun = time.perf_counter()
            first = gatecore.accelerate(modules)
            self.start_s = time.perf_counter() - begun
            self.ask = self.host.make()
            for number in range(1, WARM):
                self.answer(number)
            first.restore()
            self.handle = gatecore.accelerate(modules)
            self.handle.wait()

    def answer(self, number: int) -> Any:
        """What the host says about a text; what it raises is an answer as well."""
        try:
            return self.ask(self.host.texts(number))
        except Exception as error:
            return [type(error).__name__, str(error)]

    def timed(self, number: int) -> float:
        """Nanoseconds of the processor, all threads, for a call with the text of a number."""
        text = self.host.texts(number)
        gc.collect()
        gc.disable()
        begun = time.process_time_ns()
        try:
            self.ask(text)
        except Exception:
            pass
        finally:
            took = time.process_time_ns() - begun
            gc.enable()
        return took

    def settle(self, number: int) -> None:
        """Lets the host read what comes between the first rounds and the later ones."""
        for each in range(number, number + BETWEEN):
            self.answer(each)
        if self.handle is not None:
            self.handle.wait()
        self._freeze()

    def shown(self, number: int) -> str:
        """What of an answer is compared."""
        return repr(self.host.shown(self.answer(number)))

    def leaked(self, number: int) -> dict[str, int]:
        """Objects of gatecore's in an answer, by type."""
        found: dict[str, int] = {}
        _count_leaked(self.answer(number), found, 0)
        return found

    def counted(self, numbers: list[int]) -> dict[str, Any]:
        """What one call of the host comes to, counted apart from what is timed."""
        import gatecore
        from gatecore._gatecore import reasons, thread_counts
        from gatecore.hosts import acceleration

        class Counting(gatecore.Document):
            __slots__ = ()
            made = 0

            def __new__(cls, *arguments: Any) -> Any:
                Counting.made += 1
                return gatecore.Document(*arguments)

        calls = sum(self.handle._counts._calls.values())
        before = thread_counts()
        with mock.patch.object(acceleration, "Document", Counting):
            for number in numbers:
                self.answer(number)
        served, *fell = (now - then for now, then in zip(thread_counts(), before, strict=True))
        each = 1 / len(numbers)
        explained = self.handle.explain()
        return {
            "calls": (sum(self.handle._counts._calls.values()) - calls) * each,
            "documents": Counting.made * each,
            "served": served * each,
            "by_reason": {r: n * each for r, n in zip(reasons(), fell, strict=True) if n},
            "patterns": explained.routes,
            "left": explained.left,
            "start_s": self.start_s,
        }


def _count_leaked(value: Any, found: dict[str, int], depth: int) -> None:
    kind = type(value)
    if kind.__module__.startswith("gatecore") or (
        kind.__module__ == "re" and kind not in (re.Match, re.Pattern)
    ):
        found[kind.__name__] = found.get(kind.__name__, 0) + 1
    if depth > 6 or isinstance(value, str):
        return
    parts: Any = ()
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = value
    elif hasattr(value, "__dict__"):
        parts = vars(value).values()
    for part in list(parts)[:2_000]:
        _count_leaked(part, found, depth + 1)


def serve(host: ForeignHost, way: str) -> None:
    """The process of `Process`; what the host prints goes to stderr."""
    answers, sys.stdout = sys.stdout, sys.stderr
    served = Served(host, way)
    for line in sys.stdin:
        question, *arguments = json.loads(line)
        print(json.dumps(getattr(served, question)(*arguments)), file=answers, flush=True)


def measure(host: ForeignHost, *, rounds: int = ROUNDS, control: bool = False) -> Row:
    """Runs a host in its processes."""
    with tempfile.TemporaryDirectory() as folder:
        ways = [*WAYS, "control"] if control else [*WAYS]
        processes = {
            way: Process(host.name, "plain" if way == "control" else way, folder) for way in ways
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        different, first = 0, None
        try:
            for turn in range(2 * rounds):
                number = FIRST + turn
                if turn == rounds:
                    for process in processes.values():
                        process("settle", FIRST + 2 * rounds)
                for way in (*ways[turn % len(ways) :], *ways[: turn % len(ways)]):
                    times[way].append(processes[way]("timed", number))
                wanted, got = (processes[way]("shown", number) for way in WAYS[:2])
                if wanted != got:
                    different += 1
                    first = first or _difference(wanted, got)
            numbers = [FIRST + 3 * rounds + BETWEEN, FIRST + 3 * rounds + BETWEEN + 1]
            counted = processes["accelerated"]("counted", numbers)
            leaked = processes["accelerated"]("leaked", numbers[0])
            names = processes["names"]("counted", numbers)
            for way in WAYS[:2]:
                processes.pop(way).close()
            processes |= {way: Process(host.name, way, folder) for way in NEXT}
            beside: dict[str, list[float]] = {way: [] for way in NEXT}
            for turn in range(rounds):
                number = numbers[-1] + 1 + turn
                for way in NEXT[:: 1 if turn % 2 else -1]:
                    beside[way].append(processes[way]("timed", number))
                wanted, got = (processes[way]("shown", number) for way in NEXT)
                if wanted != got:
                    different += 1
                    first = first or _difference(wanted, got)
        finally:
            for process in processes.values():
                process.close()
    unserved = sum(names["by_reason"].values())
    more = statistics.median(
        with_names - plain for plain, with_names in zip(times["plain"], times["names"], strict=True)
    )
    return Row(
        host=host.name,
        plain_ms=statistics.median(times["plain"]) / 1e6,
        ratio=_ratio(times, "accelerated", slice(rounds)),
        later_ratio=_ratio(times, "accelerated", slice(rounds, None)),
        next_ratio=_ratio(beside, "next", slice(None)),
        names_ratio=_ratio(times, "names", slice(rounds)),
        control=_ratio(times, "control", slice(None)) if control else None,
        different=(different, 3 * rounds),
        first_difference=first,
        leaked=leaked,
        extra_us=more / 1e3 / unserved if unserved else None,
        **counted,
    )


def _ratio(times: dict[str, list[float]], way: str, which: slice) -> float:
    pairs = zip(times["plain"][which], times[way][which], strict=True)
    return statistics.median(plain / other for plain, other in pairs)


def _difference(wanted: str, got: str) -> tuple[str, str]:
    place = next(
        (n for n, (one, other) in enumerate(zip(wanted, got, strict=False)) if one != other),
        min(len(wanted), len(got)),
    )
    return wanted[max(0, place - 60) : place + 60], got[max(0, place - 60) : place + 60]


_HEAD: Final = (
    f"{'host':32}{'ms':>8}{'ratio':>7}{'later':>7}{'next':>7}{'names':>7}{'differ':>8}{'served':>8}{'calls':>7}{'docs':>6}"
    f"{'of re':>7}{'+us':>6}  not served, a call"
)


def _line(row: Row) -> str:
    reasons = ", ".join(
        f"{reason} {count:,.0f}"
        for reason, count in sorted(row.by_reason.items(), key=lambda x: -x[1])
    )
    asked = row.served + sum(row.by_reason.values())
    extra = "" if row.extra_us is None else f"{row.extra_us:6.2f}"
    control = "" if row.control is None else f"  (control {row.control:.2f})"
    return (
        f"{row.host:32}{row.plain_ms:8.1f}{row.ratio:7.2f}{row.later_ratio:7.2f}{row.next_ratio:7.2f}"
        f"{row.names_ratio:7.2f}"
        f"{f'{row.different[0]}/{row.different[1]}':>8}{row.share:8.1%}{row.calls:7,.0f}"
        f"{row.documents:6,.0f}{asked:7,.0f}{extra:>6}  {reasons}{control}"
    )


def doors(*, calls: int = 2_000, rounds: int = 15) -> list[tuple[str, float, float]]:
    """What a call costs in nanoseconds, without gatecore and with it, medians of rounds in turn."""
    import gatecore

    source = """
import re
WORD = re.compile("zyzzyva")
def nothing(text):
    return None
def short(text):
    return WORD.search(text[:8])
"""
    plain, fast = ModuleType("plain"), ModuleType("fast")
    for module in (plain, fast):
        exec(source, vars(module))
    kinds: dict[str, tuple[str, Callable[[int], str]]] = {
        "a function that does nothing, the same text": ("nothing", lambda number: "x" * 100),
        "a new text of 100 characters": ("nothing", lambda number: f"{number:100}"),
        "a new text of 10,000 characters": ("nothing", lambda number: f"{number:10000}"),
        "and an unserved search, the same text": ("short", lambda number: "x" * 100),
    }
    found = []
    with gatecore.accelerate(fast, patterns=["zyzzyva"], keep=False):
        for name, (function, make) in kinds.items():
            times: list[tuple[float, float]] = []
            for turn in range(rounds):
                texts = [make(turn * calls + number) for number in range(calls)]
                pair = []
                for module in (plain, fast):
                    call = getattr(module, function)
                    begun = time.process_time_ns()
                    for text in texts:
                        call(text)
                    pair.append((time.process_time_ns() - begun) / calls)
                times.append((pair[0], pair[1]))
            before, after = (statistics.median(column) for column in zip(*times, strict=True))
            found.append((name, before, after))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; the exit code says whether answers were the same, never how fast."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.figures.foreign_hosts", description=__doc__
    )
    parser.add_argument("hosts", nargs="*", help="parts of names of hosts (default: all)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--output", help="also write the JSON there")
    parser.add_argument("--serve", choices=(*WAYS, *NEXT), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        serve(FOREIGN_HOSTS[options.hosts[0]], options.serve)
        return 0
    rows = []
    if options.format == "table":
        print(f"{'a call, ns':48}{'plain':>8}{'ours':>8}{'more':>8}")
        for name, before, after in doors():
            print(f"{name:48}{before:8.0f}{after:8.0f}{after - before:+8.0f}")
        print(f"\n{_HEAD}", flush=True)
    for host in FOREIGN_HOSTS.values():
        if options.hosts and not any(part in host.name for part in options.hosts):
            continue
        try:
            rows.append(measure(host, rounds=options.rounds, control=options.control))
        except (RuntimeError, BrokenPipeError) as error:
            print(f"{host.name:32}{error}", flush=True)
            continue
        if options.format == "table":
            print(_line(rows[-1]), flush=True)
    made = json.dumps([dataclasses.asdict(row) for row in rows], indent=2)
    if options.format == "json":
        print(made)
    if options.output:
        Path(options.output).write_text(made, "utf-8")
    for row in rows:
        if row.first_difference and options.format == "table":
            print(f"\n{row.host}\n  re:   {row.first_difference[0]}")
            print(f"  ours: {row.first_difference[1]}")
    return 1 if any(row.different[0] for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
