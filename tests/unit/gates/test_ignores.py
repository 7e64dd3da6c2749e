"""Comments that excuse findings: what they are about, and what they never do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore import GateSet
from gatecore.documents.reading import decode
from gatecore.gates.ignores import MOST_COMMENTS, IgnoreComment, ignore_comments, ignored
from gatecore.gates.report import Report, Verdict
from tests.support.gates import parsed_gate, word_gate

GATES = GateSet(
    [
        parsed_gate(
            "patterns: {word: ['apple']}\n"
            "verdicts:\n  - {when: {any: word}, status: FAIL, message: m, evidence: word}\n"
            "  - {status: PASS, message: m}\n",
            "fruit",
        ),
        parsed_gate(
            "patterns: {word: ['warning']}\n"
            "verdicts:\n  - {when: {any: word}, status: PASS, message: m}\n"
            "  - {status: FAIL, message: missing}\n",
            "missing",
        ),
    ]
)
NAMES = [f"{gate.module}/{gate.name}" for gate in GATES]


def _excused(text: str) -> tuple[list[int], tuple[IgnoreComment, ...]]:
    """The lines of the findings that are excused, and the comments."""
    report = GATES.check(text)
    excuses, told = ignored(report, ignore_comments(text), NAMES)
    lines = [
        report.verdicts[verdict].findings[at].line if at is not None else 0
        for verdict, at in excuses.given
    ]
    assert sum(comment.used for comment in told) == len(lines)
    return sorted(lines), told


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("<!-- gatecore: ignore[fruit] quoted -->\napple\napple", [2]),
        ("<!-- gatecore: ignore[house/fruit] quoted -->\n\n \napple\napple", [4]),
        ("<!--\ngatecore: ignore[fruit] quoted\n-->\napple\napple", [4]),
        ("gatecore: ignore[fruit] about apple\napple\napple", [1, 2]),
        ("# gatecore: ignore[fruit] quoted\r\napple\r\napple", [2]),
        ("[//]: # (gatecore: ignore[fruit] quoted)\napple", [2]),
        ("apple <!-- gatecore: ignore[fruit] quoted -->\napple", [1]),
        ("apple <!-- gatecore: ignore[fruit] quoted --> apple\napple", [1, 1]),
        ("<!-- gatecore: ignore[fruit] quoted --> apple\napple", [1]),
        ("apple\n<!-- gatecore: ignore[fruit] last -->", []),
        ("apple\napple\n<!-- gatecore: ignore-file[fruit] training -->", [1, 2]),
        ("x\n<!-- gatecore: ignore-file[missing, fruit] training -->\napple", [0, 3]),
        ("gatecore: ignore[missing] it has no place\napple", []),
        ("gatecore: ignore[fruit]\napple", []),
        ("<!-- gatecore: ignore[fruit] -->\napple", []),
        ("gatecore: ignore why\napple", []),
        ("gatecore: ignore[] why\napple", []),
        ("gatecore: ignore[*] why\napple", []),
        ("gatecore: ignore[fruits] why\napple", []),
        ("gatecore: ignore[fruit, fruits] why\napple", []),
        ("Gatecore: Ignore[fruit] why\napple", []),
        ("gatecore ignore[fruit] why\napple", []),
    ],
)
def test_a_comment_is_about_its_line_or_the_next(text: str, lines: list[int]) -> None:
    assert _excused(text.replace("house/", f"{GATES.gates[0].module}/"))[0] == lines


def test_what_does_nothing_is_said() -> None:
    text = (
        "gatecore: ignore[fruit]\ngatecore: ignore why\ngatecore: ignore[pear] x\n"
        "gatecore: ignore[fruit] nothing here"
    )
    problems = [comment.problem for comment in _excused(text)[1]]
    assert [problem.split(";")[0] for problem in problems] == [
        "it does not say why",
        "it names no gate",
        "gate 'pear' is not asked",
        "it excuses nothing",
    ]
    twice = [f"a/{NAMES[0].partition('/')[2]}", *NAMES]
    _, told = ignored(GATES.check("x"), ignore_comments("gatecore: ignore[fruit] x"), twice)
    assert "is in several modules" in told[0].problem


def test_a_gate_that_was_not_finished_is_never_excused() -> None:
    verdict = Verdict("fruit", NAMES[0].partition("/")[0], "UNKNOWN", "high", "late", "", "s", ())
    text = "gatecore: ignore-file[fruit] why"
    excuses, (comment,) = ignored(Report((verdict,), 1), ignore_comments(text), NAMES)
    assert not excuses.given
    assert comment.problem == "it excuses nothing"


@given(st.text(alphabet="apl e\n\r<!->gatcor:ign[fu]mis*/#-", max_size=200), st.integers(0, 200))
def test_any_text_and_each_finding_at_most_once(text: str, at: int) -> None:
    """Nothing is excused that no comment is about."""
    text = f"{text[:at]}gatecore: ignore[fruit] why{text[at:]}\napple"
    report = GATES.check(text)
    excuses, told = ignored(report, ignore_comments(text), NAMES)
    for verdict, number in excuses.given:
        assert number is not None
        line = report.verdicts[verdict].findings[number].line
        assert any(c.line <= line <= (c.last_line or line) for c in told if not c.problem)


def test_many_comments_do_not_hang() -> None:
    text = "gatecore: ignore[fruit] apple " * 20_000 + "\n" * 20_000 + "apple"
    report = GATES.check(text)
    comments = ignore_comments(text)
    assert len(comments) == MOST_COMMENTS + 1
    excuses, told = ignored(report, comments, NAMES)
    assert len(excuses.given) == 20_000
    assert "are obeyed" in told[-1].problem


def test_comments_of_a_page_are_about_what_follows_them() -> None:
    page = (
        "<html><body><p>apple</p><!-- gatecore: ignore[fruit] one --><p>apple"
        "<p>an apple <!-- gatecore: ignore[fruit] two --> and<br>apple"
        "<div hidden><!-- gatecore: ignore-file[fruit] hidden --></div>"
        "<p>gatecore: ignore-file[fruit] shown</body></html>"
    )
    document = decode(page.encode(), name="a.html")
    report = GATES.check(document.text)
    comments = ignore_comments(document.text, document.comments)
    assert [(c.line, c.reason, c.last_line) for c in comments] == [(3, "one", 3), (5, "two", 5)]
    excuses, _ = ignored(report, comments, NAMES)
    lines = [finding.line for finding in report.verdicts[0].findings]
    assert sorted(lines[at] for _, at in excuses.given if at is not None) == [3, 5]


def test_the_gates_say_something() -> None:
    assert [verdict.status for verdict in GATES.check("apple").verdicts] == ["FAIL", "FAIL"]
    assert word_gate("x")


def test_a_comment_before_all_of_a_page_is_about_its_first_line() -> None:
    page = "<html><body><!-- gatecore: ignore[fruit] one --><h1>apple</h1><p>apple</body></html>"
    document = decode(page.encode(), name="a.html")
    (comment,) = ignore_comments(document.text, document.comments)
    assert (comment.line, comment.last_line) == (1, 1)
