"""Patterns are reached wherever a host holds them, answer as before, and are put back."""

from __future__ import annotations

import copy
import importlib.util
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CellType, ModuleType
from typing import Any

import pytest

import gatecore
from gatecore.hosts import slots
from gatecore.patterns.pattern import PatternLike

SOURCE = r"""
import inspect
import re
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

RISK = r"no\s+risk"
BY_PATTERN = {re.compile(r"zero"): 0, re.compile(RISK): 1, "text": 2, re.compile(r"fee"): 3}
BY_NAME = {"all": BY_PATTERN, "again": BY_PATTERN}
ORDERED = OrderedDict([(re.compile(RISK), 1)])
SEARCH = re.compile(RISK).search
FIND = partial(re.compile(RISK).findall)
ASK = partial(re.search, RISK)
Rule = namedtuple("Rule", "name pattern")
RULES = [Rule("risk", re.compile(RISK)), ("plain", [re.compile(RISK)])]
SET = {re.compile(RISK)}

@dataclass(frozen=True)
class Detector:
    pattern: object = re.compile(RISK)
    more: list = field(default_factory=lambda: [re.compile("fee")])

class Slotted:
    __slots__ = ("pattern",)
    def __init__(self):
        self.pattern = re.compile(RISK)

class Kind(Enum):
    RISK = re.compile(r"no\s+risk", re.M)

class Inner:
    class Deeper:
        HELD = re.compile(RISK)
    @staticmethod
    def default(text, held=re.compile(RISK)):
        return bool(held.search(text))

DETECTOR, SLOTTED = Detector(), Slotted()

def closed():
    held, others = re.compile(RISK), [re.compile(RISK)]
    def ask(text):
        return bool(held.search(text)), bool(others[0].search(text))
    return ask

CLOSED = closed()

def default(text, held=re.compile(RISK), *, named=re.compile("fee")):
    return bool(held.search(text)), bool(named.search(text))

def check(text):
    return [
        [(group, bool(key.search(text))) for key, group in BY_PATTERN.items() if key != "text"],
        [BY_PATTERN[re.compile(RISK)], BY_PATTERN[re.compile("fee")]],
        [BY_NAME["again"] is BY_PATTERN],
        [(key.pattern, key in ORDERED) for key in ORDERED],
        [bool(SEARCH(text)), FIND(text), bool(ASK(text)), SEARCH.__name__],
        [bool(RULES[0].pattern.search(text)), RULES[0].name, bool(RULES[1][1][0].search(text))],
        [bool(next(iter(SET)).search(text)), re.compile(RISK) in SET],
        [bool(DETECTOR.pattern.search(text)), bool(DETECTOR.more[0].search(text))],
        [bool(SLOTTED.pattern.search(text)), bool(Kind.RISK.value.search(text))],
        [Kind(re.compile(r"no\s+risk", re.M)) is Kind.RISK, bool(Inner.Deeper.HELD.search(text))],
        [CLOSED(text), default(text), Inner.default(text)],
    ]

def held():
    closed = inspect.unwrap(CLOSED)
    plain = inspect.unwrap(default)
    return {
        "key": list(BY_PATTERN)[1], "method": SEARCH.__self__, "partial": FIND.func.__self__,
        "named tuple": RULES[0].pattern, "list in tuple": RULES[1][1][0],
        "object": DETECTOR.pattern, "list of object": DETECTOR.more[0],
        "slot": SLOTTED.pattern, "enum": Kind.RISK.value, "class in class": Inner.Deeper.HELD,
        "cell": closed.__closure__[0].cell_contents,
        "list in cell": closed.__closure__[1].cell_contents[0],
        "default": plain.__defaults__[0], "keyword": plain.__kwdefaults__["named"],
        "static": inspect.unwrap(Inner.default).__defaults__[0],
    }
"""
TEXTS = ["There is no  risk and a fee.", "zero", "", "no\nrisk", "Nothing of it. " * 20]


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleType]:
    path = tmp_path / "held_everywhere.py"
    path.write_text(SOURCE, "utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    yield made
    del sys.modules[path.stem]


def test_patterns_are_reached_wherever_they_are_held(module: ModuleType) -> None:
    wanted = [module.check(text) for text in TEXTS]
    before = module.held()
    keys = list(module.BY_PATTERN)
    patterns: list[PatternLike] = [r"no\s+risk", (r"no\s+risk", re.M), "fee", "zero"]
    with gatecore.accelerate(module, patterns=patterns, keep=False) as handle:
        unreached = [name for name, one in module.held().items() if type(one) is re.Pattern]
        assert unreached == []
        assert [module.check(text) for text in TEXTS] == wanted
        assert handle.stats().served > 80
        assert list(module.BY_PATTERN) == keys  # as equal as patterns of `re` are
        assert [one is other for one, other in zip(module.BY_PATTERN, keys, strict=True)] == [
            *(False, False, True, False)
        ]
        assert copy.copy(module.BY_PATTERN) == module.BY_PATTERN
    assert {name: pattern is before[name] for name, pattern in module.held().items()} == (
        dict.fromkeys(before, True)
    )
    assert all(one is other for one, other in zip(module.BY_PATTERN, keys, strict=True))
    assert [module.check(text) for text in TEXTS] == wanted


def test_keys_that_the_host_adds_and_drops_meanwhile_stay_its_own(module: ModuleType) -> None:
    handle = gatecore.accelerate(module, patterns=[r"no\s+risk", "fee", "zero"], keep=False)
    del module.BY_PATTERN[re.compile("zero")]
    module.BY_PATTERN[added := re.compile("added")] = 4
    module.BY_PATTERN[re.compile("fee")] = 5
    handle.restore()
    assert [getattr(key, "pattern", key) for key in module.BY_PATTERN] == [
        *(r"no\s+risk", "text", "fee", "added")
    ]
    assert list(module.BY_PATTERN.values()) == [1, 2, 5, 4]
    assert [type(key) for key in module.BY_PATTERN] == [re.Pattern, str, re.Pattern, re.Pattern]
    assert list(module.BY_PATTERN)[3] is added


def test_no_thread_sees_a_dict_without_its_keys(module: ModuleType) -> None:
    done, missed, asked = threading.Event(), [], [0]
    key, table = re.compile(r"no\s+risk"), module.BY_PATTERN

    def ask() -> None:
        while not done.is_set():
            asked[0] += 1
            if table.get(key) != 1 or len(table) != 4:
                missed.append(len(table))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(20):
            gatecore.accelerate(module, patterns=["fee"], keep=False).restore()
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(before)
    assert asked[0] > 20
    assert missed == []


def test_what_is_given_back_is_found_wherever_it_is_held(module: ModuleType) -> None:
    """Patterns that are asked in vain become `re`'s own again, keys and cells too."""
    with gatecore.accelerate(module, patterns=[r"no\s+risk", "fee"], keep=False) as handle:
        key = module.held()["key"]
        assert [bool(key.search("no  risk")) for _ in range(1_000)] == [True] * 1_000
        assert any("given back" in line for line in handle.explain().left)
        ours = [name for name, one in module.held().items() if type(one) is not re.Pattern]
        assert set(ours) <= {"enum", "list of object", "keyword"}, ours  # other patterns


def test_what_refuses_and_what_is_empty_is_left_alone() -> None:
    assert slots.read(CellType(), "cell_contents") is slots.MISSING
    assert slots.read({}, slots.KEYS) == ()
    assert slots.read([1], 5) is slots.MISSING
    assert [*slots.slots_of({"a": 1}, (), set())][1:] == [({"a": 1}, "a", 1)]


def test_circles_come_to_an_end() -> None:
    circle: list[Any] = [re.compile("a")]
    circle.append(circle)
    module = ModuleType("circle")
    vars(module).update(circle=circle, again={"circle": circle})
    found = [value for _, _, value in slots.slots_of(module, {"circle"}, set())]
    assert found.count(circle[0]) == 1
