"""Comparisons: known ratios come out, and no changed verdict is missed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gatecore import GateSet, modules
from gatecore.errors import GatecoreError
from gatecore.profiling import compare
from gatecore.profiling.comparison import compare_runs
from tests.unit.profiling.gates import CHEAP, DEAR, gate, gate_set

TEXT = "Words and nearly more words, and some wording; risk and risky, to be sure. " * 30


class Scripted:
    """Times that are known: a round after the other."""

    def __init__(self, *rounds: Mapping[str, float]) -> None:
        self.left = list(rounds)

    def run(self) -> Mapping[str, float]:
        return self.left.pop(0)


def test_rows_are_medians_and_their_ratio() -> None:
    old = Scripted(*({"all": time, "m/a": time / 2, "m/gone": 1.0} for time in (4.0, 6.0, 9.0)))
    new = Scripted(
        *({"all": time, "m/a": time, "m/new": 1.0, "pass": 4.0} for time in (2.0, 3.0, 4.5))
    )
    found = compare_runs(old, new, documents=2, rounds=3, changed={})
    whole, gate_ = found.rows
    assert (whole.name, whole.old, whole.new, whole.ratio.value) == ("all", 3.0, 1.5, 0.5)
    assert (whole.ratio.low, whole.ratio.high, whole.change) == (0.5, 0.5, "faster")
    assert (gate_.ratio.value, gate_.change) == (1.0, "as before")
    assert (found.added, found.removed) == (("m/new",), ("m/gone",))
    assert found.beside == {"pass": 2.0}


def test_a_gate_is_slower_if_only_re_answers_it_now() -> None:
    found = compare(
        gate_set(one=CHEAP, other=CHEAP), gate_set(one=DEAR, other=CHEAP), [TEXT], rounds=10
    )
    rows = {row.name: row for row in found.rows}
    assert rows["house/one"].change == "slower"
    assert rows["house/one"].ratio.low > 2.0
    assert found.is_same
    assert [row.name for row in found.rows][:2] == ["all", "shared pass"]


def test_the_same_gates_change_no_verdict() -> None:
    gates = GateSet(modules.load("gdpr_uk").gates)
    texts = ["By using this site you consent to cookies.", "Invoice 17."]
    found = compare(gates, gates, texts, rounds=3)
    assert found.is_same
    assert {row.name for row in found.rows} == {
        "all",
        "shared pass",
        *(f"{gate.module}/{gate.name}" for gate in gates),
    }
    assert "3 rounds are few for an interval" in found.warning


@pytest.mark.parametrize(
    ("new", "what"),
    [
        (gate("one", "risk", status="WARNING"), "1: house/one: FAIL became WARNING"),
        (gate("one", "nothing"), "1: house/one: FAIL became PASS"),
        (gate("one", "risky"), "1: house/one: 60 findings removed"),
        (gate("one", "risk|sure"), "1: house/one: 30 findings added"),
    ],
)
def test_a_changed_verdict_is_named(new: object, what: str) -> None:
    (old,) = gate_set(one="risk")
    found = compare(GateSet([old]), GateSet([new]), [TEXT], rounds=2)  # type: ignore[list-item]
    assert not found.is_same
    assert any(f"{place}{how}".startswith(what) for place, how in found.changed.items())


def test_modules_of_another_name_are_compared_gate_by_gate() -> None:
    old = GateSet([gate("one", "risk", module="before"), gate("gone", "x", module="before")])
    new = GateSet([gate("one", "risk", module="after"), gate("came", "x", module="after")])
    found = compare(old, new, [TEXT], rounds=2)
    assert found.is_same
    assert [row.name for row in found.rows] == ["all", "shared pass", "after/one"]
    assert (found.added, found.removed) == (("after/came",), ("before/gone",))


def test_what_cannot_be_compared_is_refused() -> None:
    gates = gate_set(one="risk")
    with pytest.raises(GatecoreError, match="nothing to compare on"):
        compare(gates, gates, [])
    with pytest.raises(GatecoreError, match="rounds is 2 or more"):
        compare(gates, gates, ["text"], rounds=1)
