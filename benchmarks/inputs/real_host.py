"""The real host, where `LOKI_HOME` says that it is: its engines and its documents."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

__all__ = ["ENGINES", "engine", "home", "host_documents", "template_documents"]

ENGINES: Final = {
    "sync": ("core.engine", "LOKIEngine"),
    "async": ("core.async_engine", "AsyncLOKIEngine"),
}
_SUFFIXES: Final = (".txt", ".md")


def home() -> Path:
    """Where the host is."""
    return Path(os.environ["LOKI_HOME"])


def engine(kind: str) -> Any:
    """A new engine with all modules that can be loaded; what it prints meanwhile is dropped."""
    backend = str(home() / "backend")
    if backend not in sys.path:
        sys.path.insert(0, backend)
    path, name = ENGINES[kind]
    made = getattr(importlib.import_module(path), name)()
    with contextlib.redirect_stdout(io.StringIO()):
        for folder in sorted((home() / "backend" / "modules").iterdir()):
            if (folder / "module.py").is_file():
                made.load_module(folder.name)
    return made


@lru_cache(maxsize=1)
def _documents() -> tuple[str, ...]:
    paths = sorted(p for p in home().rglob("*") if p.suffix in _SUFFIXES and p.is_file())
    texts = [
        path.read_text("utf-8", "replace") for path in paths if "node_modules" not in path.parts
    ]
    return tuple(dict.fromkeys(text for text in texts if text.strip()))


def host_documents() -> list[str]:
    """Every text that lies in the host's folders."""
    return list(_documents())


def template_documents() -> list[tuple[str, str]]:
    """The names and the texts of the host's templates: what a reader of one would see."""
    found = []
    for path in sorted((home() / "backend" / "templates").glob("*.json")):
        plain = json.loads(path.read_text("utf-8"))
        found.append((path.stem, "\n\n".join(_texts(plain["content"]))))
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
