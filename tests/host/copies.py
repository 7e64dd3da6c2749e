"""Independent copies of the host in one process, and what two of them are compared by."""

from __future__ import annotations

import importlib
import inspect
import itertools
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from benchmarks.inputs.real_host import ENGINES

__all__ = [
    "ENGINES",
    "MODULES",
    "Copy",
    "copied_host",
    "differences",
    "gates_of",
    "observed",
    "without_times",
]

HOST: Final = Path(__file__).parent / "minihost"
MODULES: Final = ("lettings", "adverts", "privacy", "workshop", "heritage", "nowhere")

_numbers = itertools.count(1)


class Copy:
    """The host under a name of its own: its modules and classes are nobody else's."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.name = name

    def load(self, path: str) -> ModuleType:
        """A Python module of this copy: `core.engine`."""
        return importlib.import_module(f"{self.name}.{path}")

    def engine(self, kind: str = "sync", modules: tuple[str, ...] = MODULES) -> Any:
        """A new engine with its modules loaded; those that cannot be are left out."""
        path, class_name = ENGINES[kind]
        engine = getattr(self.load(path), class_name)()
        for module in modules:
            engine.load_module(module)
        return engine

    def add(self, path: str, source: str) -> None:
        """A Python file more, as when a host is deployed with new gates."""
        file = self.folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(source, "utf-8")
        importlib.invalidate_caches()

    def modules(self) -> list[ModuleType]:
        """What was imported of this copy."""
        names = sorted(name for name in sys.modules if f"{name}.".startswith(f"{self.name}."))
        return [sys.modules[name] for name in names]

    def traces(self, *objects: Any) -> dict[str, dict[Any, Any]]:
        """What every name stands for, in its modules, classes and functions and in some objects.

        Contents of dicts, lists and tuples count as names as well.
        """
        found: dict[str, dict[Any, Any]] = {}
        waiting: list[tuple[str, Any]] = [(str(n), value) for n, value in enumerate(objects)]
        waiting += [(module.__name__, module) for module in self.modules()]
        seen = set()
        while waiting:
            place, value = waiting.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            names = found[place] = _names(value)
            waiting += [
                (f"{place}.{name}", inner)
                for name, inner in names.items()
                if not str(name).startswith("__") and self._is_own(inner)
            ]
        return found

    def _is_own(self, value: Any) -> bool:
        if isinstance(value, (dict, list, tuple)):
            return True
        home = value if inspect.isclass(value) or inspect.isfunction(value) else type(value)
        return str(home.__module__).startswith(f"{self.name}.")


def _names(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, (list, tuple)):
        return dict(enumerate(value))
    if inspect.isfunction(value):
        parts = ("__code__", "__globals__", "__closure__", "__defaults__", "__kwdefaults__")
        return {**vars(value), **{part: getattr(value, part) for part in parts}}
    return dict(vars(value)) if hasattr(value, "__dict__") else {}


@contextmanager
def copied_host(folder: Path) -> Iterator[Copy]:
    """A fresh copy of the host, importable until the end of the block."""
    name = f"minihost_{next(_numbers)}"
    shutil.copytree(HOST, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    copy = Copy(folder, name)
    try:
        yield copy
    finally:
        sys.path.remove(str(folder))
        for module in copy.modules():
            del sys.modules[module.__name__]


def without_times(report: Any) -> Any:
    """A report without the names and the times that differ in any two runs.

    The threaded engine lists gates as they finish: where gates carry a time they are sorted.
    """
    if isinstance(report, dict):
        gates = report.get("gates")
        if isinstance(gates, dict) and any("timestamp" in gate for gate in gates.values()):
            report = {**report, "gates": dict(sorted(gates.items()))}
        return {key: without_times(value) for key, value in report.items() if key != "timestamp"}
    if isinstance(report, (list, tuple)):
        return type(report)(without_times(value) for value in report)
    return report


def observed(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a call gives, or which exception it raises."""
    try:
        return without_times(call(*arguments))
    except Exception as error:
        return {"raised": type(error), "text": str(error)}


def gates_of(engine: Any) -> dict[str, Any]:
    """All gates of an engine, by the names of module and gate."""
    return {
        f"{name}.{gate_id}": gate
        for name, module in engine.modules.items()
        for gate_id, gate in module.gates.items()
    }


def differences(old: Any, new: Any, place: str = "") -> list[str]:
    """Where two answers differ, types and the order of keys included."""
    if type(old) is not type(new):
        return [f"{place}: {type(old).__name__} became {type(new).__name__}"]
    if isinstance(old, dict):
        if list(old) != list(new):
            return [f"{place}: keys {list(old)!r} became {list(new)!r}"]
        pairs = [(f"{place}[{key!r}]", old[key], new[key]) for key in old]
    elif isinstance(old, (list, tuple)):
        if len(old) != len(new):
            return [f"{place}: {len(old)} elements became {len(new)}"]
        pairs = [(f"{place}[{n}]", a, b) for n, (a, b) in enumerate(zip(old, new, strict=True))]
    else:
        return [] if old == new and repr(old) == repr(new) else [f"{place}: {old!r} → {new!r}"]
    return [line for where, a, b in pairs for line in differences(a, b, where)]
