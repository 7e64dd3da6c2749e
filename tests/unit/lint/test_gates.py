"""`lint_gates`: each check on a gate with what it is about; claims checked against documents."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from gatecore.cli import main
from gatecore.errors import GatecoreError
from gatecore.gates.matches import ReMatches
from gatecore.gates.reference import holds
from gatecore.gates.spec import (
    AllOf,
    AnyOf,
    Around,
    AtLeast,
    Bounds,
    Branch,
    Condition,
    Count,
    DocumentLength,
    Either,
    Enough,
    Every,
    Example,
    Gate,
    NoneOf,
    Not,
    Part,
    PatternRef,
    Status,
    View,
    Window,
)
from gatecore.lint.gates import CHECKS, Issue, costs, lint_gates
from gatecore.lint.proofs.questions import Questions
from gatecore.lint.proofs.reach import can_hold
from gatecore.places import Place
from tests.support.command import Output
from tests.support.data import DOCS, blocks
from tests.support.gates import HERE, branch_of, gate_of, gate_text, pattern_of


def _pattern(source: str, line: int = 1, *, view: View = "text") -> PatternRef:
    return pattern_of(source, view=view, place=Place("g.yaml", line, 5))


def _branch(when: Condition | None, *shown: str, status: Status = "FAIL") -> Branch:
    return branch_of(when, *shown, status=status, place=Place("g.yaml", 90, 1))


def _gate(groups: dict[str, list[PatternRef]], *branches: Branch, **others: Any) -> Gate:
    return gate_of(groups, *branches, _branch(None, status="PASS"), place=HERE, **others)


def _said(gate: Gate, *documents: str) -> list[tuple[str, str, int]]:
    issues = lint_gates([gate], documents=documents, ignore=["no-examples"])
    return [(issue.check, issue.level, issue.place.line) for issue in issues]


def _one(gate: Gate, check: str, *documents: str) -> Issue:
    (issue,) = lint_gates([gate], documents=documents, only=[check])
    assert issue.check == check
    return issue


ANY_A = AnyOf(("a",))


def test_capitals_in_lowercase_text_are_dead_as_a_whole_and_as_a_part() -> None:
    dead, half = _pattern("Fees", 3, view="lowercase"), _pattern("Fees|cost", 4, view="lowercase")
    gate = _gate({"a": [dead, half]}, _branch(ANY_A, "a"))
    assert _said(gate) == [("never-matches", "fault", 3), ("dead-branch", "fault", 4)]
    assert "capital letter (such as 'F')" in _one(gate, "never-matches").reason
    assert "'Fees' is dead" in _one(gate, "dead-branch").reason


def test_what_matches_everything_is_a_fault() -> None:
    gate = _gate({"a": [_pattern("(?:fee)*", 3)]}, _branch(ANY_A, "a"))
    assert ("always-matches", "fault", 3) in _said(gate)


@pytest.mark.parametrize(
    ("when", "shown", "level", "reason"),
    [
        (ANY_A, (), "advice", "`any` and `none` do not need it"),
        (ANY_A, ("a",), "note", "it only adds evidence"),
        (AtLeast(2, ("a",)), (), "advice", "together they count as two"),
        (Count(("a",), Bounds(2, None)), (), "advice", "together they count as two"),
        (AllOf(("a",)), (), "advice", "`all` needs only this one"),
    ],
)
def test_redundant_is_said_by_what_the_group_is_for(
    when: Condition, shown: tuple[str, ...], level: str, reason: str
) -> None:
    patterns = [_pattern(r"\bfees?\b", 3), _pattern("fee", 4)]
    issue = _one(_gate({"a": patterns}, _branch(when, *shown)), "redundant")
    assert (issue.place.line, issue.level) == (3, level)
    assert issue.reason.endswith(reason)


def test_of_two_that_are_the_same_the_later_is_named() -> None:
    patterns = [_pattern("[fF]ee", 3), _pattern("(?:F|f)ee", 4)]
    issue = _one(_gate({"a": patterns}, _branch(ANY_A, "a")), "redundant")
    assert (issue.place.line, issue.level) == (4, "advice")


def test_optional_ends_have_a_rewrite_where_matches_are_not_shown() -> None:
    pattern = _pattern(r"fees?(?:\s+apply)?", 3)
    hidden = _one(_gate({"a": [pattern]}, _branch(ANY_A)), "noise")
    assert (hidden.level, hidden.instead, hidden.keeps) == ("advice", "fee", "same yes or no")
    shown = _one(_gate({"a": [pattern]}, _branch(ANY_A, "a")), "noise")
    assert (shown.level, shown.instead) == ("note", "")


def test_a_pattern_that_brings_what_is_ruled_out_is_blocked() -> None:
    groups = {"a": [_pattern("risk free", 3), _pattern("safe", 4)], "b": [_pattern("risk", 5)]}
    issue = _one(_gate(groups, _branch(Every((ANY_A, NoneOf(("b",)))), "a")), "blocked")
    assert (issue.place.line, issue.group, issue.level) == (3, "a", "fault")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (ANY_A, ANY_A, "verdict 1 is given first"),
        (ANY_A, Every((ANY_A, NoneOf(("b",)))), "verdict 1 is given first"),
        (AnyOf(("b",)), AnyOf(("c",)), "verdict 1 is given first"),  # riskier has risk
        (AtLeast(1, ("a",)), Count(("a",), Bounds(3, 5)), "verdict 1 is given first"),
        (ANY_A, Around(("a",), Window("both", "words", 5), NoneOf(("b",))), "verdict 1 is"),
        (ANY_A, Part("first", "words", 9, ANY_A), "verdict 1 is given first"),
        (AnyOf(("b",)), Every((ANY_A, NoneOf(("a",)))), "can never hold"),
        (AnyOf(("b",)), Count(("c",), Bounds(1, 4)), "verdict 1 is given first"),
        (NoneOf(("a",)), DocumentLength("words", Bounds(0, 5)), ""),
        (ANY_A, AnyOf(("b",)), ""),
        (Count(("a",), Bounds(2, None)), ANY_A, ""),
        (Part("first", "words", 9, ANY_A), ANY_A, ""),
        (Not(Part("first", "words", 9, ANY_A)), ANY_A, "one of the earlier verdicts"),  # the last
    ],
)
def test_verdicts_that_nobody_gets(first: Condition, second: Condition, reason: str) -> None:
    groups = {"a": [_pattern("fee")], "b": [_pattern("risk")], "c": [_pattern("riskier")]}
    gate = _gate(groups, _branch(first), _branch(second))
    issues = lint_gates([gate], only=["shadowed-verdict"])
    assert [reason in issue.reason for issue in issues] == ([True] if reason else [])


def test_relevance_is_part_of_the_proof() -> None:
    groups = {"a": [_pattern("fee")]}
    gate = _gate(groups, _branch(NoneOf(("a",))), relevant=ANY_A)
    assert "where the gate is relevant" in _one(gate, "shadowed-verdict").reason


_PARTS = {"a": ["x"], "b": ["xy", "y"], "c": ["yx", "z"]}
_DOCUMENTS = ["".join(d) for length in range(6) for d in product("xyz ", repeat=length)]


def _condition(chance: random.Random, depth: int = 0) -> Condition:
    groups = tuple(chance.sample(sorted(_PARTS), chance.choice([1, 1, 2])))
    inner = [_condition(chance, depth + 1) for _ in range(2)] if depth < 2 else []
    low = chance.randrange(3)
    bounds = Bounds(low, chance.choice([None, low + chance.randrange(3)]))
    plain: list[Condition] = [
        *(AnyOf(groups), AllOf(groups), NoneOf(groups), AtLeast(2, groups)),
        *(Count(groups, bounds), DocumentLength("characters", bounds)),
    ]
    if not inner:
        return chance.choice(plain)
    joined: list[Condition] = [
        *(Every(tuple(inner)), Either(tuple(inner)), Enough(1, tuple(inner)), Not(inner[0])),
        Around(groups, Window("both", "characters", low), chance.choice(plain[:3])),
        Part("first", "characters", 2, chance.choice(plain[:4])),
    ]
    return chance.choice(joined + plain)


def _refuted(seed: int) -> Iterator[tuple[Gate, list[Condition]]]:
    """Conditions of which it is said that no document has them all."""
    chance = random.Random(seed)
    gate = _gate({name: [_pattern(s) for s in some] for name, some in _PARTS.items()})
    patterns = [pattern for group in gate.groups for pattern in group.patterns]
    questions = Questions()
    within = [(p, q) for p in patterns for q in patterns if p != q and questions.within(p, q)]
    assert within
    for _ in range(5):
        conditions = [_condition(chance) for _ in range(3)]
        if not can_hold(gate, conditions, within):
            yield gate, conditions
            for text in chance.sample(_DOCUMENTS, 300):
                matches = ReMatches(text)
                assert not all(holds(each, gate, matches) for each in conditions), text


@pytest.mark.parametrize("seed", range(40))
def test_what_cannot_hold_together_holds_for_no_short_document(seed: int) -> None:
    list(_refuted(seed))


def test_some_conditions_cannot_hold_together() -> None:
    """So that the test above looks at something."""
    assert sum(len(list(_refuted(seed))) for seed in range(10)) > 5


def test_examples_are_run_and_what_they_miss_is_named() -> None:
    groups = {"a": [_pattern("fee")], "b": [_pattern("risk"), _pattern("loss")]}
    branches = _branch(ANY_A, "a"), _branch(AnyOf(("b",)))
    examples = (Example("a fee", "FAIL", None, HERE),)
    gate = _gate(groups, *branches, examples=examples, deprecated="use another")
    checks = [check for check, *_ in _said(gate)]
    assert checks.count("untested-verdict") == 2
    untested = _one(gate, "untested-patterns")
    assert untested.reason == "2 of 3 patterns match no example"
    assert [named.partition(": ")[2] for named in untested.named] == ["risk", "loss"]
    assert _one(gate, "no-examples").reason == "the gate has no counter-examples"
    assert "'b'" in _one(gate, "never-shown").reason
    assert "use another" in _one(gate, "deprecated").reason


def test_documents_show_hits_inside_words_and_windows_without_effect() -> None:
    near = Around(("a",), Window("both", "words", 50), ANY_A)
    keyword = PatternRef("isa", 0, Place("g.yaml", 3, 5), "lowercase", "keyword")
    gate = _gate({"a": [keyword, _pattern(r"\bstem", 4)]}, _branch(near, "a"))
    document = "Advisable: an ISA. It is advisable, and stemming."
    assert (
        "2 of its 3 hits lie inside longer words: 'advisable'"
        in _one(gate, "inside-words", document).reason
    )
    assert _one(gate, "short-keyword").place.line == 3
    assert "the longest of the documents has 8" in _one(gate, "wide-window", document).reason
    isa, stem = sorted(costs([gate], [document]), key=lambda cost: cost.place)
    assert (isa.matches, stem.matches, isa.gates) == (3, 1, ("house/table",))
    assert isa.steps is not None
    assert costs([gate], [document]) == costs([gate], [document])


def test_patterns_that_take_hours_are_named_and_not_run() -> None:
    """Neither on documents nor on trial texts: all of them are searched by `re` alone."""
    slow = ("(?a:a)(a+)+$", "(?a:a)(?:a|aa)+$", "(?a:.)(?:a{1,30}){1,30}b")
    gate = _gate({"p": [_pattern(source, line) for line, source in enumerate(slow, 1)]})
    document = "a" * 60 + "!"
    assert {issue.check for issue in lint_gates([gate], documents=[document])} >= {"superlinear"}
    assert [cost.matches for cost in costs([gate], [document])] == [None] * 3


def test_checks_are_chosen_by_name() -> None:
    gate = _gate({"a": [_pattern("(?=a)b|fee")]}, _branch(ANY_A, "a"))
    everything = {issue.check for issue in lint_gates([gate])}
    assert everything <= set(CHECKS)
    assert "dead-branch" in everything
    assert not any(i.check == "dead-branch" for i in lint_gates([gate], ignore=["dead-branch"]))
    with pytest.raises(GatecoreError, match="no check 'dead'"):
        lint_gates([gate], only=["dead"])
    (issue, *_) = lint_gates([gate], only=["dead-branch"])
    assert json.loads(json.dumps(issue.to_dict()))["place"] == "g.yaml:1:5"


HOUSE = gate_text(
    r"""
