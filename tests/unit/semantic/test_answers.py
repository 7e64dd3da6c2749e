"""Replies: what fits is taken, what does not is named, nothing is raised."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.semantic.answers import Answer, read_answers
from gatecore.semantic.gates import Choice, SemanticGate
from gatecore.semantic.writing import Question

CHOICES = (
    Choice("PASS", "Said.", "none", "Said."),
    Choice("FAIL", "Not said.", "high", "Not said.", needs_quote=True),
)
ASKED = {f"Q{n}": Question(f"Q{n}", SemanticGate(f"m/g{n}", "Is it?", CHOICES)) for n in (1, 2, 3)}


def reply(*answers: Any) -> str:
    return json.dumps({"answers": list(answers)})


def one(name: str, verdict: str = "PASS", quote: str = "", reason: str = "so") -> dict[str, str]:
    return {"id": name, "reason": reason, "quote": quote, "verdict": verdict}


def test_all_that_fit() -> None:
    read = read_answers(reply(one("Q2", "FAIL", "words"), one("Q1"), one("Q3")), ASKED)
    assert read.given["Q2"] == Answer("FAIL", "so", "words")
    assert set(read.given) == set(ASKED)
    assert not read.wrong
    assert read.unknown == 0


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (one("Q2", "WARNING"), "does not have"),
        (one("Q2", "pass"), "does not have"),
        (one("Q2", "FAIL"), "quoted nothing"),
        ({"id": "Q2"}, "form"),
        ({**one("Q2"), "more": "x"}, "form"),
        ({**one("Q2"), "verdict": None}, "form"),
        ({**one("Q2"), "reason": 7}, "form"),
        (one("Q2", reason="x" * 5_000), "longer"),
        (one("Q9"), "left it out"),
        ([], "left it out"),
        (None, "left it out"),
        ({**one("Q2"), "id": ["Q2"]}, "left it out"),
    ],
)
def test_what_does_not_fit_is_named_and_the_rest_is_taken(second: Any, what: str) -> None:
    read = read_answers(reply(one("Q1"), second, one("Q3")), ASKED)
    assert set(read.given) == {"Q1", "Q3"}
    assert set(read.wrong) == {"Q2"}
    assert what in read.wrong["Q2"]


def test_two_answers_that_differ_are_none() -> None:
    read = read_answers(reply(one("Q1"), one("Q1", "FAIL", "w"), one("Q2"), one("Q2")), ASKED)
    assert "in two ways" in read.wrong["Q1"]
    assert set(read.given) == {"Q2"}
    assert set(read.wrong) == {"Q1", "Q3"}


@pytest.mark.parametrize(
    "text", ["", "PASS", "[]", "{}", '{"answers": {}}', reply(one("Q1"))[:-3], "[" * 100_000, "NaN"]
)
def test_a_reply_that_is_none(text: str) -> None:
    read = read_answers(text, ASKED)
    assert not read.given
    assert set(read.wrong) == set(ASKED)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(["Q1", "Q2", "PASS"]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["answers", "id", "reason", "quote", "verdict"]) | st.text(), inner
        )
    ),
    max_leaves=20,
)


@given(st.text() | JSON.map(json.dumps) | st.lists(JSON).map(lambda a: reply(*a)))
def test_every_question_has_an_answer_or_a_reason(text: str) -> None:
    read = read_answers(text, ASKED)
    assert set(read.given) | set(read.wrong) == set(ASKED)
    assert not set(read.given) & set(read.wrong)
    for name, answer in read.given.items():
        assert ASKED[name].gate.choice(answer.status).status == answer.status
