"""The rows of CPython's own `test.re_tests`: patterns, texts and what they must give."""

from __future__ import annotations

import re
import warnings

import pytest

from tests.support.compare import Oracle, build_set, compare

re_tests = pytest.importorskip(
    "test.re_tests", reason="this interpreter is installed without CPython's test package"
)
ROWS = re_tests.tests
SUCCEED, FAIL, SYNTAX_ERROR = re_tests.SUCCEED, re_tests.FAIL, re_tests.SYNTAX_ERROR


def _expected_value(match: re.Match[str], expression: str) -> object:
    """What the row's expression makes of a match, as CPython's test_re evaluates it."""
    names: dict[str, object] = {"found": match.group(0), "groups": match.group(), "flags": 0}
    for number in range(1, 100):
        try:
            group = match.group(number)
        except IndexError:
            group = "Error"
        names[f"g{number}"] = "None" if group is None else group
    for name, value in match.groupdict().items():
        names[name] = "None" if value is None else value
    return eval(expression, {}, names)  # the expressions are CPython's own


def test_every_row_gives_what_it_says(backend: str) -> None:
    """Each row alone matches, fails or is refused as it says, and answers all that `re` does."""
    outcomes = {SUCCEED: 0, FAIL: 0, SYNTAX_ERROR: 0}
    wrong: list[str] = []
    for pattern, text, outcome, *expectation in ROWS:
        outcomes[outcome] += 1
        wrong += [str(difference) for difference in compare([(pattern, 0)], text, backend)]
        if outcome == SYNTAX_ERROR:
            with pytest.raises(re.error):
                build_set([(pattern, 0)], backend)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            match = build_set([(pattern, 0)], backend).scan(text).search(0)
        if outcome == FAIL:
            if match is not None:
                wrong.append(f"{pattern!a} must not match {text!a}: {match}")
        elif match is None:
            wrong.append(f"{pattern!a} must match {text!a}")
        else:
            expression, value = expectation
            if (got := _expected_value(match, expression)) != value:
                wrong.append(f"{pattern!a} on {text!a}: {expression} is {got!a}, not {value!a}")
    assert not wrong, "\n".join(wrong[:5])
    assert sum(outcomes.values()) == len(ROWS) >= 400
    assert min(outcomes.values()) >= 30, outcomes


def test_all_rows_in_one_set_answer_as_alone(backend: str) -> None:
    """Compiled together, every row's pattern answers about every row's text as `re` does."""
    oracle = Oracle([(row[0], 0) for row in ROWS if row[2] != SYNTAX_ERROR])
    compiled = [re.compile(source, flags) for source, flags in oracle.good]
    scanned = build_set(oracle.good, backend)
    texts = sorted({row[1] for row in ROWS})
    pairs = matching = 0
    for text in texts:
        expected = [index for index, pattern in enumerate(compiled) if pattern.search(text)]
        scan = scanned.scan(text)
        assert scan.ids() == expected, ascii(text)
        for index in expected:
            spans = [match.span() for match in compiled[index].finditer(text)]
            assert scan.spans(index) == spans, (ascii(text), oracle.good[index])
        pairs += len(compiled)
        matching += len(expected)
    assert len(compiled) >= 350
    assert pairs > 50_000
    assert matching > 5_000
