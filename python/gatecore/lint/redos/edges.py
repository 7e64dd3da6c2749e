"""What a piece of a pattern's source can begin and end with, by CPython's parser.

Each question has the answer `None` when it is not known, for instance because the piece can match
nothing: a rewrite that needs to know it is then not made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gatecore.lint.proofs.source_tree import Item
from gatecore.lowering.charset import SINGLE, Ranges, class_of, code_points, parsed, union
from gatecore.lowering.interpreter import constants

__all__ = ["class_row", "edge_characters"]


def class_row(branch: Sequence[Item], flags: int) -> list[Ranges] | None:
    """The classes of a branch of single characters without quantifiers."""
    row = []
    for item in branch:
        ranges = class_of(item.atom, flags) if not item.quantifier else None
        if ranges is None:
            return None
        row.append(ranges)
    return row


def edge_characters(items: Sequence[Item], flags: int, *, first: bool) -> Ranges | None:
    """What a piece begins with, or ends with, if there always is a character."""
    nodes = parsed("".join(item.text for item in items), flags)
    return None if nodes is None else _edge(nodes, flags, first=first)


def _edge(nodes: Iterable[Any], flags: int, *, first: bool) -> Ranges | None:
    row = list(nodes)
    found: Ranges = ()
    for opcode, argument in row if first else reversed(row):
        if opcode is constants.AT and first:
            continue  # a condition takes nothing; what comes after it is still the first character
        if opcode in SINGLE:
            return union(found, code_points(opcode, argument, flags))
        if opcode in (constants.MAX_REPEAT, constants.MIN_REPEAT):
            low, _, body = argument
            part = _edge(body, flags, first=first)
            if part is None:
                return None
            found = union(found, part)
            if low:
                return found
            continue
        if opcode is constants.SUBPATTERN:
            _, add, drop, body = argument
            part = None if add or drop else _edge(body, flags, first=first)
        elif opcode is constants.BRANCH:
            parts = [_edge(branch, flags, first=first) for branch in argument[1]]
            part = None if None in parts else union(*(p for p in parts if p is not None))
        else:
            return None
        return None if part is None else union(found, part)
    return None
