"""Options from TOML: all that can be said is read, and what is wrong is named with its line."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore import modules
from gatecore.errors import ConfigError
from gatecore.semantic import Budget, Limits, Prices, SemanticOptions, load_semantic_gates
from gatecore.semantic.config import load_options, parse_options

EXAMPLES = Path(__file__).parents[3] / "examples"
HEAD = 'model = "a.b"\n'
MODEL = '[models."a.b"]\ninput = 1\noutput = 5\n'


def read(text: str) -> SemanticOptions:
    return parse_options(text, path="s.toml")


def test_what_ships_as_an_example_can_be_used() -> None:
    """The questions are those of gates that ship."""
    options = load_options(EXAMPLES / "semantic.toml")
    assert options.model.prices == Prices(input=Decimal(1), output=Decimal(5))
    assert options.limits.input_tokens == 50_000
    gates = load_semantic_gates(EXAMPLES / "semantic.yaml")
    shipped = {
        f"{name}/{gate.name}" for name in modules.names() for gate in modules.load(name).gates
    }
    assert len(gates) >= 2
    assert {gate.gate for gate in gates} <= shipped


def test_what_is_not_said_is_as_by_default() -> None:
    options = read(HEAD + MODEL)
    assert options == SemanticOptions(model=options.model)
    assert options.model.name == "a.b"
    assert options.limits == Limits()


def test_each_attribute_can_be_said() -> None:
    said = (
        HEAD + "group = 3\nseed = 7\ndeadline_seconds = 1.5\ntimeout_seconds = 9\nretries = 0\n"
        'max_tokens = 99\neffort = "low"\nredact = false\nrules_keep = "5m"\nkeep_reasons = true\n'
        "[limits]\nrequests = 1\ninput_tokens = 2\noutput_tokens = 3\nconcurrent = 4\n"
        '[budget]\ncalls = "none"\ntokens = 5\nmoney = "0.10"\ndaily_calls = 6\ndaily_tokens = 7\n'
        "daily_money = 0.3\n" + MODEL + "cache_read = 0.2\ncache_write_5m = 1.1\n"
        'cache_write_1h = 1.9\nbatch = "0.4"\ncache_minimum = 512\n'
    )
    options = read(said)
    default = read(HEAD + MODEL)
    for part, other in (
        (options, default),
        (options.limits, default.limits),
        (options.budget, default.budget),
        (options.model.prices, Prices(input=Decimal(0), output=Decimal(0))),
        (options.model, default.model),
    ):
        for field in fields(part):
            if field.name != "name":
                assert getattr(part, field.name) != getattr(other, field.name), field.name
    assert options.budget == Budget(
        calls=None, tokens=5, money=Decimal("0.10"), daily_calls=6, daily_tokens=7,
        daily_money=Decimal("0.3"),
    )  # fmt: skip


@given(st.decimals(min_value=0, max_value=10**6, places=6, allow_nan=False))
def test_money_has_no_noise(money: Decimal) -> None:
    """As a number and as a text."""
    for said in (format(money, "f"), f'"{money:f}"'):
        assert read(f"{HEAD}[budget]\nmoney = {said}\n{MODEL}").budget.money == money


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "grup = 3\n" + MODEL, "s.toml:2: there is no setting 'grup'; did you mean group?"),
        (
            HEAD + "[limits]\n\nrequest = 3\n" + MODEL,
            "s.toml:4: .*'request'; did you mean requests",
        ),
        (HEAD + "[budget]\nzzz = 3\n" + MODEL, "s.toml:3: .*'zzz'; known are calls, tokens"),
        (HEAD + MODEL + "inputt = 3\n", "s.toml:5: .*'inputt'; did you mean input"),
        (HEAD + "group = 1.5\n" + MODEL, "s.toml:2: 'group' is 1.5; expected a whole number"),
        (HEAD + "group = true\n" + MODEL, "s.toml:2: 'group' is a boolean"),
        (HEAD + "group = 99\n" + MODEL, "s.toml:2: group is 99: expected 1 to 64"),
        (HEAD + 'effort = "much"\n' + MODEL, "s.toml:2: 'effort' is 'much'; expected"),
        (HEAD + "redact = 1\n" + MODEL, "s.toml:2: 'redact' is 1; expected true or false"),
        (HEAD + "deadline_seconds = nan\n" + MODEL, "s.toml:2: deadline_seconds is nan"),
        (HEAD + "[limits]\nrequests = -1\n" + MODEL, "s.toml:3: 'requests' is -1; .*0 or more"),
        (HEAD + "[budget]\nmoney = inf\n" + MODEL, "s.toml:3: 'money' is Inf"),
        (
            HEAD + '[budget]\nmoney = "1,50"\n' + MODEL,
            "s.toml:3: 'money' is '1,50'; expected money",
        ),
        (HEAD + "limits = 3\n" + MODEL, r"s.toml:2: 'limits' is 3; expected a table, \[limits\]"),
        (HEAD + "models = 3\n", "s.toml:2: 'models' is 3; expected a table"),
        (HEAD + '[models."a.b"]\ninput = 1\n', "s.toml:2: .*has no 'output'"),
        (HEAD, r's.toml:1: there is no \[models."a.b"\] with its prices$'),
        ('model = "x"\n' + MODEL, r"s.toml:1: .*those that are there: a.b"),
        (MODEL, "s.toml: there is no model"),
        ("model = ", "s.toml: it is not TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match="^" + message):
        read(text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load_options(tmp_path / "none.toml")
