"""`gatecore gates check`: each gate against its own examples, and against the slow reference."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gatecore.cli.exit_codes import FINE, FOUND
from gatecore.cli.selection import gate_set
from gatecore.gates.reference import evaluate
from gatecore.gates.spec import Example, Gate
from gatecore.lint.gates import lint_gates
from gatecore.output.portable import head
from gatecore.text import json_text, visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from gatecore.gates.report import Verdict
    from gatecore.gates.set import GateSet
    from gatecore.lint.issues import Issue

__all__ = ["GateResult", "Problem", "check_gates", "run"]


@dataclass(frozen=True, slots=True)
class Problem:
    """An example whose verdict is not the expected one."""

    example: Example
    expected: str
    got: str

    def to_dict(self) -> dict[str, object]:
        """The problem as plain data."""
        return {
            "place": str(self.example.place),
            "text": self.example.text,
            "expected": self.expected,
            "got": self.got,
        }


@dataclass(frozen=True, slots=True)
class GateResult:
    """How a gate did on its own texts.

    Attributes:
        gate: The gate.
        passed: Texts whose verdict is the expected one.
        failed: The others.
        flagged: Texts in which the gate found something.
        rightly: Those of them that are examples.
        never_given: Numbers from 1 of the verdicts that are the answer to none of the texts; None
            is `not_relevant`.
        problems: What is wrong with the texts that failed.
    """

    gate: Gate
    passed: int
    failed: int
    flagged: int
    rightly: int
    never_given: tuple[int | None, ...]
    problems: tuple[Problem, ...]

    @property
    def precision(self) -> float | None:
        """The share of examples among the texts in which it found something, if there are any."""
        return self.rightly / self.flagged if self.flagged else None

    @property
    def recall(self) -> float | None:
        """The share of its examples in which it found something, if it has any."""
        return self.rightly / len(self.gate.examples) if self.gate.examples else None

    def to_dict(self) -> dict[str, object]:
        """The result as plain data."""
        return {
            "module": self.gate.module,
            "gate": self.gate.name,
            "examples": len(self.gate.examples),
            "counter_examples": len(self.gate.counter_examples),
            "passed": self.passed,
            "failed": self.failed,
            "precision": self.precision,
            "recall": self.recall,
            "unreached": len(self.never_given),
            "never_given": [self.verdict(number) for number in self.never_given],
            "deprecated": self.gate.deprecated,
            "problems": [problem.to_dict() for problem in self.problems],
        }

    def verdict(self, number: int | None) -> dict[str, object]:
        """What one of `never_given` is, as plain data."""
        if number is None:
            return {"verdict": None, "status": "N/A", "place": str(self.gate.place)}
        branch = self.gate.branches[number - 1]
        return {"verdict": number, "status": branch.status, "place": str(branch.place)}


def run(args: Namespace) -> int:
    """Runs all examples; every one that does not hold is shown, and every verdict nobody gets."""
    results = list(check_gates(gate_set(args)))
    shadowed = lint_gates((result.gate for result in results), only=["shadowed-verdict"])
    failed = bool(shadowed) or any(result.failed for result in results)
    if args.format == "json":
        dead = [issue.to_dict() for issue in shadowed]
        plain = [result.to_dict() for result in results]
        print(json_text({**head(), "gates": plain, "shadowed": dead, "errors": []}))
    else:
        from gatecore.cli.output.console import console, show

        page = console()
        show(page, *_tables(results, shadowed, page.width))
    return FOUND if failed else FINE


def check_gates(gates: GateSet) -> Iterator[GateResult]:
    """Each gate's result. Every text is a document of its own, seen by all gates in one pass."""
    for number, gate in enumerate(gates):
        problems: list[Problem] = []
        failed = flagged = rightly = 0
        reached: set[int | None] = set()
        for example in (*gate.examples, *gate.counter_examples):
            verdict = gates.check(example.text).verdicts[number]
            slow = evaluate(gate, example.text)
            reached.add(slow.branch)
            found = list(_problems(example, verdict, slow))
            problems += found
            failed += bool(found)
            if verdict.status in ("FAIL", "WARNING"):
                flagged += 1
                rightly += example.status in ("FAIL", "WARNING")
        passed = len(gate.examples) + len(gate.counter_examples) - failed
        answers = [*range(1, len(gate.branches) + 1), *([] if gate.relevant is None else [None])]
        never = tuple(answer for answer in answers if answer not in reached)
        yield GateResult(gate, passed, failed, flagged, rightly, never, tuple(problems))


