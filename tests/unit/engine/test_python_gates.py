"""Python gates in every shape in which hosts have them; accelerated, and the same without."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gatecore import ComplianceEngine, Document, EngineOptions, PatternStore
from gatecore.engine import python_gates
from gatecore.errors import AccelerateError, GatecoreError
from tests.host.copies import Copy, copied_host
from tests.host.documents import documents
from tests.unit.engine.engines import Finds, Says, clock, engine_of, word_of

TEXT = "An apple and a green pear. " * 5


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"m": {"g": Finds()}}, ["m/g"]),
        ({"m": SimpleNamespace(gates={"g": Finds()})}, ["m/g"]),
        ({"m": SimpleNamespace(gates=[Finds()])}, ["m/finds"]),
        ({"m": [Finds(), Says({})]}, ["m/finds", "m/Says"]),
        ({"m": Finds()}, ["python/m"]),
        ({"g": Finds()}, ["python/g"]),
        ([Finds(), Says({})], ["python/finds", "python/Says"]),
        (Finds(), ["python/finds"]),
        ([SimpleNamespace(name="m", gates={"g": Finds()})], ["m/g"]),
        (SimpleNamespace(modules={"m": SimpleNamespace(gates={"g": Finds()})}), ["m/g"]),
        ({"m": {}, "n": {"g": Finds()}}, ["n/g"]),
        ({}, []),
        ([], []),
    ],
)
def test_what_is_taken(given: Any, names: list[str]) -> None:
    with engine_of(python=given) as engine:
        assert list(engine.validate_document(TEXT).gates()) == names


@pytest.mark.parametrize(
    "given",
    [5, {"m": {"g": 5}}, {"m": {"g": Finds}}, {"m": 5}, Finds, [Finds(), 5], {"m": [Finds()] * 2}],
)
def test_what_is_not_a_gate_is_an_error(given: Any) -> None:
    with pytest.raises(GatecoreError):
        engine_of(python=given)


def test_what_modules_and_gates_say_of_themselves() -> None:
    class Module:
        name, version = "Fruit rules", "4.2"

        def __init__(self) -> None:
            self.gates = {"g": Finds()}

        def gate_metadata(self) -> dict[str, Any]:
            return {"g": {"version": "9.9", "tags": ["fruit"], "legal_reference": "Act"}}

    with engine_of(python={"m": Module()}) as engine:
        report = engine.validate_document(TEXT).to_dict()
    module = report["modules"]["m"]
    assert (module["name"], module["version"]) == ("Fruit rules", "4.2")
    assert (module["gates"]["g"]["version"], module["gates"]["g"]["legal_source"]) == (
        "9.9",
        "Rule 8",
    )
    assert engine.registry.gate("g").tags == ("fruit",)


def test_gates_get_a_document_and_one_pass_serves_them() -> None:
    """So `re` answers nothing itself; afterwards their module is as it was."""
    import tests.unit.engine.engines as home

    before = dict(vars(home))
    seen = Says(lambda text, _: {"status": "PASS", "message": type(text).__name__})
    engine = engine_of(python={"m": {"f": Finds(), "g": Finds(), "s": seen}})
    report = engine.validate_document(TEXT)
    assert report.modules["m"].gates["s"].message == "Document"
    assert isinstance(seen.texts[0], Document)
    assert engine.not_accelerated == ()
    handle = engine._accelerated.handle
    assert handle is not None
    stats = handle.stats()
    assert (stats.served, stats.fell_through) == (4, 0)
    engine.close()
    assert {name: value for name, value in vars(home).items() if value is not before[name]} == {}
    assert engine.validate_document(TEXT) == report.__class__.from_dict(
        {**report.to_dict(), "modules": engine.validate_document(TEXT).to_dict()["modules"]}
    )
    assert engine.validate_document(TEXT).modules["m"].gates["f"] == report.modules["m"].gates["f"]


def test_two_engines_of_the_same_gates_share_what_was_done() -> None:
    gates = {"m": {"f": Finds()}}
    one, two = engine_of(python=gates), engine_of(python=gates)
    assert one._accelerated.handle is two._accelerated.handle
    one.close()
    one.close()
    handle = two._accelerated.handle
    assert handle is not None
    assert handle.takes_documents
    two.validate_document(TEXT)
    assert handle.stats().served > 0
    two.close()
    assert not handle.takes_documents


def test_where_it_is_refused_the_report_is_the_same_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    python = {"m": {"f": Finds(), "e": Says(ValueError("x"))}}
    with engine_of(word_of("a", "apple"), python=python) as engine:
        expected = [engine.validate_document(text) for text in (TEXT, "", "unripe pear")]

    def refuses(*_: Any, **__: Any) -> None:
        raise AccelerateError("not today")

    monkeypatch.setattr(python_gates, "accelerate", refuses)
    with engine_of(word_of("a", "apple"), python=python) as engine:
        assert engine.not_accelerated == ("AccelerateError: not today",)
        texts = (TEXT, "", "unripe pear")
        assert [engine.validate_document(text) for text in texts] == expected


@contextmanager
def _engine(copy: Copy, folder: Path) -> Iterator[ComplianceEngine]:
    host = copy.engine("async")
    options = EngineOptions(clock=clock)
    store = PatternStore(folder)
    with ComplianceEngine(
        python_modules=host, detectors=False, options=options, store=store
    ) as engine:
        yield engine


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    with copied_host(tmp_path_factory.mktemp("host")) as copy:
        yield copy


def _results(report: dict[str, Any]) -> Any:
    """The gates' results in the order of names: the host lists them as they finish."""
    return {
        name: {
            gate: {key: value for key, value in result.items() if key != "timestamp"}
            for gate, result in sorted(module["gates"].items())
        }
        for name, module in report["modules"].items()
    }


