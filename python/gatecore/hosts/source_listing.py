"""The patterns of Python files and folders, with their places; what cannot be read is kept."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable
from pathlib import Path

from gatecore.files import FileRefusedError, read_file
from gatecore.hosts.source_patterns import SourceFiles
from gatecore.patterns.listed import ListedPatterns, Problem

__all__ = ["list_sources", "read_sources"]


def list_sources(names: Iterable[str], into: ListedPatterns) -> None:
    """Adds the patterns of all files together, as one may have what another gives to `re`."""
    texts, problems = read_sources(names)
    for place, message in problems.items():
        _add_problem(into, place, message)
    files = SourceFiles(texts)
    for file in texts:
        try:
            found = files.patterns_in(file)
        except SyntaxError as error:
            line = f":{error.lineno}" if error.lineno else ""
            _add_problem(into, f"{file}{line}", f"not valid Python: {error.msg}")
        except (RecursionError, ValueError) as error:
            _add_problem(into, file, f"not valid Python: {error}")
        else:
            for pattern in found.patterns:
                into.add(pattern.source, pattern.flags, str(pattern.place))
            into.unread += map(str, found.unread)


def read_sources(names: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The texts of Python files, those of folders too, and why others could not be read, by path.

    Hidden folders, such as `.venv`, are left out.
    """
    texts: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name in names:
        path = Path(name)
        if not path.exists():
            problems[name] = "there is no such file or folder; check the path"
            continue
        for file in map(str, _python_files(path)):
            try:
                texts[file] = _text(file)
            except FileRefusedError as error:
                problems[file] = f"{error.reason}; {error.advice}"
            except OSError as error:
                problems[file] = f"it cannot be read: {error.strerror}"
            except (SyntaxError, ValueError) as error:
                problems[file] = f"not valid Python: {error}"
    return texts, problems


def _add_problem(into: ListedPatterns, place: str, message: str) -> None:
    into.problems.append(Problem(place, message, whole_file=True))


def _python_files(path: Path) -> list[Path]:
    """A folder's files in order, without those of hidden folders, such as `.venv`."""
    if not path.is_dir():
        return [path]
    files = path.rglob("*.py")
    return sorted(f for f in files if not any(p.startswith(".") for p in f.relative_to(path).parts))


def _text(file: str) -> str:
    data = read_file(file)
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)
