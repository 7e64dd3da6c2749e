"""What an engine judges: gates as data in one set, and Python gates, by module and in order."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gatecore import modules as shipped
from gatecore.engine import universal
from gatecore.engine.cache_keys import digest, gate_content
from gatecore.engine.python_gates import PythonModule, modules_in
from gatecore.engine.registry import GateInfo
from gatecore.engine.report import Deprecated
from gatecore.errors import GatecoreError, UnknownModuleError
from gatecore.gates.set import GateSet
from gatecore.gates.spec import Gate, Module
from gatecore.patterns.store import PatternStore

__all__ = ["Judged", "JudgedModule"]


@dataclass(frozen=True, eq=False)
class JudgedModule:
    """A module as reports list it.

    Attributes:
        key: Its name.
        name: What it is called in reports.
        version: Its version.
        numbers: The numbers of its gates that are data, in the set.
        python: Its Python gates, which come after these.
    """

    key: str
    name: str
    version: str
    numbers: tuple[int, ...]
    python: tuple[tuple[Any, GateInfo], ...]


@dataclass(frozen=True, eq=False)
class Judged:
    """All gates of an engine.

    Attributes:
        gates: The gates that are data, compiled together; None if there are none.
        infos: What is known of each of them, by number.
        modules: All modules that reports list, in order.
        detectors: The numbers of the gates that are detectors.
    """

    gates: GateSet | None
    infos: tuple[GateInfo, ...]
    modules: tuple[JudgedModule, ...]
    detectors: tuple[int, ...]

    @classmethod
    def of(
        cls,
        modules: str | Module | Iterable[str | Module] | None,
        gates: GateSet | Module | Iterable[Gate | Module] | None,
        python_modules: Any,
        *,
        detectors: bool,
        store: PatternStore | None,
    ) -> Judged:
        """What the arguments of `ComplianceEngine` name.

        Raises:
            UnknownModuleError: `modules` names one that is not shipped.
            GatecoreError: Something is not a gate, or two gates have one name.
            PatternSetError: As `GateSet`.
        """
        python = tuple(modules_in(python_modules))
        if modules is None and gates is None and python_modules is None:
            modules = shipped.defaults()
        elif isinstance(modules, str | Module):
            modules = [modules]
        modules = None if modules is None else tuple(modules)
        titles: dict[str, str] = {}
        given = list(_of_modules(modules, titles))
        given += _of_gates(gates, titles)
        _refuse_doubles(given, python)
        listed = dict.fromkeys(gate.module for gate in given)
        if detectors and universal.MODULE not in listed:
            given += _shipped_detectors()
            if modules is not None and gates is None and set(modules) <= set(shipped.names()):
                # With detectors, only all modules together are compiled in the wheel. Gates that
                # are not asked cost next to nothing, compiling takes seconds.
                given = [gate for name in shipped.names() for gate in shipped.load(name).gates]
        compiled = None
        if isinstance(gates, GateSet) and len(given) == len(gates.gates):
            # Of its own: a reload of the user's set would give the numbers other gates.
            compiled = copy.copy(gates)
        elif given:
            compiled = GateSet(given, store=store)
        infos = tuple(map(_info, given))
        found = [
            JudgedModule(
                key,
                titles.get(key, key),
                digest(f"{info.gate} {info.version}" for info in infos if info.module == key)[:12],
                tuple(number for number, info in enumerate(infos) if info.module == key),
                (),
            )
            for key in listed
        ]
        names = {module.key: place for place, module in enumerate(found)}
        for module in python:
            own = tuple(module.gates.values())
            if (place := names.get(module.key)) is None:
                names[module.key] = len(found)
                found.append(JudgedModule(module.key, module.name, module.version, (), own))
            else:
                data = found[place]
                found[place] = JudgedModule(
                    data.key, data.name, data.version, data.numbers, data.python + own
                )
        are_detectors = tuple(n for n, info in enumerate(infos) if info.module == universal.MODULE)
        return cls(compiled, infos, tuple(found), are_detectors if detectors else ())

    @property
    def listed(self) -> tuple[GateInfo, ...]:
        """What is known of the gates that are judged; the set may have others."""
        numbers = {number for module in self.modules for number in module.numbers}
        numbers |= set(self.detectors)
        return tuple(info for number, info in enumerate(self.infos) if number in numbers)

    @property
    def names_by_module(self) -> dict[str, frozenset[str]]:
        """The names of the gates of each module that reports list."""
        return {
            module.key: frozenset(
                info.gate
                for info in (
                    *map(self.infos.__getitem__, module.numbers),
                    *(info for _, info in module.python),
                )
            )
            for module in self.modules
        }

    @property
    def python(self) -> tuple[tuple[Any, GateInfo], ...]:
        """All Python gates."""
        return tuple(gate for module in self.modules for gate in module.python)

    @cached_property
    def content(self) -> str:
        """A digest of the gates that are data: the same in every process that has the same.

        Costs some 100 µs a gate, once.
        """
        return digest(map(gate_content, self.gates.gates if self.gates else ()))


def _of_modules(modules: Iterable[object] | None, titles: dict[str, str]) -> Iterator[Gate]:
    for one in modules or ():
        if isinstance(one, str):
            one = shipped.load(one)
        elif not isinstance(one, Module):
            raise UnknownModuleError(
                f"a module is its name or a Module, not {type(one).__name__}; "
                "Python gates go to python_modules"
            )
        titles.setdefault(one.name, one.title)
        yield from one.gates


def _of_gates(
    gates: GateSet | Module | Iterable[Gate | Module] | None, titles: dict[str, str]
) -> Iterator[Gate]:
    if isinstance(gates, str | os.PathLike):
        raise GatecoreError(
            f"gates are Gate objects, not {gates!r}; GateSet.load reads files and folders"
        )
    for one in [gates] if isinstance(gates, Module) else gates or ():
        if isinstance(one, Module):
            titles.setdefault(one.name, one.title)
            yield from one.gates
        elif isinstance(one, Gate):
            yield one
        else:
            raise GatecoreError(
                f"gates has {type(one).__name__}: expected a Gate; "
                "Python gates go to python_modules"
            )


def _shipped_detectors() -> tuple[Gate, ...]:
    try:
        return shipped.load(universal.MODULE).gates
    except UnknownModuleError:
        return ()


def _refuse_doubles(given: list[Gate], python: tuple[PythonModule, ...]) -> None:
    seen: set[tuple[str, str]] = set()
    names = [(gate.module, gate.name) for gate in given]
    names += [(module.key, gate) for module in python for gate in module.gates]
    for name in names:
        if name in seen:
            raise GatecoreError(f"two gates are called {'/'.join(name)}")
        seen.add(name)


def _info(gate: Gate) -> GateInfo:
    deprecated = None
    if gate.deprecated:
        deprecated = Deprecated(f"{gate.module}/{gate.name}", "", gate.deprecated)
    return GateInfo(
        gate.module,
        gate.name,
        str(gate.version),
        gate.source,
        gate.severity,
        gate.tags,
        "data",
        deprecated=deprecated,
    )
