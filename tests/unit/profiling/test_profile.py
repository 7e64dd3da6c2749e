"""Profiles: gates of known cost come out in their order, and the rows are the wall time."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gatecore import GateSet, accelerate, modules
from gatecore.errors import DocumentTypeError, GatecoreError
from gatecore.profiling import Profile, profile
from tests.unit.profiling.gates import CHEAP, DEAR, gate_set

#: The rows are the wall time, within 2 %.
_PART = 0.98
TEXT = "Words and nearly more words, and some wording; risk and risky, to be sure. " * 30


@pytest.fixture(scope="module")
def shipped() -> GateSet:
    return GateSet(modules.load("gdpr_uk").gates)


class Sleeping:
    """A gate that takes so many seconds at least."""

    def __init__(self, seconds: float, status: str = "PASS") -> None:
        self.seconds, self.status = seconds, status

    def check(self, text: str, document_type: str) -> dict[str, Any]:
        time.sleep(self.seconds)
        return {"status": self.status, "spans": [{"start": 0}] * (self.status == "FAIL")}


class Busy(Sleeping):
    def check(self, text: str, document_type: str) -> dict[str, Any]:
        end = time.thread_time() + self.seconds
        while time.thread_time() < end:
            pass
        return {"status": self.status}


def _whole(make: Callable[[], Profile]) -> Profile:
    """A profile during which nobody held this thread up between two clocks: one of ten is."""
    for _ in range(9):
        found = make()
        if found.accounted >= _PART:
            return found
    return make()


def _adds_up(found: Profile) -> None:
    assert _PART <= found.accounted <= 1.0 + 1e-9
    assert sum(found.share(part) for part in found.shared) + sum(
        gate.share for gate in found.gates
    ) == pytest.approx(found.accounted)


def test_python_gates_come_out_in_the_order_of_what_they_take() -> None:
    gates = {
        "a/short": Sleeping(0.001),
        "a/long": Sleeping(0.2, "FAIL"),
        "b/busy": Busy(0.01, "WARNING"),
    }
    found = _whole(lambda: profile(gates, ["one", "two"], rounds=3, warm_up=1))
    assert [gate.name for gate in found.gates] == ["a/long", "b/busy", "a/short"]
    long, busy, short = found.gates
    assert long.typical >= 0.2 > busy.typical
    assert long.seconds >= 6 * 0.2
    assert short.quantiles.p50 >= 0.001
    assert (long.calls, long.shown.count, long.silent.count, long.hits) == (6, 6, 0, 2)
    assert (short.shown.count, short.silent.count) == (0, 6)
    assert (long.statuses, busy.statuses) == ({"FAIL": 2}, {"WARNING": 2})
    assert found.kind == "python gates"
    _adds_up(found)


def test_a_python_gate_that_raises_is_an_error_and_measured() -> None:
    class Broken:
        def check(self, text: str, document_type: str) -> None:
            raise ValueError(text)

    (gate,) = profile({"a/broken": Broken()}, ["text"], rounds=2).gates
    assert (gate.calls, gate.statuses) == (2, {"ERROR": 1})


def test_what_a_python_gate_asks_of_re_is_told_by_pattern() -> None:
    class Asking:
        def check(self, text: str, document_type: str) -> dict[str, str]:
            found = [m.group() for m in re.finditer(r"(\w+) and \1", text)]
            found += re.findall("risk", text, re.IGNORECASE)
            return {"status": "FAIL" if found and re.search("absent", text) else "PASS"}

    before = re.search, re.finditer
    (gate,) = profile({"a/asking": Asking()}, [TEXT, "risk"], rounds=2).gates
    assert (re.search, re.finditer) == before
    patterns = {one.pattern: one for one in gate.patterns}
    assert set(patterns) == {r"(\w+) and \1", "risk", "absent"}
    assert gate.patterns[0].pattern == r"(\w+) and \1", "the slowest comes first"
    assert patterns["risk"].questions == patterns["risk"].matches == 2 * 5
    assert (patterns["absent"].questions, patterns["absent"].matches) == (2 * 5, 0)
    assert patterns["risk"].flags == re.IGNORECASE
    assert (patterns["risk"].route, patterns[r"(\w+) and \1"].route) == ("exact", "fallback")
    assert 0 < gate.re <= gate.seconds
    assert gate.re + gate.python == pytest.approx(gate.seconds)
    assert "is re: 6 calls a round with 3 patterns" in gate.reason


def test_a_gate_that_only_re_answers_is_the_slowest() -> None:
    gates = gate_set(cheap=CHEAP, dear=DEAR, cheap_too=r"\bnor\s+there\b")
    found = profile(gates, [TEXT], rounds=5)
    dear = found.gates[0]
    assert dear.name == "house/dear"
    assert dear.re > dear.rules + dear.confirmation
    assert "is re, asked about patterns that only it can answer" in dear.reason
    (pattern,) = dear.patterns
    assert (pattern.pattern, pattern.route, pattern.group) == (DEAR, "fallback", "found")
    assert pattern.asked_of_re > 0
    cheap = next(gate for gate in found.gates if gate.gate == "cheap")
    assert (cheap.re, cheap.patterns[0].worked.count, cheap.patterns[0].matches) == (0.0, 0, 0)
    assert cheap.patterns[0].questions == 5


def test_the_rows_are_the_wall_time(shipped: GateSet) -> None:
    text = "We rely on your consent to process personal data. " * 2_000
    found = _whole(lambda: profile(shipped, [text], rounds=15))
    assert found.seconds > 0.05, "long enough that a call which is held up is no part of it"
    _adds_up(found)
    for gate in found.gates:
        parts = gate.confirmation + gate.re + gate.rules + gate.python
        assert parts == pytest.approx(gate.seconds)
    assert found.shared["shared pass"] > 0


def test_hits_and_statuses_are_those_of_the_reports(shipped: GateSet) -> None:
    texts = ["By using this site you consent to cookies.", "Invoice 17.", TEXT]
    found = profile(shipped, texts, rounds=2)
    statuses: dict[str, Counter[str]] = {}
    hits: Counter[str] = Counter()
    for text in texts:
        for verdict in shipped.check(text).verdicts:
            name = f"{verdict.module}/{verdict.gate}"
            statuses.setdefault(name, Counter())[verdict.status] += 1
            hits[name] += len(verdict.findings)
    assert {gate.name: gate.statuses for gate in found.gates} == statuses
    assert {gate.name: gate.hits for gate in found.gates} == {name: hits[name] for name in statuses}
    assert sum(hits.values()) > 0
    assert all(gate.calls == 2 * len(texts) for gate in found.gates)
    assert (found.documents, found.characters) == (len(texts), sum(map(len, texts)))


def test_a_profile_is_not_in_the_counters_of_the_set(shipped: GateSet) -> None:
    before = shipped.counters().documents
    profile(shipped, ["text"], rounds=2)
    assert (shipped.counters().documents, shipped.detail()) == (before, None)


def test_the_pass_is_attributed_only_where_that_was_asked_for() -> None:
    gates = gate_set(cheap=CHEAP, dear=DEAR)
    plain, exact = profile(gates, [TEXT], rounds=3), profile(gates, [TEXT * 20], rounds=9, exact=1)
    assert (plain.is_exact, exact.is_exact) == (False, True)
    assert all(gate.marginal is None for gate in plain.gates)
    dear, cheap = exact.gates
    assert cheap.marginal is None
    assert dear.marginal is not None
    assert dear.marginal.low > 0, "without what only re answers the set is faster"
    told = exact.to_dict()
    assert told["shared_pass_attributed"] == "by leaving gates out"
    assert plain.to_dict()["shared_pass_attributed"] == "to no gate"


RULES = """
import re

