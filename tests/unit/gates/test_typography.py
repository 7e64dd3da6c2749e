r"""Phrases and keywords look past what typesetters change; patterns do not.

The oracle writes both plainly first: each sign by its plain form, nothing that cannot be seen. Then
`re` is asked, and its spans are counted back.
"""

from __future__ import annotations

import random
import re

import pytest

from gatecore import GateSet
from gatecore.gates.document import GateDocument
from gatecore.gates.matches import ReMatches
from gatecore.gates.reference import evaluate
from gatecore.gates.spec import Gate
from gatecore.gates.typography import INVISIBLE, unbroken
from tests.support.gates import parsed_gate

PLAIN = dict.fromkeys("‘’‚‛ʹ′`´‹›＇ʼ", "'")
PLAIN |= dict.fromkeys("“”„‟″«»＂", '"')
PLAIN |= dict.fromkeys("‐‑‒–—―−﹣－", "-")
PLAIN |= dict.fromkeys("\xa0\u2007\u2009\u202f\u3000", " ")


def _gate(*patterns: str) -> Gate:
    lines = "".join(f"\n    - {pattern}" for pattern in patterns)
    return parsed_gate(f"""
patterns:
  said:{lines}
verdicts:
  - {{when: {{any: said}}, status: FAIL, message: "Found {{said.count}}.", evidence: said}}
  - {{status: PASS, message: m}}
""")


def _found(gate: Gate, text: str) -> list[str]:
    """What the compiled gates find, which is what the reference finds."""
    gates = GateSet([gate])
    (verdict,) = gates.check(text).verdicts
    assert verdict == evaluate(gate, text)
    scanned = GateDocument(gates._compiled.patterns, gates._compiled.sets, text)
    for pattern in gate.groups[0].patterns:
        assert list(scanned.hits(pattern)) == ReMatches(text).hits(pattern)
    assert gates.check(text).why("a").status == verdict.status
    return [finding.text for finding in verdict.findings]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ('{phrase: "don\'t invest"}', "Don’t invest. DON'T\xa0INVEST. Donʼt\n invest.", 3),
        ('{phrase: "don’t invest"}', "Don't invest.", 1),
        ("{phrase: 'risk-free'}", "risk-free risk‑free risk–free risk−free riskfree risk free", 4),
        ("{phrase: '\"no risk\"'}", '“no risk” „no risk“ «no risk» ″no risk″ "no risk"', 5),
        (
            "{phrase: 'guaranteed returns'}",
            "guaran\xadteed returns, guaranteed\xad \u200breturns",
            2,
        ),
        ("{phrase: 'guar\xadanteed'}", "guaranteed", 1),
        ("{phrase: 'fix'}", "pre\xadfix", 0),
        ("{phrase: 'risk'}", "a\u202erisk\u202c", 0),
        ("{phrase: 'risk'}", "a \u202erisk\u202c", 1),
        ("{phrase: '£5 – £10'}", "£5 - £10, £5 — £10", 2),
        ("{keyword: 'risk free'}", "risk\xa0free RISK\u202ffree risk\nfree ri\xadsk free", 3),
        ("{keyword: 'l''or'}", "L’or", 1),
        ("{keyword: 'FCA', view: text}", "F\u200bCA fca", 1),
        ("{keyword: 'i\u0307s'}", "\u0130\xadS", 1),
        ("'don''t'", "don’t", 0),
        ("'guaranteed'", "guaran\xadteed", 0),
        ("'\\bfix\\b'", "pre\xadfix", 1),
    ],
)
def test_words_are_found_however_they_are_set(pattern: str, text: str, found: int) -> None:
    gate = _gate(pattern)
    assert len(_found(gate, text)) == found


def test_findings_are_the_documents_own_text() -> None:
    text = "\xadA \xadguaran\xadteed\xad return, don\u200b’\u200bt."
    gate = _gate("{phrase: guaranteed}", '{phrase: "don\'t"}', "{keyword: 'a g'}")
    assert _found(gate, text) == ["guaran\xadteed", "don\u200b’\u200bt", "A \xadg"]


def test_a_phrase_and_a_pattern_of_the_same_source_are_two() -> None:
    """In one list that is a repetition; in two groups each has its own way to look."""
    gate = parsed_gate(r"""
patterns:
  words: [{phrase: fix}]
  exact: ['\bfix\b']
verdicts:
  - {when: {at_least: {count: 2, of: [words, exact]}}, status: FAIL, message: Both.}
  - {when: {any: words}, status: WARNING, message: Words.}
  - {when: {any: exact}, status: FAIL, severity: low, message: Exact.}
  - {status: PASS, message: m}
""")
    gates = GateSet([gate])
    said = {"fix": "Both.", "fi\xadx": "Words.", "pre\xadfix": "Exact.", "x": "m"}
    for text, message in said.items():
        (verdict,) = gates.check(text).verdicts
        assert verdict == evaluate(gate, text)
        assert verdict.message == message


@pytest.mark.parametrize("seed", range(40))
def test_spans_are_those_of_plain_writing(seed: int) -> None:
    """Random words and documents of signs, letters and what nobody sees."""
    rng = random.Random(seed)
    signs = "abİé '\"-" + "".join(PLAIN) + "\n"
    words = "".join(rng.choice("abé '\"-’–\xa0") for _ in range(rng.randint(1, 4))).strip() or "a"
    text = "".join(
        rng.choice(INVISIBLE) if rng.random() < 0.2 else rng.choice(signs) for _ in range(300)
    )
    gate = _gate(f"{{keyword: '{words.replace(chr(39), 2 * chr(39))}', view: text}}")
    owners = [at for at, char in enumerate(text) if char not in INVISIBLE]
    plain = "".join(PLAIN.get(text[at], text[at]) for at in owners)
    wanted = re.escape("".join(PLAIN.get(char, char) for char in words))
    expected = [
        text[owners[match.start()] : owners[match.end() - 1] + 1]
        for match in re.finditer(wanted, plain)
    ]
    assert _found(gate, text) == expected


def test_the_way_back_skips_what_was_taken_out() -> None:
    text = "\xad\xada\xad b\xad\xad"
    whole = unbroken(text)
    assert whole is not None
    assert whole.text == "a b"
    assert [whole.back(at, at + 1) for at in range(3)] == [(2, 3), (4, 5), (5, 6)]
    assert unbroken("a ’b") is None
