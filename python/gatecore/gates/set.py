"""`GateSet`: gates as data, judged in Rust on one pass over the document.

All that belongs together is one frozen `CompiledGates`, which each check reads once: a reload in
another thread replaces it by one assignment, so no lock is needed and no check sees a mixture.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gatecore.errors import GatecoreError
from gatecore.gates.compiled import CompiledGates
from gatecore.gates.counters import Counters, Detail, counters_of, detail_of
from gatecore.gates.spec import Gate, Module, Question
from gatecore.patterns.scan import DeadlineLike
from gatecore.patterns.set import Backend, PatternSet

if TYPE_CHECKING:
    from gatecore.gates.document import PatternSets
    from gatecore.gates.patterns import GatePatterns
    from gatecore.gates.reload import Origin, Reloaded
    from gatecore.gates.report import Report
    from gatecore.gates.why.tree import Why
    from gatecore.patterns.store import PatternStore

__all__ = ["GateSet"]


class GateSet:
    """Gates whose patterns are compiled together. Threads may share it; only `reload` changes it.

    Args:
        gates: The gates, in the order of the verdicts.
        backend: Which pass to use.
        store: Where the compiled set is kept between processes; none if not given.

    Raises:
        PatternSetError: As `PatternSet`.
        GatecoreError: Something in the list is not a `Gate`.

    A document costs one pass over all distinct patterns, then microseconds a gate. The set can be
    pickled, with its compiled patterns.

    >>> from gatecore import GateSet, modules
    >>> gates = GateSet(modules.load("gdpr_uk").gates)
    >>> report = gates.check("Invoice 17, payable in 30 days.")
    >>> report.overall, len(report.verdicts)
    ('N/A', 15)
    """

    __slots__ = ("_compiled", "_origin")

    def __init__(
        self,
        gates: Iterable[Gate],
        *,
        backend: Backend = "auto",
        store: PatternStore | None = None,
    ) -> None:
        self._compiled = CompiledGates.of(_listed(gates), backend, store)
        self._origin: Origin | None = None

    @classmethod
    def load(
        cls,
        *paths: str | os.PathLike[str],
        modules: Iterable[str] = (),
        backend: Backend = "auto",
        store: PatternStore | None = None,
    ) -> GateSet:
        """Reads and compiles gates, and remembers where from, so that they can be read again.

        Args:
            paths: Gate files, folders of them, or folders of such folders.
            modules: Names of shipped modules, which come first. If neither is given, those of
                `gatecore.modules.defaults`.
            backend: As for `GateSet`.
            store: As for `GateSet`; also used by `reload`.

        Raises:
            GateFileError: The first mistake in a file.
            UnknownModuleError: `modules` names one that is not shipped.
            PatternSetError: As `PatternSet`.

        >>> GateSet.load(modules=["gdpr_uk"]).reload()
        Reloaded(changes=())
        """
        from gatecore.gates.reload import Origin

        # Absolute, for hosts that change their folder. Links stay, so a link that is turned to
        # another folder is followed by the next reload.
        absolute = tuple(os.path.abspath(path) for path in paths)  # noqa: PTH100 - it keeps links
        origin = Origin(absolute, tuple(modules), backend, store)
        loaded = cls(origin.read(), backend=backend, store=store)
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
        from gatecore.gates.reload import Reloaded, changes

        origin = self._origin
        if origin is None:
            raise GatecoreError("these gates were not read from files; make them with GateSet.load")
        with origin.lock:
            old = self._compiled
            before = (old.patterns, old.sets)
            new = CompiledGates.of(origin.read(), origin.backend, origin.store, before)
            self._compiled = new
        return Reloaded(changes(old.gates, new.gates))

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gates, in the order of the verdicts."""
        return self._compiled.gates

    @property
    def patterns(self) -> PatternSet:
        """The distinct patterns that are looked for in the document.

        After those of the gates come those of the units that gates count in, `gates.spec.MARKS`.
        """
        return self._compiled.sets.text

    @property
    def lowercase(self) -> PatternSet | None:
        """The distinct patterns that are looked for in the document's `.lower()`, if any are."""
        return self._compiled.sets.lowercase

    def counters(self) -> Counters:
        """What was counted since the gates were compiled: documents, passes, and of each gate.

        Always on, some 40 ns a gate and document. Copies of the set and engines made of it count
        together; a reload begins anew. Costs about a microsecond a gate.

        >>> from gatecore import GateSet, modules
        >>> gates = GateSet(modules.load("gdpr_uk").gates)
        >>> _ = gates.check("By using this site you consent to cookies.")
        >>> gates.counters().gates["gdpr_uk/consent"].statuses["FAIL"]
        1
        """
        compiled = self._compiled
        return counters_of(compiled.core, compiled.gates)

    def set_profiling(self, is_profiling: bool) -> None:
        """Has documents measured in detail from the next one on, or no longer: see `detail`.

        Whoever checks with this set, its copies or engines made of it is measured together; a set
        `with_own_counters` is not. Costs at most a twentieth of a check, and 5 kB for each gate
        and each pattern that takes work.
        """
        self._compiled.core.set_profiling(is_profiling)

    def detail(self) -> Detail | None:
        """What was measured while profiling was on; None if it never was.

        Gates come in the set's order, patterns by the numbers of `pattern_numbers`.
        """
        return detail_of(self._compiled.core)

    def pattern_numbers(self) -> Mapping[Question, int]:
        """The number in `detail` of each pattern, by `PatternRef.question`."""
        return self._compiled.patterns.numbers

    def with_own_counters(self) -> GateSet:
        """The same gates and compiled patterns, whose counters begin at zero. Compiles nothing.

        >>> from gatecore import GateSet, modules
        >>> gates = GateSet(modules.load("gdpr_uk").gates)
        >>> _ = gates.check("Invoice 17.")
        >>> gates.counters().documents, gates.with_own_counters().counters().documents
        (1, 0)
        """
        compiled = self._compiled
        return _unpickled(compiled.gates, compiled.patterns, compiled.sets, self._origin)

    def __reduce__(self) -> tuple[object, ...]:
        # With the compiled patterns, so that another process need not compile them.
        compiled = self._compiled
        return _unpickled, (compiled.gates, compiled.patterns, compiled.sets, self._origin)

    def __len__(self) -> int:
        return len(self.gates)

    def __iter__(self) -> Iterator[Gate]:
        return iter(self.gates)

    def __repr__(self) -> str:
        compiled = self._compiled
        return f"<gatecore.GateSet of {len(compiled.gates)} gates, {compiled.sets.text!r}>"

    def check(
        self,
        text: str,
        *,
        deadline: DeadlineLike | None = None,
        only: Sequence[int] | None = None,
    ) -> Report:
        """Every gate's verdict for one document. The GIL is released for pass and rules.

        `only` are the numbers of the gates to judge, in the order of the verdicts; all if not
        given. Those left out cost next to nothing: their patterns are not looked for, except for
        what their relevance asks.

        A gate that cannot be finished is `UNKNOWN`, and its message says why: `re` failed on one
        of its patterns, or the deadline passed, which is in seconds from now or a `Deadline` that
        may be cancelled.
        With a deadline, what only `re` can answer is asked last and in a worker process that can
        be ended, and each such question gets half of the time that is left.

        Raises:
            DocumentTypeError: `text` is not a `str`.
            IndexError: `only` has a number that no gate has.

        >>> from gatecore import Deadline, GateSet, modules
        >>> gates = GateSet(modules.load("gdpr_uk").gates)
        >>> late = Deadline()
        >>> late.cancel()
        >>> report = gates.check("We ask for your consent.", deadline=late)
        >>> report.overall, report.is_finished, report.verdicts[0].message
        ('UNKNOWN', False, 'not finished: the pass over the document: it was cancelled')
        """
        return self._compiled.check(text, deadline, only)

    def why(self, text: str, gate: str) -> Why:
        """Why a gate gives its verdict for a document; `gate` is a name or `module/name`.

        Costs a pass, or two where a gate looks at the document in lower case, and then some
        microseconds a match: 4 to 40 times what the gate costs in a check.

        Raises:
            DocumentTypeError: `text` is not a `str`.
            UnknownGateError: No gate is called that, or several are.

        >>> from gatecore import GateSet, modules
        >>> gates = GateSet(modules.load("gdpr_uk").gates)
        >>> why = gates.why("By using this site you consent to cookies.", "consent")
        >>> why.relevant.held, why.branches[-1].status == why.status
        (True, True)
        """
        return self._compiled.whys(text).of(gate)


def _listed(gates: Iterable[Gate]) -> tuple[Gate, ...]:
    if isinstance(gates, str | os.PathLike):
        raise GatecoreError(
            f"a gate set is made of gates, not of {gates!r}; "
            "GateSet.load reads files and folders, gatecore.modules.load shipped ones"
        )
    listed = tuple(gates)
    for number, gate in enumerate(listed):
        if not isinstance(gate, Gate):
            hint = "; give its gates, module.gates" if isinstance(gate, Module) else ""
            raise GatecoreError(
                f"gate {number} of the set is {type(gate).__name__}: expected a Gate{hint}"
            )
    return listed


def _unpickled(
    gates: tuple[Gate, ...], patterns: GatePatterns, sets: PatternSets, origin: Origin | None
) -> GateSet:
    made = GateSet.__new__(GateSet)
    made._compiled = CompiledGates.of(gates, "auto", None, (patterns, sets))
    made._origin = origin
    return made
