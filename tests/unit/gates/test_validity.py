"""Numbers with check digits: the rules, and the core against the Python that is its oracle."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterator
from typing import get_args

import pytest

from gatecore import GateSet
from gatecore.gates.reference import evaluate
from gatecore.gates.spec import AnyOf, Gate, PatternRef, Validity
from gatecore.gates.validity import SEPARATORS, is_valid
from tests.support.data import rows
from tests.support.gates import HERE, branch_of, gate_of

KINDS: tuple[Validity, ...] = get_args(Validity)


def line_gate(kind: Validity) -> Gate:
    """Each line is a match, if it is a number of that kind."""
    pattern = PatternRef(r"[^\n]+", 0, HERE, valid=kind)
    return gate_of({"number": [pattern]}, branch_of(AnyOf(("number",)), "number"), branch_of(None))


def by_core(kind: Validity, texts: list[str]) -> list[bool]:
    """What the core says of some texts without line breaks, on both backends of this build."""
    gates, document = GateSet([line_gate(kind)]), "\n".join(texts)
    starts = {finding.start for finding in gates.check(document).verdicts[0].findings}
    answers, start = [], 0
    for text in texts:
        answers.append(start in starts)
        start += len(text) + 1
    return answers


ROWS = [(row["valid"], row["text"], row["is"]) for row in rows("valid_numbers.jsonl")]


@pytest.mark.parametrize(("kind", "text", "expected"), ROWS)
def test_a_row_says_what_is_valid(kind: Validity, text: str, expected: bool) -> None:
    assert is_valid(text, kind) is expected
    assert by_core(kind, [text]) == [expected]


def test_rows_have_every_kind_both_ways() -> None:
    assert {(kind, expected) for kind, _, expected in ROWS} == {
        (kind, expected) for kind in KINDS for expected in (True, False)
    }


# --- other words for the same rules ----------------------------------------------------------


def _luhn_by_table(digits: str) -> bool:
    """Doubling permutes the digits; no doubled digit is ever summed."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(doubled[int(digit)] for digit in even)) % 10 == 0


def _nhs_by_sum(digits: str) -> bool:
    """With weight 1 for the check digit itself the whole sum is divisible by 11."""
    return sum((10 - place) * int(digit) for place, digit in enumerate(digits)) % 11 == 0


def _iban_by_digits(text: str) -> bool:
    """The remainder by 97, digit by digit."""
    rest = 0
    for sign in text[4:] + text[:4]:
        for digit in sign if sign.isdigit() else str(ord(sign) - 55):
            rest = (rest * 10 + int(digit)) % 97
    return rest == 1


def test_exactly_one_last_digit_is_right_for_each_beginning() -> None:
    source = random.Random(13)
    for _ in range(2_000):
        length = source.randint(12, 19)
        beginning = str(source.randrange(10 ** (length - 2), 10 ** (length - 1)))
        right = [d for d in string.digits if is_valid(beginning + d, "luhn")]
        assert len(right) == 1
        assert right == [d for d in string.digits if _luhn_by_table(beginning + d)]


def test_nhs_numbers_are_those_whose_whole_sum_is_divisible_by_eleven() -> None:
    """Nine digits have one right last digit, or none when it would have to be ten."""
    without = 0
    numbers = [f"{number:09}" for number in range(1, 200_000_000, 16_661)]
    for beginning in numbers:
        right = [d for d in string.digits if is_valid(beginning + d, "nhs")]
        assert right == [d for d in string.digits if _nhs_by_sum(beginning + d)]
        without += not right
    assert len(numbers) / 13 < without < len(numbers) / 9


def _right(kind: Validity, source: random.Random) -> str:
    """A valid number, made by trying last or check digits."""
    digits = "".join(source.choices(string.digits, k=9))
    match kind:
        case "luhn" | "card":
            more = "4" + digits + "".join(source.choices(string.digits, k=5))
            made = [more + d for d in string.digits]
        case "nhs":
            made = [digits + d for d in string.digits]
        case "iban":
            rest = "WEST" + digits + "12345"
            made = [f"GB{check:02}{rest}" for check in range(2, 99)]
        case "nino":
            made = ["AB" + digits[:6] + source.choice("ABCD")]
        case "uk_phone":
            made = [source.choice(("07", "+447", "01")) + "1" + digits[:8]]
    right = [text for text in made if is_valid(text, kind)]
    return right[0] if right else _right(kind, source)


@pytest.mark.parametrize("kind", ["luhn", "card", "nhs", "iban"])
def test_no_number_with_one_digit_changed_is_right(kind: Validity) -> None:
    """Every change of every digit; by both."""
    source = random.Random(f"one digit {kind}")
    changed = []
    for _ in range(60):
        right = _right(kind, source)
        assert is_valid(right, kind)
        places = [place for place, sign in enumerate(right) if sign.isdigit()]
        changed += [
            right[:place] + other + right[place + 1 :]
            for place in places
            for other in string.digits
            if other != right[place]
        ]
    assert len(changed) > 60 * 9 * 9
    assert not any(is_valid(text, kind) for text in changed)
    assert not any(by_core(kind, changed))


