"""`Plan`: what one selection of modules comes to while the registry says what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gatecore.engine import universal
from gatecore.engine.cache_keys import digest, registered
from gatecore.engine.gates import Judged, JudgedModule
from gatecore.engine.registry import GateInfo, State, nearest
from gatecore.engine.report import Deprecated
from gatecore.errors import UnknownModuleError

__all__ = ["Plan", "PlannedModule", "Planner"]


@dataclass(frozen=True, eq=False)
class PlannedModule:
    """A module's gates that are judged: `data` are places in the verdicts, `python` in the answers.

    Places come with the gates' names.
    """

    module: JudgedModule
    data: tuple[tuple[int, str], ...]
    python: tuple[tuple[int, str], ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """Which gates are judged, in which order, and where their results go.

    Attributes:
        state: The registry's, when it was made.
        only: The numbers of the gates of the set; None for all.
        numbers: The same, spelled out.
        versions: Of each of these.
        modules: The modules that the report lists.
        detectors: Places in the verdicts and names of the detectors' gates.
        python: The Python gates.
        inactive: What is switched off, of what was selected.
        deprecated: What is judged and should no longer be used.
    """

    state: State
    only: tuple[int, ...] | None
    numbers: tuple[int, ...]
    versions: tuple[str, ...]
    modules: tuple[PlannedModule, ...]
    detectors: tuple[tuple[int, str], ...]
    python: tuple[tuple[Any, GateInfo], ...]
    inactive: tuple[str, ...]
    deprecated: tuple[Deprecated, ...]

    @cached_property
    def grouping(self) -> universal.Grouping:
        """How the detectors' results come together."""
        return universal.Grouping(self.detectors)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the modules are called that the report lists."""
        return tuple(planned.module.key for planned in self.modules)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """What answers are made of, for caches: `module:…` and `gate:…`."""
        gates = [
            f"{planned.module.key}/{name}"
            for planned in self.modules
            for _, name in (*planned.data, *planned.python)
        ]
        gates += [f"universal/{name}" for _, name in self.detectors]
        modules = dict.fromkeys(name.partition("/")[0] for name in gates)
        modules |= dict.fromkeys(planned.module.key for planned in self.modules)
        named = [f"module:{name}" for name in modules]
        return (*named, *(f"gate:{name}" for name in dict.fromkeys(gates)))

    @cached_property
    def selected(self) -> str:
        """A digest of what was selected, what the registry says of it, and modules' own names."""
        modules = (
            repr((planned.module.key, planned.module.name, planned.module.version))
            for planned in self.modules
        )
        names = {f"{p.module.key}/{name}" for p in self.modules for _, name in (*p.data, *p.python)}
        names |= {f"universal/{name}" for _, name in self.detectors} | set(self.inactive)
        known = (registered(self.state.gates[name]) for name in sorted(names))
        return digest((*modules, *known))


class Planner:
    """Makes plans and keeps them as long as the registry stays as it is. Threads may share it."""

    def __init__(self, judged: Judged) -> None:
        self._judged = judged
        self._keys = {module.key: module for module in judged.modules}
        self._kept: tuple[State, dict[frozenset[str] | None, Plan]] = (State(), {})

    def plan(self, modules: object, state: State) -> Plan:
        """The plan for some modules.

        Raises:
            UnknownModuleError: One of them is not there.
        """
        selected = self._selected(modules)
        known_state, known = self._kept
        if known_state is not state:
            known = {}
            self._kept = (state, known)
        plan = known.get(selected)
        if plan is None:
            plan = self._made(selected, state)
            if len(known) < 1_024:
                known[selected] = plan
        return plan

    def _selected(self, modules: object) -> frozenset[str] | None:
        if modules is None:
            return None
        if isinstance(modules, str) or not isinstance(modules, Iterable):
            modules = [modules]
        names = list(modules)
        for name in names:
            if not isinstance(name, str) or name not in self._keys:
                raise UnknownModuleError(nearest("module", name, self._keys))
        return frozenset(names)

    def _made(self, selected: frozenset[str] | None, state: State) -> Plan:
        judged = self._judged
        infos: Mapping[str, GateInfo] = state.gates
        listed = [m for m in judged.modules if selected is None or m.key in selected]
        inactive: list[str] = []
        deprecated: dict[str, Deprecated] = {}

        def is_judged(known: GateInfo) -> bool:
            info = infos[known.name]
            if not info.active:
                inactive.append(info.name)
            elif info.deprecated is not None:
                deprecated[info.name] = info.deprecated
            return info.active

        places: dict[int, int] = {}
        planned: list[PlannedModule] = []
        python: list[tuple[Any, GateInfo]] = []
        for module in listed:
            data = [
                (places.setdefault(number, len(places)), judged.infos[number].gate)
                for number in module.numbers
                if is_judged(judged.infos[number])
            ]
            own = []
            for gate, info in module.python:
                if is_judged(info):
                    own.append((len(python), info.gate))
                    python.append((gate, info))
            planned.append(PlannedModule(module, tuple(data), tuple(own)))
        detectors = [
            (places.setdefault(number, len(places)), judged.infos[number].gate)
            for number in judged.detectors
            if number in places or is_judged(judged.infos[number])
        ]
        numbers = tuple(places)
        return Plan(
            state=state,
            only=None if numbers == tuple(range(len(judged.infos))) else numbers,
            numbers=numbers,
            versions=tuple(judged.infos[number].version for number in numbers),
            modules=tuple(planned),
            detectors=tuple(detectors),
            python=tuple(python),
            inactive=tuple(dict.fromkeys(inactive)),
            deprecated=tuple(deprecated.values()),
        )
