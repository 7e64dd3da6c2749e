"""Gates against their own examples, and the compiled gates against the slow reference on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatecore.gates.masking import masked_patterns
from gatecore.gates.reference import evaluate
from gatecore.gates.spec import Example, Gate
from gatecore.gates.statuses import is_problem

if TYPE_CHECKING:
    from gatecore.gates.report import Verdict
    from gatecore.gates.set import GateSet

__all__ = ["ExampleProblem", "GateResult", "check_examples"]


@dataclass(frozen=True, slots=True)
class ExampleProblem:
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
    problems: tuple[ExampleProblem, ...]

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


def check_examples(gates: GateSet) -> Iterator[GateResult]:
    """Each gate's result. Every text is a document of its own, seen by all gates in one pass.

    The reference is asked about every text as well, which takes milliseconds for each.

    >>> from gatecore import GateSet, modules
    >>> (result, *_) = check_examples(GateSet(modules.load("gdpr_uk").gates))
    >>> result.gate.name, result.failed, result.recall
    ('automated_decisions', 0, 1.0)
    """
    masking = {gate: bool(masked_patterns([gate])) for gate in gates}
    for number, gate in enumerate(gates):
        beside = [other for other, masks in masking.items() if masks and other != gate]
        problems: list[ExampleProblem] = []
        failed = flagged = rightly = 0
        reached: set[int | None] = set()
        for example in (*gate.examples, *gate.counter_examples):
            verdict = gates.check(example.text).verdicts[number]
            alone = evaluate(gate, example.text)
            # What the other gates mask is no matter of this gate's examples, but of the answer.
            slow = evaluate(gate, example.text, beside=beside) if beside else alone
            reached.add(slow.branch)
            found = list(_problems(example, verdict, slow, alone))
            problems += found
            failed += bool(found)
            if is_problem(verdict.status):
                flagged += 1
                rightly += is_problem(example.status)
        passed = len(gate.examples) + len(gate.counter_examples) - failed
        answers = [*range(1, len(gate.branches) + 1), *([] if gate.relevant is None else [None])]
        never = tuple(answer for answer in answers if answer not in reached)
        yield GateResult(gate, passed, failed, flagged, rightly, never, tuple(problems))


def _problems(
    example: Example, verdict: Verdict, slow: Verdict, alone: Verdict
) -> Iterator[ExampleProblem]:
    texts = tuple(finding.text for finding in alone.findings)
    if verdict.status != example.status:
        yield ExampleProblem(example, example.status, f"{verdict.status}: {verdict.message}")
    elif example.evidence is not None and texts != example.evidence:
        reordered = sorted(texts) == sorted(example.evidence)
        remark = " (same findings, other order)" if reordered else ""
        yield ExampleProblem(example, _quoted(example.evidence), _quoted(texts) + remark)
    if slow != verdict:
        shown = _quoted(finding.text for finding in verdict.findings)
        yield ExampleProblem(
            example,
            f"the reference's answer {slow.status}, "
            f"{_quoted(finding.text for finding in slow.findings)}",
            f"{verdict.status}, {shown}; this is a bug in gatecore, please report it",
        )


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts) or "no findings"
