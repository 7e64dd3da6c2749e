"""What was given back is not taken at the next start, as long as the host is the same."""

from __future__ import annotations

import gc
import importlib
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

import gatecore
from gatecore import PatternStore
from gatecore.hosts.gain import Trial
from tests.support.process import run_python

DAY = 86_400.0
WORDS = ["risk", "fee", "loan", "bond", "rent", "debt", "cash", "fund", "levy", "cost"]
SOURCE = rf"""
    import re
    WORDS = {WORDS}
    RULES = [re.compile(rf"\b{{one}}\s+{{two}}s?\b", re.I) for one in WORDS for two in WORDS]
    NUMBER = re.compile(r"\d+")
    TABLE = {{}}

    def check(text):
        return [bool(rule.search(text)) for rule in RULES]

    def by_word(text):
        return [bool(NUMBER.match(word)) for word in text.split()]

    def count(text):
        return len(NUMBER.findall(text))

    def words(text):
        return sum(re.match(r"\d+", word) is not None for word in text.split())
"""
EARLIER = "given back at an earlier start: "
#: Starts a host, asks it, and ends without a word.
PROCESS = """
    import sys
    sys.path.insert(0, {folder!r})
    import given_back_host
    import gatecore
    gatecore.accelerate(given_back_host, store=gatecore.PatternStore({sets!r}))
    text = "a 12 b " * 400
    print([given_back_host.count(text + str(number)) for number in range(5)])
"""

NewModule = Callable[..., ModuleType]


@pytest.fixture(autouse=True)
def short_documents() -> None:
    """What other tests of hosts switch off is what these are about."""


