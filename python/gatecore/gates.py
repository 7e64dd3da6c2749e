"""`GateSet`: gates as data, judged in Rust on one pass over the document.

All that belongs together is one frozen `_Compiled`, which each check reads once: a reload in
another thread replaces it by one assignment, so no lock is needed and no check sees a mixture.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gatecore._gatecore import CoreGates
from gatecore.errors import GatecoreError
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
    from gatecore._reload import Origin, Reloaded
    from gatecore.set_cache import SetCache

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
    """Gates whose patterns are compiled together. Threads may share it; only `reload` changes it.

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

    __slots__ = ("_compiled", "_origin")

    def __init__(
        self,
        gates: Iterable[Gate],
        *,
        engine: Engine = "auto",
        cache: SetCache | None = None,
    ) -> None:
        self._compiled = _Compiled.of(tuple(gates), engine, cache)
        self._origin: Origin | None = None

    @classmethod
    def load(
        cls,
        *paths: str | os.PathLike[str],
        modules: Iterable[str] = (),
        engine: Engine = "auto",
        cache: SetCache | None = None,
    ) -> GateSet:
        """Reads and compiles gates, and remembers where from, so that they can be read again.

        Args:
            paths: Gate files, folders of them, or folders of such folders.
            modules: Names of shipped modules, which come first. If neither is given, all of them.
            engine: As for `GateSet`.
            cache: As for `GateSet`; also used by `reload`.

        Raises:
            GateFileError: The first mistake in a file.
            UnknownModuleError: A name in `modules` is none.
            PatternSetError: As `PatternSet`.

        >>> GateSet.load(modules=["gdpr_uk"]).reload()
        Reloaded(changes=())
        """
        from gatecore._reload import Origin

        # Absolute, for hosts that change their folder. Links stay, so a link that is turned to
        # another folder is followed by the next reload.
        absolute = tuple(os.path.abspath(path) for path in paths)  # noqa: PTH100 - it keeps links
        origin = Origin(absolute, tuple(modules), engine, cache)
        loaded = cls(origin.read(), engine=engine, cache=cache)
        loaded._origin = origin
        return loaded

    def reload(self) -> Reloaded:
        """Reads the gates anew and swaps them in; says what changed.

        Checks that run meanwhile end with the old gates, those that begin afterwards see the new
        ones, and none sees some of each. Only a changed list of patterns is compiled. Reloads in
        several threads wait for each other.

        Raises:
            GateFileError: A file cannot be used. This and all other errors leave the old gates in
                place.
            GatecoreError: The set was not made by `load`.
        """
        from gatecore._reload import Reloaded, changes

        origin = self._origin
        if origin is None:
            raise GatecoreError("these gates were not read from files; make them with GateSet.load")
        with origin.lock:
            old = self._compiled
            new = _Compiled.of(origin.read(), origin.engine, origin.cache, before=old)
            self._compiled = new
        return Reloaded(changes(old.gates, new.gates))

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gates, in the order of the verdicts."""
        return self._compiled.gates

    @property
    def patterns(self) -> PatternSet:
        """The distinct patterns of all gates."""
        return self._compiled.patterns

    def __len__(self) -> int:
        return len(self.gates)

    def __iter__(self) -> Iterator[Gate]:
        return iter(self.gates)

    def __repr__(self) -> str:
        compiled = self._compiled
        return f"<gatecore.GateSet of {len(compiled.gates)} gates, {compiled.patterns!r}>"

    def check(self, text: str) -> Report:
        """Every gate's verdict for one document. The GIL is released for pass and rules.

        Raises:
            DocumentTypeError: `text` is no `str`.
        """
        return self._compiled.check(text)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """Gates with all that was made of them."""

    gates: tuple[Gate, ...]
    patterns: PatternSet
    core: CoreGates

    @classmethod
    def of(
        cls,
        gates: tuple[Gate, ...],
        engine: Engine,
        cache: SetCache | None,
        before: _Compiled | None = None,
    ) -> _Compiled:
        """Compiles; the patterns of `before` are used again if they are the same."""
        numbers: dict[PatternRef, int] = {}
        for gate in gates:
            for group in gate.groups:
                for pattern in group.patterns:
                    numbers.setdefault(pattern, len(numbers))
        listed = [Pattern(pattern.source, pattern.flags) for pattern in numbers]
        if before is not None and list(before.patterns) == listed:
            patterns = before.patterns
        else:
            patterns = PatternSet(listed, engine=engine, cache=cache)
        flat = [_flat_gate(gate, numbers) for gate in gates]
        return cls(gates, patterns, CoreGates(flat, patterns._core))

    def check(self, text: str) -> Report:
        """As `GateSet.check`."""
        started = time.perf_counter()
        scan = self.patterns.scan(text)
        scanned = time.perf_counter()
        outcomes = self.core.evaluate(scan._core, scan.matches_by_re, scan.spans_by_re)
        lines = Lines(text if any(found for _, found in outcomes) else "")
        verdicts = tuple(
            self._verdict(gate, number, found, lines)
            for gate, (number, found) in zip(self.gates, outcomes, strict=True)
        )
        timing = Timing(scanned - started, time.perf_counter() - scanned)
        return Report(verdicts, characters=len(text), timing=timing)

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
