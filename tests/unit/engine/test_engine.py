"""One document in, one report out: its shape, its order, what is selected, what is refused."""

from __future__ import annotations

import copy
import hashlib
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

import gatecore
from benchmarks.inputs import corpus
from gatecore import ComplianceEngine, EngineOptions, GateSet, PatternStore, errors, modules
from gatecore.engine import universal
from tests.support.data import EXAMPLES
from tests.unit.engine.engines import Finds, Says, clock, engine_of, ticking, word_of

APPLE, PEAR = word_of("a", "apple"), word_of("b", "pear", module="garden")


@pytest.fixture(scope="module")
def shipped_engine(compiled_sets: Path) -> ComplianceEngine:
    return ComplianceEngine(detectors=False, store=PatternStore(compiled_sets))


def documents() -> list[str]:
    texts = [path.read_text("utf-8") for path in EXAMPLES]
    return texts + [corpus.document(3_000, kind="natural", seed=seed) for seed in range(5)]


def test_each_verdict_is_what_the_module_alone_gives(
    shipped_engine: ComplianceEngine, compiled_sets: Path
) -> None:
    """Also when only that module is selected: one set for all is the same as a set for each."""
    store = PatternStore(compiled_sets)
    alone = {
        name: GateSet(modules.load(name).gates, store=store)
        for name in modules.names()
        if name != universal.MODULE
    }
    statuses = set()
    for text in documents():
        report = shipped_engine.validate_document(text)
        assert list(report.modules) == list(alone)
        for name, gates in alone.items():
            verdicts = gates.check(text).verdicts
            results = report.modules[name].gates
            assert [result.verdict for result in results.values()] == list(verdicts)
            assert list(results) == [verdict.gate for verdict in verdicts]
            only = shipped_engine.validate_document(text, modules=name)
            assert [r.verdict for r in only.modules[name].gates.values()] == list(verdicts)
            assert list(only.modules) == [name]
            statuses |= {verdict.status for verdict in verdicts}
    assert statuses == {"PASS", "WARNING", "FAIL", "N/A"}


def test_a_result_says_what_the_verdict_says(shipped_engine: ComplianceEngine) -> None:
    found = 0
    for text in documents():
        report = shipped_engine.validate_document(text)
        plain = report.to_dict()
        for name, module in report.modules.items():
            for gate, result in module.gates.items():
                verdict = result.verdict
                assert verdict is not None
                said, own = plain["modules"][name]["gates"][gate], verdict.to_dict()
                for field in ("gate", "status", "severity", "message", "suggestion", "branch"):
                    assert said[field] == own[field]
                assert said["legal_source"] == own["source"]
                assert said["version"] == str(own["version"])
                for field in ("findings", "details", "fingerprint"):
                    assert said[field] == own[field]
                found += len(verdict.findings)
    assert found > 20


def test_the_keys_are_in_the_hosts_order() -> None:
    engine = engine_of(APPLE, python={"house": {"p": Finds()}, "own": {"q": Finds()}})
    plain = engine.validate_document("An apple, a green pear.").to_dict()
    assert list(plain) == [
        "document_hash",
        "timestamp",
        "modules",
        "analyzers",
        "overall_risk",
        "universal",
        "cross",
        "schema_version",
        "incomplete",
        "inactive",
        "deprecated",
    ]
    assert list(plain["modules"]) == ["house", "own"]
    module = plain["modules"]["house"]
    assert list(module) == ["name", "version", "gates", "summary"]
    assert list(module["gates"]) == ["a", "p"]
    assert list(module["summary"].items()) == [
        ("pass", 0),
        ("fail", 2),
        ("warning", 0),
        ("error", 0),
        ("na", 0),
        ("unknown", 0),
    ]
    core = ["gate", "version", "legal_source", "status", "severity", "message"]
    assert list(module["gates"]["a"])[:6] == core
    assert list(module["gates"]["p"]) == [*core, "spans"]
    assert plain["timestamp"] == "2026-11-29T12:00:00.000000+00:00"
    assert plain["cross"] == {"issues": []}


@pytest.mark.parametrize("text", ["", "caf\u00e9 \U0001f600", "a\x00b", "\ud83d\ude00", "\udcff"])
def test_the_hash_is_that_of_the_utf8(text: str) -> None:
    report = engine_of(APPLE).validate_document(text)
    encoded = text.encode("utf-8", "surrogatepass")
    assert report.document_hash == hashlib.sha256(encoded).hexdigest()


