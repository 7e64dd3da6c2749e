"""Which gates a command speaks of, and where their compiled patterns are kept."""

from __future__ import annotations

from collections.abc import Iterable

from gatecore.cli.messages import say_note
from gatecore.cli.options import Engine, GateFiles, GateSources, Narrowing, Selection
from gatecore.gates.files.shipped import names
from gatecore.gates.files.sources import load_gates
from gatecore.gates.narrow import narrow
from gatecore.gates.set import GateSet
from gatecore.gates.spec import Gate
from gatecore.patterns.store import PatternStore

__all__ = ["compiled", "gate_set", "note_deprecated", "selected"]


def selected(
    sources: GateSources | GateFiles,
    narrowing: Narrowing | None = None,
    *,
    every_module: bool = False,
) -> tuple[Gate, ...]:
    """The gates of shipped modules, then those of own files.

    If none is named those that are asked by default, or with `every_module` all. What is named
    twice counts once.

    Raises:
        UnknownModuleError, GateFileError: The first that cannot be used.
        GatecoreError: A tag or a name that no gate has.
    """
    modules = sources.modules
    if every_module and not modules and not sources.gates:
        modules = names()
    gates = load_gates(sources.gates, shipped=modules)
    if narrowing is None:
        return gates
    return narrow(gates, tags=narrowing.tags, names=narrowing.names, skip=narrowing.skip)


def gate_set(selection: Selection, *, quiet: bool = False) -> GateSet:
    """The compiled gates that the options ask for; what is deprecated is said unless `quiet`."""
    gates = selected(selection.sources, selection.narrowing)
    if not quiet:
        note_deprecated(gates)
    return compiled(gates, selection.engine)


def compiled(gates: Iterable[Gate], engine: Engine) -> GateSet:
    """Gates compiled as `--backend` and `--no-cache` ask for.

    What the cache could not use is said on standard error: it costs time, not the answer.
    """
    store = PatternStore.default() if engine.cache else None
    made = GateSet(gates, backend=engine.backend, store=store)
    for path, reason in store.rejected if store is not None else ():
        say_note(f"{path}: {reason}; compiled without it")
    return made


def note_deprecated(gates: Iterable[Gate]) -> None:
    """Says on standard error which gates should no longer be used, and what to use instead."""
    for gate in gates:
        if gate.deprecated:
            say_note(f"gate '{gate.name}' of '{gate.module}' is deprecated: {gate.deprecated}")