@pytest.fixture
def new_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewModule]:
    """Writes and imports the host."""
    monkeypatch.syspath_prepend(str(tmp_path))
    name = "given_back_host"

    def new(source: str = SOURCE) -> ModuleType:
        sys.modules.pop(name, None)
        (tmp_path / f"{name}.py").write_text(dedent(source), "utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield new
    sys.modules.pop(name, None)


class Clock:
    now = 20_000 * DAY

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(tmp_path: Path, clock: Clock) -> PatternStore:
    return PatternStore(tmp_path / "sets", clock=clock)


def text_of(lines: int, seed: int = 1) -> str:
    source = random.Random(seed)
    return "\n".join(
        " ".join(source.choice([*WORDS, "the", "of", "12"]) for _ in range(15))
        for _ in range(lines)
    )


def give_back_count(module: ModuleType, cache: PatternStore) -> None:
    """A start at which one function is given back."""
    before, text = module.count, text_of(20)
    with gatecore.accelerate(module, store=cache) as handle:
        assert module.count is not before, "it is taken"
        assert [module.count(text) for _ in range(5)] == [len(re.findall(r"\d+", text))] * 5
        assert module.count is before
        assert any("given_back_host.count: its doc" in line for line in handle.explain().left)


def is_taken(module: ModuleType, cache: PatternStore) -> bool:
    """Whether the function is taken at another start."""
    before = module.count
    with gatecore.accelerate(module, store=cache):
        return module.count is not before


def logs(cache: PatternStore) -> list[Path]:
    return sorted(cache.folder.glob("*.given-back.jsonl"))


def lines_of(cache: PatternStore) -> list[dict[str, Any]]:
    (path,) = logs(cache)
    return [json.loads(line) for line in path.read_text("ascii").split("\n") if line]


def test_a_function_that_was_given_back_is_not_taken_at_the_next_start(
    new_module: NewModule, cache: PatternStore
) -> None:
    give_back_count(new_module(), cache)
    module, plain = new_module(), new_module()
    before, text = module.count, text_of(20)
    with gatecore.accelerate(module, store=cache) as handle:
        assert module.count is before
        assert module.check is not plain.check
        explained = handle.explain()
        assert [line for line in explained.left if line.startswith(EARLIER)] == [
            f"{EARLIER}given_back_host.count: its documents are asked too little"
        ]
        assert not any(line.startswith("given back to re") for line in explained.left)
        assert (module.count(text), module.check(text)) == (plain.count(text), plain.check(text))
        assert handle.stats().by_gate["given_back_host.count"].calls == 0
        assert handle.stats().by_gate["given_back_host.check"].served == len(module.RULES)


def test_a_pattern_that_was_given_back_is_not_taken_at_the_next_start(
    new_module: NewModule, cache: PatternStore
) -> None:
    module, text = new_module(), "a 12 b " * 400
    wanted = module.by_word(text)
    assert sum(wanted) == 400
    with gatecore.accelerate(module, store=cache):
        assert type(module.NUMBER) is not re.Pattern
        for _ in range(2):
            assert module.by_word(text) == wanted
            assert not any(module.check(text))
        assert type(module.NUMBER) is re.Pattern
    module = new_module()
    with gatecore.accelerate(module, store=cache) as handle:
        assert type(module.NUMBER) is re.Pattern
        assert re.Pattern not in [type(rule) for rule in module.RULES]
        assert f"{EARLIER}given_back_host.NUMBER: re answers for it" in handle.explain().left
        assert module.by_word(text) == wanted


def test_a_host_that_was_given_back_is_not_taken_at_the_next_start(
    new_module: NewModule, cache: PatternStore
) -> None:
    module, text = new_module(), "a 12 b " * 400
    before = module.check
    with gatecore.accelerate(module, store=cache):
        for _ in range(40):
            assert module.words(text) == 400
        assert module.re is re
    with gatecore.accelerate(module, store=cache) as handle:
        assert module.re is re
        assert module.check is before
        explained = handle.explain()
        assert f"{EARLIER}all names: nine of ten calls are in vain" in explained.left
        assert (explained.rebound, explained.entries) == ([], [])
        assert module.words(text) == 400


def test_a_changed_host_begins_anew(new_module: NewModule, cache: PatternStore) -> None:
    give_back_count(new_module(), cache)
    assert is_taken(new_module(SOURCE + "\n    # changed\n"), cache)
    assert is_taken(new_module(SOURCE.replace('r"\\d+"', 'r"[0-9]+"')), cache)
    assert not is_taken(new_module(), cache)


def test_another_set_begins_anew(new_module: NewModule, cache: PatternStore) -> None:
    module = new_module()
    give_back_count(module, cache)
    before = module.count
    with gatecore.accelerate(module, store=cache, patterns=["more"]):
        assert module.count is not before
    assert not is_taken(module, cache)


def test_what_was_given_back_is_tried_again_after_thirty_days(
    new_module: NewModule, cache: PatternStore, clock: Clock
) -> None:
    give_back_count(new_module(), cache)
    clock.now += 29 * DAY
    assert not is_taken(new_module(), cache)
    clock.now += DAY
    assert is_taken(new_module(), cache)


def test_what_was_given_back_is_tried_again_at_each_eighth_start(
    new_module: NewModule, cache: PatternStore
) -> None:
    give_back_count(new_module(), cache)
    assert [is_taken(new_module(), cache) for _ in range(7)] == [False] * 6 + [True]
    give_back_count(new_module(), cache)
    assert not is_taken(new_module(), cache)


def test_a_host_that_gained_begins_anew(new_module: NewModule, cache: PatternStore) -> None:
    """What a process of other work gave back does not take the gain away."""
    give_back_count(new_module(), cache)
    module = new_module()
    with gatecore.accelerate(module, store=cache):
        for number in range(10):
            assert any(module.check(text_of(20, number)))
    assert is_taken(new_module(), cache)
    give_back_count(new_module(), cache)
    assert is_taken(new_module(), cache)


@pytest.mark.parametrize("how", [{"keep": False}, {"learn": "none"}], ids=str)
def test_nothing_is_kept_where_nothing_is_learned(
    new_module: NewModule, cache: PatternStore, how: dict[str, object]
) -> None:
    give_back_count(new_module(), cache)
    kept = logs(cache)[0].read_bytes()
    module, text = new_module(), text_of(20)
    before = module.count
    with gatecore.accelerate(module, store=cache, **how) as handle:  # type: ignore[arg-type]
        assert module.count is not before
        assert len({module.count(text) for _ in range(5)}) == 1
        assert module.count is before
        assert any(line.startswith("given back to re") for line in handle.explain().left)
    assert [path.read_bytes() for path in logs(cache)] == [kept]


def test_a_host_whose_source_is_not_known_begins_anew(cache: PatternStore) -> None:
    module = ModuleType("given_back_host")
    exec(dedent(SOURCE), vars(module))
    give_back_count(module, cache)
    assert logs(cache) == []
    assert is_taken(module, cache)


@pytest.mark.parametrize(
    "foreign",
    [
        b"\xff\xfe\x00",
        b"{}",
        b"[]",
        b'{"day": "20000", "host": "why"}',
        b'{"day": 20000, "host": 7}',
        b'{"day": 20000, "functions": ["given_back_host.check"]}',
        b'{"day": 20000, "names": [["a"]]}',
        b'{"day": 20000, "names": 7}',
        b'{"day": 20000, "functions": {"given_back_host.check": "torn',
        b"[" * 100_000,
    ],
    ids=lambda foreign: repr(foreign[:24]),
)
def test_what_is_broken_is_ignored_with_a_note(
    new_module: NewModule, cache: PatternStore, foreign: bytes
) -> None:
    give_back_count(new_module(), cache)
    (path,) = logs(cache)
    path.write_bytes(foreign + path.read_bytes())
    module = new_module()
    before = module.count, module.check
    with gatecore.accelerate(module, store=cache) as handle:
        assert module.count is before[0]
        assert module.check is not before[1]
        assert f"{path}: line 1 cannot be read: " in "\n".join(handle.explain().left)


def test_a_file_that_others_could_have_written_is_ignored_with_a_note(
    new_module: NewModule, cache: PatternStore
) -> None:
    give_back_count(new_module(), cache)
    logs(cache)[0].chmod(0o666)
    module = new_module()
    before = module.count
    with gatecore.accelerate(module, store=cache) as handle:
        assert module.count is not before
        assert "others may write to the file" in "\n".join(handle.explain().left)


def test_nothing_of_a_document_is_written(new_module: NewModule, cache: PatternStore) -> None:
    """Not even if the host keeps it: what a table holds is known by the pattern's number."""
    module = new_module()
    module.TABLE["SECRET"] = re.compile("SECRET")
    text = "SECRET 12 " * 400
    with gatecore.accelerate(module, store=cache):
        for _ in range(10):
            assert sum(module.TABLE["SECRET"].match(word) is not None for word in text.split())
            assert module.count(text) == 400
        assert type(module.TABLE["SECRET"]) is re.Pattern
    lines = lines_of(cache)
    assert [line for line in lines if "functions" in line]
    assert [line for line in lines if "names" in line]
    assert "SECRET" not in str(lines)
    with gatecore.accelerate(module, store=cache):
        assert type(module.TABLE["SECRET"]) is re.Pattern


def test_a_function_that_may_gain_by_what_is_learned_is_not_kept() -> None:
    trial = Trial()
    assert not any(trial.is_lost(0, 40) for _ in range(16))
    assert not any(trial.is_lost(0, 40) for _ in range(2))
    assert trial.is_lost(0, 40)
    assert not trial.is_lasting
    trial = Trial()
    assert [trial.is_lost(1, 1) for _ in range(3)] == [False, False, True]
    assert trial.is_lasting


def test_a_process_that_ends_keeps_what_it_gave_back(
    new_module: NewModule, cache: PatternStore, tmp_path: Path
) -> None:
    new_module()
    code = PROCESS.format(folder=str(tmp_path), sets=str(cache.folder))
    done = run_python(code)
    assert done.stdout.strip() == "[401, 401, 401, 401, 401]", done.stderr
    assert [*lines_of(cache)[0]["functions"]] == ["given_back_host.count"]


def test_several_processes_may_write_at_once(
    new_module: NewModule, cache: PatternStore, tmp_path: Path
) -> None:
    new_module()
    code = dedent(PROCESS.format(folder=str(tmp_path), sets=str(cache.folder)))
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in processes:
        assert process.communicate(timeout=120)[0].strip() == "[401, 401, 401, 401, 401]"
    found = [[*line["functions"]] for line in lines_of(cache) if "functions" in line]
    assert 1 <= len(found) <= 4
    assert found == [["given_back_host.count"]] * len(found)


def test_a_function_that_the_host_keeps_is_called_as_it_was(new_module: NewModule) -> None:
    """As in a table of rules: what is kept is ours, and serves nobody any more."""
    module, text = new_module(), text_of(20)
    with gatecore.accelerate(module, keep=False) as handle:
        kept = module.count
        found = [kept(text) for _ in range(8)]
        assert found == [len(re.findall(r"\d+", text))] * 8
        assert kept is not module.count
        calls = handle.stats().by_gate["given_back_host.count"].calls
        assert calls == 3


def test_a_host_without_functions_left_is_accelerated_still(
    new_module: NewModule, cache: PatternStore
) -> None:
    """Whoever drops the handle keeps what lines and slices gain."""
    source = SOURCE[: SOURCE.index("def check")] + SOURCE[SOURCE.index("def count") :]
    source = source[: source.index("def words")]
    give_back_count(new_module(source), cache)
    for _ in range(2):
        module = new_module(source)
        before = module.count
        gatecore.accelerate(module, store=cache)
        gc.collect()
        assert module.count is before
        assert type(module.RULES[0]) is not re.Pattern
    module = new_module(source + "\n    # changed\n")
    gatecore.accelerate(module, store=cache)
    assert len({module.count(text_of(20)) for _ in range(5)}) == 1
    gc.collect()
    assert type(module.RULES[0]) is not re.Pattern