def test_two_reports_differ_in_their_time_only() -> None:
    engine = engine_of(APPLE, python={"m": [Finds()]}, options={"clock": ticking()})
    one, two = (engine.validate_document("An apple.").to_dict() for _ in range(2))
    assert one.pop("timestamp") < two.pop("timestamp")
    assert one == two
    real = ComplianceEngine(gates=[APPLE], detectors=False).validate_document("a").timestamp
    assert len(real) == len("2026-11-29T12:00:00.000000+00:00")


def test_modules_are_selected_by_name_and_listed_in_the_engines_order() -> None:
    finds = Finds()
    engine = engine_of(APPLE, PEAR, python={"own": {"p": finds}})
    chosen: list[tuple[Any, list[str]]] = [
        (None, ["house", "garden", "own"]),
        ("garden", ["garden"]),
        (["own", "house"], ["house", "own"]),
        (("own", "own"), ["own"]),
        ({"garden", "own"}, ["garden", "own"]),
        ((name for name in ["house"]), ["house"]),
        ([], []),
    ]
    for selected, expected in chosen:
        report = engine.validate_document("apple pear", modules=selected)
        assert list(report.modules) == expected


@pytest.mark.parametrize("name", ["hose", 5, ["house", "nothing"], None.__class__, b"house"])
def test_an_unknown_module_is_an_error_with_the_nearest_name(name: Any) -> None:
    with pytest.raises(errors.UnknownModuleError, match="there is no module") as raised:
        engine_of(APPLE, PEAR).validate_document("apple", modules=name)
    if name == "hose":
        assert "did you mean 'house'" in str(raised.value)


def test_what_is_not_selected_is_not_judged() -> None:
    gate = Says({"status": "PASS"})
    engine = engine_of(APPLE, python={"own": {"p": gate}})
    engine.validate_document("apple", modules="house")
    assert gate.texts == []


def test_gates_and_python_gates_share_a_module() -> None:
    engine = engine_of(APPLE, python={"house": {"p": Finds()}})
    assert engine.modules == ("house",)
    with pytest.raises(errors.GatecoreError, match="two gates are called house/a"):
        engine_of(APPLE, python={"house": {"a": Finds()}})
    with pytest.raises(errors.GatecoreError, match="two gates are called house/a"):
        engine_of(APPLE, APPLE)


def test_what_is_given_as_gates(tmp_path: Path) -> None:
    module = modules.Module("house", "Our house", (APPLE,))
    titled: list[Any] = [module, [module]]
    plain: list[Any] = [[APPLE], (APPLE,), GateSet([APPLE])]
    for given, title in [(each, "Our house") for each in titled] + [(e, "house") for e in plain]:
        engine = ComplianceEngine(gates=given, detectors=False, options=EngineOptions(clock=clock))
        report = engine.validate_document("apple")
        assert report.overall_risk == "MEDIUM"
        assert report.modules["house"].name == title
    wrong: list[Any] = ["rules/", [5], [Finds()], tmp_path]
    for given in wrong:
        with pytest.raises(errors.GatecoreError):
            ComplianceEngine(gates=given)
    not_modules: list[Any] = ["nothing", [5], [Finds()]]
    for given in not_modules:
        with pytest.raises(errors.UnknownModuleError):
            ComplianceEngine(given)


def test_a_set_that_is_reloaded_does_not_change_the_engine(tmp_path: Path) -> None:
    """The engine has the gates as they were: their numbers stand in its plans."""
    from tests.support.gates import word_gate

    folder = tmp_path / "house"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.yaml").write_text(word_gate(name, word=name * 3))
    gates = GateSet.load(folder)
    engine = ComplianceEngine(gates=gates, detectors=False)
    (folder / "a.yaml").unlink()
    assert gates.reload()
    report = engine.validate_document("aaa", modules=["house"])
    assert [r.status for r in report.modules["house"].gates.values()] == ["FAIL", "PASS"]


def test_an_engine_without_gates_has_nothing_to_say() -> None:
    report = engine_of().validate_document("text")
    assert (dict(report.modules), report.overall_risk) == ({}, "LOW")
    assert ComplianceEngine([], detectors=False).gates is None


