"""What the parts of a parse tree are: what is in them, and what they can begin and end with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from gatecore.lowering.charset import SINGLE, Ranges, code_points, union
from gatecore.lowering.interpreter import ATOMIC_GROUP, POSSESSIVE_REPEAT, constants

__all__ = ["REPEATS", "bodies", "combine", "edge"]

#: The kinds of repeats, with their numbers in the core's instructions.
REPEATS: Final = {constants.MAX_REPEAT: 0, constants.MIN_REPEAT: 1, POSSESSIVE_REPEAT: 2}


def combine(flags: int, add: int, drop: int) -> int:
    """Scoped flags, as `re`'s compiler combines them: a new character mode replaces the old."""
    modes = re.ASCII | re.LOCALE | re.UNICODE
    if add & modes:
        flags &= ~modes
    return (flags | add) & ~drop


def bodies(opcode: Any, argument: Any) -> list[Any]:
    """The trees in one node of a tree; of branches and conditionals each."""
    if opcode is ATOMIC_GROUP:
        return [argument]
    if opcode in REPEATS:
        return [argument[2]]
    if opcode is constants.SUBPATTERN:
        return [argument[3]]
    if opcode is constants.BRANCH:
        return list(argument[1])
    if opcode in (constants.ASSERT, constants.ASSERT_NOT):
        return [argument[1]]
    return [argument[1], argument[2] or ()] if opcode is constants.GROUPREF_EXISTS else []


def edge(nodes: Iterable[Any], flags: int, *, first: bool) -> Ranges | None:
    r"""The characters with which every text of a part begins, or ends.

    `None` where that is not known, for instance because it can match nothing.

    >>> from gatecore.lowering.charset import parsed
    >>> edge(parsed(r"\ba?b", 0), 0, first=True), edge(parsed("a?", 0), 0, first=True)
    (((97, 98),), None)
    """
    row = list(nodes)
    found: Ranges = ()
    for opcode, argument in row if first else reversed(row):
        if opcode is constants.AT and first:
            continue  # a condition takes nothing; what comes after it is still the first character
        if opcode in SINGLE:
            return union(found, code_points(opcode, argument, flags))
        if opcode in (constants.MAX_REPEAT, constants.MIN_REPEAT):
            low, _, body = argument
            part = edge(body, flags, first=first)
            if part is None:
                return None
            found = union(found, part)
            if low:
                return found
            continue
        if opcode is constants.SUBPATTERN:
            _, add, drop, body = argument
            part = None if add or drop else edge(body, flags, first=first)
        elif opcode is constants.BRANCH:
            parts = [edge(branch, flags, first=first) for branch in argument[1]]
            part = None if None in parts else union(*(p for p in parts if p is not None))
        else:
            return None
        return None if part is None else union(found, part)
    return None
