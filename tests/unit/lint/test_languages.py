"""What is called dead or redundant, checked against `re` on every short text."""

from __future__ import annotations

import random
import re
import warnings
from itertools import product
from typing import Any

import pytest

from gatecore.gates.spec import PatternRef, View
from gatecore.lint.proofs.languages import LanguageTooLargeError, text_between
from gatecore.lint.proofs.program import program
from gatecore.lint.proofs.questions import Questions
from tests.support.data import flags_of, rows
from tests.support.gates import HERE

ROWS = rows("lint_languages.jsonl")

TEXTS = ["".join(text) for length in range(6) for text in product("asS- \n", repeat=length)]
TEXTS += ["I\u0130", "\u03a3\u03a3", "\u0130s", "a_s", "_s", "aZs", "ISA"]
LOWERED = list(dict.fromkeys(text.lower() for text in TEXTS))


def _ref(row: dict[str, Any], key: str = "pattern") -> PatternRef:
    return PatternRef(row[key], flags_of(row["flags"]), HERE, row["view"])


def _matched(pattern: PatternRef) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = re.compile(pattern.source, pattern.flags).search
    return [text for text in (LOWERED if pattern.view == "lowercase" else TEXTS) if search(text)]


@pytest.mark.parametrize("row", ROWS, ids=[f"{r['pattern']} {r['view']}" for r in ROWS])
def test_each_row_has_its_answer_and_the_texts_agree(row: dict[str, Any]) -> None:
    """A "yes" holds for every short text; a "no" has a text that shows it."""
    pattern = _ref(row)
    if "wide" in row:
        wide = _ref(row, "wide")
        expected = None if "unknown" in row else row.get("within", False)
        assert Questions().within(pattern, wide) is expected
        left = set(_matched(pattern)).difference(_matched(wide))
        assert bool(left) == (expected is False)
    else:
        expected = None if "unknown" in row else row.get("never", False)
        assert Questions().never_matches(pattern) is expected
        if not row.get("unknown"):
            assert bool(_matched(pattern)) != row.get("never", False)


_ATOMS = [
    *("a", "s", "-", ".", r"\n", "[as]", "[^a]", "S", r"\b", r"\B", "^", "$", r"\Z", r"\A", ""),
    *(r"\w", r"\W", "(?!a)", "(?=s)", "(?<!a)", "(?<=s)", "(?=as)", "(?!as)", "as"),
]
_HAZY = ("(?=as)", "(?!as)")


def _made(chance: random.Random, depth: int = 0) -> str:
    kind = chance.random()
    if depth > 2 or kind < 0.45:
        return chance.choice(_ATOMS)
    if kind < 0.7:
        return _made(chance, depth + 1) + _made(chance, depth + 1)
    if kind < 0.82:
        return f"(?:{_made(chance, depth + 1)}|{_made(chance, depth + 1)})"
    repeat = chance.choice(["*", "+", "?", "*?", "{2}", "{0,2}", "??"])
    return f"(?:{_made(chance, depth + 1)}){repeat}"


@pytest.mark.parametrize("seed", range(60))
def test_made_patterns_are_compared_as_their_texts_are(seed: int) -> None:
    """No proof is refuted by a short text, and a text that is given is an example."""
    chance = random.Random(seed)
    sources = _made(chance), _made(chance)
    flags = chance.choice([0, re.I, re.M, re.S])
    view: View = chance.choice(["text", "lowercase"])
    narrow, wide = (PatternRef(source, int(flags), HERE, view) for source in sources)
    ours, theirs = (program(source, int(flags)) for source in sources)
    lowered = view == "lowercase"
    try:
        alone = text_between(ours, lowered=lowered)
        between = text_between(ours, theirs, lowered=lowered)
    except LanguageTooLargeError:
        return
    matched = _matched(narrow)
    theirs_too = set(_matched(wide))
    left = [text for text in matched if text not in theirs_too]
    assert alone is not None or not matched
    assert between is not None or not left
    exact = not any(hazy in source for hazy in _HAZY for source in sources)
    if exact and alone is not None:
        assert re.search(sources[0], alone, flags)
        assert not lowered or alone == alone.lower()
    if exact and between is not None:
        assert re.search(sources[0], between, flags)
        assert not re.search(sources[1], between, flags)
        assert all(len(between) <= len(text) for text in left)


@pytest.mark.parametrize(
    ("source", "shorter"),
    [
        (r"\s*fees?(?:\s+apply)?", "fee"),
        (r"(?:the\s+)??fee|charges?", "fee|charge"),
        (r"(?:fees?|charge\s*)", "(?:fee|charge)"),
        (r"\bfees?\b", None),
        (r"s?(?:ab)+", "(?:ab)+"),
        (r"a?+ab", None),
        (r"(a)?b(?(1)s|-)", None),
        (r"(a?)s\1", None),
        (r"a*", None),
        (r"a?(?=s)s?", "(?=s)"),
    ],
)
def test_optional_ends_go_where_the_same_texts_match(source: str, shorter: str | None) -> None:
    pattern = PatternRef(source, 0, HERE)
    try:
        re.compile(source)
    except re.error:
        pytest.skip("syntax of a later Python")
    assert Questions().trimmed(pattern) == shorter
    if shorter is not None:
        assert _matched(pattern) == _matched(PatternRef(shorter, 0, HERE))


def test_what_is_too_large_is_not_known() -> None:
    """No claim is made about patterns that need more steps than the limit."""
    wide = PatternRef(r"a.{40}s|s.{39}a", 0, HERE)
    narrow = PatternRef(r"a.{41}s.*s.{39}a", 0, HERE)
    assert Questions().within(narrow, wide) in (None, True)
    with pytest.raises(LanguageTooLargeError):
        text_between(program(r"(?:a|s)*-.{25}a", 0), program(r"a.{25}[as].*a|-.{25}s", 0))
    assert Questions().never_matches(PatternRef("a{3000}", 0, HERE)) is None
