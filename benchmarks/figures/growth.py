"""The table of `python -m benchmarks.figures.ratios --hostile`: what a doubled text costs.

    family  backend  question  ms at n  2n / n  4n / 2n  far  re at a small n and at twice that

Each family's texts of n, 2n and 4n characters are scanned in turns by a compiled set, as often as
fills some milliseconds, and ratios are medians over the rounds. Worst ratios come first.
*far* is what a character takes at 50n, over what it takes at n: steps that come at some size, where
a memory is full and another way is taken, show there if not between n and 4n.
Times are the process's own: what others do on the machine must not look like growth.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import gatecore
from benchmarks.figures import ratios
from benchmarks.inputs import hostile
from benchmarks.inputs.hostile import Family
from benchmarks.inputs.time_limit import TimeLimitReached, time_limit

__all__ = ["Growth", "growths", "table"]

RE_LIMIT = 1.0
"""Seconds after which `re` is stopped."""

LEAST_MS = 3.0
"""What is shorter at n is done several times: ratios of microseconds are noise."""


FAR = 50
"""The longest text, in those of n characters."""

FAR_SECONDS = 4.0
"""What would take longer is left out."""


@dataclass(frozen=True)
class Growth:
    """How the time of one question grows with a family's text."""

    family: str
    backend: str
    question: str
    characters: int
    median_ms: float
    doubled: float
    doubled_again: float
    far: float | None
    by_re: str

    @property
    def worst(self) -> float:
        """The ratio to hold against 2."""
        return max(self.doubled, self.doubled_again, 2 * (self.far or 0))


class _Pumped(ratios.Text):
    """A family's text, the same in each round but a new string for each task."""

    def __init__(self, family: Family, characters: int) -> None:
        self.whole = family.text(characters)
        super().__init__(characters, "ascii")

    def next_document(self) -> None:
        self.current = self.whole


def _by_re(family: Family) -> str:
    """What `re.finditer` takes for all patterns on the small text and on twice that."""
    taken = []
    for characters in (family.small, 2 * family.small):
        text = family.text(characters)
        start = time.perf_counter()
        try:
            with time_limit(RE_LIMIT):
                for source, flags in family.patterns:
                    for _ in re.compile(source, flags).finditer(text):
                        pass
        except TimeLimitReached:
            taken.append(f"> {RE_LIMIT:g} s")
            break
        taken.append(f"{(time.perf_counter() - start) * 1e3:.3g} ms")
    return f"{family.small:,} characters: {', twice that: '.join(taken)}"


def growths(*, repetitions: int, backends: tuple[str, ...], names: str = "") -> Iterator[Growth]:
    """Measure every family off the fallback route whose name contains `names`."""
    for family in hostile.families():
        if names not in family.name:
            continue
        by_re = _by_re(family)
        for backend in backends:
            if not family.is_linear(backend):
                continue
            patterns = hostile.loaded(family.name, backend)
            for question in _questions(family):
                yield _growth(family, backend, question, patterns, repetitions, by_re)


def _questions(family: Family) -> list[str]:
    has_groups = any(re.compile(source, flags).groups for source, flags in family.patterns)
    return [question for question in hostile.QUESTIONS if question != "groups" or has_groups]


def _growth(
    family: Family,
    backend: str,
    question: str,
    patterns: gatecore.PatternSet,
    repetitions: int,
    by_re: str,
) -> Growth:
    sizes = [family.large, 2 * family.large, 4 * family.large]
    texts = [_Pumped(family, size) for size in sizes]
    calls = _calls(partial(hostile.ask, patterns, question, texts[0].whole))

    def asked(text: str) -> None:
        for _ in range(calls):
            hostile.ask(patterns, question, text)

    section = ratios.measure(
        family.name,
        {str(size): text.ask(asked) for size, text in zip(sizes, texts, strict=True)},
        references=[str(size) for size in sizes],
        repetitions=repetitions,
        texts=texts,
        clock=time.process_time,
    )
    one, two, four = section.figures
    doubled, again = two.ratios[str(sizes[0])], four.ratios[str(sizes[1])]
    at_n = one.median_ms / calls
    far = None
    if at_n / 1e3 * FAR < FAR_SECONDS:
        whole = family.text(FAR * sizes[0])
        far = _best_ms(partial(hostile.ask, patterns, question, whole)) / (FAR * at_n)
    return Growth(family.name, backend, question, sizes[0], at_n, doubled, again, far, by_re)


def _best_ms(call: Callable[[], object]) -> float:
    """The best of three, after one that builds what is put off."""
    call()
    taken = []
    for _ in range(3):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return min(taken) * 1e3


def _calls(once: Callable[[], object]) -> int:
    """How often to ask for `LEAST_MS`."""
    once()
    start = time.process_time()
    once()
    return math.ceil(LEAST_MS / 1e3 / max(1e-6, time.process_time() - start))


def table(measured: list[Growth]) -> str:
    """For people: a line for each figure, the worst ratio first."""
    width = max(len(growth.family) for growth in measured)
    head = f"{'family':{width}}  backend    question  {'n':>7}  {'ms at n':>9}"
    lines = [f"{head}  2n / n  4n / 2n   far  re"]
    lines += [
        f"{growth.family:{width}}  {growth.backend:8}  {growth.question:8}  "
        f"{growth.characters:7,}  {growth.median_ms:9.3f}  {growth.doubled:6.2f}  "
        f"{growth.doubled_again:7.2f}  {'-' if growth.far is None else f'{growth.far:.2f}':>4}  "
        f"{growth.by_re}"
        for growth in sorted(measured, key=lambda growth: -growth.worst)
    ]
    return "\n".join(lines)
