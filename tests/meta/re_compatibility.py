"""The tables of docs/re-compatibility.md, made from the data that the tests run.

python -m tests.meta.re_compatibility      # writes them into the document
"""

from __future__ import annotations

import re
import sys
from typing import Any

from gatecore import PatternSet
from tests.support.data import DOCS, flags_of, rows

__all__ = ["DOCUMENT", "is_known_here", "written"]

DOCUMENT = DOCS / "re-compatibility.md"
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


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
