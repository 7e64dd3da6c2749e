"""A lowered pattern as a tree for people: what the core is given, without reading its numbers.

`rust/gatecore/src/pattern/program.rs` lists the instructions. Characters in a row are shown as
text, with "in any case" where a class is what `re` makes of one letter under IGNORECASE.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gatecore.lowering import lower
from gatecore.lowering.charset import (
    MAX_CODE_POINT,
    Ranges,
    class_of,
    code_points,
    complement,
    difference,
    word_characters,
)
from gatecore.lowering.interpreter import constants

__all__ = ["TreeNode", "class_text", "lowered_tree", "tree_lines"]

_LOOKS: Final = (
    r"start of text (\A)",
    r"end of text (\Z)",
    "start of line (^)",
    "end of line ($)",
    "end of text or before its last newline ($)",
    r"word boundary (\b)",
    r"no word boundary (\B)",
    r"ASCII word boundary (\b)",
    r"no ASCII word boundary (\B)",
)
_KINDS: Final = ("greedy", "lazy", "possessive")
_LOOK_AROUNDS: Final = (
    "followed by (?=…)",
    "preceded by (?<=…)",
    "not followed by (?!…)",
    "not preceded by (?<!…)",
)

_MOST_RANGES: Final = 12
_CASES: Final = (
    ("", None),
    (" in any case", re.IGNORECASE),
    (" in any ASCII case", re.IGNORECASE | re.ASCII),
)


@dataclass(frozen=True, slots=True)
class TreeNode:
    """One instruction in words, with those below it."""

    label: str
    children: tuple[TreeNode, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The tree as plain data."""
        if not self.children:
            return {"label": self.label}
        return {"label": self.label, "children": [child.to_dict() for child in self.children]}


def lowered_tree(source: str, flags: int = 0) -> TreeNode | None:
    r"""The tree of a pattern; `None` if it is nested too deeply to be lowered.

    >>> print(*tree_lines(lowered_tree(r"no\s+[a-c]")), sep="\n")
    in order
    ├─ “no”
    ├─ 1 or more times, greedy
    │  └─ \s
    └─ [a-c]

    Raises:
        re.error, OverflowError, RecursionError, ValueError: What `re.compile` raises.
    """
    lowering = lower.Lowering()
    _, _, _, program = lowering.pattern(source, flags)
    if program is None:
        return None
    classes = [tuple(zip(flat[::2], flat[1::2], strict=True)) for flat in lowering.classes]
    return _Decoder(program, classes).node()


def tree_lines(node: TreeNode, *, head: str = "", below: str = "") -> Iterator[str]:
    """The tree line by line, children indented."""
    yield head + node.label
    for child in node.children:
        last = child is node.children[-1]
        yield from tree_lines(
            child,
            head=below + ("└─ " if last else "├─ "),
            below=below + ("   " if last else "│  "),
        )


class _Decoder:
    """Reads one program in prefix order."""

    def __init__(self, program: Sequence[int], classes: Sequence[Ranges]) -> None:
        self._numbers = iter(program)
        self._classes = classes

    def node(self) -> TreeNode:
        read = self._read()
        if isinstance(read, TreeNode):
            return read
        return TreeNode(_text_of([read])[0])

    def _nodes(self, count: int) -> tuple[TreeNode, ...]:
        return tuple(self.node() for _ in range(count))

    def _read(self) -> TreeNode | Ranges:
        """The next node; a class comes as it is, for its neighbours to join it."""
        number = self._number
        code = number()
        if code == lower.CLASS:
            return self._classes[number()]
        if code == lower.CONCAT:
            return self._concat(number())
        if code == lower.ALTERNATE:
            return TreeNode("first of", self._nodes(number()))
        numbers, label, children = _INSTRUCTIONS[code]
        return TreeNode(label(*(number() for _ in range(numbers))), self._nodes(children))

    def _concat(self, count: int) -> TreeNode:
        children: list[TreeNode] = []
        row: list[Ranges] = []
        for read in [*(self._read() for _ in range(count)), None]:
            if read is None or isinstance(read, TreeNode):
                children += map(TreeNode, _text_of(row))
                row = []
                if read is not None:
                    children.append(read)
            else:
                row.append(read)
        return children[0] if len(children) == 1 else TreeNode("in order", tuple(children))

    def _number(self) -> int:
        return next(self._numbers)


def _times(low: int, high: int, kind: int) -> str:
    if high == lower.UNBOUNDED:
        times = f"{low} or more times" if low else "any number of times"
    elif (low, high) == (0, 1):
        times = "optional"
    else:
        times = f"{low} times" if low == high else f"{low} to {high} times"
    return f"{times}, {_KINDS[kind]}"


