"""`EngineSpec`: what goes to other processes is the engine that was meant, compiled."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatecore import EngineOptions, PatternStore
from gatecore.errors import GateFileError, ScaleError, UnknownModuleError
from gatecore.patterns import set as pattern_set
from gatecore.scale import EngineSpec
from tests.support.gates import word_gate
from tests.support.process import in_threads, run_python
from tests.unit.scale.rows import expected, house


def test_an_engine_that_was_sent_compiles_nothing_and_reads_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = house(tmp_path / "house")
    sent = pickle.dumps(spec.compile())
    for file in (tmp_path / "house").iterdir():
        file.unlink()
    (tmp_path / "house").rmdir()

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("it was compiled")

    monkeypatch.setattr(pattern_set, "_compile", refuse)
    engine = pickle.loads(sent).engine()
    report = engine.validate_document("An apple and a plum.")
    assert [name for name, one in report.gates().items() if one.status != "PASS"] == [
        "house/apple",
        "house/plum",
    ]


def test_a_set_for_another_machine_is_compiled_anew(tmp_path: Path) -> None:
    """Its name says what it is for, so it is not found."""
    spec = house(tmp_path / "house").compile()
    assert spec.compiled is not None
    modules, sets = pickle.loads(spec.compiled)
    assert sets
    other = pickle.dumps((modules, {f"other{name}": content for name, content in sets.items()}))
    engine = replace(spec, compiled=other).engine()
    assert expected("apple", engine) == expected("apple", spec.engine())


def test_another_process_answers_alike(tmp_path: Path) -> None:
    spec = house(tmp_path / "house").compile()
    file = tmp_path / "spec"
    file.write_bytes(pickle.dumps(spec))
    done = run_python(
        """
        import pickle, sys
        report = pickle.load(open(sys.argv[1], "rb")).engine().validate_document("A pear.")
        print(report.overall_risk, *(one.status for one in report.gates().values()))
        """,
        str(file),
    )
    report = spec.engine().validate_document("A pear.")
    statuses = [one.status for one in report.gates().values()]
    assert done.stdout.split() == [report.overall_risk, *statuses], done.stderr


def test_a_process_has_one_engine_of_a_specification(tmp_path: Path) -> None:
    spec = house(tmp_path / "house")
    found: list[object] = []
    in_threads(*[lambda: found.append(replace(spec).engine())] * 4)
    assert len(found) == 4
    assert len(set(map(id, found))) == 1
    assert replace(spec, risk="worst").engine() is not found[0]


def test_what_is_compiled_is_kept_in_a_store_and_taken_from_it(tmp_path: Path) -> None:
    spec = house(tmp_path / "house")
    store = PatternStore(tmp_path / "sets")
    first = spec.compile(store=store)
    kept = list((tmp_path / "sets").iterdir())
    assert len(kept) == 1
    again = spec.compile(store=PatternStore(tmp_path / "sets"))
    assert again.compiled == first.compiled
    assert first.compile() is first


def test_the_digest_changes_with_all_that_answers_depend_on(tmp_path: Path) -> None:
    spec = house(tmp_path / "house")
    seen = [
        spec,
        replace(spec, risk="worst"),
        replace(spec, detectors=True),
        replace(spec, options=EngineOptions(max_findings=3)),
        replace(spec, options=EngineOptions(deadline_seconds=1)),
    ]
    digests = [one.digest() for one in seen]
    assert spec.compile().digest() == digests[0]
    (tmp_path / "house" / "pear.yaml").write_text(word_gate("pear", word="peach"), "utf-8")
    digests.append(spec.digest())
    assert len(set(digests)) == len(seen) + 1


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        (lambda: EngineSpec(modules="gdpr_uk"), ScaleError, r"give several, \('gdpr_uk',\)"),  # type: ignore[arg-type]
        (lambda: EngineSpec(modules=("gdpr",)).engine(), UnknownModuleError, "gdpr_uk"),
        (lambda: EngineSpec(gate_files=("none.yaml",)).compile(), GateFileError, "none.yaml"),
    ],
)
def test_what_cannot_be_used_is_said(spec: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        spec()
