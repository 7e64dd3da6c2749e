"""The tables of docs/re-compatibility.md, made from the data that the tests run.

python -m tests.meta.re_compatibility      # writes them into the document
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from gatecore import PatternSet

__all__ = ["DATA", "DOCUMENT", "flags_of", "rows", "written"]

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
DOCUMENT = ROOT / "docs" / "re-compatibility.md"
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a data file."""
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def flags_of(letters: str) -> int:
    """Flags from the letters of `re`."""
    flags = 0
    for letter in letters:
        flags |= re.RegexFlag[letter.upper()]
    return flags


def is_known_here(row: dict[str, Any]) -> bool:
    """Whether this interpreter knows the construct."""
    return sys.version_info >= (3, 11) or "3.11" not in row["construct"]


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _routes() -> list[str]:
    lines = ["| construct | example | route | why |", "|---|---|---|---|"]
    for row in rows("re_routes.jsonl"):
        example = _code(row["pattern"]) + (f" ({row['flags'].upper()})" if row["flags"] else "")
        reason = PatternSet([(row["pattern"], flags_of(row["flags"]))]).explain(0).reason
        reason = reason.partition("; ")[0].replace("\\b", "`\\b`")
        lines.append(f"| {row['construct']} | {example} | {row['route']} | {reason} |")
    return lines


def _deviations() -> list[str]:
    lines = ["| what differs | why |", "|---|---|"]
    return lines + [f"| {row['what']} | {row['why']} |" for row in rows("re_deviations.jsonl")]


def _skips() -> list[str]:
    lines = ["| test of CPython's `test_re` | left out on | because it |", "|---|---|---|"]
    return lines + [
        f"| `{row['test']}` | {row['mode']}s, {', '.join(row['versions'])} | {row['reason']} |"
        for row in rows("test_re_skips.jsonl")
    ]


def written(document: str) -> str:
    """The document with its tables as the data have them today."""
    tables = {"routes": _routes, "deviations": _deviations, "skips": _skips}
    return _BLOCK.sub(lambda m: m[1] + "\n".join(tables[m[2]]()) + "\n" + m[3], document)


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")
