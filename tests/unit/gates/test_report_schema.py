"""What `gatecore check --format json` prints is what its JSON Schema says, and nothing besides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import gatecore
from gatecore.cli import main
from tests.support.command import Output
from tests.support.data import EXAMPLES

SCHEMA: Any = json.loads(
    (Path(gatecore.__file__).parent / "gates" / "report.schema.json").read_text("utf-8")
)


def closed(schema: Any) -> Any:
    """The schema, refusing fields that it does not describe: programs are told of all we write."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(each) for name, each in schema.items()}
    return {**inner, "additionalProperties": False} if "properties" in schema else inner


def printed(capsys: Output, *arguments: str) -> Any:
    main(["check", "--format", "json", *arguments])
    out = capsys.readouterr().out
    loaded = json.loads(out)
    json.dumps(loaded, ensure_ascii=False).encode()  # characters only
    return loaded


@pytest.fixture(autouse=True)
def _sets(compiled_sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECORE_CACHE_DIR", str(compiled_sets))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_a_report_of_all_examples_is_as_the_schema_says(capsys: Output) -> None:
    report = printed(capsys, "--why", "gone.txt", *map(str, EXAMPLES))
    assert len(report["documents"]) == len(EXAMPLES)
    assert report["tool"]["version"] == gatecore.__version__
    assert len(report["errors"]) == 1
    for schema in (SCHEMA, closed(SCHEMA)):
        Draft202012Validator(schema).validate(report)


def test_fingerprints_are_those_of_sarif(capsys: Output) -> None:
    report = printed(capsys, str(EXAMPLES[2]))
    expected = [
        print_
        for verdict in report["documents"][0]["verdicts"]
        if verdict["status"] in ("FAIL", "WARNING")
        for print_ in [each["fingerprint"] for each in verdict["findings"]]
        or [verdict["fingerprint"]]
    ]
    main(["check", "--format", "sarif", str(EXAMPLES[2])])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    prints = [each["partialFingerprints"]["gatecoreFinding/v1"] for each in run["results"]]
    assert prints == expected
    assert len(set(prints)) == len(prints) > 1


def test_what_could_not_begin_is_a_report_as_well(capsys: Output) -> None:
    report = printed(capsys, "--module", "nonesuch", "a.txt")
    assert report["documents"] == []
    assert report["errors"]
    Draft202012Validator(closed(SCHEMA)).validate(report)


@pytest.mark.parametrize("spoil", ["schema_version", "documents", "tool"])
def test_the_schema_sees_what_is_missing(spoil: str, capsys: Output) -> None:
    report = printed(capsys, str(EXAMPLES[0]))
    del report[spoil]
    assert not Draft202012Validator(SCHEMA).is_valid(report)


def test_what_does_not_count_is_described(tmp_path: Path, capsys: Output) -> None:
    """Known and ignored findings, comments that do nothing, settings, and the sum of all."""
    text = (
        "We keep your personal data for as long as we wish.\n"
        "gatecore: ignore-file[retention] quoted\ngatecore: ignore[nothing] x\n"
    )
    document, known = tmp_path / "a.txt", tmp_path / "known.jsonl"
    document.write_text(text, "utf-8")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7")
    settings = tmp_path / "gatecore.toml"
    settings.write_text('modules = ["gdpr_uk"]\nignores = true\n', "utf-8")
    argv = [str(tmp_path), "--config", str(settings), "--baseline", str(known)]
    printed(capsys, *argv, "--no-ignores", "--gate", "consent", "--update-baseline")
    whole = printed(capsys, *argv)
    Draft202012Validator(closed(SCHEMA)).validate(whole)
    (verdict,) = (v for v in whole["documents"][0]["verdicts"] if v["gate"] == "retention")
    assert verdict["excused"]["by"] == "ignore"
    assert verdict["findings"][0]["excused"]["line"] == 2
    assert [each.get("problem") for each in whole["documents"][0]["ignores"]] == [
        None,
        "gate 'nothing' is not asked",
    ]
    assert whole["summary"]["ignored"] == len(verdict["findings"])
