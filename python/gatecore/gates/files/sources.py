"""Where gates come from: files, folders of them, folders of such folders, and shipped modules.

rules/house/no_risk.yaml    one gate, of the module `house`
rules/house/                a module: a folder with gate files
rules/                      modules: a folder without gate files, with folders that have some
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gatecore.errors import GateFileError
from gatecore.gates.files import shipped as shipped_modules
from gatecore.gates.files.gate_file import load_gate, load_module, unreadable
from gatecore.gates.spec import Gate, Module

if TYPE_CHECKING:
    from gatecore.gates.files.gate_file import Source

__all__ = ["load_gates", "load_modules"]


def load_gates(
    paths: Iterable[str | Path] = (), *, shipped: Sequence[str] = ()
) -> tuple[Gate, ...]:
    """The gates of shipped modules, then those of own files and folders, in order.

    Those of `shipped.defaults` if nothing is named. What is named twice counts once.

    >>> [gate.name for gate in load_gates(shipped=["gdpr_uk"])][:2]
    ['automated_decisions', 'breach_notification']

    Raises:
        UnknownModuleError: The first that is not there.
        GateFileError: The first mistake; `others` has those of further files.
    """
    own = tuple(dict.fromkeys(map(str, paths)))
    if not own and not shipped:
        shipped = shipped_modules.defaults()
    chosen = [shipped_modules.load(name) for name in dict.fromkeys(shipped)]
    with GateFileError.collecting() as each:
        for path in own:
            with each():
                chosen += load_modules(Path(path))
    return tuple(dict.fromkeys(gate for module in chosen for gate in module.gates))


def load_modules(source: Source) -> tuple[Module, ...]:
    """The modules that a file or folder holds; a lone gate's module is named as its folder.

    Raises:
        GateFileError: The first mistake; for a folder without gates as well.
    """
    if isinstance(source, Path) and source.name in ("", ".."):
        source = source.resolve()  # `.` and `..` hide the folder's name, which is the module's
    if not source.is_dir():
        name = _name_of_folder(source)
        return (Module(name, name, (load_gate(source, module=name),)),)
    inner = [] if _has_gates(source) else _folders_with_gates(source)
    found = []
    with GateFileError.collecting() as each:
        for folder in inner or [source]:
            with each():
                found.append(load_module(folder))
    return tuple(found)


def _name_of_folder(file: Source) -> str:
    folder = file.absolute().parent if isinstance(file, Path) else getattr(file, "parent", None)
    return getattr(folder, "name", "") or "gates"


def _folders_with_gates(folder: Source) -> list[Source]:
    return [
        inner
        for inner in _content(folder)
        if not inner.name.startswith((".", "_")) and inner.is_dir() and _has_gates(inner)
    ]


def _has_gates(folder: Source) -> bool:
    return any(
        inner.name.endswith((".yaml", ".yml")) and not inner.name.startswith(".")
        for inner in _content(folder)
        if not inner.is_dir()  # what is neither is refused by name when the module is read
    )


def _content(folder: Source) -> list[Source]:
    try:
        return sorted(folder.iterdir(), key=lambda inner: inner.name)
    except OSError as error:
        raise unreadable(folder, error) from None
