"""What verdicts cost beyond the pass over the document, and what plain `re` takes for them.

    python -m benchmarks.figures.gates [--quick] [--backend auto|simd|portable]

All shipped gates on documents that no round has seen, tasks in turn as in `figures.ratios`.
`typical` documents are made-up prose in which little is found. `found` ones are half made of the
gates' own examples, so that most gates find something: the costly case.

    bare pass       `PatternSet.scan` of all patterns, and of the lowercase view if a gate has one
    pass and rules  which verdict each gate gives, with spans, in the core; gates that are not
                    relevant do not have the rest of their patterns looked for
    check           the same, and Python objects: `GateSet.check`
    re              each distinct pattern's `finditer` once, compiled beforehand: no rules at all
    reference       `gatecore.gates.reference`, the oracle, which asks anew for each condition
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

import gatecore
from benchmarks.figures.ratios import Section, Text, machine, measure, table_of
from benchmarks.inputs import common, corpus
from gatecore import modules
from gatecore.gates import reference
from gatecore.gates.document import GateDocument
from gatecore.gates.spec import Gate

__all__ = [
    "KINDS",
    "SIZES",
    "Kind",
    "Verdicts",
    "document",
    "gate_set",
    "main",
    "sections",
    "specs",
]

Kind: TypeAlias = Literal["typical", "found"]
KINDS: tuple[Kind, ...] = ("typical", "found")
SIZES = (2_000, 10_000, 100_000)


@lru_cache(maxsize=1)
def specs() -> tuple[Gate, ...]:
    """The gates that are asked where none is named."""
    return tuple(spec for name in modules.defaults() for spec in modules.load(name).gates)


@lru_cache(maxsize=2)
def gate_set(backend: common.Backend = "auto") -> gatecore.GateSet:
    """The gates compiled, and held to the oracle on a document of each kind."""
    # Kept between the processes of asv: compiling takes ten times as long as all that is measured.
    gates = gatecore.GateSet(specs(), backend=backend, store=gatecore.PatternStore.default())
    for kind in KINDS:
        text = document(4_000, kind)
        wanted = tuple(reference.evaluate(spec, text) for spec in specs())
        if gates.check(text).verdicts != wanted:
            raise AssertionError(
                f"GateSet and gatecore.gates.reference differ on a {kind} document"
            )
    return gates


def document(characters: int, kind: Kind, seed: int = 2025) -> str:
    """A document of exactly `characters` characters; the same seed gives the same words.

    >>> len(document(3_000, "found")), document(3_000, "found") == document(3_000, "found", seed=1)
    (3000, False)
    """
    prose = corpus.document(characters, kind="natural", seed=seed)
    if kind == "typical":
        return prose
    source = random.Random(f"gates {seed}")
    paragraphs = prose.split("\n\n")
    pieces: list[str] = []
    length = 0
    while length < characters:
        gate = source.choice(specs())
        example = source.choice(gate.examples or gate.counter_examples)
        pieces += [example.text, source.choice(paragraphs)]
        length += len(pieces[-2]) + len(pieces[-1]) + 4
    return corpus.fresh("\n\n".join(pieces)[:characters])


class _Documents(Text):
    """A new document each round."""

    def __init__(self, characters: int, kind: Kind) -> None:
        self.of = kind
        super().__init__(characters, "natural")

    def next_document(self) -> None:
        self.current = document(self.characters, self.of, seed=next(self._seeds))


class Verdicts:
    """The questions that are timed."""

    def __init__(self, gates: gatecore.GateSet) -> None:
        self.gates = gates
        self._compiled = gates._compiled
        lowercase = () if gates.lowercase is None else tuple(gates.lowercase)
        # One set in one section: what a user of PatternSet would have.
        self._all = gatecore.PatternSet(list(gates.patterns), store=gatecore.PatternStore.default())
        self._text = [re.compile(*pattern) for pattern in gates.patterns]
        self._lowercase = [re.compile(*pattern) for pattern in lowercase]

    def bare_pass(self, text: str) -> None:
        self._all.scan(text)
        if self.gates.lowercase is not None:
            self.gates.lowercase.scan(text.lower())

    def rules(self, text: str) -> None:
        compiled = self._compiled
        compiled.core.evaluate(GateDocument(compiled.patterns, compiled.sets, text, is_lazy=True))

    def check(self, text: str) -> None:
        self.gates.check(text)

    def by_re(self, text: str) -> None:
        for pattern in self._text:
            list(pattern.finditer(text))
        view = text.lower() if self._lowercase else ""
        for pattern in self._lowercase:
            list(pattern.finditer(view))

    def by_reference(self, text: str) -> None:
        for spec in self.gates:
            reference.evaluate(spec, text)


def sections(gates: gatecore.GateSet, *, quick: bool) -> list[Section]:
    """For each kind and size: what a check is made of, then what `re` takes."""
    asked = Verdicts(gates)
    found: list[Section] = []
    for kind in KINDS:
        for characters in SIZES:
            text = _Documents(characters, kind)
            title = f"{characters:,} characters, {kind}"
            tasks: dict[str, Callable[[str], object]] = {
                "bare pass": asked.bare_pass,
                "pass and rules": asked.rules,
                "check": asked.check,
            }
            section = measure(
                f"{title}: what a check is made of",
                {name: text.ask(task) for name, task in tasks.items()},
                references=["bare pass"],
                repetitions=15 if quick else 75,
                texts=[text],
            )
            found.append(Section(section.title, section.figures, _found(asked, text)))
            if quick and characters > 10_000:
                continue
            slow = {"check": asked.check, "re": asked.by_re, "reference": asked.by_reference}
            found.append(
                measure(
                    f"{title}: against re",
                    {name: text.ask(task) for name, task in slow.items()},
                    references=["check"],
                    repetitions=3 if quick or characters > 10_000 else 9,
                    texts=[text],
                )
            )
    return found


def _found(asked: Verdicts, text: Text) -> tuple[str, ...]:
    reports = [asked.gates.check(text.current)]
    for _ in range(4):
        text.next_document()
        reports.append(asked.gates.check(text.current))
    findings = [sum(len(verdict.findings) for verdict in each.verdicts) for each in reports]
    flagged = [sum(bool(verdict.findings) for verdict in each.verdicts) for each in reports]
    relevant = [sum(v.status != "N/A" for v in each.verdicts) for each in reports]
    of = f"{statistics.median(flagged)} have {statistics.median(findings)} findings"
    return (f"{statistics.median(relevant)} gates are relevant, {of}",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.figures.gates",
        description="Measure verdicts beside the bare pass and plain re, interleaved.",
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--backend", choices=("auto", *gatecore.backends()), default="auto")
    chosen = parser.parse_args(arguments)
    for name, value in machine().items():
        print(f"{name}: {value}")
    gates = gate_set(chosen.backend)
    lowercase = 0 if gates.lowercase is None else len(gates.lowercase)
    print(f"{len(gates)} gates, {len(gates.patterns)} patterns and {lowercase} in lower case")
    for section in sections(gates, quick=chosen.quick):
        print("", *table_of(section), sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
