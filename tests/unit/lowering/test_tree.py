"""The lowered tree in words."""

from __future__ import annotations

import re
import sys

import pytest

from gatecore.lowering.tree import lowered_tree, tree_lines


def _lines(source: str, flags: int = 0) -> list[str]:
    tree = lowered_tree(source, flags)
    assert tree is not None
    return list(tree_lines(tree))


@pytest.mark.parametrize(
    ("source", "flags", "line"),
    [
        ("", 0, "nothing"),
        (r"[^\s\S]", 0, "no character"),
        ("abc", 0, "“abc”"),
        ("no risk", re.I, "“no risk” in any case"),
        ("no risk", re.I | re.A, "“no risk” in any ASCII case"),
        ("[a-z]", 0, "[a-z]"),
        ("[ab]", 0, "[ab]"),
        ("[^a]", 0, "[^a]"),
        (r"[\]^\-[]", 0, r"[\-\[\]\^]"),
        (r"\x1b", 0, r"“\x1b”"),
        (".", 0, "any character but a newline"),
        (".", re.S, "any character"),
        (r"\w", 0, r"\w"),
        (r"\W", 0, r"\W"),
        (r"\w", re.A, "[0-9A-Z_a-z]"),
        (r"[-\s]", 0, r"[\s\-]"),
        (r"[^\W\d_]", 0, r"\w but not [\d_]"),
        ("^", re.M, "start of line (^)"),
        (r"\b", 0, r"word boundary (\b)"),
        (r"\b", re.A, r"ASCII word boundary (\b)"),
    ],
)
def test_one_node_is_one_line(source: str, flags: int, line: str) -> None:
    assert _lines(source, flags) == [line]


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("a*", "any number of times, greedy"),
        ("a+?", "1 or more times, lazy"),
        ("a?", "optional, greedy"),
        ("a{3}", "3 times, greedy"),
        ("a{2,5}", "2 to 5 times, greedy"),
        ("(a)", "group 1"),
        ("(?=a)", "followed by (?=…)"),
        ("(?<!a)", "not preceded by (?<!…)"),
    ],
)
def test_what_is_inside_is_indented(source: str, label: str) -> None:
    assert _lines(source) == [label, "└─ “a”"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="new in Python 3.11")
@pytest.mark.parametrize(
    ("source", "label"),
    [("(?:a++)a", "1 or more times, possessive"), ("(?>a?)a", "atomic: first way only")],
)
def test_possessive_and_atomic_have_words(source: str, label: str) -> None:
    assert _lines(source)[:2] == ["in order", f"├─ {label}"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="new in Python 3.11")
def test_what_makes_no_difference_is_gone() -> None:
    assert _lines("a++b") == _lines("(?>a+)b") == _lines("a+b")


def test_branches_references_and_conditions_have_their_parts() -> None:
    assert _lines(r"(a)?(?(1)bc|(?u:d))\1", re.A) == [
        "in order",
        "├─ optional, greedy",
        "│  └─ group 1",
        "│     └─ “a”",
        "├─ if its group matched, the first, else the second",
        "│  ├─ “bc”",
        "│  └─ UNICODE inside ASCII",
        "│     └─ “d”",
        "└─ what group 1 matched",
    ]


def test_large_classes_are_cut_and_counted() -> None:
    scattered = "".join(map(chr, range(0x4E00, 0x4E00 + 60, 2)))
    (line,) = _lines(f"[{scattered}]")
    assert line.endswith("…] 18 more ranges, 30 characters")


def test_what_is_nested_too_deeply_has_no_tree() -> None:
    assert lowered_tree("(" * 99 + "a" + ")" * 99) is not None
    assert lowered_tree("(" * 160 + "a" + ")" * 160) is None
