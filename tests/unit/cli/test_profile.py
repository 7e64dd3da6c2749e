"""`gatecore profile gates` and `gatecore profile compare`, as a user types them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gatecore.cli import main
from tests.support.command import Output, printed_json

GATE = r"""
gate: {name}
version: 1
title: It is there
severity: high
source: "House rule"
summary: "It looks for words."
limits: "None."
patterns:
  found: ['{pattern}']
verdicts:
  - {{when: {{any: found}}, status: {status}, message: "There.", evidence: found}}
  - {{status: PASS, message: "Not there."}}
"""

DEAR = r"\b(\w+) and \1ly\b"
TEXT = "Words and nearly more words; risk and risky. " * 20

HOST = """
import re

class Risky:
    def check(self, text, document_type):
        print("hosts print")
        if document_type == "none":
            return {"status": "N/A"}
        found = [m.start() for m in re.finditer("risk", text)]
        return {"status": "FAIL" if found else "PASS", "spans": found}

class House:
    gates = {"risky": Risky()}

class Other:
    gates = {"calm": Risky()}

class Engine:
    def __init__(self):
        self.modules = {"house": House(), "other": Other()}
    def check_document(self, text, document_type, modules=None):
        return {}
"""


@pytest.fixture(autouse=True)
def _files(own_folder: None) -> None:
    _write("house", dear=(DEAR, "FAIL"), cheap=("risk", "FAIL"))
    _write("same", dear=(DEAR, "FAIL"), cheap=("risk", "FAIL"))
    _write("changed", dear=(DEAR, "FAIL"), cheap=("risk", "WARNING"))
    Path("a.txt").write_text(TEXT, encoding="utf-8")
    Path("b.txt").write_text("Nothing.", encoding="utf-8")


def _write(folder: str, **gates: tuple[str, str]) -> None:
    Path(folder).mkdir()
    for name, (pattern, status) in gates.items():
        text = GATE.format(name=name, pattern=pattern, status=status)
        Path(folder, f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_profile_as_json_has_all(capsys: Output) -> None:
    argv = ["profile", "gates", "--gates", "house", "a.txt", "b.txt", "--rounds", "3"]
    assert main([*argv, "--format", "json"]) == 0
    told = printed_json(capsys)
    assert (told["kind"], told["documents"], told["rounds"]) == ("gates", 2, 3)
    assert told["characters"] == len(TEXT) + len("Nothing.")
    gates = {gate["name"]: gate for gate in told["gates"]}
    assert set(gates) == {"house/dear", "house/cheap"}
    dear = gates["house/dear"]
    assert dear["calls"] == 6
    assert dear["patterns"][0]["route"] == "fallback"
    assert dear["patterns"][0]["asked_of_re"] > 0
    assert gates["house/cheap"]["statuses"] == {"FAIL": 1, "PASS": 1}
    assert any(said.startswith("lint: fallback: ") for said in told["advice"]["house/dear"])
    assert told["advice"]["house/cheap"] == ["lint has nothing to say of its cost"]
    assert told["shared_pass_attributed"] == "to no gate"
    shares = sum(part["share"] for part in told["shared"].values())
    assert shares + sum(gate["share"] for gate in told["gates"]) == pytest.approx(told["accounted"])


def test_a_profile_as_a_table_names_the_slowest_and_why(capsys: Output) -> None:
    argv = ["profile", "gates", "--gates", "house/dear.yaml", "--gates", "changed/cheap.yaml"]
    argv += ["--gates", "few", "a.txt"]
    _write("few", absent=("nowhere", "FAIL"))
    assert main([*argv, "--rounds", "5", "--top", "2"]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    printed = " ".join(printed.split())
    assert "shared pass" in printed
    assert "1 other gate " in printed
    assert "house/dear" in printed
    assert "is re, asked about patterns that" in printed
    assert "attributed to no gate" in printed
    assert "lint: fallback" in printed


def test_exact_attributes_the_pass_to_the_gates_shown(capsys: Output) -> None:
    argv = ["profile", "gates", "--gates", "house", "a.txt", "--rounds", "3", "--exact"]
    assert main([*argv, "--top", "1", "--format", "json", "--no-lint"]) == 0
    told = printed_json(capsys)
    assert told["shared_pass_attributed"] == "by leaving gates out"
    first, second = told["gates"]
    assert set(first["marginal"]) == {"value", "low", "high"}
    assert second["marginal"] is None
    assert told["advice"] == {}
    assert main([*argv, "--no-lint"]) == 0
    assert "longer with it than without" in capsys.readouterr().out


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_profile_as_a_page_loads_nothing_and_has_a_bar_for_each_gate(capsys: Output) -> None:
    _write("hostile", odd=("<script>alert(1)</script>", "FAIL"))
    argv = ["profile", "gates", "--gates", "hostile", "--gates", "house", "a.txt"]
    assert main([*argv, "--rounds", "3", "--format", "html"]) == 0
    printed = capsys.readouterr().out
    page = _Page()
    page.feed(printed)
    names = [tag for tag, _ in page.tags]
    assert not {"script", "link", "img", "iframe"} & set(names)
    assert not any("style" in attrs or "onclick" in attrs for _, attrs in page.tags)
    assert re.search(r"(src|href)=", printed) is None
    policy = next(attrs for tag, attrs in page.tags if "http-equiv" in attrs)["content"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert names.count("svg") == 1
    bars = {text.partition(":")[0] for text in page.texts if ": " in text}
    assert {"house/dear", "house/cheap", "hostile/odd", "shared pass"} <= bars


def _host(tmp: str = "profiled_host") -> str:
    Path(f"{tmp}.py").write_text(HOST, encoding="utf-8")
    return f"{tmp}:Engine"


@pytest.mark.parametrize("plain", [True, False])
def test_a_hosts_gates_are_profiled_as_they_are_and_accelerated(
    plain: bool, capsys: Output
) -> None:
    argv = ["profile", "gates", "--host", _host(), "a.txt", "--rounds", "2", "--format", "json"]
    assert main([*argv, *(["--plain"] if plain else [])]) == 0
    told = printed_json(capsys)
    assert told["kind"] == ("python gates" if plain else "accelerated host")
    assert {gate["name"] for gate in told["gates"]} == {"house/risky", "other/calm"}
    assert all(gate["statuses"] == {"FAIL": 1} for gate in told["gates"])
    assert ("shared pass" in told["shared"]) is not plain
    said = " ".join(told["advice"]["house/risky"])
    assert ("accelerate: 1 of its 1" if plain else "served from the pass") in said


def test_a_module_of_a_host_alone_and_its_document_type(capsys: Output) -> None:
    argv = ["profile", "gates", "--host", _host(), "--module", "house", "--type", "none"]
    assert main([*argv, "a.txt", "--rounds", "2", "--format", "json"]) == 0
    (gate,) = printed_json(capsys)["gates"]
    assert (gate["name"], gate["statuses"]) == ("house/risky", {"N/A": 1})


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["gates", "--plain", "a.txt"], "--plain is for --host"),
        (["gates", "--host", "profiled_host:Engine", "--gate", "x", "a.txt"], "only modules can"),
        (["gates", "--host", "profiled_host:Engine", "--exact", "a.txt"], "--exact is for gates"),
        (["gates", "--host", "profiled_host:Engine", "--module", "no", "a.txt"], "no module 'no'"),
        (["gates", "--host", "profiled_host:no", "a.txt"], "AttributeError"),
        (["compare", "house", "same"], "no documents are named"),
        (["compare", "house", "same", "a.txt", "--module", "x"], "--module is for --host"),
        (["compare", "--host", "profiled_host:nothing", "a.txt"], "nothing"),
        (["compare", "house", "nowhere", "a.txt"], "no gate file, folder or shipped module"),
    ],
)
def test_wrong_use_is_named(argv: list[str], said: str, capsys: Output) -> None:
    _host()
    assert main(["profile", *argv, "--rounds", "2"]) == 2
    assert said in capsys.readouterr().err


def test_a_document_that_cannot_be_read_is_named_and_the_others_profiled(capsys: Output) -> None:
    argv = ["profile", "gates", "--gates", "house", "a.txt", "gone.txt", "--rounds", "2"]
    assert main([*argv, "--format", "json"]) == 3
    told = printed_json(capsys)
    assert told["documents"] == 1
    assert told["errors"][0]["name"] == "gone.txt"
    assert main(["profile", "gates", "--gates", "house", "gone.txt"]) == 2


@pytest.mark.parametrize(("new", "code"), [("same", 0), ("changed", 1)])
@pytest.mark.parametrize("form", ["table", "json"])
def test_a_changed_verdict_makes_the_exit_code_1(
    new: str, code: int, form: str, capsys: Output
) -> None:
    argv = ["profile", "compare", "house", new, "a.txt", "b.txt", "--rounds", "3"]
    assert main([*argv, "--format", form]) == code
    printed = capsys.readouterr().out
    if form == "json":
        told = json.loads(printed)
        assert [row["name"] for row in told["rows"]][:2] == ["all", "shared pass"]
        assert {row["name"] for row in told["rows"][2:]} == {f"{new}/dear", f"{new}/cheap"}
        assert list(told["changed"]) == ([f"1: {new}/cheap"] if code else [])
    else:
        said = "1 verdict changed." if code else "All verdicts are the same."
        assert said in printed
        assert ("FAIL became WARNING" in printed) is bool(code)


def test_a_host_is_compared_with_its_accelerated_self(capsys: Output) -> None:
    argv = ["profile", "compare", "--host", _host(), "a.txt", "--rounds", "3", "--format", "json"]
    assert main(argv) == 0
    told = printed_json(capsys)
    assert {row["name"] for row in told["rows"]} == {"all", "house/risky", "other/calm"}
    assert told["changed"] == {}


def test_a_host_that_answers_otherwise_when_it_is_accelerated_is_found_out(
    capsys: Output,
) -> None:
    """Such as one that remembers which process asked first."""
    asked = 'return {"status": "FAIL" if found else "PASS", "spans": found}'
    own = """
        import os, pathlib
        first = pathlib.Path("first")
        if not first.exists():
            first.write_text(str(os.getpid()))
        return {"status": "PASS" if first.read_text() == str(os.getpid()) else "FAIL"}
"""
    assert asked in HOST
    Path("telling_host.py").write_text(HOST.replace(asked, own), encoding="utf-8")
    argv = ["profile", "compare", "--host", "telling_host:Engine", "--module", "house", "a.txt"]
    assert main([*argv, "--rounds", "2", "--format", "json"]) == 1
    assert list(printed_json(capsys)["changed"]) == ["1: house/risky"]
