"""What the site needs beside Markdown: generated pages, and docstring examples shown as code.

`make docs` runs this file to write two pages, the changelog and the help of every command, and with
`--check` afterwards to see that no page asks for anything from another place. mkdocstrings loads it
as an extension of griffe, which reads the docstrings.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import griffe

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/gatecore/gatecore/blob/main/"

_EXAMPLE = re.compile(r"^>>> .*\n(?:.+\n?)*", re.MULTILINE)
_FROM_ELSEWHERE = re.compile(
    r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=.?(?:https?:)?//[^>]*>"
)
_COMMAND = re.compile(r"^    (\w[\w-]*)  ", re.MULTILINE)


class Reading(griffe.Extension):
    """Makes of our docstrings and classes what mkdocstrings shows well."""

    def on_object(self, *, obj: griffe.Object, **_kwargs: Any) -> None:
        """Fences the examples, whose `>>>` Markdown would take for quotations."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)

    def on_class(self, *, cls: griffe.Class, **_kwargs: Any) -> None:
        """Shows the parameters of `__new__` where there is no `__init__`, and no private bases."""
        cls.bases = [base for base in cls.bases if not str(base).startswith("_")]
        if "__new__" in cls.members and "__init__" not in cls.members:
            cls.members["__init__"] = cls.members["__new__"]


def fenced(text: str) -> str:
    """A docstring with each example in a block of its own."""
    return _EXAMPLE.sub(lambda found: f"```pycon\n{found[0].rstrip()}\n```\n", text).rstrip("\n")


def changelog() -> str:
    """CHANGELOG.md with links that hold on the site."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    text = text.replace("](docs/", "](")
    return re.sub(r"\]\(([A-Z_]+\.md)\)", rf"]({REPOSITORY}\1)", text)


def command_line() -> str:
    """The help of `gatecore` and of every command below it."""
    parts = ["# Command line\n\nWhat `gatecore COMMAND --help` prints.\n"]
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        command = waiting.pop(0)
        text = _help(command)
        parts.append(f"## `{' '.join(('gatecore', *command))}`\n\n```text\n{text.strip()}\n```\n")
        below = text.partition("\ncommands:\n")[2].partition("\n\n")[0]
        waiting[:0] = [(*command, name) for name in _COMMAND.findall(below)]
    return "\n".join(parts)


def _help(command: tuple[str, ...]) -> str:
    from gatecore.cli import main

    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        code = main([*command, "--help"])
    if code != 0:
        raise SystemExit(f"gatecore {' '.join(command)} --help ended with {code}")
    return written.getvalue()


class _Unbuilt(ModuleType):
    """Stands in for the native module where it is not built: help needs no engine."""

    __version__ = ""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def _import_from_source() -> None:
    os.environ.update(COLUMNS="92", NO_COLOR="1")
    sys.path.insert(0, str(ROOT / "python"))
    try:
        importlib.import_module("gatecore._gatecore")
    except ImportError:
        sys.modules["gatecore._gatecore"] = _Unbuilt("gatecore._gatecore")


def check() -> None:
    """Fails if a page of the site would load something from another place."""
    pages = sorted((ROOT / "site").rglob("*.html"))
    found = [
        (page, tag) for page in pages for tag in _FROM_ELSEWHERE.findall(page.read_text("utf-8"))
    ]
    for page, tag in found:
        print(f"{page.relative_to(ROOT)}: {tag}", file=sys.stderr)
    if found or not pages:
        raise SystemExit(1)


def main() -> None:
    """Writes the generated pages, or checks all of them."""
    if sys.argv[1:] == ["--check"]:
        check()
        return
    _import_from_source()
    for name, text in (("changelog", changelog()), ("reference/command-line", command_line())):
        path = ROOT / "docs" / f"{name}.md"
        if not path.is_file() or path.read_text("utf-8") != text:  # spares `mkdocs serve` a round
            path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
