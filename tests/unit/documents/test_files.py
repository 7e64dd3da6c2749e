"""Paths that are not files: naming one is answered at once, by every command and function."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatecore.documents.walking import names_of
from gatecore.files import FileRefusedError, read_file
from tests.support.gates import gate_text
from tests.support.process import run_python

SECONDS = 60
"""Far longer than any of these takes: only what hangs reaches it."""
GATE = gate_text(
    """
patterns: {promise: ['risk']}
verdicts:
  - {when: {any: promise}, status: FAIL, message: Promises.}
  - {status: PASS, message: Fine.}
""",
    "no_risk",
)


def _python(code: str, folder: Path) -> str:
    ended = run_python(code, cwd=folder, seconds=SECONDS)
    return ended.stdout + ended.stderr


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Folders with a gate beside a pipe, a link to nothing and a circle of links."""
    for name in ("pipe", "nothing", "circle"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "no_risk.yaml").write_text(GATE)
    os.mkfifo(tmp_path / "pipe" / "odd.yaml")
    (tmp_path / "nothing" / "odd.yaml").symlink_to("nowhere")
    (tmp_path / "circle" / "odd.yaml").symlink_to("odd.yaml")
    os.mkfifo(tmp_path / "pipe.py")
    os.mkfifo(tmp_path / "pipe.txt")
    return tmp_path


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("load_gates(['pipe'])", "pipe: 'odd.yaml' is a pipe, not a gate file; remove or mend it"),
        ("load_gates(['nothing'])", "'odd.yaml' is a link to nothing, not a gate file"),
        ("load_gates(['circle'])", "not a gate file"),
        (
            "load_gates(['pipe/odd.yaml'])",
            "pipe/odd.yaml: cannot be read: it is a pipe, not a file",
        ),
        ("load_gates(['/dev/zero'])", "/dev/zero: cannot be read: it is a device, not a file"),
        ("GateSet.load('pipe/odd.yaml')", "it is a pipe, not a file"),
        ("PatternSet.load('/dev/zero')", "it is a device, not a file"),
        ("PatternSet.load('pipe.txt')", "it is a pipe, not a file"),
        ("main(['gates', 'check', 'pipe/odd.yaml'])", "it is a pipe, not a file"),
        ("main(['lint', 'pipe.py'])", "it is a pipe, not a file"),
        ("main(['lint', '--patterns', 'pipe.txt'])", "it is a pipe, not a file"),
        ("main(['lint', '--gates', 'nothing/no_risk.yaml', '--documents', 'pipe.txt'])", "a pipe"),
        ("main(['check', '--gates', 'nothing/no_risk.yaml', 'pipe.txt'])", "add --special"),
        ("main(['check', '--gates', 'nothing/no_risk.yaml', '/dev/zero'])", "it is a device"),
        (
            "main('check --gates nothing/no_risk.yaml --special --max-size 1k /dev/zero'.split())",
            "it has more than the 1 kB that are read",
        ),
    ],
)
def test_what_is_not_a_file_is_refused_at_once(odd: Path, code: str, message: str) -> None:
    out = _python(
        "from gatecore import GateSet, PatternSet; from gatecore.cli import main\n"
        f"from gatecore.gates.files.sources import load_gates\n{code}",
        odd,
    )
    assert message in out


def test_a_pipe_is_read_when_asked_for(odd: Path) -> None:
    """As `<(command)` makes one: who names it knows that something writes to it."""
    code = (
        "import threading; from pathlib import Path; from gatecore.files import read_file\n"
        "threading.Thread(target=lambda: Path('pipe.txt').write_text('hello')).start()\n"
        "print(read_file('pipe.txt', special=True))"
    )
    assert "b'hello'" in _python(code, odd)


def test_a_limit_holds_for_files_and_is_said(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"x" * 1_000)
    assert len(read_file(file, max_size=1_000)) == 1_000
    with pytest.raises(FileRefusedError, match="it has 1 kB, more than the 999 bytes that are"):
        read_file(file, max_size=999)


def test_linked_folders_are_walked_once_and_broken_links_are_named(tmp_path: Path) -> None:
    """A circle of links ends, and nothing that was found on the way is silently left out."""
    inner = tmp_path / "letters" / "2024"
    inner.mkdir(parents=True)
    (inner / "a.txt").write_text("x")
    (inner / "b.eml").write_text("x")
    (inner / "c.pdf").write_text("x")
    (inner / "up").symlink_to(tmp_path / "letters")
    (inner / "gone.txt").symlink_to("nowhere")
    names = [Path(name).name for name in names_of([str(tmp_path / "letters")])]
    assert names == ["a.txt", "b.eml", "gone.txt"]
