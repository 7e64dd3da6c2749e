"""The gates of an engine: versions, tags, what is switched off, what should no longer be used.

All that belongs together is one frozen `State`, which each document reads once. A change replaces
it by one assignment, so documents that are being judged end with the old one, and none waits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

from gatecore.engine.plain import EMPTY
from gatecore.engine.report import Deprecated
from gatecore.errors import UnknownGateError, UnknownModuleError

__all__ = ["GateInfo", "Registry", "State", "nearest"]


@dataclass(frozen=True, slots=True)
class GateInfo:
    """What is known of a gate without a document.

    Attributes:
        module: The name of its module.
        gate: Its name there.
        version: Its version, as text.
        legal_source: The rule that it serves.
        severity: How much it matters.
        tags: Words to choose gates by.
        kind: Whether it is data or Python.
        active: Whether it is judged.
        deprecated: Why it should no longer be used; None if it is current.
    """

    module: str
    gate: str
    version: str
    legal_source: str
    severity: str
    tags: tuple[str, ...]
    kind: Literal["data", "python"]
    active: bool = True
    deprecated: Deprecated | None = None

    @property
    def name(self) -> str:
        """Module and gate, as reports name it."""
        return f"{self.module}/{self.gate}"


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A registry at one moment. Compared by identity."""

    gates: Mapping[str, GateInfo] = field(default_factory=lambda: EMPTY)

    def changed(self, *gates: GateInfo) -> State:
        """The state with some gates replaced or added."""
        return State(MappingProxyType({**self.gates, **{gate.name: gate for gate in gates}}))


class Registry:
    """The gates that an engine judges, and which of them it is to leave out. Threads may share it.

    An engine makes one and fills it; one that is given to several engines speaks for all of them.
    A change counts from the next document on.

    >>> from gatecore import ComplianceEngine
    >>> engine = ComplianceEngine(["gdpr_uk"])
    >>> engine.registry.deactivate("gdpr_uk/consent")
    >>> report = engine.validate_document("By using it you consent.")
    >>> report.inactive, "consent" in report.modules["gdpr_uk"].gates
    (('gdpr_uk/consent',), False)
    >>> engine.registry.activate("consent")
    >>> engine.registry.gate("consent").active
    True
    """

    def __init__(self) -> None:
        self._state = State()
        self._lock = threading.Lock()

    @property
    def state(self) -> State:
        """All gates as they are now; never changes."""
        return self._state

    def register(self, gates: Iterable[GateInfo]) -> None:
        """Adds gates; engines do so. One that is known stays switched off and deprecated."""
        with self._lock:
            state = self._state
            known = state.gates
            added = [
                replace(
                    gate,
                    active=known[gate.name].active,
                    deprecated=known[gate.name].deprecated or gate.deprecated,
                )
                if gate.name in known
                else gate
                for gate in gates
            ]
            self._state = state.changed(*added)

    def gates(
        self, *, module: str | None = None, tag: str | None = None, active: bool | None = None
    ) -> tuple[GateInfo, ...]:
        """The gates of a module, with a tag, or switched on or off; all if nothing is asked for.

        Raises:
            UnknownModuleError: No gate is of that module.
        """
        gates = self._state.gates.values()
        if module is not None and module not in (names := {gate.module for gate in gates}):
            raise UnknownModuleError(nearest("module", module, names))
        return tuple(
            gate
            for gate in gates
            if (module is None or gate.module == module)
            and (tag is None or tag in gate.tags)
            and (active is None or gate.active == active)
        )

    def gate(self, name: str) -> GateInfo:
        """The gate of this name: `module/gate`, `module.gate`, or `gate` where only one has it.

        Raises:
            UnknownGateError: No gate is called that, or several are.
        """
        return _found(self._state, name)

    def deactivate(self, *names: str) -> None:
        """Switches gates off: the next document is not judged by them, and its report says so.

        Raises:
            UnknownGateError: As `gate`; then none is switched off.
        """
        self._switch(names, active=False)

    def activate(self, *names: str) -> None:
        """Switches gates on again.

        Raises:
            UnknownGateError: As `gate`; then none is switched on.
        """
        self._switch(names, active=True)

    def deprecate(self, name: str, *, replacement: str = "", reason: str = "") -> None:
        """Says that a gate should no longer be used; it is judged as before.

        Each engine warns once with `GatecoreDeprecation` when it judges it, and every report of it
        lists it.

        Raises:
            UnknownGateError: As `gate`, also of the replacement.
        """
        with self._lock:
            gate = _found(self._state, name)
            instead = _found(self._state, replacement).name if replacement else ""
            deprecated = Deprecated(gate.name, instead, reason)
            self._state = self._state.changed(replace(gate, deprecated=deprecated))

    def _switch(self, names: tuple[str, ...], *, active: bool) -> None:
        with self._lock:
            gates = [_found(self._state, name) for name in names]
            self._state = self._state.changed(*(replace(gate, active=active) for gate in gates))

    def __len__(self) -> int:
        return len(self._state.gates)

    def __repr__(self) -> str:
        off = sum(not gate.active for gate in self._state.gates.values())
        return f"<gatecore.engine.Registry of {len(self)} gates, {off} switched off>"


def _found(state: State, name: str) -> GateInfo:
    known = state.gates.get(name)
    if known is not None:
        return known
    found = [
        gate for gate in state.gates.values() if name in (gate.gate, f"{gate.module}.{gate.gate}")
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(gate.name for gate in found)
        raise UnknownGateError(f"'{name}' is several gates: {names}")
    short = {gate.gate for gate in state.gates.values()}
    raise UnknownGateError(nearest("gate", name, [*state.gates, *short]))


def nearest(kind: str, name: object, known: Iterable[str]) -> str:
    """What is said of a name that nothing has.

    >>> nearest("module", "gdpr", ["fca_uk", "gdpr_uk"])
    "there is no module 'gdpr'; did you mean 'gdpr_uk'?"
    """
    names = sorted(set(known))
    close = get_close_matches(name, names, n=3, cutoff=0.5) if isinstance(name, str) else []
    said = f"there is no {kind} {name!r}"
    if close:
        return f"{said}; did you mean {' or '.join(map(repr, close))}?"
    if len(names) > 20:
        return f"{said}; there are {len(names)}"
    return f"{said}; expected one of {', '.join(names)}" if names else f"{said}; there is none"
