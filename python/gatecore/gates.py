"""`GateSet`: gates as data, judged in Rust on one pass over the document."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from gatecore._gatecore import CoreGates
from gatecore.gate_spec import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Either,
    Every,
    GateSpec,
    NoneOf,
    Not,
    PatternRef,
)
from gatecore.patterns import Engine, Pattern, PatternSet
from gatecore.report import Lines, Report, Timing, Verdict

if TYPE_CHECKING:
    from gatecore.set_cache import SetCache
    from gatecore.why import Why

__all__ = ["Gate", "GateSet"]

#: A named check. The parsed form of one gate file.
Gate = GateSpec

# Conditions as the core reads them: rust/gatecore/src/gate/spec.rs.
_ANY, _ALL, _NONE, _AT_LEAST, _EVERY, _EITHER, _NOT = range(7)
_OF_PATTERNS: Final = {AnyOf: _ANY, AllOf: _ALL, NoneOf: _NONE}

#: (group, pattern, start, end) by number.
_Found = tuple[int, int, int, int]

_Branch = tuple["list[int] | None", list[tuple[int, list[int]]]]


class GateSet:
    """Gates whose patterns are compiled together. Immutable; threads may share it.

    Args:
        gates: The gates, in the order of the verdicts.
        engine: Which pass to use.
        cache: Where the compiled set is kept between processes; none if not given.

    Raises:
        PatternSetError: As `PatternSet`.

    A document costs one pass over all distinct patterns, then microseconds a gate.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> report = gates.check("Invoice 17, payable in 30 days.")
    >>> report.overall, len(report.verdicts)
    ('N/A', 5)
    """

    __slots__ = ("_core", "gates", "patterns")

    def __init__(
        self,
        gates: Iterable[Gate],
        *,
        engine: Engine = "auto",
        cache: SetCache | None = None,
    ) -> None:
        self.gates: tuple[Gate, ...] = tuple(gates)
        numbers: dict[PatternRef, int] = {}
        for gate in self.gates:
            for group in gate.groups:
                for pattern in group.patterns:
                    numbers.setdefault(pattern, len(numbers))
        listed = [Pattern(pattern.source, pattern.flags) for pattern in numbers]
        self.patterns = PatternSet(listed, engine=engine, cache=cache)
        flat = [_flat_gate(gate, numbers) for gate in self.gates]
        self._core = CoreGates(flat, self.patterns._core)

    def __len__(self) -> int:
        return len(self.gates)

    def __iter__(self) -> Iterator[Gate]:
        return iter(self.gates)

    def __repr__(self) -> str:
        return f"<gatecore.GateSet of {len(self.gates)} gates, {self.patterns!r}>"

    def check(self, text: str) -> Report:
        """Every gate's verdict for one document. The GIL is released for pass and rules.

        Raises:
            DocumentTypeError: `text` is no `str`.
        """
        started = time.perf_counter()
        scan = self.patterns.scan(text)
        scanned = time.perf_counter()
        outcomes = self._core.evaluate(scan._core, scan.matches_by_re, scan.spans_by_re)
        lines = Lines(text if any(found for _, found in outcomes) else "")
        verdicts = tuple(
            self._verdict(gate, number, found, lines)
            for gate, (number, found) in zip(self.gates, outcomes, strict=True)
        )
        timing = Timing(scanned - started, time.perf_counter() - scanned)
        return Report(verdicts, characters=len(text), timing=timing)._remember(self, text)

    def why(self, text: str, gate: str) -> Why:
        """Why a gate gives its verdict for a document; `gate` is a name or `module/name`.

        Costs a pass, or two where a gate looks into the lowered view, and then what the slow
        `gatecore.reference` costs on the one gate.

        Raises:
            DocumentTypeError: `text` is no `str`.
            UnknownGateError: No gate is called that, or several are.

        >>> from gatecore import GateSet, modules
        >>> gates = GateSet(modules.load("gdpr_uk").gates)
        >>> why = gates.why("By using this site you consent to cookies.", "consent")
        >>> why.relevant.held, why.branches[-1].status == why.status
        (True, True)
        """
        from gatecore._scan_matches import ScanMatches
        from gatecore.why import explain, gate_named

        return explain(gate_named(self.gates, gate), ScanMatches(self, text))

    def _verdict(
        self, gate: Gate, number: int | None, found: list[_Found], lines: Lines
    ) -> Verdict:
        if number is None:
            return Verdict(
                gate.name,
                gate.module,
                "N/A",
                "none",
                gate.not_relevant,
                "",
                gate.source,
                (),
                (),
                gate.version,
            )
        branch = gate.branches[number]
        findings = tuple(
            lines.finding(
                group=gate.groups[group].name,
                pattern=self.patterns[pattern].source,
                start=start,
                end=end,
                severity=branch.severity,
            )
            for group, pattern, start, end in found
        )
        return Verdict(
            gate.name,
            gate.module,
            branch.status,
            branch.severity,
            branch.message,
            branch.suggestion,
            gate.source,
            findings,
            (),
            gate.version,
        )


def _flat_gate(
    gate: Gate, numbers: dict[PatternRef, int]
) -> tuple[list[int] | None, list[_Branch]]:
    places = {group.name: index for index, group in enumerate(gate.groups)}

    def ids(groups: tuple[str, ...]) -> list[int]:
        return list(dict.fromkeys(numbers[pattern] for pattern in gate.patterns(groups)))

    def flat(condition: Condition | None) -> list[int] | None:
        return None if condition is None else _flat(condition)

    def _flat(condition: Condition) -> list[int]:
        match condition:
            case AtLeast(count, groups):
                listed = ids(groups)
                return [_AT_LEAST, count, len(listed), *listed]
            case Every(conditions) | Either(conditions):
                kind = _EVERY if isinstance(condition, Every) else _EITHER
                parts = (number for inner in conditions for number in _flat(inner))
                return [kind, len(conditions), *parts]
            case Not(inner):
                return [_NOT, *_flat(inner)]
            case AnyOf(groups) | AllOf(groups) | NoneOf(groups):
                listed = ids(groups)
                return [_OF_PATTERNS[type(condition)], len(listed), *listed]
            case _:
                raise NotImplementedError(condition)

    branches: list[_Branch] = [
        (
            flat(branch.when),
            [(places[g], ids((g,))) for shown in branch.evidence for g in shown.groups],
        )
        for branch in gate.branches
    ]
    return flat(gate.relevant), branches
