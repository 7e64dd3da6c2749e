"""Documents that are not plain text, and file names that are hardly names, in what is printed."""

from __future__ import annotations

import base64
import json
import os
import quopri
from pathlib import Path
from typing import Any

import pytest

from gatecore.cli import main
from tests.support.command import Output

SAID = "We keep your personal data for as long as we wish. Guaranteed returns, don’t wait.\n"
HEAD = "Subject: News\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
CHECK = ("check", "--module", "gdpr_uk")


def _forms() -> dict[str, bytes]:
    """The same words in every form that is understood."""
    plain = SAID.encode()
    return {
        "plain.txt": plain,
        "base64.eml": f"{HEAD}Content-Transfer-Encoding: base64\n\n".encode()
        + base64.encodebytes(plain),
        "quoted.eml": f"{HEAD}Content-Transfer-Encoding: quoted-printable\n\n".encode()
        + quopri.encodestring(plain),
        "no_ending": f"{HEAD}Content-Transfer-Encoding: base64\n\n".encode()
        + base64.encodebytes(plain),
        "page.html": SAID.replace("personal", "per<b>so</b>nal")
        .replace(" as ", " as<br>")
        .encode(),
        "page.txt": f"<!doctype html><p>{SAID}".encode(),
    }


def test_the_same_words_have_the_same_verdict_in_every_form(capsys: Output) -> None:
    """An e-mail in base64 used to be N/A with exit code 0 although its text is a FAIL."""
    statuses = {}
    for name, data in _forms().items():
        Path(name).write_bytes(data)
        assert main([*CHECK, "--format", "json", name]) == 1, name
        (document,) = json.loads(capsys.readouterr().out)["documents"]
        statuses[name] = [verdict["status"] for verdict in document["verdicts"]]
    assert len({tuple(each) for each in statuses.values()}) == 1


def test_every_output_says_what_was_read(capsys: Output) -> None:
    Path("a.eml").write_bytes(_forms()["base64.eml"])
    note = "read as e-mail: subject (line 1), text/plain part (line 3)"
    places = "lines and columns are those of the text that was read"
    outputs: dict[str, str] = {}
    for form in ("table", "json", "sarif", "html"):
        main([*CHECK, "--format", form, "a.eml"])
        outputs[form] = capsys.readouterr().out
        assert note in outputs[form]
        assert places in outputs[form]
    (document,) = json.loads(outputs["json"])["documents"]
    assert document["read_as"] == "email"
    assert document["encoding"] == "utf-8"
    finding = next(f for v in document["verdicts"] for f in v["findings"])
    assert (finding["line"], finding["column"]) == (3, 32)
    (run,) = json.loads(outputs["sarif"])["runs"]
    assert run["artifacts"][0]["properties"]["readAs"] == "email"
    (result, *_) = run["results"]
    # The file itself has other lines, so no reader is sent to a wrong one.
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert result["properties"]["placeInTextRead"]["startLine"] == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["diff", "gdpr_uk", "gdpr_uk"],
        ["compare", "--module", "gdpr_uk"],
        ["lint", "gdpr_uk", "--documents"],
    ],
)
def test_every_command_says_what_was_read(arguments: list[str], capsys: Output) -> None:
    Path("page.html").write_bytes(_forms()["page.html"])
    main([*arguments, "page.html"])
    out, error = capsys.readouterr()
    assert "read as HTML; lines and columns are those" in " ".join((out + error).split())


def test_what_it_is_can_be_said(capsys: Output) -> None:
    Path("a.eml").write_bytes(_forms()["base64.eml"])
    assert main([*CHECK, "--as", "text", "a.eml"]) == 0
    assert main([*CHECK, "--as", "html", "a.eml"]) == 0
    assert "read as HTML" in capsys.readouterr().out
    Path("b").write_text("just words")
    assert main([*CHECK, "--as", "email", "b"]) == 3
    assert "b: it is not an e-mail" in capsys.readouterr().err


@pytest.mark.parametrize(("size", "code"), [("100", 0), ("99", 3), ("1k", 0), ("0", 2), ("x", 2)])
def test_a_size_may_be_set(size: str, code: int, capsys: Output) -> None:
    Path("a.txt").write_text("x" * 100)
    assert main([*CHECK, "--max-size", size, "a.txt"]) == code
    if code == 3:
        error = capsys.readouterr().err
        assert "it has 100 bytes, more than the 99 bytes that are read" in error
        assert "--max-size" in error


NAME = "e\x1b[31m\x1b]0;x\x07vil\n\u202etxt.\udcff"


def _json_of(out: str) -> Any:
    """Strictly: there is no lone surrogate anywhere."""
    loaded = json.loads(out)
    json.dumps(loaded, ensure_ascii=False).encode()
    return loaded


@pytest.mark.parametrize("form", ["table", "json", "sarif", "html"])
def test_no_name_acts_on_the_terminal(form: str, capsys: Output) -> None:
    """A file may be called anything, and `check *` names it."""
    Path(NAME).write_text(SAID)
    os.mkfifo(f"p{NAME}")
    main([*CHECK, "--format", form, NAME, f"none{NAME}", f"p{NAME}"])
    out, error = capsys.readouterr()
    for bad in ("\x1b", "\x07", "\u202e", "\udcff", "\nvil"):
        assert bad not in out + error
    assert error.count("\n") == 2
    assert "none" in error
    assert r"e\x1b[31m\x1b]0;x\x07vil⏎\u202etxt.\xff" in error
    if form == "json":
        loaded = _json_of(out)
        assert loaded["documents"][0]["name"] == NAME.replace("\udcff", r"\xff")
        octets = base64.b64decode(loaded["documents"][0]["name_bytes"])
        assert octets == os.fsencode(NAME)
        assert "name_bytes" in loaded["errors"][0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--gates", f"g{NAME}", "plain.txt"],
        ["gates", "check", f"g{NAME}"],
        ["gates", "list", f"g{NAME}"],
        ["lint", "--gates", f"g{NAME}"],
        ["lint", f"{NAME}.py"],
        ["lint", "--patterns", f"none{NAME}"],
        ["lint", "--gates", "house", "--documents", f"none{NAME}"],
        ["explain", "--gates", f"g{NAME}"],
        ["compile", "--gates", f"g{NAME}"],
        ["diff", f"g{NAME}", "gdpr_uk", "plain.txt"],
        ["diff", "gdpr_uk", "gdpr_uk", f"none{NAME}"],
        ["compare", "--module", "gdpr_uk", f"none{NAME}"],
        ["check", f"--none{NAME}", "plain.txt"],
        ["check", "--gate", NAME, "plain.txt"],
        ["check", "--module", NAME, "plain.txt"],
        ["check", "--encoding", NAME, "plain.txt"],
        ["check", "--as", NAME, "plain.txt"],
        ["check", "--max-size", NAME, "plain.txt"],
        ["explain", "--flags", NAME, "a"],
        ["explain", f"({NAME}"],
        ["compile", "--host", NAME],
        [NAME],
    ],
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_no_name_acts_on_the_terminal_from_any_command(
    arguments: list[str], form: str, capsys: Output
) -> None:
    Path("plain.txt").write_text(SAID)
    Path(f"g{NAME}").mkdir()
    Path(f"g{NAME}", "bad.yaml").write_text("x: [")
    Path(f"{NAME}.py").write_text("import re; re.compile(")
    main([*arguments, "--format", form])
    out, error = capsys.readouterr()
    for bad in ("\x1b", "\x07", "\u202e", "\udcff", "\nvil"):
        assert bad not in out + error
    if form == "json" and out:
        _json_of(out)
