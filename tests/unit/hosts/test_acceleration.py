"""`accelerate` on hosts of a few lines: what is routed, served, restored, and left alone.

A whole host, in both kinds of engine, is in tests/host.
"""

from __future__ import annotations

import gc
import importlib
import json
import re
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

import gatecore
from gatecore import AccelerateError, Pattern, PatternSet, PatternStore
from gatecore.hosts import attempts, host_re
from gatecore.hosts.acceleration import Acceleration
from gatecore.patterns.learning import LearnedLog
from tests.support.process import in_threads, run_python

NewModule = Callable[..., ModuleType]
RULES = r"""
    import re
    from re import search as find

    WORDS = ["guaranteed", "no risk"]
    HELD = {"a": re.compile(r"\brisk\b"), "b": [re.compile("x+", re.I)], "c": (re.compile("y"), 1)}

    class Detector:
        KNOWN = re.compile(r"\d{4}")
        def __init__(self):
            self.own = [re.compile(rf"{word}", re.I) for word in WORDS]
        def found(self, text):
            return [p.pattern for p in self.own if p.search(text)] + self.KNOWN.findall(text)

    def check(text, kind="letter"):
        lowered = text.lower()
        return {
            "words": [word for word in WORDS if word in lowered],
            "spans": [m.span() for m in re.finditer(r"no\s+risk", text, re.IGNORECASE)],
            "first": bool(find(r"up to \d+", text)),
            "held": [bool(HELD["a"].search(text)), bool(HELD["b"][0].search(text))],
            "piece": bool(re.search("risk", text[:40])),
            "kind": kind,
        }

    def raises(text):
        if re.search("bad", text):
            raise ValueError(text[:3])
        return None
"""
TEXT = "There is NO  RISK, guaranteed: up to 12 in 2024. xX bad"


@pytest.fixture
def new_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewModule]:
    """Writes and imports a Python module."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def new(source: str = RULES, name: str = "host_rules") -> ModuleType:
        (tmp_path / f"{name}.py").write_text(dedent(source), "utf-8")
        importlib.invalidate_caches()
        made.append(name)
        return importlib.import_module(name)

    yield new
    for name in made:
        sys.modules.pop(name, None)


@pytest.fixture
def cache(tmp_path: Path) -> PatternStore:
    return PatternStore(tmp_path / "sets")


class Gate:
    """A gate of this file, with a pattern that only it has."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def check(self, text: str, document_type: str = "") -> dict[str, Any]:
        found = [m.group() for m in re.finditer(self.pattern, text)]
        return {"found": found, "document": isinstance(text, gatecore.Document)}


class Module:
    def __init__(self, **gates: Gate) -> None:
        self.gates = gates


class Engine:
    def __init__(self, **modules: Module) -> None:
        self.modules = modules

    def check_document(self, text: str, document_type: str, active_modules: Any) -> dict[str, Any]:
        return {
            f"{name}.{gate_name}": gate.check(text, document_type)["found"]
            for name, module in self.modules.items()
            for gate_name, gate in module.gates.items()
        }


def test_a_python_module_answers_the_same_and_is_served(
    new_module: NewModule, cache: PatternStore
) -> None:
    rules = new_module()
    detector = rules.Detector()
    wanted = rules.check(TEXT), detector.found(TEXT)
    handle = gatecore.accelerate(rules, store=cache)
    new_detector = rules.Detector()
    assert (rules.check(TEXT), new_detector.found(TEXT)) == wanted
    stats = handle.stats()
    assert stats.by_reason == {"the text is not a Document": 1}
    assert stats.by_gate["host_rules.check"].served == 6
    assert stats.by_gate["host_rules.Detector.found"].fell_through == 0
    assert "host_rules.re" in handle.explain().rebound
    handle.restore()
    assert (rules.check(TEXT), detector.found(TEXT)) == wanted