@pytest.mark.parametrize("text", [b"bytes", None, 5])
def test_a_document_is_a_str(text: Any) -> None:
    with pytest.raises(errors.DocumentTypeError, match="a document is a str"):
        engine_of(APPLE).validate_document(text)
    with pytest.raises(errors.DocumentTypeError, match="document_type is a str"):
        engine_of(APPLE).validate_document("a", document_type=text)


def test_a_document_that_is_too_long_is_refused() -> None:
    engine = engine_of(APPLE, options={"max_document_characters": 5})
    assert engine.validate_document("apple").overall_risk == "MEDIUM"
    with pytest.raises(errors.DocumentTooLargeError, match="6 characters, the engine takes 5"):
        engine.validate_document("apples")


@pytest.mark.parametrize("deadline", [-1.0, float("nan")])
def test_a_deadline_that_makes_no_sense_is_an_error(deadline: float) -> None:
    with pytest.raises(ValueError, match="deadline"):
        engine_of(APPLE).validate_document("apple", deadline=deadline)


def test_a_document_and_a_subclass_are_read_as_the_text_they_are() -> None:
    class Odd(str):
        def __len__(self) -> int:
            return 0

        def encode(self, *_: Any) -> bytes:
            raise ValueError

    engine = engine_of(APPLE, python={"m": [Finds()]})
    expected = engine.validate_document("An apple and a green pear.").to_json()
    document = gatecore.Document("An apple and a green pear.", gatecore.PatternSet(["x"]))
    for text in (Odd("An apple and a green pear."), document):
        assert engine.validate_document(text).to_json() == expected


def test_findings_beyond_the_limit_are_counted() -> None:
    text = "apple " * 10
    whole = engine_of(APPLE).validate_document(text).modules["house"].gates["a"]
    some = engine_of(APPLE, options={"max_findings": 3}).validate_document(text)
    cut = some.modules["house"].gates["a"]
    assert (len(whole.extra["findings"]), whole.left_out) == (10, 0)
    assert (len(cut.extra["findings"]), cut.left_out) == (3, 7)
    assert cut.to_dict()["left_out"] == 7
    assert cut.extra["findings"] == whole.extra["findings"][:3]
    assert (cut.status, cut.message) == (whole.status, whole.message)


def test_nothing_of_a_report_can_be_changed() -> None:
    engine = engine_of(APPLE, python={"m": {"g": Finds()}})
    report = engine.validate_document("apple, green pear")
    before = report.to_json()
    modules: Any = report.modules
    changes: list[Any] = [
        lambda: setattr(report, "overall_risk", "LOW"),
        lambda: modules.__setitem__("x", None),
        lambda: modules["house"].gates.__setitem__("x", None),
        lambda: setattr(report.modules["house"], "name", "x"),
        lambda: setattr(report.modules["house"].gates["a"], "status", "PASS"),
        lambda: modules["m"].gates["g"].extra.__setitem__("x", 1),
        lambda: report.modules["house"].gates["a"].extra["findings"].append(1),
    ]
    for change in changes:
        with pytest.raises((AttributeError, TypeError)):
            change()
    plain = report.to_dict()
    plain["modules"]["house"]["gates"]["a"]["findings"].clear()
    report.modules["house"].summary["fail"] = 99
    assert report.to_json() == before
    assert copy.deepcopy(report) is report
    assert pickle.loads(pickle.dumps(report)) == report


def test_threads_share_an_engine() -> None:
    """Each gets the report of its own document, while gates are switched off and on."""
    engine = engine_of(APPLE, PEAR, python={"own": {"p": Finds()}})
    texts = [f"{'apple ' * n} {'green pear ' * (n % 3)}" for n in range(8)]
    expected = {text: engine.validate_document(text).to_json() for text in texts}
    wrong: list[str] = []

    def work(text: str) -> None:
        for _ in range(50):
            report = engine.validate_document(text)
            if report.inactive == ("garden/b",):
                if "b" in report.modules["garden"].gates:
                    wrong.append(text)
            elif report.to_json() != expected[text]:
                wrong.append(text)

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        engine.registry.deactivate("garden/b")
        engine.registry.activate("garden/b")
    assert wrong == []
