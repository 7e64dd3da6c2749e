"""Batches of documents: names, errors in their place, and a manifest that survives kill -9."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gatecore.engine.many import Submission, Validated, validated_many
from gatecore.errors import DocumentTypeError


def _validate(text: str, kind: str | None, modules: tuple[str, ...] | None) -> Any:
    if text == "bad":
        raise LookupError("a gate is broken")
    return SimpleNamespace(
        overall_risk=f"{text}|{kind}|{modules}", is_finished=not text.startswith("incomplete")
    )


def _run(documents: Any, **options: Any) -> list[Validated]:
    arguments = {"context": "gates", "jobs": 2, "ordered": True, "manifest": None, **options}
    return list(validated_many(documents, _validate, **arguments))


def test_texts_files_and_submissions_come_back_under_their_names(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("from a file", "utf-8")
    documents = [
        "a text",
        file,
        Submission(text="more", name="m", document_type="nda", modules=("nda_uk",)),
        Submission(path=file, name="renamed"),
    ]
    got = _run(documents)
    assert [(one.number, one.name, one.report and one.report.overall_risk) for one in got] == [
        (0, "", "a text|None|None"),
        (1, str(file), "from a file|None|None"),
        (2, "m", "more|nda|('nda_uk',)"),
        (3, "renamed", "from a file|None|None"),
    ]


def test_what_is_wrong_with_one_keeps_nothing_else_back(tmp_path: Path) -> None:
    got = _run(["fine", "bad", tmp_path / "missing.txt", 7, b"bytes", "fine"])
    assert [one.report is not None for one in got] == [True, False, False, False, False, True]
    assert [type(one.error).__name__ for one in got[1:5]] == [
        "LookupError",
        "DocumentReadError",
        "DocumentTypeError",
        "DocumentTypeError",
    ]
    assert "missing.txt" in str(got[2].error)


@pytest.mark.parametrize("documents", ["one text", Path("a.txt")])
def test_one_document_is_not_a_batch(documents: Any) -> None:
    with pytest.raises(DocumentTypeError, match="validate_document"):
        _run(documents)


@pytest.mark.parametrize("arguments", [{}, {"text": "a", "path": "b"}, {"text": b"a"}])
def test_a_submission_has_one_text(arguments: dict[str, Any]) -> None:
    with pytest.raises(DocumentTypeError):
        Submission(**arguments)


def test_finished_documents_are_not_judged_again(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest"
    documents = [Submission(text=f"text {n}", name=f"{n}") for n in range(50)]
    assert all(one.report is not None for one in _run(documents, manifest=manifest))
    again = _run(documents, manifest=manifest)
    assert [one.is_finished_before for one in again] == [True] * 50
    assert all(one.report is None and one.error is None for one in again)


@pytest.mark.parametrize(
    "changed",
    [
        Submission(text="other", name="a"),
        Submission(text="text", name="b"),
        Submission(text="text", name="a", document_type="nda"),
        Submission(text="text", name="a", modules=()),
        Submission(text="text", name="a", modules=("nda_uk",)),
    ],
)
def test_a_document_that_changed_is_judged_again(tmp_path: Path, changed: Submission) -> None:
    manifest = tmp_path / "manifest"
    _run([Submission(text="text", name="a")], manifest=manifest)
    (again,) = _run([changed], manifest=manifest)
    assert not again.is_finished_before
    (other_gates,) = _run(
        [Submission(text="text", name="a")], manifest=manifest, context="other gates"
    )
    assert not other_gates.is_finished_before


def test_errors_and_incomplete_reports_are_not_finished(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest"
    for _ in range(2):
        got = _run(["bad", "incomplete"], manifest=manifest)
        assert [one.is_finished_before for one in got] == [False, False]


_BATCH = """
    import sys, time
    from types import SimpleNamespace
    from gatecore.engine.many import Submission, validated_many

    def validate(text, kind, modules):
        time.sleep(0.002)
        return SimpleNamespace(overall_risk="LOW", is_finished=True)

    documents = [Submission(text=f"text {n}", name=str(n)) for n in range(300)]
    for one in validated_many(documents, validate, context="", jobs=2, ordered=ORDERED,
                              manifest=sys.argv[1]):
        if not one.is_finished_before:
            print(one.name, flush=True)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("ordered", [True, False])
def test_a_batch_that_was_ended_goes_on(
    tmp_path: Path, ending: signal.Signals, ordered: bool
) -> None:
    code = textwrap.dedent(_BATCH).replace("ORDERED", str(ordered))
    command = [sys.executable, "-c", code, str(tmp_path / "manifest")]
    dealt_with: list[str] = []
    runs = 0
    while len(set(dealt_with)) < 300:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            dealt_with.append(line.strip())
            if len(dealt_with) % 80 == 0 and runs < 4:
                process.send_signal(ending)
                time.sleep(0.01)
        process.stdout.close()
        process.wait(30)
        runs += 1
        assert runs < 20
    assert runs > 2
    # The document that was being dealt with when the process ended may have come twice; what was
    # still in the pipe at that moment belongs to the run that was ended.
    assert len(dealt_with) - 300 <= runs
