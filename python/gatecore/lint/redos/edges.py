"""What a piece of a pattern's source can begin and end with, by CPython's parser.

`None` when it is not known: a rewrite that needs to know it is then not made.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatecore.lint.proofs.source_tree import Item
from gatecore.lowering.charset import Ranges, parsed
from gatecore.lowering.nodes import edge

__all__ = ["edge_characters"]


def edge_characters(items: Sequence[Item], flags: int, *, first: bool) -> Ranges | None:
    """What a piece begins with, or ends with, if there always is a character."""
    nodes = parsed("".join(item.text for item in items), flags)
    return None if nodes is None else edge(nodes, flags, first=first)
