"""What one call of `gatecore.re` costs, beside the call it has to be compared with.

    python -m benchmarks.figures.drop_in [--rounds 15]

Each row is a pair of statements timed in turn, round by round; the ratio (or the difference) is
the median over the rounds. The document holds 10,000 characters, the set 2,500 patterns, as a
host's do. Then the memory that a document of a million characters costs beside its text.
"""

from __future__ import annotations

import argparse
import gc
import os
import re as standard
import statistics
import subprocess
import sys
import timeit
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.inputs import corpus
from gatecore import Document, PatternSet, re

__all__ = ["CASES", "Case", "main", "names"]

ABSENT, PRESENT, KEYWORD, OUTSIDE = r"zyzzyva\s+quorum", r"\bthe\s+\w+", "zyzzyva", "xylophones"
"""Patterns: in the set without and with a match, a keyword of the set, one outside the set."""


@dataclass(frozen=True)
class Case:
    """A call, and the call that it is held against."""

    name: str
    call: str
    floor: str


CONSTANT = "constant(ABSENT, document)"
METHOD_FLOOR = "constant(document)"

#: Answered from the pass, against a Python function that returns a constant.
SERVED = (
    Case("search, no match", "search(ABSENT, document)", CONSTANT),
    Case(
        "search with IGNORECASE, no match",
        "search(ABSENT, document, I)",
        "constant(ABSENT, document, I)",
    ),
    Case(
        "search with IGNORECASE, a match",
        "search(PRESENT, document, I)",
        "constant(PRESENT, document, I)",
    ),
    Case("compiled pattern, no match", "absent.search(document)", METHOD_FLOOR),
    Case("compiled pattern, a match", "present.search(document)", METHOD_FLOOR),
    Case("keyword in document", "KEYWORD in document", "constant(KEYWORD, document)"),
    Case("keyword in lowercase view", "KEYWORD in lowered", "constant(KEYWORD, lowered)"),
    Case("document.lower()", "document.lower()", METHOD_FLOOR),
)

#: Left to `re`, against the same call of `re`.
FELL_THROUGH = (
    Case("search on a plain str", "search(OUTSIDE, short)", "re_search(OUTSIDE, short)"),
    Case("the same with IGNORECASE", "search(OUTSIDE, short, I)", "re_search(OUTSIDE, short, I)"),
    Case("pattern outside the set", "search(OUTSIDE, tiny)", "re_search(OUTSIDE, short)"),
    Case("compiled, plain str", "outside.search(short)", "re_outside.search(short)"),
    Case("compiled, outside the set", "outside.search(tiny)", "re_outside.search(short)"),
    Case("finditer on a plain str", "finditer(OUTSIDE, short)", "re_finditer(OUTSIDE, short)"),
    Case("findall on a plain str", "findall(OUTSIDE, short)", "re_findall(OUTSIDE, short)"),
    Case("sub on a plain str", "sub(OUTSIDE, 'x', short)", "re_sub(OUTSIDE, 'x', short)"),
    Case("split on a plain str", "split(OUTSIDE, short)", "re_split(OUTSIDE, short)"),
    Case("match on bytes", "match(b'x', b'y')", "re_match(b'x', b'y')"),
)

CASES = {"served": SERVED, "fell through": FELL_THROUGH}


def constant(pattern: object, string: object = None, flags: int = 0) -> None:
    """The floor: a Python function that returns a constant."""
    return


