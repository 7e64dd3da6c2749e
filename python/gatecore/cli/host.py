"""`--host package.module:name`: the user's own engine, as `compile` and `compare` are given it.

`--function package.module:name` is one that takes a text, as `load` is given it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Collection
from typing import Any

from gatecore.errors import GatecoreError

__all__ = ["function", "gates_of", "host"]


def host(where: str) -> Any:
    """What a name stands for; a function or class is called, with what it prints on stderr.

    Raises:
        GatecoreError: It cannot be imported or made; says why.
    """
    return _imported("--host", where, is_made=True)


def function(where: str) -> Any:
    """What a name stands for, to be called with a text.

    Raises:
        GatecoreError: It cannot be imported, or not be called; says why.
    """
    value = _imported("--function", where, is_made=False)
    if not callable(value):
        kind = type(value).__name__
        raise GatecoreError(f"--function {where} gives {kind}, which cannot be called with a text")
    return value


def _imported(option: str, where: str, *, is_made: bool) -> Any:
    path, _, name = where.partition(":")
    if not path or not name:
        raise GatecoreError(f"{option} {where}: write it as package.module:name")
    folder = os.getcwd()  # noqa: PTH109 - as `python -m` does
    if folder not in sys.path:
        sys.path.insert(0, folder)
    with contextlib.redirect_stdout(sys.stderr):
        try:
            value = importlib.import_module(path)
            for part in name.split("."):
                value = getattr(value, part)
            if is_made and (isinstance(value, type) or not hasattr(value, "check_document")):
                value = value() if callable(value) else value
        except Exception as error:
            kind = type(error).__name__
            raise GatecoreError(
                f"{option} {where}: {kind}: {error}; run it by hand first"
            ) from error
    return value


def gates_of(engine: Any, modules: Collection[str], where: str) -> dict[str, Any]:
    """An engine's Python gates by `module/gate`; of these modules only, if any are named.

    Raises:
        GatecoreError: It has no gates, or no module of a name.
    """
    from gatecore.engine.python_gates import modules_in

    listed = list(modules_in(engine))
    for name in modules:
        if all(module.key != name for module in listed):
            known = ", ".join(module.key for module in listed)
            raise GatecoreError(f"--host {where} has no module '{name}'; it has {known or 'none'}")
    found = {
        info.name: gate
        for module in listed
        if not modules or module.key in modules
        for gate, info in module.gates.values()
    }
    if not found:
        raise GatecoreError(f"--host {where} gives {type(engine).__name__}, which has no gates")
    return found