def _problems(example: Example, verdict: Verdict, slow: Verdict) -> Iterator[Problem]:
    texts = tuple(finding.text for finding in verdict.findings)
    if verdict.status != example.status:
        yield Problem(example, example.status, f"{verdict.status}: {verdict.message}")
    elif example.evidence is not None and texts != example.evidence:
        reordered = sorted(texts) == sorted(example.evidence)
        remark = " (same findings, other order)" if reordered else ""
        yield Problem(example, _quoted(example.evidence), _quoted(texts) + remark)
    if slow != verdict:
        yield Problem(
            example,
            f"the reference's answer {slow.status}, "
            f"{_quoted(finding.text for finding in slow.findings)}",
            f"{verdict.status}, {_quoted(texts)}; this is a bug in gatecore, please report it",
        )


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts) or "no findings"


_DEPRECATED: Final = " (deprecated)"
_HEADINGS: Final = (
    ("examples", "counter", "failed", "precision", "recall", "never given"),
    ("examples", "counter", "failed", "precision", "recall", "never\ngiven"),
    ("exam-\nples", "coun-\nter", "failed", "prec-\nision", "recall", "never\ngiven"),
)
"""From wide to narrow."""


def _tables(
    results: list[GateResult], shadowed: Sequence[Issue], width: int
) -> Iterator[RenderableType]:
    from rich.table import Column, Table
    from rich.text import Text

    from gatecore.cli.output.console import listing, shortened

    names = (len(f"{r.gate.name}{_DEPRECATED if r.gate.deprecated else ''}") for r in results)
    widest = min(max(names, default=4) + 2, 32)
    fitting = [cells for cells in _HEADINGS if widest + _width(cells) <= width]
    headings = fitting[0] if fitting else _HEADINGS[-1]
    table = listing(
        Column("gate", overflow="fold", min_width=widest),
        *(Column(name, justify="right") for name in headings),
    )
    module = None
    for result in results:
        if result.gate.module != module:
            module = result.gate.module
            table.add_row(Text(visible(module), "bold cyan"))
        name = Text(f"  {result.gate.name}")
        if result.gate.deprecated:
            name.append(_DEPRECATED, "yellow")
        table.add_row(name, *_figures([result]))
    if len(results) > 1:
        table.add_section()
        table.add_row(Text("all", "bold"), *_figures(results))
    yield table
    yield Text("precision and recall are those on the gates' own examples", "dim")
    never = [(result, number) for result in results for number in result.never_given]
    if never:
        yield Text("\nnever given in an example", "bold")
    for result, number in never:
        told = result.verdict(number)
        which = "not_relevant" if number is None else f"verdict {told['verdict']}"
        yield Text(f"  {result.gate.name}: {which}, {told['status']}  ") + Text(
            visible(str(told["place"])), "cyan", overflow="fold"
        )
    for result in results:
        for problem in result.problems:
            yield Text(f"\n{problem.example.place}: gate '{result.gate.name}'", "bold red")
            grid = Table.grid(padding=(0, 2, 0, 0))
            grid.add_row(Text("  text", "bold"), shortened(problem.example.text, 400))
            grid.add_row(Text("  expected", "bold"), shortened(problem.expected, 400))
            grid.add_row(Text("  got", "bold"), shortened(problem.got, 400))
            yield grid
    for issue in shadowed:
        yield Text(f"\n{issue.place}: gate '{issue.gate}'", "bold red")
        yield Text(visible(f"  {issue.reason}"))
    failed = sum(result.failed for result in results)
    passed = sum(result.passed for result in results)
    gates = f"{len(results)} gate{'' if len(results) == 1 else 's'}"
    text = f"\n{gates}: {passed} passed, {failed} failed"
    if shadowed:
        text += f", {len(shadowed)} shadowed verdict{'' if len(shadowed) == 1 else 's'}"
    yield Text(text, "bold red" if failed or shadowed else "bold green")


def _width(headings: Sequence[str]) -> int:
    return sum(3 + max(map(len, heading.split("\n"))) for heading in headings)


def _figures(results: Sequence[GateResult]) -> Iterator[Text]:
    from rich.text import Text

    failed = sum(result.failed for result in results)
    rightly = sum(result.rightly for result in results)
    examples = sum(len(result.gate.examples) for result in results)
    unreached = sum(len(result.never_given) for result in results)
    yield Text(f"{examples:,}")
    yield Text(f"{sum(len(result.gate.counter_examples) for result in results):,}")
    yield Text(f"{failed:,}", "bold red" if failed else "green")
    yield Text(_share(rightly, sum(result.flagged for result in results)))
    yield Text(_share(rightly, examples))
    yield Text(f"{unreached:,}", "yellow" if unreached else "dim")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"
