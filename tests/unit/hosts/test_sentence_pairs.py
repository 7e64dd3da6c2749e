"""Pairs of sentences without testing all pairs: the same pairs, in the same order."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore import Document, PatternSet
from gatecore.hosts.loki.sentence_pairs import _stays_within, faster

WORDS = ("not", "NOT", "is", "never", "always", "x", "\n", "a.b", ".", "..", ". ", " ", "İ")


def pairs(self: object, text: str) -> list[dict[str, Any]]:
    """A host's function, as far as it matters."""
    content = text or ""
    sentences = content.split(".")
    found = []
    opposites = [(r"is\s+not", r"\bis\b"), (r"never", r"always"), (r"^not", r"x?")]
    for i, one in enumerate(sentences):
        for other in sentences[i + 1 :]:
            for first, second in opposites:
                if re.search(first, one, re.IGNORECASE) and re.search(second, other, re.I):
                    found.append({"n": i, "one": one.strip(), "other": other, "why": second})
    return found


#: A function whose loop over pairs is replaced, for changes of one thing in it.
SHAPE = """
import re

def function(text):
    sentences = text.split(".")
    opposites = [("a", "b")]
    found = []
    for i, one in enumerate(sentences):
        for other in sentences[i + 1 :]:
            for first, second in opposites:
                if re.search(first, one) and re.search(second, other):
                    found.append(one)
    return found
"""


@given(words=st.lists(st.sampled_from(WORDS), max_size=30))
def test_the_pairs_are_the_same(words: list[str]) -> None:
    """On a text, a document whose set knows some patterns, and no text at all."""
    quick = faster(pairs)
    assert quick is not None
    text = " ".join(words)
    patterns = PatternSet([(r"is\s+not", re.I), (r"never", re.I)])
    wanted = pairs(None, text)
    assert quick(None, text) == wanted
    assert quick(None, Document(text, patterns)) == wanted
    assert quick(None, None) == []


@pytest.mark.parametrize(
    ("old", "new", "is_replaced"),
    [
        ("", "", True),
        ("found.append(one)", "found.append(one); break", False),  # it leaves early
        ("return found", "return found, one", False),  # it looks back
        ("(second, other)", "(second, one)", False),  # it asks another question
    ],
)
def test_what_has_another_shape_is_left_alone(
    old: str, new: str, is_replaced: bool, tmp_path: Path
) -> None:
    path = tmp_path / "shape.py"
    path.write_text(SHAPE.replace(old, new) if old else SHAPE, "utf-8")
    scope = runpy.run_path(str(path))
    assert (faster(scope["function"]) is not None) is is_replaced


@pytest.mark.parametrize(
    ("pattern", "stays"),
    [
        (r"never", True),
        (r"is\s+(?:a|an|the)", True),
        (r"[a-z\d]+?", True),
        (r"a.b", False),
        (r"a\.b", False),
        (r"[+-/]", False),
        (r"[^a]", False),
        (r"\W", False),
        (r"\bis", False),
        (r"^is", False),
        (r"is(?! not)", False),
        (r"x?", False),
        (r"(?s:a)", False),
    ],
)
def test_which_patterns_stay_within_a_sentence(pattern: str, stays: bool) -> None:
    assert _stays_within(pattern, int(re.IGNORECASE), ".") is stays