class Risky:
    name = "risky"
    def check(self, text, document_type):
        found = [m.span() for m in re.finditer(r"risk(?:y|s)?", text, re.IGNORECASE)]
        lost = re.search(r"\\b(\\w+) and \\1ly\\b", text)
        return {"status": "FAIL" if found or lost else "PASS", "spans": found}

class Calm:
    name = "calm"
    def check(self, text, document_type):
        return {"status": "FAIL" if re.search(r"never\\s+seen", text) else "PASS"}

class Module:
    gates = {"risky": Risky(), "calm": Calm()}
"""


@pytest.fixture
def host(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import importlib
    import sys

    (tmp_path / "profiled_rules.py").write_text(RULES, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("profiled_rules").Module()
    del sys.modules["profiled_rules"]


def test_an_accelerated_host_has_a_row_for_the_pass_and_the_same_answers(host: Any) -> None:
    gates = {f"module/{name}": gate for name, gate in host.gates.items()}
    texts = [TEXT * 20, "Nothing of it here. " * 30]
    plain = profile(gates, texts, rounds=3)
    with accelerate(host, keep=False) as handle:
        found = _whole(lambda: profile(gates, texts, rounds=6, accelerated=handle))
        assert handle.stats().served > 0
    assert found.kind == "accelerated host"
    assert found.shared["shared pass"] > 0
    statuses = {gate.name: (gate.statuses, gate.hits) for gate in plain.gates}
    assert {gate.name: (gate.statuses, gate.hits) for gate in found.gates} == statuses
    risky = next(gate for gate in found.gates if gate.gate == "risky")
    assert risky.re > 0, "a pattern that only re answers"
    assert risky.confirmation > 0, "where it matches is asked of automata"
    assert risky.hits == plain.gates[0].hits > 0
    _adds_up(found)


def test_what_cannot_be_profiled_is_refused(shipped: GateSet) -> None:
    with pytest.raises(GatecoreError, match="nothing to profile on"):
        profile(shipped, [])
    with pytest.raises(DocumentTypeError, match="one text"):
        profile(shipped, "text")
    with pytest.raises(DocumentTypeError, match="document 1 is bytes"):
        profile(shipped, ["text", b"bytes"])  # type: ignore[list-item]
    with pytest.raises(GatecoreError, match="rounds is 1 or more"):
        profile(shipped, ["text"], rounds=0)
    with pytest.raises(GatecoreError, match="leave exact out"):
        profile({"a/b": Sleeping(0.0)}, ["text"], exact=1)
