"""The rows of `tests/data`, and the blocks of code that a page of `docs` shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

__all__ = ["DATA", "DOCS", "EXAMPLES", "ROOT", "blocks", "flags_of", "rows"]

ROOT: Final = Path(__file__).parents[2]
DATA: Final = ROOT / "tests" / "data"
DOCS: Final = ROOT / "docs"
EXAMPLES: Final = sorted((ROOT / "examples").glob("*.txt"))
"""The documents that the README checks."""


def rows(name: str) -> list[Any]:
    """The rows of a file of JSON lines."""
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").split("\n") if line]


def flags_of(letters: str) -> int:
    """The flags that a row names by the letters of `re`: `im` is IGNORECASE | MULTILINE."""
    return sum(int(re.RegexFlag[letter.upper()]) for letter in letters)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language in a page of Markdown."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
