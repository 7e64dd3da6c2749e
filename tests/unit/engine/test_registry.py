"""A registry is obeyed: what is switched off is not judged, what is deprecated is said."""

from __future__ import annotations

import warnings

import pytest

from gatecore.engine.registry import Registry
from gatecore.errors import GatecoreDeprecation, UnknownGateError, UnknownModuleError
from tests.unit.engine.engines import Finds, Says, engine_of, word_of

APPLE = word_of("a", "apple", tags=("fruit",), version=3)
PEAR = word_of("b", "pear", module="garden")


def test_a_gate_that_is_switched_off_is_not_judged_and_listed() -> None:
    gate = Says({"status": "PASS"})
    engine = engine_of(APPLE, PEAR, python={"own": {"p": gate, "q": Finds()}})
    engine.registry.deactivate("house/a", "own/p")
    report = engine.validate_document("apple pear")
    assert report.inactive == ("house/a", "own/p")
    assert [list(module.gates) for module in report.modules.values()] == [[], ["b"], ["q"]]
    assert gate.texts == []
    assert report.to_dict()["inactive"] == ["house/a", "own/p"]
    assert engine.validate_document("apple", modules="garden").inactive == ()
    engine.registry.activate("own.p", "a")
    report = engine.validate_document("apple pear")
    assert report.inactive == ()
    assert gate.texts == ["apple pear"]
    assert report.modules["house"].gates["a"].status == "FAIL"


@pytest.mark.parametrize("name", ["house/a", "house.a", "a"])
def test_a_gate_is_named_in_three_ways(name: str) -> None:
    assert engine_of(APPLE, PEAR).registry.gate(name).name == "house/a"


def test_a_name_that_no_gate_or_several_have() -> None:
    engine = engine_of(APPLE, word_of("a", "fig", module="garden"), word_of("long_name", "x"))
    registry = engine.registry
    with pytest.raises(UnknownGateError, match=r"'a' is several gates: house/a, garden/a"):
        registry.deactivate("house/long_name", "a")
    assert registry.gate("long_name").active  # all or none
    with pytest.raises(UnknownGateError, match="did you mean 'long_name'"):
        registry.activate("lon_name")
    with pytest.raises(UnknownGateError, match="there is no gate 'zzz'"):
        registry.deprecate("house/a", replacement="zzz")
    with pytest.raises(UnknownModuleError, match="did you mean 'garden'"):
        registry.gates(module="gardn")


def test_what_is_known_of_gates() -> None:
    engine = engine_of(APPLE, PEAR, python={"own": {"p": Says({})}})
    registry = engine.registry
    assert [gate.name for gate in registry.gates()] == ["house/a", "garden/b", "own/p"]
    assert [gate.name for gate in registry.gates(tag="fruit")] == ["house/a"]
    assert [gate.version for gate in registry.gates()] == ["3", "1", "2.1"]
    assert [gate.kind for gate in registry.gates(module="own")] == ["python"]
    registry.deactivate("b")
    assert [gate.name for gate in registry.gates(active=False)] == ["garden/b"]
    assert (len(registry), repr(registry)) == (
        3,
        "<gatecore.engine.Registry of 3 gates, 1 switched off>",
    )


def test_a_deprecated_gate_warns_once_and_is_listed_each_time() -> None:
    engine = engine_of(APPLE, PEAR)
    engine.registry.deprecate("a", replacement="garden/b", reason="the law changed")
    with pytest.warns(GatecoreDeprecation, match="house/a is deprecated: the law changed") as seen:
        report = engine.validate_document("apple")
    assert [warning.filename for warning in seen] == [__file__]
    assert report.modules["house"].gates["a"].status == "FAIL"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = engine.validate_document("apple")
    assert [gate.to_dict() for gate in report.deprecated] == [
        {"gate": "house/a", "replacement": "garden/b", "reason": "the law changed"}
    ]
    assert engine.validate_document("apple", modules="garden").deprecated == ()


def test_a_gate_whose_file_says_so_is_deprecated() -> None:
    engine = engine_of(word_of("a", "apple", deprecated="use b"))
    with pytest.warns(GatecoreDeprecation, match="use b"):
        assert engine.validate_document("apple").deprecated[0].reason == "use b"
    engine.registry.deactivate("a")
    assert engine.validate_document("apple").deprecated == ()


def test_engines_may_share_a_registry() -> None:
    registry = Registry()
    one = engine_of(APPLE, registry=registry)
    registry.deactivate("a")
    two = engine_of(APPLE, PEAR, registry=registry)
    for engine in (one, two):
        assert engine.validate_document("apple", modules="house").inactive == ("house/a",)
    registry.activate("a")
    assert one.validate_document("apple").inactive == ()


def test_a_check_that_has_begun_ends_with_what_it_began_with() -> None:
    def switching(text: str, document_type: str) -> dict[str, str]:
        engine.registry.deactivate("own/q")
        return {"status": "PASS"}

    engine = engine_of(python={"own": {"p": Says(switching), "q": Finds()}})
    assert list(engine.validate_document("text").modules["own"].gates) == ["p", "q"]
    assert list(engine.validate_document("text").modules["own"].gates) == ["p"]