def test_restore_puts_every_name_back(new_module: NewModule, cache: PatternStore) -> None:
    rules = new_module()
    before = dict(vars(rules))
    held = dict(rules.HELD), list(rules.HELD["b"]), dict(vars(rules.Detector))
    with gatecore.accelerate(rules, store=cache):
        assert rules.re is host_re
        assert rules.HELD["a"] is not held[0]["a"]
    after = dict(vars(rules))
    assert [name for name in before if before[name] is not after[name]] == []
    assert list(before) == list(after)
    assert rules.HELD["a"] is held[0]["a"]
    assert (rules.HELD, rules.HELD["b"], dict(vars(rules.Detector))) == held


def test_restore_leaves_alone_what_somebody_else_replaced(
    new_module: NewModule, cache: PatternStore
) -> None:
    rules = new_module()
    handle = gatecore.accelerate(rules, store=cache)

    def other(text: str) -> str:
        return text

    rules.check = other  # type: ignore[attr-defined]
    handle.restore()
    assert rules.check is other
    assert rules.re is re


def test_what_is_raised_comes_through_and_the_next_call_works(
    new_module: NewModule, cache: PatternStore
) -> None:
    rules = new_module()
    handle = gatecore.accelerate(rules, store=cache)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^The$"):
            rules.raises(TEXT)
    assert handle.stats().by_gate["host_rules.raises"].calls == 2
    with pytest.raises(TypeError, match="raises"):
        rules.raises()
    handle.restore()


def test_arguments_may_have_names_and_what_is_not_text_stays(
    new_module: NewModule, cache: PatternStore
) -> None:
    rules = new_module()
    wanted = rules.check(kind="x", text=TEXT)
    with gatecore.accelerate(rules, store=cache) as handle:
        assert rules.check(kind="x", text=TEXT) == wanted
        with pytest.raises(AttributeError):
            rules.check(None)
        assert rules.check(handle.document(TEXT), "x") == wanted


def test_handles_of_the_same_modules_are_restored_in_any_order(
    new_module: NewModule, cache: PatternStore
) -> None:
    """Two lists share a module: it is routed until the last handle lets go."""
    one, two = new_module(name="host_one"), new_module(name="host_two")
    for order in ((0, 1), (1, 0)):
        handles = [
            gatecore.accelerate([one], store=cache),
            gatecore.accelerate([one, two], store=cache),
        ]
        assert gatecore.accelerate([one], store=cache) is handles[0]
        handles[order[0]].restore()
        assert one.re is host_re
        assert one.check(TEXT)["words"] == ["guaranteed"]
        handles[order[1]].restore()
        assert one.re is re
        assert two.re is re
        assert not hasattr(one.check, "gatecore_taken")


def test_gates_that_are_added_later_are_taken_in(cache: PatternStore) -> None:
    engine = Engine(first=Module(a=Gate("a+")))
    with gatecore.accelerate(engine, store=cache, patterns=["a+", "b+"]) as handle:
        assert engine.check_document("aab", "t", None) == {"first.a": ["aa"]}
        engine.modules["second"] = Module(b=Gate("b+"))
        assert engine.check_document("aab", "t", None) == {"first.a": ["aa"], "second.b": ["b"]}
        assert list(handle.stats().by_gate) == ["first.a", "second.b"]
        assert handle.stats().share == 1
    assert vars(engine) == {"modules": engine.modules}
    assert list(vars(engine.modules["second"].gates["b"])) == ["pattern"]


def test_gates_alone_share_a_document(cache: PatternStore) -> None:
    gates = [Gate("a+"), Gate("b+")]
    with gatecore.accelerate(gates, store=cache, patterns=["a+", "b+"]) as handle:
        assert [gate.check("aab")["document"] for gate in gates] == [True, True]
        assert len(handle._recent) == 1
        assert handle.stats().served == 2
    assert [gate.check("aab")["document"] for gate in gates] == [False, False]


def test_what_is_learned_is_served_at_the_next_start(cache: PatternStore) -> None:
    def start() -> Acceleration:
        return gatecore.accelerate(engine, store=PatternStore(cache.folder), patterns=["a+"])

    engine = Engine(m=Module(a=Gate("a+"), late=Gate("late+")))
    wanted = engine.check_document("a late", "t", None)
    for served in (2, 4, 4):
        with start() as handle:
            handle.wait()
            for _ in range(2):
                assert engine.check_document("a late", "t", None) == wanted
            assert handle.stats().served == served
    assert Pattern("late+") in list(handle.patterns)


