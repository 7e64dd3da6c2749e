"""Rules over results: theirs are the issues, and one that fails is an issue itself."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gatecore.engine.risk import Results
from gatecore.errors import EngineOptionsError
from tests.unit.engine.engines import engine_of, word_of

APPLE = word_of("a", "apple")


def _both(results: Results) -> Iterator[dict[str, Any]]:
    if results.status("house", "a") == "FAIL":
        yield {"id": "apples", "severity": "HIGH", "message": "Apples.", "gates": ["a"]}
        yield {"more": 1}


def test_issues_are_listed_in_order_and_completed() -> None:
    report = engine_of(APPLE, cross=[_both]).validate_document("apple")
    assert report.to_dict()["cross"]["issues"] == [
        {"id": "apples", "severity": "high", "message": "Apples.", "gates": ["a"]},
        {"id": "_both", "severity": "none", "message": "", "more": 1},
    ]
    assert not report.has_errors
    assert engine_of(APPLE, cross=[_both]).validate_document("a").cross == ()


def _fails(results: Results) -> Any:
    raise ValueError("broken")


def _fails_late(results: Results) -> Any:
    yield {"id": "first"}
    raise ValueError("broken late")


class _Rule:
    def __call__(self, results: Results) -> Any:
        return [5]


def test_a_rule_that_fails_is_an_issue_and_the_others_are_asked() -> None:
    rules: Any = [_fails, _fails_late, _Rule(), lambda _: None, lambda _: 5, _both]
    report = engine_of(APPLE, cross=rules).validate_document("apple")
    assert [(issue["id"], issue.get("rule")) for issue in report.cross] == [
        ("rule_failed", "_fails"),
        ("rule_failed", "_fails_late"),
        ("rule_failed", "_Rule"),
        ("rule_failed", "<lambda>"),
        ("apples", None),
        ("_both", None),
    ]
    assert "broken" in report.cross[0]["message"]
    assert report.has_errors


def test_rules_without_end_are_cut() -> None:
    rule: Any = lambda _: ({"id": str(n)} for n in itertools.count())  # noqa: E731
    report = engine_of(APPLE, cross=[rule]).validate_document("apple")
    assert len(report.cross) == 1_001
    assert report.cross[-1]["failed"] is True


def test_a_rule_that_hangs_is_left_behind_under_a_deadline() -> None:
    def hangs(results: Results) -> Any:
        time.sleep(0.5)

    engine = engine_of(APPLE, cross=[_both, hangs, _both])
    report = engine.validate_document("apple", deadline=0.1)
    assert report.incomplete == ("cross/hangs", "cross/_both")
    assert [issue["id"] for issue in report.cross][:2] == ["apples", "_both"]
    assert engine.abandoned_threads == 1
    late = engine.validate_document("apple", deadline=0.0)
    assert late.incomplete == ("house/a", "cross/_both", "cross/hangs")


def test_a_rule_is_a_function() -> None:
    with pytest.raises(EngineOptionsError, match="cross"):
        engine_of(APPLE, cross=[5])