@pytest.mark.parametrize(("kind", "spared"), [("nhs", ()), ("iban", ()), ("luhn", ("09", "90"))])
def test_neighbours_that_change_places_are_noticed(kind: Validity, spared: tuple[str, ...]) -> None:
    """Luhn's sum alone does not see 09 for 90; that is its own weakness."""
    source = random.Random(f"neighbours {kind}")
    tried = 0
    for _ in range(300):
        right = _right(kind, source)
        for place in range(len(right) - 1):
            pair = right[place : place + 2]
            if pair.isdigit() and pair[0] != pair[1]:
                swapped = right[:place] + pair[::-1] + right[place + 2 :]
                assert is_valid(swapped, kind) is (pair in spared)
                tried += 1
    assert tried > 1_000


def test_ibans_are_those_that_leave_one() -> None:
    source = random.Random(97)
    for _ in range(500):
        rest = "".join(source.choices(string.ascii_uppercase + string.digits, k=18))
        for check in range(100):
            text = f"GB{check:02}{rest}"
            assert is_valid(text, "iban") is (2 <= check <= 98 and _iban_by_digits(text))
        if source.random() < 0.02:
            assert not is_valid(_right("iban", source).replace("GB", "UK"), "iban")


def test_prefixes_that_are_not_given_out() -> None:
    """All 676, by HMRC's words as sets."""
    letters = set(string.ascii_uppercase)
    never = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}
    texts = {f"{a}{b}123456A": (a, b) for a in sorted(letters) for b in sorted(letters)}
    wanted = [
        a in letters - set("DFIQUV") and b in letters - set("DFIQUVO") and a + b not in never
        for a, b in texts.values()
    ]
    assert [is_valid(text, "nino") for text in texts] == wanted
    assert by_core("nino", list(texts)) == wanted
    assert sum(wanted) == 373


# --- the core against the oracle -------------------------------------------------------------

_STRANGE = "٤१9Ａａ߃²é_?+,;:\u2003\x00\x0b\x85\u2028\ud800İſK"


def _texts(source: random.Random, kind: Validity) -> Iterator[str]:
    """Right numbers, nearly right ones, and any signs at all."""
    separators = "".join(sorted(SEPARATORS - {"\n"}))
    for _ in range(400):
        signs = list(_right(kind if source.random() < 0.8 else source.choice(KINDS), source))
        for _ in range(source.choice((0, 0, 1, 2, 6))):
            place = source.randrange(len(signs) + 1)
            match source.randrange(5):
                case 0 | 1:
                    signs.insert(place, source.choice(separators))
                case 2:
                    signs[place:place] = source.choice(_STRANGE + string.ascii_letters)
                case 3:
                    del signs[place : place + 1]
                case _:
                    signs[place : place + 1] = source.choice(string.digits)
        text = "".join(signs)
        yield text.lower() if source.random() < 0.2 else text
    for _ in range(200):
        signs = source.choices(string.digits * 4 + separators + _STRANGE, k=source.randrange(1, 44))
        yield "".join(signs)
    for length in (10, 12, 19, 20, 39, 40, 41, 4_000):
        yield from ("0" * length, "4" * length, "9" * length)


@pytest.mark.parametrize("kind", KINDS)
def test_the_core_says_what_the_oracle_says(kind: Validity) -> None:
    texts = [text for text in _texts(random.Random(f"texts {kind}"), kind) if text.strip("\n")]
    wanted = [is_valid(text, kind) for text in texts]
    assert 50 < sum(wanted) < len(texts) - 200
    assert by_core(kind, texts) == wanted
    document = "\n".join(texts)
    assert GateSet([line_gate(kind)]).check(document).verdicts[0] == evaluate(
        line_gate(kind), document
    )


def test_captures_are_those_of_valid_matches() -> None:
    """The first match is not valid, and neither its text nor its capture is told."""
    pattern = PatternRef(r"(?P<first>\d{3}) \d{3} \d{4}", 0, HERE, valid="nhs")
    message = "{number.count}: {number}, {number.first}"
    gate = gate_of(
        {"number": [pattern]},
        branch_of(AnyOf(("number",)), "number", message=message),
        branch_of(None),
    )
    text = "111 476 5919 and 943 476 5919, 401 023 2137"
    verdict = GateSet([gate]).check(text).verdicts[0]
    assert verdict.message == "2: 943 476 5919, 943"
    assert verdict == evaluate(gate, text)


def test_rules_in_other_words_are_rules_of_their_own() -> None:
    """So that none of them is the rule under test by another name."""
    rules: list[tuple[Callable[[str], bool], str]] = [
        (_luhn_by_table, "4111111111111111"),
        (_nhs_by_sum, "9434765919"),
        (_iban_by_digits, "GB82WEST12345698765432"),
    ]
    for rule, text in rules:
        assert rule(text)
        assert not rule(re.sub(r"\d$", lambda last: str((int(last[0]) + 1) % 10), text))