@lru_cache(maxsize=1)
def names() -> dict[str, Any]:
    """What the statements speak of. The answers are compared with `re`'s once."""
    listed = [*corpus.patterns(2_500), (ABSENT, 2), (ABSENT, 0), (PRESENT, 2), (PRESENT, 0)]
    patterns = PatternSet([*listed, KEYWORD])
    text = corpus.document(10_000, kind="natural")
    document = Document(text, patterns)
    short = "a short text of no interest"
    found: dict[str, Any] = {
        "ABSENT": ABSENT,
        "PRESENT": PRESENT,
        "KEYWORD": KEYWORD,
        "OUTSIDE": OUTSIDE,
        "I": standard.IGNORECASE,
        "constant": constant,
        "document": document,
        "lowered": document.lower(),
        "short": short,
        "tiny": Document(short, PatternSet(["x"])),
        "absent": re.compile(ABSENT),
        "present": re.compile(PRESENT),
        "outside": re.compile(OUTSIDE),
        "re_outside": standard.compile(OUTSIDE),
    }
    for name in ("search", "match", "finditer", "findall", "sub", "split"):
        found[name] = getattr(re, name)
        found[f"re_{name}"] = getattr(standard, name)
    for pattern, flags in ((ABSENT, 2), (PRESENT, 2), (ABSENT, 0), (PRESENT, 0)):
        expected = standard.search(pattern, text, flags)
        assert str(re.search(pattern, document, flags)) == str(expected)
    served = document.stats().served
    for case in SERVED:
        eval(case.call, found)
    assert document.stats().served >= served + len(SERVED) - 1  # `lower()` asks no pattern
    assert document.stats().fell_through == 0, document.stats()
    return found


def pairs(case: Case, rounds: int, number: int = 20_000) -> list[tuple[float, float]]:
    """Nanoseconds of call and floor, in turn."""
    call = timeit.Timer(case.call, globals=names())
    floor = timeit.Timer(case.floor, globals=names())
    scale = 1e9 / number
    return [(call.timeit(number) * scale, floor.timeit(number) * scale) for _ in range(rounds)]


def memory(kind: corpus.Kind, views: str) -> float:
    """Bytes a character that a document of a million characters costs beside its text.

    The resident memory of a process of its own, before and after all patterns were asked of it.
    The document's own characters are the text, once the string that it was made of is dropped.
    """
    program = f"""
import gc, os
from benchmarks.inputs import corpus
from gatecore import Document, PatternSet, re
def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
listed = corpus.patterns(500)
patterns = PatternSet(listed)
warm = Document(corpus.document(20_000, kind={kind!r}), patterns)
document = Document(corpus.document(1_000_000, kind={kind!r}), patterns)
for source, flags in listed:
    re.search(source, warm, flags)
before = resident()
for source, flags in listed:
    re.search(source, document, flags)
{views}
assert document.stats().served >= len(listed) / 2
print(resident() - before)
"""
    # Large blocks go back to the system at once, so that what is resident is what is used.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    command, root = [sys.executable, "-c", program], Path(__file__).parents[2]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=root
    )
    return int(done.stdout) / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.figures.drop_in", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each pair (default: 15)")
    options = parser.parse_args(arguments)
    names()
    gc.disable()
    print(f"{'answered from the pass':38}{'ns':>8}{'constant':>10}{'ratio':>8}")
    for case in SERVED:
        timed = pairs(case, options.rounds)
        call, floor = (statistics.median(column) for column in zip(*timed, strict=True))
        ratio = statistics.median(call / floor for call, floor in timed)
        print(f"{case.name:38}{call:8.0f}{floor:10.0f}{ratio:8.2f}")
    print(f"\n{'left to re':38}{'ns':>8}{'re':>10}{'more':>8}")
    for case in FELL_THROUGH:
        timed = pairs(case, options.rounds)
        call, floor = (statistics.median(column) for column in zip(*timed, strict=True))
        more = statistics.median(call - floor for call, floor in timed)
        print(f"{case.name:38}{call:8.0f}{floor:10.0f}{more:+8.0f}")
    gc.enable()
    print(f"\n{'memory beside a text of 1,000,000 characters':60}{'MB':>6}")
    for kind in ("ascii", "natural"):
        for name, views in (("500 patterns", ""), ("and as many on lower()", _LOWERED)):
            print(f"{f'{kind}, {name}':60}{memory(kind, views):6.1f}")
    return 0


_LOWERED = """lowered = document.lower()
for source, flags in listed:
    re.search(source, lowered, flags)
"""


if __name__ == "__main__":
    raise SystemExit(main())
