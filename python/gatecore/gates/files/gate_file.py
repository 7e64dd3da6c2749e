"""Loads gates from texts, files and folders, and names every mistake with its place.

One file holds one gate and has its name; a folder of them is a module.
`docs/gates.md` shows the format by example. What is wrong whatever the document is refused here:
bad patterns, groups that are unknown or never used, verdicts that cannot be reached, conditions
that always or never hold. A file may be hostile: what it can ask for is bounded, in size and time.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from gatecore.errors import GateFileError
from gatecore.files import FileRefusedError, open_file, what_else
from gatecore.gates.files import grammar
from gatecore.gates.files.gate import gate_of
from gatecore.gates.files.groups import SHARED_FILE, SharedLists
from gatecore.gates.files.yaml_nodes import MAX_BYTES, Node, YamlFile
from gatecore.gates.spec import Gate, Module
from gatecore.places import Place

if TYPE_CHECKING:
    if sys.version_info >= (3, 11):
        from importlib.resources.abc import Traversable
    else:
        from importlib.abc import Traversable

    Source: TypeAlias = Path | Traversable

__all__ = [
    "MAX_MODULE_PATTERNS",
    "MODULE_FILE",
    "SHARED_FILE",
    "load_gate",
    "load_module",
    "load_nodes",
    "parse_gate",
    "unreadable",
]

MODULE_FILE: Final = "_module.yaml"
"""The file in a module's folder that gives its title; a gate's name cannot start with `_`."""

MAX_MODULE_PATTERNS: Final = 50_000
"""The patterns of all gates of a module together, shared ones counted for each gate."""


def parse_gate(text: str, *, path: str, module: str, shared: str | None = None) -> Gate:
    r"""The gate in a text; `path` names it in errors and its stem must be the gate's name.

    `shared` is the text of the module's `_shared.yaml`, for gates that use its lists.

    >>> gate = parse_gate(r'''
    ... gate: no_risk
    ... version: 1
    ... title: No promise of safety
    ... severity: high
    ... source: FCA COBS 4.2.1R
    ... summary: Looks for promises that nothing can be lost.
    ... limits: It does not see pictures.
    ... patterns: {promise: ['\brisk[- ]free\b']}
    ... verdicts:
    ...   - {when: {any: promise}, status: FAIL, message: Promises safety., evidence: promise}
    ...   - {status: PASS, message: Promises nothing.}
    ... ''', path="no_risk.yaml", module="house")
    >>> gate.name, gate.branches[0].when
    ('no_risk', AnyOf(groups=('promise',)))

    Raises `GateFileError` for the first mistake.
    """
    place = PurePath(path)

    @cache
    def lists() -> SharedLists | None:
        if shared is None:
            return None
        file = YamlFile(str(place.with_name(SHARED_FILE)), gate=None)
        return SharedLists.of(file, file.compose(shared), module)

    file = YamlFile(path, gate=place.stem)
    return gate_of(file, file.compose(text), module=module, shared=lists)


def load_gate(path: Source | str, *, module: str) -> Gate:
    """The gate in a file; lists that it shares are read from the `_shared.yaml` beside it.

    Raises `GateFileError` for the first mistake.
    """
    source = Path(path) if isinstance(path, str) else path

    @cache
    def lists() -> SharedLists | None:
        # Not every Traversable knows its folder; all that stand for files on a disk or in a zip do.
        beside = cast("Path", source).with_name(SHARED_FILE)
        return _load_shared(beside, module) if beside.is_file() else None

    file = _gate_file(source)
    return gate_of(file, load_nodes(file, source), module=module, shared=lists)


def load_module(folder: Source | str) -> Module:
    """The gates of a folder, by file name; the folder's name is the module's.

    `_module.yaml`, if there is one, gives the title, `_shared.yaml` the lists that gates share.
    Other files than `*.yaml` are left alone.
    Raises `GateFileError` for the first mistake of each file, and for a folder without gates.
    """
    source = Path(folder) if isinstance(folder, str) else folder
    whole = YamlFile(str(source), gate=None)
    start = Place(str(source), 0, 0)
    try:
        content = sorted(source.iterdir(), key=lambda f: f.name)
        found = [file for file in content if file.is_file()]
    except OSError as error:
        raise unreadable(source, error) from None
    for other in content:
        if other.name.endswith((".yaml", ".yml")) and not other.name.startswith("."):
            what = what_else(other) if isinstance(other, Path) else ""
            if what:
                raise whole.error(
                    start, f"'{other.name}' is {what}, not a gate file", "remove or mend it"
                )
    by_name = {file.name: file for file in found}
    titled, lists = by_name.get(MODULE_FILE), by_name.get(SHARED_FILE)
    title = source.name if titled is None else _load_title(titled, source.name)
    shared = None if lists is None else _load_shared(lists, source.name)
    gates = []
    patterns = 0
    with GateFileError.collecting() as each:
        for name, path in by_name.items():
            if name.endswith(".yml"):
                with each():
                    raise whole.error(
                        start, f"'{name}' would be left out", "rename it to end in .yaml"
                    )
            if name in (MODULE_FILE, SHARED_FILE) or name[0] == "." or not name.endswith(".yaml"):
                continue
            with each():
                file = _gate_file(path)
                root = load_nodes(file, path)
                gate = gate_of(file, root, module=source.name, shared=lambda: shared)
                gates.append(gate)
                patterns += sum(len(group.patterns) for group in gate.groups)
            if patterns > MAX_MODULE_PATTERNS:
                with each():
                    raise file.error(
                        root,
                        f"with this gate the module has more than {MAX_MODULE_PATTERNS:,} patterns",
                        "make two modules of it",
                    )
                break
    if not gates:
        raise whole.error(start, "has no gate files", "add a `<gate name>.yaml`")
    if shared is not None:
        shared.refuse_unused()
    return Module(source.name, title, tuple(gates))


def unreadable(folder: Source, error: OSError) -> GateFileError:
    """The error to raise for a folder whose content the system does not tell."""
    detail, advice = f"cannot be read: {error.strerror}", "give a folder with gate files"
    return YamlFile(str(folder), gate=None).error(Place(str(folder), 0, 0), detail, advice)


def _load_shared(path: Source, module: str) -> SharedLists:
    file = YamlFile(str(path), gate=None)
    return SharedLists.of(file, load_nodes(file, path), module)


def _load_title(source: Source, name: str) -> str:
    file = YamlFile(str(source), gate=None)
    root = load_nodes(file, source)
    keys = file.mapping(root, "the module", grammar.MODULE_FILE)
    if file.name(keys["module"], "module") != name:
        raise file.error(
            keys["module"], f"the module is not named as its folder '{name}'", "rename one of them"
        )
    return file.line(keys["title"], "title")


def _gate_file(source: Source) -> YamlFile:
    return YamlFile(str(source), gate=PurePath(source.name).stem)


def load_nodes(file: YamlFile, source: Source) -> Node:
    try:
        with open_file(source) if isinstance(source, Path) else source.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (FileRefusedError, FileNotFoundError) as error:
        # What is not there has no lines, nor is it known to be a gate.
        reason, advice = (
            (error.reason, "name a gate file")
            if isinstance(error, FileRefusedError)
            else (error.strerror, "check the path")
        )
        whole = YamlFile(file.path, gate=None)
        raise whole.error(Place(file.path, 0, 0), f"cannot be read: {reason}", advice) from None
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        why = error.strerror if isinstance(error, OSError) else error
        raise file.error(
            Place(file.path, 1, 1), f"cannot be read: {why}", "check the path"
        ) from None
    return file.compose(file.decode(data))
