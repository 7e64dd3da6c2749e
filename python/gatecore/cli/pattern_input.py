"""The patterns that `gatecore lint` is asked about, each with every place where it stands.

    'a+b'                 a pattern on the command line
    rules.py, checks/     string literals that reach `re`'s functions
    --patterns FILE       a pattern a line; `.jsonl` for flags
    rules/house, a.yaml   gates: a folder of them, a file, or a shipped module's name
    --module, --gates     gates as well

What cannot be read is collected with its place; the rest is still answered.
"""

from __future__ import annotations

import json
import re
import warnings
from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatecore import modules
from gatecore.cli.selection import selected
from gatecore.documents.reading import DocumentReadError, read
from gatecore.files import FileRefusedError, read_file
from gatecore.gates.spec import Gate
from gatecore.hosts.source_patterns import SourceFiles
from gatecore.patterns.pattern import Pattern

__all__ = ["Problem", "WantedPatterns", "wanted"]

_LIKE_A_PATH = re.compile(r"[\w./-]*(?:/[\w.-]+|\w\.\w+)")
_LETTERS = {"a": re.A, "i": re.I, "m": re.M, "s": re.S, "u": re.U, "x": re.X}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read: a bad pattern, or a whole file."""

    place: str
    message: str
    whole_file: bool

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(slots=True)
class WantedPatterns:
    """Patterns with their places, in the order in which they were named.

    Attributes:
        places: Of each pattern; those on the command line have none.
        gates: The gates that were named; their patterns are in `places` too.
        unread: Places of calls of `re` that may get a pattern that the source does not tell.
        problems: What could not be read.
    """

    places: dict[tuple[str, int], tuple[Pattern, list[str]]] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()
    unread: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, source: str, flags: int, place: str) -> None:
        """One pattern, unless `re` refuses it."""
        pattern = Pattern(source, flags)
        known = self.places.get(pattern.key)
        if known is None:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # about the pattern: "Possible nested set"
                    re.compile(source, flags & ~int(re.DEBUG))
            except (re.error, OverflowError, RecursionError, ValueError) as error:
                message = f"bad pattern: {error} in {source!r}"
                self.problems.append(Problem(place or "PATTERN", message, whole_file=False))
                return
            known = self.places[pattern.key] = (pattern, [])
        if place and place not in known[1]:
            known[1].append(place)


def wanted(args: Namespace) -> WantedPatterns:
    """All patterns that the command line names; those of the shipped gates if it names none.

    Raises:
        UnknownModuleError, GateFileError: A module or gate file cannot be used.
    """
    found = WantedPatterns()
    own, shipped = list(args.gates), list(args.modules)
    python: list[str] = []
    for name in dict.fromkeys(args.what):
        if name in modules.names():
            shipped.append(name)
        elif _names_gates(name):
            own.append(name)
        elif name.endswith((".py", "/")) or _is_folder(name):
            python.append(name)
        elif _is_no_pattern(name):
            message = "it is no gate file, folder or Python file; check the path"
            found.problems.append(Problem(name, message, whole_file=True))
        else:
            found.add(name, args.flags, "")
    _add_python(found, python)
    for name in dict.fromkeys(args.files):
        _add_lines(found, name, args.flags)
    if own or shipped or not (args.what or args.files):
        found.gates = selected(shipped, own)
        for gate in found.gates:
            for pattern in (pattern for group in gate.groups for pattern in group.patterns):
                found.add(pattern.source, pattern.flags, str(pattern.place))
    return found


def _names_gates(name: str) -> bool:
    """Whether it is a gate file, or a folder with gate files, in it or one below, and no Python."""
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


def _is_no_pattern(name: str) -> bool:
    """Whether it can only be a path: of another file, or one misspelt in a folder that is there."""
    if not _LIKE_A_PATH.fullmatch(name):
        return False
    path = Path(name)
    return path.is_file() or ("/" in name and path.parent.is_dir())


def _add_python(found: WantedPatterns, named: list[str]) -> None:
    """All files together, as one may have the patterns that another gives to `re`."""
    texts: dict[str, str] = {}
    for name in named:
        if not Path(name).exists():
            message = "there is no such file or folder; check the path"
            found.problems.append(Problem(name, message, whole_file=True))
            continue
        for file in map(str, _python_files(Path(name))):
            try:
                texts[file] = _python_text(Path(file))
            except FileRefusedError as error:
                message = f"{error.reason}; {error.advice}"
                found.problems.append(Problem(file, message, whole_file=True))
            except OSError as error:
                message = f"it cannot be read: {error.strerror}"
                found.problems.append(Problem(file, message, whole_file=True))
            except (SyntaxError, ValueError) as error:
                found.problems.append(Problem(file, f"no Python: {error}", whole_file=True))
    files = SourceFiles(texts)
    for file in texts:
        try:
            patterns = files.patterns_in(file)
        except SyntaxError as error:
            line = f":{error.lineno}" if error.lineno else ""
            found.problems.append(Problem(f"{file}{line}", f"no Python: {error.msg}", True))
        except (RecursionError, ValueError) as error:
            found.problems.append(Problem(file, f"no Python: {error}", whole_file=True))
        else:
            for pattern in patterns.patterns:
                found.add(pattern.source, pattern.flags, str(pattern.place))
            found.unread += map(str, patterns.unread)


def _python_files(path: Path) -> list[Path]:
    """A folder's files in order, without those of hidden folders, such as `.venv`."""
    if not path.is_dir():
        return [path]
    files = path.rglob("*.py")
    return sorted(f for f in files if not any(p.startswith(".") for p in f.relative_to(path).parts))


def _python_text(file: Path) -> str:
    import io
    import tokenize

    data = read_file(file)
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


def _add_lines(found: WantedPatterns, name: str, flags: int) -> None:
    try:
        text = read(name, read_as="text").text
    except DocumentReadError as error:
        found.problems.append(Problem(error.name, error.reason, whole_file=True))
        return
    as_json = name.endswith(".jsonl")
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line:
            continue
        place = f"{name}:{number}"
        try:
            source, own = _json_pattern(line, flags) if as_json else (line, flags)
        except ValueError as error:
            found.problems.append(Problem(place, str(error), whole_file=False))
            continue
        found.add(source, own, place)


def _json_pattern(line: str, flags: int) -> tuple[str, int]:
    try:
        value: Any = json.loads(line)
    except ValueError as error:
        raise ValueError(f"no JSON: {error}; write a string, a list or an object") from None
    own: Any = flags
    if isinstance(value, list) and len(value) == 2:
        value, own = value
    elif isinstance(value, dict) and set(value) <= {"pattern", "flags"} and "pattern" in value:
        value, own = value["pattern"], value.get("flags", flags)
    if not isinstance(value, str):
        raise ValueError('expected "pattern", ["pattern", flags] or {"pattern": …, "flags": …}')
    return value, _flags(own)


def _flags(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and set(value.lower()) <= set(_LETTERS):
        return sum(int(_LETTERS[letter]) for letter in set(value.lower()))
    raise ValueError(f"bad flags {value!r}; expected a number or letters of {','.join(_LETTERS)}")