PEOPLE = r"""
    import re

    TOPICS = ["market risk", "field"]

    def names(text):
        return re.findall(r"[A-Z]\w+ [A-Z]\w+", text)

    def check(text):
        found = {}
        for name in names(text):
            found[name] = [
                len(re.findall(re.escape(name) + r"\b", text)),
                len(re.findall(r"\b" + r"\s+".join(name.split()), text)),
                name in text,
                text.lower().count(name.lower()),
            ]
        for topic in TOPICS:
            found[topic] = [
                len(re.findall("|".join([topic, topic.upper()]) + r"\b", text)),
                topic.upper() + "S" in text,
            ]
        return found
"""
LETTERS = [
    "Alice Smith saw Mark Field: market risk.",
    "Mark Field wrote to Alice Smith.",
    "To Alice Smith and Mark Field: MARKET RISK",
]


@pytest.mark.parametrize(
    ("learn", "kept"),
    [("none", False), ("own", False), ("all", True)],
)
def test_names_of_people_get_to_the_disk_only_if_that_is_asked_for(
    new_module: NewModule, cache: PatternStore, learn: Any, kept: bool
) -> None:
    """Neither as what was learned nor in a compiled set of a later start; answers stay the same."""
    rules = new_module(PEOPLE, name=f"host_people_{learn}")
    wanted = [rules.check(text) for text in LETTERS]
    for _ in range(3):
        with gatecore.accelerate(rules, store=PatternStore(cache.folder), learn=learn) as handle:
            handle.wait()
            assert [rules.check(text) for text in LETTERS] == wanted
    written = b"".join(path.read_bytes() for path in cache.folder.iterdir()).lower()
    for name in (b"alice", b"smith", rb"mark\ field", b"mark field", rb"mark\s+field"):
        assert (name in written.replace(rb"\\", b"\\")) == kept, name
    # What is made of the host's own words is in the set from the second start on.
    learned = [pattern.source for pattern in handle.patterns]
    assert (r"market risk|MARKET RISK\b" in learned) == (learn != "none")
    assert (r"field|FIELD\b" in learned) == (learn != "none")


def test_what_is_made_of_the_hosts_words_is_kept_once_a_second_document_asks(
    new_module: NewModule, cache: PatternStore
) -> None:
    rules = new_module(
        r"""
        import re

        def check(text, words=lambda: [["risk", "no"], ["guaranteed"]]):
            made = [" ".join(reversed(word)) for word in words()]  # no risk
            return [re.search(rf"\b{word}s?\b", text) is not None for word in made]
        """,
        name="host_templates",
    )
    counts = []
    with gatecore.accelerate(rules, store=cache):
        for text in ("no risks", "guaranteed", "no risk"):
            assert rules.check(text) == ["risk" in text, "guaranteed" in text]
            counts.append(len(list(cache.folder.glob("*.jsonl"))))
    # A document that comes to a single function is finished when others have taken its place.
    counts.append(len(list(cache.folder.glob("*.jsonl"))))
    assert counts == [0, 0, 0, 1]


def test_what_documents_ask_for_is_kept_in_memory_up_to_a_limit(
    new_module: NewModule, cache: PatternStore
) -> None:
    """Patterns that are made of the text would be endless: 1,000 are told apart, 4,000 learned."""
    rules = new_module(
        r"""
        import re

        def check(text):
            return [bool(re.search(word + r"\b", text)) for word in text.split()]
        """,
        name="host_endless",
    )
    with gatecore.accelerate(rules, store=cache) as handle:
        for start in (0, 3_000):
            assert all(rules.check(" ".join(f"w{n}" for n in range(start, start + 3_000))))
        counted = handle.stats()
    assert len(counted.by_pattern) == 1_000
    assert counted.fell_through == 6_000
    assert len(handle._learning._sighted) == 4_000
    assert len(handle.patterns.learned) == 4_000


