"""The host is what README.md says: every idiom, every oddity, every gate with several answers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.host.copies import ENGINES, HOST, Copy
from tests.host.documents import documents

TABLE = re.findall(
    r"^\| (?!idiom)(.+?) \| (.+?) \| (.+?) \|$",
    (Path(__file__).parent / "README.md").read_text("utf-8"),
    re.MULTILINE,
)
GATE_FILES = sorted(
    path.relative_to(HOST).as_posix()
    for path in HOST.glob("modules/*/gates/*.py")
    if path.name != "__init__.py"
)
DEAD = (r"Data\s+Code", r"Article\s+6", r"[A-Z]{3}-\d+", r"CONSENT")


def _in_code(cell: str) -> list[str]:
    return re.findall(r"`` (.+?) ``", cell) or re.findall(r"`(.+?)`", cell)


@pytest.mark.parametrize(("idiom", "files", "sign"), TABLE, ids=[row[0] for row in TABLE])
def test_each_file_of_the_table_has_its_idiom(idiom: str, files: str, sign: str) -> None:
    """Every named file exists and has, literally, what the row says it is seen by."""
    paths = [HOST / name for name in _in_code(files)]
    assert paths, idiom
    signs = [sign.replace(r"\|", "|") for sign in _in_code(sign)]
    assert signs, idiom
    for path in paths:
        source = " ".join(path.read_text("utf-8").split())
        assert any(sign in source for sign in signs), path


def test_every_gate_is_in_the_table() -> None:
    named = {name for _, files, _ in TABLE for name in _in_code(files)}
    assert len(TABLE) > 40
    assert [name for name in GATE_FILES if name not in named] == []
    assert 12 <= len(GATE_FILES) <= 24


@pytest.mark.parametrize("kind", ENGINES)
def test_the_keys_of_a_report_are_in_the_order_of_the_contract(
    kind: str, new_copy: Callable[[], Copy], capsys: pytest.CaptureFixture[str]
) -> None:
    """And the module that cannot be imported is left out with a line on the terminal."""
    engine = new_copy().engine(kind)
    report = engine.check_document("A deposit.", "tenancy", None)
    assert [key for key in report if key != "universal"] == [
        "document_hash",
        "timestamp",
        "modules",
        "analyzers",
        "overall_risk",
        "cross",
    ]
    assert list(report)[-2:] == ["universal", "cross"]
    assert list(report["modules"]) == ["lettings", "adverts", "privacy", "workshop"]
    assert "module heritage left out: No module named" in capsys.readouterr().out
    added = {"gate", "version", "legal_source", "timestamp", "severity"}
    gates = report["modules"]["lettings"]["gates"].values()
    assert all((added <= set(gate)) == (kind == "async") for gate in gates)


def test_every_gate_has_several_answers_in_these_documents(new_copy: Callable[[], Copy]) -> None:
    """A gate that says the same of every document would compare nothing."""
    answers: dict[str, set[str]] = defaultdict(set)
    engine = new_copy().engine()
    for _, text in documents():
        for module in engine.modules.values():
            for gate_id, gate in module.execute(text, "tenancy")["gates"].items():
                answers[gate_id].add(gate["status"])
    assert {gate_id for gate_id, statuses in answers.items() if len(statuses) < 3} == set()
    erring = {gate_id for gate_id, statuses in answers.items() if "ERROR" in statuses}
    assert erring == {"tariff", "deposit", "notice_period", "retention", "cookies", "job_numbers"}


def test_numbers_beyond_the_limit_make_an_error_of_a_gate(new_copy: Callable[[], Copy]) -> None:
    texts = dict(documents())
    execute = new_copy().engine().modules["workshop"].execute
    gate: Any = execute(texts["long job"], "order")["gates"]["job_numbers"]
    assert gate["status"] == "ERROR"
    assert gate["message"].startswith("Gate error: Exceeds the limit (4300")
    gate = execute(texts["longest that fits"], "order")["gates"]["job_numbers"]
    assert gate["status"] == "WARNING"


def test_positions_of_the_lowered_text_cut_the_original(new_copy: Callable[[], Copy]) -> None:
    """U+0130 is two characters when lowered, so what is cut out begins too late."""
    gate = new_copy().engine().modules["adverts"].gates["small_print"]
    span = gate.check("İİ conditions apply. Ends.", "advert")["spans"][0]
    assert (span["start"], span["end"], span["text"]) == (5, 21, "nditions apply. ")


def test_dead_patterns_stand_there_and_never_match(new_copy: Callable[[], Copy]) -> None:
    source = (HOST / "modules/privacy/gates/lawful_basis.py").read_text("utf-8")
    assert [pattern for pattern in DEAD if f'r"{pattern}"' not in source] == []
    for name, text in documents():
        found = [pattern for pattern in DEAD if re.search(pattern, text.lower())]
        assert found == [], name


def test_contradictions_are_listed_pair_by_pair(new_copy: Callable[[], Copy]) -> None:
    """By the earlier sentence, then the later one, then the opposites; doubles are kept."""
    engine = new_copy().engine()
    text = "There is no charge and it is not a lamp. A charge. It is a charge! Nobody. Everybody."
    pairs = engine.universal.detect_contradictions(text)["contradictions"]
    first = "There is no charge and it is not a lamp"
    assert [(pair["earlier"], pair["later"]) for pair in pairs] == [
        (first, "A charge"),
        (first, "It is a charge! Nobody"),
        (first, "It is a charge! Nobody"),
        ("It is a charge! Nobody", "Everybody"),
    ]
    report = engine.check_document(text, "advert", None)
    assert report["universal"]["contradictions"] == report["analyzers"]["contradictions"]
    with_pairs = [
        name
        for name, text in documents()
        if len(engine.universal.detect_contradictions(text)["contradictions"]) > 1
    ]
    assert len(with_pairs) > 20
