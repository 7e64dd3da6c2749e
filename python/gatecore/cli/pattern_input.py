"""What the words of `gatecore lint` name: patterns, each with every place where it stands.

    'a+b'                 a pattern on the command line
    rules.py, checks/     string literals that reach `re`'s functions
    --patterns FILE       a pattern a line; `.jsonl` for flags
    rules/house, a.yaml   gates: a folder of them, a file, or a shipped module's name
    --module, --gates     gates as well

What cannot be read is collected with its place; the rest is still answered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatecore import modules
from gatecore.cli.options import GateSources
from gatecore.documents.reading import DocumentReadError, read
from gatecore.gates.files.sources import load_gates
from gatecore.gates.spec import Gate
from gatecore.hosts.source_listing import list_sources
from gatecore.patterns.listed import ListedPatterns, Problem

__all__ = ["NamedPatterns", "named_patterns"]

_LIKE_A_PATH: Final = re.compile(r"[\w./-]*(?:/[\w.-]+|\w\.\w+)")


@dataclass(slots=True)
class NamedPatterns(ListedPatterns):
    """Patterns with their places, and the gates that were named: their patterns are listed too."""

    gates: tuple[Gate, ...] = ()


def named_patterns(
    words: Sequence[str], files: Sequence[str], sources: GateSources, flags: int
) -> NamedPatterns:
    """All patterns that the command line names; those of the shipped gates if it names none.

    Raises:
        UnknownModuleError, GateFileError: A module or gate file cannot be used.
    """
    found = NamedPatterns()
    own, shipped = list(sources.gates), list(sources.modules)
    python: list[str] = []
    for name in dict.fromkeys(words):
        if name in modules.names():
            shipped.append(name)
        elif _names_gates(name):
            own.append(name)
        elif name.endswith((".py", "/")) or _is_folder(name):
            python.append(name)
        elif _is_not_a_pattern(name):
            message = "it is not a gate file, folder or Python file; check the path"
            found.problems.append(Problem(name, message, whole_file=True))
        else:
            found.add(name, flags, "")
    list_sources(python, found)
    for name in dict.fromkeys(files):
        try:
            found.add_lines(name, read(name, read_as="text").text, flags=flags)
        except DocumentReadError as error:
            found.problems.append(Problem(error.name, error.reason, whole_file=True))
    if own or shipped or not (words or files):
        found.gates = load_gates(own, shipped=shipped)
        for gate in found.gates:
            for pattern in (pattern for group in gate.groups for pattern in group.patterns):
                found.add(pattern.source, pattern.flags, str(pattern.place))
    return found


def _names_gates(name: str) -> bool:
    """Whether it is a gate file, or a folder with gate files, in it or one below, but no Python."""
    if name.endswith((".yaml", ".yml")):
        return True
    if not _is_folder(name):
        return False
    for files in (Path(name).glob("[!.]*"), Path(name).glob("[!.]*/[!.]*")):
        endings = {file.suffix for file in files}
        if ".py" in endings:
            return False
        if ".yaml" in endings:
            return True
    return False


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):  # too long for a name, or with a NUL: a pattern
        return False


def _is_not_a_pattern(name: str) -> bool:
    """Whether it can only be a path: of another file, or one misspelt in a folder that is there."""
    if not _LIKE_A_PATH.fullmatch(name):
        return False
    path = Path(name)
    return path.is_file() or ("/" in name and path.parent.is_dir())