def _is_utf_8(text: str) -> bool:
    """The host refuses other texts altogether: it cannot hash them."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def test_a_whole_host_is_judged_as_it_judges_itself(
    host: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accelerated and not: the answers of its own asynchronous engine, normalised by it."""
    original = host.engine("async")
    texts = [text for _, text in documents() if _is_utf_8(text)]
    own = [_results(original.check_document(text, "tenancy", None)) for text in texts]
    with _engine(host, tmp_path) as engine:
        assert engine.not_accelerated == ()
        handle = engine._accelerated.handle
        assert handle is not None
        reports = [engine.validate_document(text, document_type="tenancy") for text in texts]
        assert handle.stats().share > 0.9
    compared, errors = 0, 0
    for old, report in zip(own, reports, strict=True):
        new = _results(report.to_dict())
        assert list(new) == list(old)
        for name in old:
            for gate, said in old[name].items():
                mine = new[name][gate]
                errors += said["status"] == "ERROR"
                if said["status"] == "ERROR":  # in words of our own, with the same text in them
                    text = said.pop("message").removeprefix("Gate error: ")
                    assert text in mine.pop("message") or text == "not a verdict"
                assert mine == json.loads(json.dumps(said)), (name, gate)
                compared += 1
    assert compared > 1_000
    assert errors > 5

    def refuses(*_: Any, **__: Any) -> None:
        raise AccelerateError("not today")

    monkeypatch.setattr(python_gates, "accelerate", refuses)
    with _engine(host, tmp_path) as engine:
        assert engine.not_accelerated
        for text, report in zip(texts, reports, strict=True):
            assert engine.validate_document(text, document_type="tenancy") == report


def test_the_order_is_that_of_the_host(host: Copy, tmp_path: Path) -> None:
    modules: Callable[[Any], list[tuple[str, list[str]]]] = lambda found: [  # noqa: E731
        (name, list(module.gates)) for name, module in found.items()
    ]
    with _engine(host, tmp_path) as engine:
        report = engine.validate_document("A deposit.")
        assert modules(report.modules) == modules(host.engine("async").modules)
