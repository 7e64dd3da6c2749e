"""What Python gates answer is read as the host's server reads it; of anything a report comes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatecore import ComplianceEngine
from tests.unit.engine.engines import Says, answered, engine_of


@pytest.mark.parametrize(
    ("status", "severity", "expected"),
    [
        ("PASS", "none", ("PASS", "none")),
        ("pass", "LOW", ("PASS", "low")),
        ("PASS", "critical", ("PASS", "none")),
        ("FAIL", "Critical", ("FAIL", "critical")),
        ("FAIL", None, ("FAIL", "none")),
        ("FAIL", "odd", ("FAIL", "odd")),
        ("warn", "medium", ("WARNING", "medium")),
        ("WARNING", "", ("WARNING", "none")),
        ("N/A", "high", ("N/A", "none")),
        ("na", "low", ("N/A", "low")),
        ("ERROR", "high", ("ERROR", "high")),
        ("UNKNOWN", "high", ("ERROR", "high")),
        ("nonsense", "low", ("ERROR", "low")),
        (None, "low", ("ERROR", "low")),
        ("", "low", ("ERROR", "low")),
        (5, "low", ("ERROR", "critical")),
        ("FAIL", ["high"], ("ERROR", "critical")),
    ],
)
def test_statuses_and_severities(status: Any, severity: Any, expected: tuple[str, str]) -> None:
    said = answered({"status": status, "severity": severity, "message": "m"})
    assert (said["status"], said["severity"]) == expected
    assert said["message"] == "m"


def test_the_host_of_our_own_reads_answers_alike() -> None:
    """Beside the time, and what neither says of an answer that is none."""
    from tests.host.minihost.core.async_engine import AsyncLOKIEngine

    host = AsyncLOKIEngine()
    compared = 0
    for status in ("PASS", "fail", "WARNING", "N/A", "ERROR", "odd", None):
        for severity in ("none", "LOW", "high", "Critical", None):
            answer = {"status": status, "severity": severity, "message": "m", "spans": [{"a": 1}]}
            old = host._normalized("g", Says(answer), answer)
            del old["timestamp"]
            assert answered(answer) == old
            assert list(answered(answer)) == list(old)
            compared += 1
    assert compared == 35


def test_every_other_key_is_kept_in_order() -> None:
    answer = {"zeta": [1], "status": "PASS", "alpha": {"b": None}, "message": "m", "details": ()}
    said = answered(answer)
    assert list(said)[6:] == ["zeta", "alpha", "details"]
    assert said["alpha"] == {"b": None}
    assert (said["version"], said["legal_source"]) == ("2.1", "Rule 7")


def test_a_gate_may_name_itself() -> None:
    said = answered({"status": "PASS", "gate": "own", "version": 3, "legal_source": "Own rule"})
    assert (said["gate"], said["version"], said["legal_source"]) == ("own", "3", "Own rule")
    said = answered({"status": "PASS", "legal_source": "", "version": None})
    assert (said["version"], said["legal_source"]) == ("2.1", "Rule 7")


def test_without_a_message_it_says_so() -> None:
    assert answered({"status": "PASS"})["message"] == "The gate says nothing further."
    assert answered({"status": "PASS", "message": ["a", 1]})["message"] == "('a', 1)"


@pytest.mark.parametrize("answer", [None, "FAIL", 5, ["FAIL"], object(), Says(1), "huge"])
def test_what_is_not_a_mapping_is_an_error(answer: Any) -> None:
    answer = 10**5_000 if answer == "huge" else answer  # pytest cannot show it
    said = answered(lambda *_: answer)
    assert (said["status"], said["severity"]) == ("ERROR", "critical")
    assert type(answer).__name__ in said["message"]
    assert isinstance(said["detail"], str)


def test_a_gate_that_raises_is_an_error_of_its_own() -> None:
    """With what it said, cut, and without a trace."""

    class OddError(Exception):
        def __str__(self) -> str:
            raise ValueError

    errors = [
        ValueError("no such date"),
        KeyError("a"),
        RecursionError(),
        MemoryError(),
        OddError(),
    ]
    python = {"m": {str(n): Says(error) for n, error in enumerate(errors)} | {"z": Says({})}}
    python["m"]["long"] = Says(ValueError("x" * 10**6))
    with engine_of(python=python, options={"max_message_characters": 100}) as engine:
        report = engine.validate_document("text")
    gates = report.modules["m"].gates
    assert [gate.status for gate in gates.values()] == ["ERROR"] * 7
    assert gates["0"].message == "The gate failed with ValueError: no such date"
    assert gates["2"].message == "The gate failed with RecursionError."
    assert gates["3"].message == "The gate failed with MemoryError."
    assert "Traceback" not in report.to_json().decode()
    assert len(gates["long"].message) == 100
    assert report.overall_risk == "UNKNOWN"


def _recursing(text: str, document_type: str) -> Any:
    return _recursing(text, document_type)


def test_endless_recursion_is_an_error_of_its_gate() -> None:
    assert "RecursionError" in answered(_recursing)["message"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
@pytest.mark.parametrize("deadline", [None, 30.0])
def test_what_is_not_an_exception_ends_the_validation(
    error: BaseException, deadline: float | None
) -> None:
    with engine_of(python={"m": {"g": Says(error)}}) as engine, pytest.raises(type(error)):
        engine.validate_document("text", deadline=deadline)


def test_cyclic_deep_and_huge_answers_are_cut_and_counted() -> None:
    loop: dict[str, Any] = {"status": "FAIL", "severity": "high", "message": "m"}
    loop["self"] = loop
    loop["huge"] = list(range(10**5))
    said = answered(loop, max_extra_values=100, max_extra_depth=4)
    assert said["status"] == "FAIL"
    assert said["left_out"] > 10**5 - 100
    assert len(json.dumps(said)) < 2_000


def test_an_answer_that_the_gate_changes_later_does_not_change_the_report() -> None:
    answer = {"status": "FAIL", "severity": "high", "message": "m", "spans": [{"start": 1}]}
    with engine_of(python={"m": {"g": Says(answer)}}) as engine:
        report = engine.validate_document("text")
    before = report.to_json()
    answer["spans"][0]["start"] = 99  # type: ignore[index]
    answer["status"] = "PASS"
    report.to_dict()["modules"]["m"]["gates"]["g"]["spans"].clear()
    assert report.to_json() == before
    with pytest.raises(TypeError):
        report.modules["m"].gates["g"].extra["spans"][0]["start"] = 5


def test_a_document_type_reaches_the_gate() -> None:
    assert answered(lambda _, kind: {"status": "PASS", "message": kind})["message"] == "unknown"
    gate = Says(lambda _, kind: {"status": "PASS", "message": kind})
    with ComplianceEngine(python_modules={"m": [gate]}) as engine:
        report = engine.validate_document("text", document_type="contract")
    assert report.modules["m"].gates["Says"].message == "contract"
