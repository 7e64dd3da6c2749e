"""`gatecore semantic estimate`: which questions are open, and what they would take."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gatecore.audit import AuditStore
from gatecore.cli import main
from gatecore.protocols import Open
from gatecore.semantic import AnthropicProvider, SemanticClient, load_semantic_gates, stand_in
from gatecore.semantic.config import load_options
from gatecore.testing import FakeMessagesAPI
from tests.support.command import Output, printed_json
from tests.support.gates import word_gate

CONFIG = """
model = "a-model"
redact = false
[models.a-model]
input = 1
output = 5
cache_minimum = 100
"""
QUESTION = """
  - gate: house/{name}
    version: 1
    question: Is the {name} meant as one?
    choices:
      - {{status: PASS, when: It is not., message: Not meant.}}
      - {{status: FAIL, severity: high, when: It is., message: Meant.}}
"""
WITH = ["--config", "s.toml", "--questions", "s.yaml", "--gates", "house"]


@pytest.fixture(autouse=True)
def _files(own_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    Path("house").mkdir()
    for name in ("apple", "pear"):
        Path(f"house/{name}.yaml").write_text(word_gate(name, word=name), "utf-8")
    questions = "".join(QUESTION.format(name=name) for name in ("apple", "pear"))
    Path("s.yaml").write_text("questions:" + questions, "utf-8")
    Path("s.toml").write_text(CONFIG, "utf-8")
    Path("letters").mkdir()
    for name, text in (
        ("a", "An apple and a pear."),
        ("b", "A pear."),
        ("c", "A pear."),
        ("d", "Nothing."),
    ):
        Path(f"letters/{name}.txt").write_text(text, "utf-8")


def test_it_says_what_the_rules_leave_open(capsys: Output) -> None:
    """A document that was there before costs nothing."""
    assert main(["semantic", "estimate", "letters", *WITH, "--format", "json"]) == 0
    plain = printed_json(capsys)
    told = {Path(one["name"]).stem: one for one in plain["documents"]}
    assert {name: one["open"] for name, one in told.items()} == {
        "a": ["house/apple", "house/pear"],
        "b": ["house/pear"],
        "c": ["house/pear"],
        "d": [],
    }
    assert {name: (one["questions"], one["known"], one["calls"]) for name, one in told.items()} == {
        "a": (2, 0, 1),
        "b": (1, 0, 1),
        "c": (0, 1, 0),
        "d": (0, 0, 0),
    }
    assert plain["total"]["calls"] == 2
    assert Decimal(plain["total"]["with_cache"]["money"]) == sum(
        Decimal(one["with_cache"]["money"]) for one in plain["documents"]
    )
    assert plain["sent"] is False
    assert plain["tokens"] == "four characters are a token"


def test_nothing_is_sent_and_it_says_so(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeMessagesAPI() as api:
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        assert main(["semantic", "estimate", "letters", *WITH]) == 0
        out = capsys.readouterr().out
        assert "Nothing was sent." in out
        assert max(map(len, out.splitlines())) <= 80
        assert not api.ledger.entries
        assert main(["semantic", "estimate", "letters", *WITH, "--count"]) == 0
        assert "counted by the service. The documents were sent" in capsys.readouterr().out
        assert {entry.route for entry in api.ledger.entries} == {"count_tokens"}
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert main(["semantic", "estimate", "letters", *WITH, "--count"]) == 0
    printed = capsys.readouterr()
    assert "ANTHROPIC_API_KEY is not set: nothing is sent" in printed.err
    assert "Nothing was sent." in printed.out


def test_answers_of_a_store_are_not_asked_again(capsys: Output) -> None:
    told: list[SemanticClient] = []
    with (
        AuditStore("audit.db") as store,
        FakeMessagesAPI(answer=lambda body: stand_in(told[0].writer, {})(body)) as api,
        SemanticClient(
            load_semantic_gates("s.yaml"),
            load_options("s.toml"),
            provider=AnthropicProvider(api_key=api.key, base_url=api.url),
            store=store.semantic,
        ) as client,
    ):
        told.append(client)
        client.judge("A pear.", [Open("house/pear", "FAIL")])
    argv = ["semantic", "estimate", "letters", *WITH, "--store", "audit.db"]
    assert main([*argv, "--format", "json"]) == 0
    plain = printed_json(capsys)
    assert [one["known"] for one in plain["documents"]] == [0, 1, 1, 0]
    assert plain["total"]["calls"] == 1
    assert plain["without_answers"]["calls"] == 2
    assert main(argv) == 0
    assert "known answers save 1 call" in capsys.readouterr().out
    assert main([*argv[:-1], "none.db"]) == 2


def test_what_cannot_be_used_is_said(capsys: Output) -> None:
    assert main(["semantic", "estimate", "letters", *WITH[:-2], "--module", "gdpr_uk"]) == 2
    assert "semantic has no gate of the modules" in capsys.readouterr().err
    assert main(["semantic", "estimate", "letters", *WITH[:2], "--gates", "house"]) == 2
    assert "--questions" in capsys.readouterr().err
    Path("s.toml").write_text(CONFIG + "inputs = 3\n", "utf-8")
    assert main(["semantic", "estimate", "letters", *WITH, "--format", "json"]) == 2
    printed = capsys.readouterr()
    assert "s.toml:8: there is no setting 'inputs'; did you mean input" in printed.err
    assert '"documents": []' in printed.out
    Path("s.toml").write_text(CONFIG, "utf-8")
    assert main(["semantic", "estimate", "letters", "none.txt", *WITH]) == 3
    assert "none.txt" in capsys.readouterr().err


def test_a_key_that_is_not_accepted_is_said(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeMessagesAPI() as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", f"not {api.key}")
        assert main(["semantic", "estimate", "letters", *WITH, "--count"]) == 2
    assert "nothing was counted: the service does not accept the credentials" in (
        capsys.readouterr().err
    )
