"""What `make bench-peers` measures on: patterns are read rightly, texts are what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.inputs import corpus
from benchmarks.inputs.literals import required_literals
from benchmarks.inputs.public_sets import SETS, SetMissingError, from_go, public_set
from benchmarks.inputs.public_texts import texts_for, with_odd_characters

WORDS = ["früh", "дом", "家", "house"]


@pytest.mark.parametrize(
    ("go", "python"),
    [
        (r"(?i)ab", r"(?i)ab"),
        (r"a(?i)b|c", r"a(?i:b)|(?i:c)"),
        (r"x(a(?i)b|c)d", r"x(a(?i:b)|(?i:c))d"),
        (r"a(?i)b(?-i)c", r"a(?i:b(?-i:c))"),
        (r"(?-i:Ab)[(?i)|]\(?i\)", r"(?-i:Ab)[(?i)|]\(?i\)"),
        (r"[[:alnum:]_]\z", r"[0-9A-Za-z_]\Z"),
        (r"[]()]", r"[]()]"),
    ],
)
def test_flags_that_begin_inside_hold_to_the_end_of_their_group(go: str, python: str) -> None:
    assert from_go(go) == python
    re.compile(python)


def test_a_flag_from_inside_outlasts_the_bar_and_not_the_group() -> None:
    pattern = re.compile(from_go(r"x(?:a(?i)b|c)d"))
    found = [
        text for text in ("xabd", "xaBd", "xCd", "xAbd", "xabD", "xcD") if pattern.search(text)
    ]
    assert found == ["xabd", "xaBd", "xCd"]


@pytest.mark.parametrize("name", SETS)
def test_a_set_that_is_not_here_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATECORE_BENCH_GITLEAKS", str(tmp_path / "none"))  # nothing is fetched
    if name in ("compliance", "look-ahead"):
        patterns = public_set(name).patterns
        assert len(patterns) == len(set(patterns)) >= 38
        return
    with pytest.raises(SetMissingError, match=r"make bench-peers|is not a file"):
        public_set(name)


def test_the_look_ahead_family_finds_something_in_its_texts() -> None:
    text = texts_for("look-ahead", lambda: WORDS)(10_000, 1)
    patterns = public_set("look-ahead").patterns
    assert sum(re.search(source, text, flags) is not None for source, flags in patterns) > 20


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("characters", [100, 5_000])
def test_a_seed_gives_one_text_of_just_that_length(name: str, characters: int) -> None:
    maker = texts_for(name, lambda: WORDS)
    assert maker(characters, 7) == maker(characters, 7) != maker(characters, 8)
    assert len(maker(characters, 7)) == characters


def test_odd_characters_stand_in_for_plain_ones() -> None:
    text = corpus.document(3_000)
    odd = with_odd_characters(text, 1)
    assert len(odd) == len(text)
    changed = [(a, b) for a, b in zip(text, odd, strict=True) if a != b]
    assert 30 < len(changed) < 300
    assert all(a.isascii() for a, _ in changed)


def test_every_match_has_one_of_the_required_literals() -> None:
    text = corpus.document(20_000)
    seen = 0
    for source, flags in corpus.patterns(2_500):
        literals = required_literals(source, flags)
        for match in re.finditer(source, text, flags) if literals else ():
            assert any(literal in match[0].lower() for literal in literals or ()), source
            seen += 1
    assert seen > 100
    assert required_literals(r"a(?:bcd|efg)h?", 0) == frozenset(["bcd", "efg"])
    assert required_literals(r"(?:abcdef)?x|y", 0) is None
