"""Which gates a command speaks of, and where their compiled patterns are kept."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from gatecore import modules
from gatecore.gate_file import load_gate, load_module
from gatecore.gate_spec import GateSpec, Module
from gatecore.gates import GateSet
from gatecore.set_cache import SetCache

__all__ = ["gate_set", "selected", "warn_of"]


def selected(names: Sequence[str], paths: Sequence[str]) -> tuple[GateSpec, ...]:
    """The gates of shipped modules, then those of own files; all shipped ones if none is named.

    What is named twice counts once.

    Raises:
        UnknownModuleError, GateFileError: The first that cannot be used.
    """
    if not names and not paths:
        names = modules.names()
    chosen = [modules.load(name) for name in dict.fromkeys(names)]
    chosen += [_own(path) for path in dict.fromkeys(paths)]
    return tuple(dict.fromkeys(gate for module in chosen for gate in module.gates))


def _own(name: str) -> Module:
    path = Path(name)
    if path.name in ("", ".."):  # `.` and `..` hide the folder's name, which is the module's
        path = path.resolve()
    if path.is_dir():
        return load_module(path)
    module = path.absolute().parent.name or "gates"
    return Module(module, module, (load_gate(path, module=module),))


def gate_set(args: Namespace) -> GateSet:
    """The compiled gates that `--module`, `--gates`, `--engine` and `--no-cache` ask for."""
    gates = selected(args.modules, args.gates)
    cache = SetCache.default() if args.cache else None
    made = GateSet(gates, engine=args.engine, cache=cache)
    if cache is not None:
        warn_of(cache)
    return made


def warn_of(cache: SetCache) -> None:
    """Says on standard error what the cache could not use: it costs time, not the answer."""
    for path, reason in cache.rejected:
        print(f"gatecore: note: {path}: {reason}; compiled without it", file=sys.stderr)