def test_a_long_list_of_words_is_learned(new_module: NewModule, cache: PatternStore) -> None:
    """An alternation of all the words of a list is one pattern of thousands of characters."""
    words = ", ".join(repr(f"{one}{two}ly") for one in "abcdefghijklmno" for two in "pqrstuvwxyz")
    source = f"""
import re
WORDS = [{words}]

def check(text):
    return [found.span() for found in re.finditer("|".join(r"(?:^|\\W)" + w for w in WORDS), text)]
"""
    rules = new_module(source, name="host_long_list")
    text = "It was aply and ozly said, so there is nothing that I would like to add to it. "
    wanted = rules.check(text)
    assert [text[slice(*span)] for span in wanted] == [" aply", " ozly"]
    with gatecore.accelerate(rules, store=cache):
        assert [rules.check(text + end) for end in "ab"] == [wanted, wanted]
    with gatecore.accelerate(rules, store=cache) as handle:
        handle.wait()
        assert max(len(pattern.source) for pattern in handle.patterns) > 2_000
        assert rules.check(text + "c") == wanted
        assert handle.stats().share == 1.0


def test_what_two_documents_ask_for_is_compiled_beside_the_work(
    new_module: NewModule, cache: PatternStore
) -> None:
    """In memory only: the words stand side by side in documents, not in the source."""
    rules = new_module(
        r"""
        import re
        FIRST, SECOND = ["field", "market", "mark", "rate", "risk"], [f"w{n}" for n in range(20)]

        def check(text):
            return [
                [found.span() for found in re.finditer(rf"\b{one}\s+{two}\b", text)]
                for one in FIRST for two in SECOND
            ]
        """,
        name="host_beside",
    )
    texts = [f"The field  w7 of number {n}: mark w3. " + "Nothing else. " * 800 for n in range(16)]
    wanted = [rules.check(text) for text in texts]
    assert sum(map(len, wanted[0])) == 2
    for _ in range(2):  # what was learned is not there at the next start
        with gatecore.accelerate(rules, store=cache) as handle:
            assert [rules.check(text) for text in texts] == wanted
            handle.wait()
            before = handle.stats()
            assert before.by_reason["the pattern is not in the document's set"] >= 500
            assert rules.check(texts[0] + "x") == wanted[0]
            assert handle.stats().served - before.served >= 95
            assert len(handle.patterns) < 100
    kept = b"".join(path.read_bytes() for path in cache.folder.iterdir() if path.is_file())
    assert b"w7" not in kept


def test_names_do_not_keep_the_hosts_own_patterns_from_being_kept(
    new_module: NewModule, cache: PatternStore
) -> None:
    """What two thousand names filled has room for what comes later."""
    rules = new_module(
        r"""
        import re

        def check(text):
            topic = "-".join("risk market".split()[::-1])  # market-risk
            asked = [*text.split(), topic]
            return [bool(re.search(word + r"\b", text)) for word in asked]
        """,
        name="host_flooded",
    )
    names = [f"Name{number}" for number in range(2_000)]
    with gatecore.accelerate(rules, store=cache):
        for text in (" ".join(names), " ".join([*names, "again"]), "market-risk", "no market-risk"):
            rules.check(text)
    (path,) = cache.folder.glob("*.jsonl")
    assert [json.loads(line)[0] for line in path.read_text().split("\n") if line] == [
        r"market-risk\b"
    ]


# Compiling what was learned.


def _with_learned(folder: Path) -> LearnedLog:
    """A cache with the set of `a+` and, learned by it, `late`; the log that says so."""
    cache = PatternStore(folder)
    patterns = PatternSet(["a+"], store=cache, learn=True)
    patterns.learn("late")
    assert patterns.learning.log is not None
    return patterns.learning.log


