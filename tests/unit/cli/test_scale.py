"""`gatecore scale run`: files, what is said of them, and exit codes."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gatecore.cli import main
from tests.support.command import Output, printed_json
from tests.support.gates import word_gate

GATES = ("--gates", "house", "--no-detectors", "--workers", "1")


@pytest.fixture(autouse=True)
def _letters(own_folder: None) -> None:
    Path("house").mkdir()
    Path("house/apple.yaml").write_text(word_gate("apple"), "utf-8")
    Path("in").mkdir()
    texts = ["An apple.", None, "Nothing."]
    pq.write_table(pa.table({"id": [1, 2, 3], "more": [0] * 3, "text": texts}), "in/a.parquet")


def test_it_says_what_was_written_and_then_that_nothing_is_left(capsys: Output) -> None:
    assert main(["scale", "run", "in", "out", *GATES, "--keep", "id", "--texts"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "a.parquet: 3 documents"
    assert said[1].startswith("1 files written; 3 documents, ")
    assert said[2] == "1 of them have an error instead of verdicts"
    found = pq.read_table("out/a.parquet")
    assert found.schema.names[:2] == ["id", "risk"]
    assert found["findings"].to_pylist()[0][0]["text"] == "apple"
    assert main(["scale", "run", "in", "out", *GATES, "--keep", "id", "--texts"]) == 0
    assert "1 were finished before" in capsys.readouterr().out


def test_a_file_that_cannot_be_judged_is_named_and_the_exit_code_says_so(capsys: Output) -> None:
    Path("in/bad.parquet").write_bytes(b"no")
    assert main(["scale", "run", "in", "out", *GATES, "--format", "json"]) == 3
    captured = capsys.readouterr()
    assert "gatecore: error: bad.parquet: is not a whole Parquet file" in captured.err
    capsys.readouterr()
    assert main(["scale", "run", "in", "out", *GATES, "--format", "json"]) == 3
    plain = printed_json(capsys)
    assert {file["name"]: file["state"] for file in plain["files"]} == {
        "a.parquet": "skipped",
        "bad.parquet": "failed",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none", "out"], "no such file or folder"),
        (["in", "in"], "the result would replace it"),
        (["in", "out", "--module", "gdpr"], "gdpr_uk"),
        (["in", "out", "--engine", "ray"], "there is no 'ray'"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(
    capsys: Output, arguments: list[str], said: str
) -> None:
    assert main(["scale", "run", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not Path("out/a.parquet").exists()


def test_without_pyarrow_it_says_what_to_install(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("gatecore.scale")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["scale", "run", "in", "out"]) == 2
    assert "pip install 'gatecore-re[arrow]'" in capsys.readouterr().err
