"""`gatecore semantic audit`: a host's calls, or what a set of questions says twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatecore.cli import main
from tests.support.command import Output, printed_json
from tests.support.gates import word_gate

RULES = "Decide by the document alone, and quote what you rest on. " * 2
ROUTER = """
class Router:
    def call_model(self, prompt):
        return self.client.messages.create(model="claude-2.1", max_tokens=9,
            messages=[{"role": "user", "content": prompt}])
"""
SERVER = f"""
from core.router import Router
def page(text):
    return Router().call_model(text + {RULES!r})
"""
QUESTIONS = """
questions:
  - gate: house/apple
    version: 1
    question: Is the apple meant as one?
    choices: &choices
      - {status: PASS, when: It is not, message: Not meant.}
      - {status: FAIL, severity: high, when: It is., message: Meant.}
  - gate: house/pear
    version: 1
    question: Is the pear meant as one?
    choices:
      - {status: PASS, when: It is not, message: Not meant.}
      - {status: FAIL, severity: high, when: It is., message: Meant.}
"""
CONFIG = 'model = "a-model"\nredact = false\n[models.a-model]\ninput = 1\noutput = 5\n'


@pytest.fixture(autouse=True)
def _files(own_folder: None) -> None:
    Path("src/core").mkdir(parents=True)
    Path("src/core/router.py").write_text(ROUTER, "utf-8")
    Path("src/server.py").write_text(SERVER, "utf-8")
    Path("house").mkdir()
    for name in ("apple", "pear"):
        Path(f"house/{name}.yaml").write_text(word_gate(name, word=name), "utf-8")
    Path("s.yaml").write_text(QUESTIONS.replace(" &choices", ""), "utf-8")
    Path("s.toml").write_text(CONFIG, "utf-8")
    Path("letter.txt").write_text("An apple and a pear.", "utf-8")


def test_calls_are_listed_with_what_they_lack(capsys: Output) -> None:
    assert main(["semantic", "audit", "src"]) == 0
    out = capsys.readouterr().out
    assert "src/core/router.py:4" in out
    assert "not among the models of the SDK" in out
    assert "without system prompt, timeout, retries of its own, cache_control" in out
    assert "constant tokens stand behind variable text" in out
    assert "1 call of a language model, 1 call of functions around them, in 2 files" in out
    assert max(map(len, out.splitlines())) <= 80
    assert main(["semantic", "audit", "src", "--format", "json"]) == 0
    plain = printed_json(capsys)
    assert [(one["path"], one["level"]) for one in plain["calls"]] == [
        ("src/core/router.py", 0),
        ("src/server.py", 1),
    ]
    assert plain["calls"][1]["prompt"]["order"] == "variable first"
    assert "Decide" not in str(plain)
    assert main(["semantic", "audit", "src/server.py", "--format", "json"]) == 0
    assert printed_json(capsys)["calls"] == []


def test_what_cannot_be_read_is_said(capsys: Output) -> None:
    Path("src/bad.py").write_text("def f(:", "utf-8")
    assert main(["semantic", "audit", "src", "--format", "json"]) == 3
    plain = printed_json(capsys)
    assert [one["name"] for one in plain["errors"]] == ["src/bad.py"]
    assert len(plain["calls"]) == 2
    assert main(["semantic", "audit", "none", "src/server.py"]) == 3
    assert "none: there is no such file or folder" in capsys.readouterr().err


def test_prompts_of_questions_are_compared(capsys: Output) -> None:
    argv = ["semantic", "audit", "letter.txt", "--questions", "s.yaml", "--gates", "house"]
    assert main(argv) == 2
    assert "--questions and --config belong together" in capsys.readouterr().err
    argv += ["--config", "s.toml"]
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert "2 open questions" in out
    assert "grouped, cached" in out
    assert max(map(len, out.splitlines())) <= 80
    assert main([*argv, "--format", "json"]) == 0
    prompts = printed_json(capsys)["prompts"]
    ways = {way["name"]: way for way in prompts["ways"]}
    assert ways["one by one"]["calls"] == 2
    assert ways["grouped"]["calls"] == 1
    assert ways["grouped"]["input"] < ways["one by one"]["input"]
    assert prompts["open"] == 2