patterns:
  fee: ['\bfees?\b', 'fee', 'fee\Bs\b-']
verdicts:
  - {when: {any: fee}, status: FAIL, message: M}
  - {when: {any: fee}, status: WARNING, message: M}
  - {status: PASS, message: M}
""",
    "fees",
)


@pytest.fixture
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    Path("house").mkdir()
    Path("house/fees.yaml").write_text(HOUSE, encoding="utf-8")
    Path("a.txt").write_text("A fee, coffee.", encoding="utf-8")


@pytest.mark.usefixtures("_house")
def test_folders_and_files_of_gates_are_named_on_the_command_line(capsys: Output) -> None:
    assert main(["lint", "house"]) == 1
    out = capsys.readouterr().out
    assert "shadowed-verdict · fault · house/fees.yaml:12:5" in out
    assert "1 gate: 1 fault, " in out
    assert max(map(len, out.splitlines())) <= 80
    assert main(["lint", "house/fees.yaml", "--only", "redundant,short-keyword"]) == 0
    assert main(["lint", "house", "--only", "redundant", "--fail-on", "advice"]) == 1
    assert main(["lint", "house", "--fail-on", "never"]) == 0
    assert main(["lint", "house", "--only", "nonsense"]) == 2
    assert main(["lint", "gdpr_uk", "--only", "never-matches", "--backend", "portable"]) == 0


@pytest.mark.usefixtures("_house")
def test_json_has_issues_and_costs(capsys: Output) -> None:
    main(["lint", "house", "--documents", "a.txt", "--top", "1", "--format", "json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["gates"] == 1
    assert {"inside-words", "redundant"} <= {issue["check"] for issue in printed["issues"]}
    assert len(printed["costs"]) == 1
    assert main(["lint", "house", "--documents", "gone.txt"]) == 3


def test_the_guide_shows_what_is_said_of_its_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    """The gate, the output and the table of checks in docs/lint.md are those of today."""
    guide = (DOCS / "lint.md").read_text("utf-8")
    (gate,) = blocks(guide, "yaml")
    shown = blocks(guide, "text")[0].partition("\n")[2]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("house").mkdir()
    Path("house/promises.yaml").write_text(gate, encoding="utf-8")
    assert main(["lint", "house", "--all"]) == 1
    assert capsys.readouterr().out == shown
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.*) \|$", guide, re.MULTILINE)
    assert rows == [(name, check.level, check.about) for name, check in CHECKS.items()]


def test_a_pattern_written_twice_in_different_words_has_one_answer() -> None:
    keyword = PatternRef("fee", 0, HERE, "lowercase", "keyword", "fee")
    gate = _gate({"a": [keyword], "b": [_pattern("fee", view="lowercase")]})
    once = Count(("a", "b"), Bounds(1, 1))
    assert can_hold(gate, [AnyOf(("a",)), AnyOf(("b",)), once])
    assert not can_hold(gate, [AnyOf(("a",)), NoneOf(("b",))])


def test_thousands_of_patterns_are_searched() -> None:
    gate = _gate({"a": [_pattern(f"fee {number}") for number in range(2_000)]})
    assert can_hold(gate, [AnyOf(("a",))])
