"""`LowercaseOffsets`: spans in a text's `lower()`, brought back to the text."""

from __future__ import annotations

import sys
from itertools import combinations_with_replacement, product

import pytest

from gatecore import Document, PatternSet
from gatecore._gatecore import LowercaseOffsets

DOUBLED = "\u0130"


def test_only_one_character_becomes_two() -> None:
    characters = map(chr, range(sys.maxunicode + 1))
    assert [c for c in characters if len(c.lower()) != 1] == [DOUBLED]


@pytest.mark.parametrize("length", range(5))
def test_a_span_covers_the_characters_that_it_touches(length: int) -> None:
    for characters in product(f"A\ud800{DOUBLED}", repeat=length):
        text = "".join(characters)
        owners = [at for at, character in enumerate(text) for _ in character.lower()]
        assert len(owners) == len(text.lower())
        offsets = LowercaseOffsets(text)
        assert offsets.is_identity == (DOUBLED not in text)
        for start, end in combinations_with_replacement(range(len(owners) + 1), 2):
            first = owners[start] if start < len(owners) else length
            last = owners[end - 1] + 1 if end else 0
            assert offsets.back(start, end) == (first, max(first, last))


def test_of_a_document_it_is_the_text_that_counts() -> None:
    class Shouting(Document):
        def find(self, *args: object) -> int:
            raise AssertionError

    offsets = LowercaseOffsets(Shouting(f"{DOUBLED}x", PatternSet(["x"])))
    assert offsets.back(2, 3) == (1, 2)


@pytest.mark.parametrize("span", [(2, 1), (0, 2**32)])
def test_what_is_not_a_span_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is not a span"):
        LowercaseOffsets("text").back(*span)