HANGING = """if True:
    import sys, threading
    import gatecore
    from gatecore.hosts import learning
    from gatecore.patterns import set as patterns

    class Gate:
        def check(self, text):
            return len(text)

    compile_ = patterns._compile
    begun = threading.Event()

    def hanging(listed, *rest):
        if any(pattern.source == "late" for pattern in listed):
            begun.set()
            threading.Event().wait()
        return compile_(listed, *rest)

    patterns._compile = hanging
    learning._PATIENCE_SECONDS = 0.2
    learning._HOPELESS_SECONDS = float(sys.argv[2])
    handle = gatecore.accelerate(Gate(), patterns=["a+"], store=gatecore.PatternStore(sys.argv[1]))
    assert begun.wait(60)
    print(len(handle.patterns))
    """


@pytest.mark.parametrize(("hopeless", "left"), [("0", 0), ("1000", 1)])
def test_a_compile_that_hangs_does_not_keep_the_process(
    tmp_path: Path, hopeless: str, left: int
) -> None:
    """The start does not wait for it, the end a moment; what hung for long is dropped."""
    log = _with_learned(tmp_path)
    run = run_python(HANGING, str(tmp_path), hopeless, seconds=120)
    assert (run.returncode, run.stdout, run.stderr) == (0, "1\n", "")
    assert len(log.patterns()) == left
    assert not list(tmp_path.glob("*.compiling.json"))


def test_what_spoiled_two_starts_is_dropped_and_named(tmp_path: Path) -> None:
    """As if the process had crashed while it compiled, twice."""
    cache = PatternStore(tmp_path)
    with gatecore.accelerate([Gate("a+")], store=cache, learn="all") as handle:
        handle.patterns.learn("late")
        log = handle.patterns.learning.log
        assert log is not None
    for _ in range(2):
        assert attempts.begin(log) == "go"
        assert attempts.begin(log) == "running"
        attempts._ours.clear()  # the process is gone; its number is used again
    with gatecore.accelerate([Gate("a+")], store=cache) as handle:
        handle.wait()
        assert "'late' did not come to an end twice" in str(handle.explain())
        assert len(handle.patterns) == len(handle.found.patterns)
    assert (log.patterns(), log.dropped()) == ([], [Pattern("late")])


def test_an_engine_that_is_dropped_is_freed(cache: PatternStore) -> None:
    """The handle lives in the engine and not in a register."""
    engine = Engine(m=Module(a=Gate("a+")))
    gatecore.accelerate(engine, store=cache)
    dead = weakref.ref(engine)
    del engine
    gc.collect()
    assert dead() is None
    assert sys.modules[__name__].__dict__["re"] is re


def test_threads_are_counted_each_by_its_own(cache: PatternStore) -> None:
    engine = Engine(m=Module(a=Gate("a+"), b=Gate("b+")))
    with gatecore.accelerate(engine, store=cache, patterns=["a+", "b+"]) as handle:
        start = threading.Barrier(4)

        def ask() -> None:
            start.wait()
            for number in range(50):
                assert engine.check_document(f"aab{number}", "t", None)["m.b"] == ["b"]

        in_threads(*[ask] * 4)
        stats = handle.stats()
        assert {n: (g.calls, g.served) for n, g in stats.by_gate.items()} == {
            "m.a": (200, 200),
            "m.b": (200, 200),
        }
        assert stats.served == 400


def test_a_bad_pattern_leaves_the_host_untouched(
    new_module: NewModule, cache: PatternStore
) -> None:
    rules = new_module()
    with pytest.raises(re.error):
        gatecore.accelerate(rules, store=cache, patterns=["("])
    assert rules.re is re


def test_a_folder_that_cannot_be_written_costs_the_cache_only(
    new_module: NewModule, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    rules = new_module()
    with gatecore.accelerate(rules, store=PatternStore(tmp_path / "file" / "sets")) as handle:
        assert rules.check(TEXT)["words"] == ["guaranteed"]
        assert "could not be written" in str(handle.explain())


@pytest.mark.parametrize("target", [None, 7, "rules", [], [7]], ids=repr)
def test_what_is_not_a_host_is_refused(target: object) -> None:
    with pytest.raises(AccelerateError, match="cannot be accelerated; give an engine"):
        gatecore.accelerate(target)
