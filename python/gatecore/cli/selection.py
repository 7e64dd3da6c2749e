"""Which gates a command speaks of, and where their compiled patterns are kept."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from gatecore.errors import GatecoreError
from gatecore.gates.files.sources import load_gates
from gatecore.gates.set import GateSet
from gatecore.gates.spec import Gate
from gatecore.patterns.store import PatternStore
from gatecore.text import visible

__all__ = ["compiled", "gate_set", "narrowed", "note_deprecated", "selected", "warn_of"]


def selected(names: Sequence[str], paths: Sequence[str]) -> tuple[Gate, ...]:
    """The gates of shipped modules, then those of own files; all shipped ones if none is named.

    What is named twice counts once.

    Raises:
        UnknownModuleError, GateFileError: The first that cannot be used.
    """
    return load_gates(paths, shipped=names)


def narrowed(
    gates: Sequence[Gate],
    *,
    tags: Sequence[str],
    names: Sequence[str],
    known: Sequence[Gate] = (),
) -> tuple[Gate, ...]:
    """The gates that have one of the tags and one of the names (`gate` or `module/gate`).

    No tags are all tags, no names all names. What `known` gates have is right as well.

    Raises:
        GatecoreError: A tag or name that no gate has.
    """
    all_known = (*gates, *known)
    known_tags = {tag for gate in all_known for tag in gate.tags}
    for tag in tags:
        _refuse_unknown("tag", tag, known_tags)
    for name in names:
        has_module = "/" in name
        choices = {f"{g.module}/{g.name}" if has_module else g.name for g in all_known}
        _refuse_unknown("gate", name, choices)
    return tuple(
        gate
        for gate in gates
        if (not tags or not set(tags).isdisjoint(gate.tags))
        and (not names or not {gate.name, f"{gate.module}/{gate.name}"}.isdisjoint(names))
    )


def _refuse_unknown(what: str, word: str, known: set[str]) -> None:
    if word in known:
        return
    close = get_close_matches(word, sorted(known), n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    said = f"there is no gate '{word}'" if what == "gate" else f"no gate has the tag '{word}'"
    raise GatecoreError(
        f"{said}; {hint}`gatecore gates list` shows what there is; give --gates FOLDER for your own"
    )


def gate_set(args: Namespace) -> GateSet:
    """The compiled gates that the options ask for; what is deprecated is said."""
    gates = narrowed(selected(args.modules, args.gates), tags=args.tags, names=args.names)
    note_deprecated(gates)
    return compiled(args, gates)


def compiled(args: Namespace, gates: Iterable[Gate]) -> GateSet:
    """Gates compiled as `--backend` and `--no-cache` ask for."""
    store = PatternStore.default() if args.cache else None
    made = GateSet(gates, backend=args.backend, store=store)
    if store is not None:
        warn_of(store)
    return made


def note_deprecated(gates: Iterable[Gate]) -> None:
    """Says on standard error which gates should no longer be used, and what to use instead."""
    for gate in gates:
        if gate.deprecated:
            who = f"gate '{gate.name}' of '{gate.module}'"
            print(
                f"gatecore: note: {who} is deprecated: {visible(gate.deprecated)}", file=sys.stderr
            )


def warn_of(store: PatternStore) -> None:
    """Says on standard error what the cache could not use: it costs time, not the answer."""
    for path, reason in store.rejected:
        said = visible(f"{path}: {reason}; compiled without it")
        print(f"gatecore: note: {said}", file=sys.stderr)