#: Of the other instructions: how many numbers and how many nodes follow, and what they are called.
_INSTRUCTIONS: Final[dict[int, tuple[int, Callable[..., str], int]]] = {
    lower.EMPTY: (0, lambda: "nothing", 0),
    lower.NEVER: (0, lambda: "never", 0),
    lower.LOOK: (1, _LOOKS.__getitem__, 0),
    lower.REPEAT: (3, _times, 1),
    lower.GROUP: (1, "group {}".format, 1),
    lower.LOOK_AROUND: (1, _LOOK_AROUNDS.__getitem__, 1),
    lower.BACK_REFERENCE: (1, "what group {} matched".format, 0),
    lower.CONDITIONAL: (0, lambda: "if its group matched, the first, else the second", 2),
    lower.ATOMIC: (0, lambda: "atomic: first way only", 1),
    lower.QUIRK: (0, lambda: "UNICODE inside ASCII", 1),
}


def _text_of(row: Sequence[Ranges]) -> list[str]:
    """Classes in a row as labels: each the longest text that one way of minding case explains."""
    labels = []
    at = 0
    while at < len(row):
        texts = [_longest(row[at:], flags) for _, flags in _CASES]
        text, (case, _) = max(zip(texts, _CASES, strict=True), key=lambda pair: len(pair[0]))
        labels.append(f"“{''.join(map(_quoted, text))}”{case}" if text else class_text(row[at]))
        at += max(len(text), 1)
    return labels


def _longest(row: Sequence[Ranges], flags: int | None) -> str:
    text = ""
    for ranges in row:
        character = _only_character(ranges, flags)
        if character is None:
            break
        text += character
    return text


@functools.lru_cache(maxsize=4096)
def _only_character(ranges: Ranges, flags: int | None) -> str | None:
    """The character that a class stands for: itself alone, or what `re` makes of it by `flags`."""
    if flags is None:
        (lo, hi), *more = ranges or ((0, 1),)
        return chr(lo) if lo == hi and not more else None
    members = [number for lo, hi in ranges[:6] for number in range(lo, min(hi, lo + 5) + 1)]
    for number in sorted(members, key=lambda n: (n > 127, not chr(n).islower(), n)):
        if code_points(constants.LITERAL, number, int(flags)) == ranges:
            return chr(number)
    return None


def class_text(ranges: Ranges) -> str:
    r"""A class as a pattern would write it; large ones are cut and counted.

    >>> class_text(((48, 57), (97, 102)))
    '[0-9a-f]'
    """
    if not ranges:
        return "no character"
    known = _known().get(ranges)
    if known is not None:
        return known
    negated = bool(ranges) and ranges[-1][1] == MAX_CODE_POINT
    listed = complement(ranges) if negated else ranges
    for name, members in _parts():
        rest = _without(listed, members)
        if rest is not None and len(rest) + 1 < len(listed):
            return _written(rest, negated, size=_size(ranges), first=name)
    if len(listed) > _MOST_RANGES:
        missing = _without(word_characters(), ranges)
        if missing is not None and len(missing) < len(ranges):
            return rf"\w but not {class_text(missing)}"
    return _written(listed, negated, size=_size(ranges))


def _written(listed: Ranges, negated: bool, *, size: int, first: str = "") -> str:
    shown = first + "".join(_range(lo, hi) for lo, hi in listed[:_MOST_RANGES])
    more = len(listed) - _MOST_RANGES
    tail = f"…] {more:,} more ranges, {size:,} characters" if more > 0 else "]"
    return f"[{'^' if negated else ''}{shown}{tail}"


def _range(lo: int, hi: int) -> str:
    if lo == hi:
        return _escaped(lo)
    return f"{_escaped(lo)}{'' if hi == lo + 1 else '-'}{_escaped(hi)}"


def _escaped(number: int) -> str:
    character = chr(number)
    return f"\\{character}" if character in "\\]^-[" else _quoted(character)


def _quoted(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


@functools.cache
def _known() -> dict[Ranges, str]:
    """The classes that have a name in patterns."""
    names = {name: name for name in (r"\w", r"\W", r"\s", r"\S", r"\d", r"\D")}
    names |= {r"[\s\S]": "any character", ".": "any character but a newline"}
    ranges = ((class_of(source, 0), name) for source, name in names.items())
    return {known: name for known, name in ranges if known is not None}


def _parts() -> tuple[tuple[str, Ranges], ...]:
    """Large classes that others are made of, with the larger ones first."""
    by_name = {name: ranges for ranges, name in _known().items()}
    return ((r"\w", word_characters()), (r"\d", by_name[r"\d"]), (r"\s", by_name[r"\s"]))


def _without(whole: Ranges, part: Ranges) -> Ranges | None:
    """What is left of a class without a part of it; `None` if the part is not all in it."""
    return None if difference(part, whole) else difference(whole, part)


def _size(ranges: Ranges) -> int:
    return sum(hi - lo + 1 for lo, hi in ranges)
