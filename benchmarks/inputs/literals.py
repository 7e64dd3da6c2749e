"""What must stand in a text for a pattern to match: the usual recipe's first half.

Tables of peers call it "literals + re": whoever has no engine of many patterns looks for a literal
of each with aho-corasick, and asks `re` where one is found.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

__all__ = ["required_literals"]


def required_literals(source: str, flags: int) -> frozenset[str] | None:
    """Lower-case literals one of which is in every match, if each is of 3 characters or more."""
    try:
        parser = importlib.import_module("re._parser")
    except ImportError:
        parser = importlib.import_module("sre_parse")  # CPython 3.10
    best: frozenset[str] | None = None
    for literals in _literal_sets(list(parser.parse(source, flags))):
        shortest = min(map(len, literals))
        if shortest >= 3 and (best is None or shortest > min(map(len, best))):
            best = literals
    return best


def _literal_sets(items: list[tuple[Any, Any]]) -> Iterable[frozenset[str]]:
    """For each part that every match of a sequence has: the literals of which it has one."""
    run = ""
    for operation, argument in [*items, (None, None)]:
        if str(operation) == "LITERAL":
            run += chr(argument).lower()
            continue
        if run:
            yield frozenset([run])
            run = ""
        if str(operation) == "SUBPATTERN" or (
            str(operation) in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] > 0
        ):
            yield from _literal_sets(list(argument[-1]))
        elif str(operation) == "BRANCH":
            branches = [
                max(_literal_sets(list(branch)), key=lambda s: min(map(len, s)), default=None)
                for branch in argument[1]
            ]
            if None not in branches:
                yield frozenset().union(*(branch for branch in branches if branch))
