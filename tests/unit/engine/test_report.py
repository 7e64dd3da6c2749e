"""Reports go to JSON and back unchanged, follow their schema, and the schema follows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from gatecore import ComplianceEngine, ValidationReport, errors
from gatecore.cache.values import size_of
from gatecore.engine import schema
from gatecore.engine.report import SCHEMA_VERSION
from tests.unit.engine.engines import Finds, Says, engine_of, word_of

APPLE = word_of("a", "apple")


def _rule(results: Any) -> Iterator[Any]:
    yield {"id": "i", "severity": "low", "message": "m", "more": {"a": [1.5, None]}}
    raise ValueError


def _full_engine() -> ComplianceEngine:
    python: Any = {
        "m": {
            "finds": Finds(),
            "raises": Says(ValueError("\ud83d\ude00\udcff")),
            "odd": Says({"status": "FAIL", "x": object(), "left_out": 5, "when": {1: (2,)}}),
            "plain": Says({"status": "PASS", "left_out": 5}),
        }
    }
    engine = engine_of(
        APPLE,
        word_of("b", "pear", deprecated="old"),
        word_of("c", "fig"),
        word_of("pii_x", "x", module="universal"),
        python=python,
        cross=[_rule, lambda _: ()],
        detectors=True,
    )
    engine.registry.deactivate("house/c")
    return engine


@pytest.fixture
def reports() -> list[ValidationReport]:
    texts = ["apple pear", "green pear \ud83d\ude00 apple", "", "a\x00x\udc00"]
    with _full_engine() as engine:
        with pytest.warns(errors.GatecoreDeprecation):
            found = [engine.validate_document(texts[0])]
        found += [engine.validate_document(text) for text in texts[1:]]
        return [*found, engine.validate_document("apple", deadline=0.0, modules="house")]


def test_a_report_comes_back_from_json(reports: list[ValidationReport]) -> None:
    for report in reports:
        data = report.to_json()
        assert type(data) is bytes
        assert data.isascii()
        back = ValidationReport.from_json(data)
        assert back == report
        assert (back.to_json(), back.to_dict()) == (data, report.to_dict())
        assert hash(back) == hash(report)
        assert back.gates().keys() == report.gates().keys()
        assert back.has_errors == report.has_errors
        assert ValidationReport.from_json(data.decode()) == report
        for name, module in report.modules.items():
            assert back.modules[name].summary == module.summary
            for gate, result in module.gates.items():
                assert back.modules[name].gates[gate] == result
                assert back.modules[name].gates[gate].extra == result.extra
    assert len({report.to_json() for report in reports}) == len(reports)
    assert reports[0] != reports[1]


def test_a_report_follows_the_schema(reports: list[ValidationReport]) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    jsonschema.Draft202012Validator.check_schema(schema())
    for report in reports:
        validator.validate(json.loads(report.to_json()))
    assert schema()["properties"]["schema_version"] == {"const": SCHEMA_VERSION}


def _properties(shape: Any, root: Any) -> Iterator[str]:
    """The names of all properties that a schema has, with what they stand in."""
    for place, part in [("", root), *root["$defs"].items()]:
        yield from (f"{place}.{name}" for name in part.get("properties", {}))


def test_the_schema_has_nothing_that_reports_do_not(reports: list[ValidationReport]) -> None:
    """Each property of it stands in some report, and each part says what it requires."""
    found: set[str] = set()
    for report in reports:
        plain = report.to_dict()
        found |= {f".{name}" for name in plain}
        gates = []
        for module in plain["modules"].values():
            found |= {f"module.{name}" for name in module}
            gates += module["gates"].values()
        for detector in plain["universal"].values():
            found |= {f"detector.{name}" for name in detector}
            gates += detector["gates"].values()
        for analyzer in plain["analyzers"].values():
            found |= {f"analyzer.{name}" for name in analyzer}
        for gate in gates:
            found |= {f"gate.{name}" for name in gate}
        for issue in plain["cross"]["issues"]:
            found |= {f"issue.{name}" for name in issue}
    described = set(_properties(schema(), schema()))
    assert described <= found
    assert {name for name in found if not name.startswith(("gate.", "issue."))} <= described
    assert {name for name in described if name.startswith("gate.")} == {
        f"gate.{name}"
        for name in ("gate", "version", "legal_source", "status", "severity", "message")
    }


def _without(plain: dict[str, Any], *path: Any) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(plain))
    inner: Any = changed
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return changed


def _with(plain: dict[str, Any], value: Any, *path: Any) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(plain))
    inner: Any = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return changed


def test_what_is_not_a_report_is_refused_by_reader_and_schema(
    reports: list[ValidationReport],
) -> None:
    """Whatever the reader refuses, the schema refuses as well."""
    validator = jsonschema.Draft202012Validator(schema())
    plain = reports[0].to_dict()
    gate = ("modules", "house", "gates", "a")
    wrong = [_without(plain, name) for name in plain]
    wrong += [_without(plain, *gate, name) for name in ("gate", "status", "severity", "message")]
    wrong += [
        _with(plain, 2, "schema_version"),
        _with(plain, "GOOD", *gate, "status"),
        _with(plain, 5, *gate, "message"),
        _with(plain, 5, "overall_risk"),
        _with(plain, [5], "incomplete"),
        _with(plain, [5], "cross", "issues"),
        _with(plain, {}, "cross"),
        _with(plain, [{}], "deprecated"),
        _with(plain, [5], "deprecated"),
        _with(plain, 5, "modules", "house"),
        _with(plain, "ODD", "universal", "pii", "status"),
        _with(plain, None, "universal", "pii", "gates", "pii_x"),
    ]
    for changed in wrong:
        with pytest.raises(errors.ReportFormatError, match="report"):
            ValidationReport.from_dict(changed)
        with pytest.raises(errors.ReportFormatError, match="report"):
            ValidationReport.from_json(json.dumps(changed))
        assert list(validator.iter_errors(changed))
    assert len(wrong) > 25


@pytest.mark.parametrize("data", [b"", b"nothing", b"[]", b"5", b"\xff", "[" * 100_000, b"{}"])
def test_what_is_not_json_is_refused(data: Any) -> None:
    with pytest.raises(errors.ReportFormatError, match="not a report"):
        ValidationReport.from_json(data)


def test_an_analyzer_that_is_not_a_detector_is_refused(reports: list[ValidationReport]) -> None:
    changed = reports[0].to_dict()
    changed["analyzers"]["new"] = {"status": "PASS", "severity": "none", "message": ""}
    with pytest.raises(errors.ReportFormatError, match="'new' is not a detector"):
        ValidationReport.from_dict(changed)


def test_its_size_is_that_of_its_findings() -> None:
    engine = engine_of(word_of("a", "apple"), word_of("b", "pear"))
    none, one, many = (size_of(engine.validate_document("x" + " apple" * n)) for n in (0, 1, 50))
    assert none < one < many
    assert many - one > 49 * len("apple")
    stored = ValidationReport.from_json(engine.validate_document("apple " * 50).to_json())
    assert size_of(stored) > len("apple") * 50
