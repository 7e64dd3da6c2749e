"""What an explanation costs: counted in steps of the interpreter, so that no clock decides.

A document four times as long has four times the matches, and may take some five times the steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gatecore import GateSet
from gatecore.gates.report import Checked
from gatecore.gates.spec import (
    AllOf,
    AnyOf,
    Around,
    AtLeast,
    Bounds,
    Captured,
    Compare,
    Condition,
    Count,
    Every,
    Gate,
    NoneOf,
    Not,
    Part,
    Relation,
    SentenceLength,
    Window,
)
from gatecore.output import html
from tests.support.gates import branch_of, gate_of, pattern_of
from tests.support.steps import Steps


def gate(when: Condition) -> Gate:
    sources = {
        "promise": ["guaranteed", "no risk"],
        "fee": [r"\bfee\b"],
        "sum": [r"costs (?P<amount>\S+)"],
        "cap": [r"at most (?P<amount>\S+)"],
    }
    groups = {name: [pattern_of(each, 2) for each in some] for name, some in sources.items()}
    found = branch_of(when, "promise", message="{promise.count}")
    return gate_of(groups, found, branch_of(None, status="PASS"), name="costly")


PROMISE, FEE = ("promise",), ("fee",)
ANYWHERE = Window("both", None, 0)
SENTENCE = Window("both", "sentences", 0)
WORDS = Window("after", "words", 30)
AMOUNT, CAP = Captured(("sum",), "amount"), Captured(("cap",), "amount")
APART = "guaranteed. fee. It costs £5. at most £9. "
TOGETHER = "guaranteed fee, no risk; it costs £5, at most £9 "


def _near(where: Window, condition: Condition) -> Condition:
    return Around(PROMISE, where, condition)


def _compared(relation: Relation, right: str | Captured) -> Condition:
    return Compare(AMOUNT, "money", relation, right)


#: What is asked, and the text that it is asked of, repeated.
FAMILIES: dict[str, tuple[Condition, str]] = {
    "near that never holds": (_near(SENTENCE, AnyOf(FEE)), APART),
    "near none that never holds": (_near(WORDS, NoneOf(FEE)), TOGETHER),
    "near that always holds": (_near(WORDS, AnyOf(FEE)), TOGETHER),
    "counted anywhere else": (_near(ANYWHERE, Count(FEE, Bounds(0, 2))), APART),
    "all and several": (
        _near(SENTENCE, Every((AllOf(FEE), Not(AtLeast(2, ("fee", "sum")))))),
        APART,
    ),
    "in a part": (Part("first", "words", 10_000, _near(WORDS, Not(AnyOf(FEE)))), TOGETHER),
    "inside": (_near(Window("inside", None, 0), AnyOf(FEE)), APART),
    "compared with a literal": (_near(ANYWHERE, _compared("above", "£7")), APART),
    "compared with captures": (_near(ANYWHERE, _compared("above", CAP)), APART),
    "equal captures nearby": (_near(Window("both", "words", 40), _compared("equals", CAP)), APART),
    "equal captures anywhere": (_near(ANYWHERE, _compared("equals", CAP)), APART),
    "compared in the document": (_compared("equals", CAP), APART),
    "counted in the document": (Count(PROMISE, Bounds(10**6, None)), APART),
    "long sentences": (SentenceLength("words", Bounds(90, None), Bounds(1, None)), APART),
}


def steps_of(condition: Condition, text: str, ask: Callable[[GateSet, str], object]) -> int:
    gates = GateSet([gate(condition)])
    ask(gates, text[:200])  # modules are read and automata built when they are first asked for
    with Steps.counted() as steps:
        ask(gates, text)
    return steps.count


def explained(gates: GateSet, text: str) -> object:
    return gates.check(text).why("costly")


def told(gates: GateSet, text: str) -> object:
    return str(gates.check(text).why("costly"))


def page(gates: GateSet, text: str) -> object:
    return html.render([Checked("a.txt", text, gates.check(text))])


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("ask", [explained, told, page])
def test_steps_grow_with_the_matches_and_not_with_their_square(
    name: str, ask: Callable[[GateSet, str], object]
) -> None:
    condition, unit = FAMILIES[name]
    short, long = (steps_of(condition, unit * number, ask) for number in (100, 400))
    assert long < 5 * short


def test_each_of_many_gates_is_found_without_looking_at_all() -> None:
    one = gate(AnyOf(PROMISE))

    def steps(number: int) -> int:
        gates = GateSet([replace(one, name=f"g{at}") for at in range(number)])
        report = gates.check("Guaranteed.")
        report.why("g0")
        with Steps.counted() as counted:
            for at in range(number):
                report.why(f"house/g{at}")
        return counted.count

    assert steps(200) < 5 * steps(50)


def test_steps_are_counted() -> None:
    """A list of pairs takes the square, and the count shows it."""

    def pairs(number: int) -> int:
        with Steps.counted() as steps:
            sum(1 for _ in range(number) for _ in range(number))
        return steps.count

    assert pairs(40) > 12 * pairs(10)
