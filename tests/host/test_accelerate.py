"""`gatecore.accelerate` makes the host faster and changes none of its answers.

Two copies of the host live in one process. One stays as it is, the other is accelerated, and both
are asked the same. The names of the copies are the only thing in which they may differ.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore import AccelerateError, PatternStore
from tests.host.accelerated import accelerate
from tests.host.copies import (
    ENGINES,
    MODULES,
    Copy,
    copied_host,
    differences,
    gates_of,
    observed,
    without_times,
)
from tests.host.documents import VOCABULARY, WRONG_TYPES, documents

NewCopy = Callable[[], Copy]
DOCUMENTS = dict(documents())
FEW = ("tenancy", "advert", "privacy, dotted I", "workshop", "long job", "unknown rate", "empty")
LATE_GATE = """
import re


class LateGate:
    severity = "low"
    legal_source = "none yet"

    def check(self, text, document_type):
        found = [m.span() for m in re.finditer(r"u\\w+s\\b|ten(?:ant|ancy)", text, re.IGNORECASE)]
        again = "umbrella" in text.lower() and re.search(r"(\\w)\\1", text) is not None
        return {"status": "WARNING" if found else "PASS", "spans": found, "again": again}
"""
TWO_FUNCTIONS = """
import re

ENDINGS = {"ing": r"\\w+ing\\b", "ed": r"\\w+ed\\b"}


def endings(text):
    return {name: re.findall(pattern, text) for name, pattern in ENDINGS.items()}


def is_loud(text):
    return bool(re.search(r"!|[A-Z]{4}", text)) or "hurry" in text.lower()
"""


class Pair:
    """An engine as it is and an accelerated one of another copy, the same in all else."""

    def __init__(self, old: Any, new: Any, handle: Any) -> None:
        self.old = old
        self.new = new
        self.handle = handle

    def differences(self, text: Any, document_type: Any = "tenancy", modules: Any = None) -> str:
        """Where the two engines' answers differ; empty if nowhere."""
        arguments = (text, document_type, modules)
        return _difference(self.old.check_document, self.new.check_document, *arguments)


def _difference(old: Callable[..., Any], new: Callable[..., Any], *arguments: Any) -> str:
    return "\n".join(differences(observed(old, *arguments), observed(new, *arguments))[:5])


def _answers(engine: Any, names: tuple[str, ...] = FEW) -> Any:
    return [
        without_times(engine.check_document(DOCUMENTS[name], "tenancy", None)) for name in names
    ]


@pytest.fixture(scope="module")
def pairs(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path
) -> Iterator[dict[str, Pair]]:
    """One pair for each kind of engine; tests ask them, and change nothing."""
    with ExitStack() as stack:
        made = {}
        for kind in ENGINES:
            folder = tmp_path_factory.mktemp("hosts")
            old, new = (stack.enter_context(copied_host(folder)).engine(kind) for _ in range(2))
            handle = accelerate(new, store=PatternStore(cache_folder))
            stack.callback(handle.restore)
            made[kind] = Pair(old, new, handle)
        yield made


# The same answers.


@pytest.mark.parametrize("kind", ENGINES)
def test_the_report_of_every_document_is_the_same(kind: str, pairs: dict[str, Pair]) -> None:
    """Every key, order, span, text and type; times and the threads' order aside."""
    found = {name: pairs[kind].differences(text) for name, text in DOCUMENTS.items()}
    assert {name: where for name, where in found.items() if where} == {}


def test_every_gate_alone_says_the_same(pairs: dict[str, Pair]) -> None:
    """Lone surrogates too, which an engine cannot hash; what a gate raises is the same as well."""
    new = gates_of(pairs["sync"].new)
    found = {
        (name, gate_id): _difference(gate.check, new[gate_id].check, text, "order")
        for gate_id, gate in gates_of(pairs["sync"].old).items()
        for name, text in DOCUMENTS.items()
    }
    assert len(found) > 2_000
    assert {place: where for place, where in found.items() if where} == {}


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize(
    "modules",
    [
        None,
        [],
        ["privacy"],
        ["workshop", "lettings"],
        ("adverts", "adverts"),
        {"privacy"},
        "adverts",
        "nowhere",
        ["heritage", "privacy", "nowhere", None],
        0,
        [["unhashable"]],
    ],
    ids=repr,
)
def test_active_modules_mean_the_same(kind: str, modules: Any, pairs: dict[str, Pair]) -> None:
    found = [pairs[kind].differences(DOCUMENTS[name], "advert", modules) for name in FEW]
    assert "".join(found) == ""


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("document_type", ["privacy_notice", "", None, 7])
def test_document_types_mean_the_same(
    kind: str, document_type: Any, pairs: dict[str, Pair]
) -> None:
    found = [pairs[kind].differences(DOCUMENTS[name], document_type) for name in FEW]
    assert "".join(found) == ""


@pytest.mark.parametrize("text", WRONG_TYPES, ids=repr)
def test_what_is_not_text_gives_the_same_error(text: Any, pairs: dict[str, Pair]) -> None:
    """Of an engine a report of the error; of a gate the same exception with the same words."""
    found = [pairs[kind].differences(text) for kind in ENGINES]
    new = gates_of(pairs["sync"].new)
    for gate_id, gate in gates_of(pairs["sync"].old).items():
        found.append(_difference(gate.check, new[gate_id].check, text, "order"))
    assert "".join(found) == ""


def test_a_call_with_wrong_arguments_raises_the_same(pairs: dict[str, Pair]) -> None:
    old, new = (
        gates_of(engine)["lettings.deposit"] for engine in (pairs["sync"].old, pairs["sync"].new)
    )
    for arguments in [(), ("a deposit",), ("a", "b", "c")]:
        assert _difference(old.check, new.check, *arguments) == ""
    text = DOCUMENTS["tenancy"]
    assert old.check(document_type="t", text=text) == new.check(document_type="t", text=text)
    assert old._is_relevant(text) == new._is_relevant(text)


@settings(max_examples=60)
@given(
    words=st.lists(st.sampled_from(VOCABULARY), max_size=80), glue=st.sampled_from([" ", "\n", ""])
)
def test_generated_documents_give_the_same(
    words: list[str], glue: str, pairs: dict[str, Pair]
) -> None:
    """Words of the host's own documents in any order, with odd characters between them."""
    text = glue.join(words)
    assert pairs["sync"].differences(text) == ""


def test_the_same_document_again_gives_the_same(pairs: dict[str, Pair]) -> None:
    """What was kept of the last document is not taken for this one, nor changed by its reader."""
    pair = pairs["sync"]
    for name in ("tenancy", "advert", "tenancy"):
        first = pair.new.check_document(DOCUMENTS[name], "tenancy", None)
        for module in first["modules"].values():
            for gate in module["gates"].values():
                gate.clear()
        assert pair.differences(DOCUMENTS[name]) == ""


# Threads.


@pytest.mark.parametrize("kind", ENGINES)
def test_eight_threads_on_one_engine_get_their_own_answers(
    kind: str, pairs: dict[str, Pair]
) -> None:
    pair = pairs[kind]
    wanted = [without_times(pair.old.check_document(DOCUMENTS[n], "tenancy", None)) for n in FEW]
    start = threading.Barrier(8)

    def ask(shift: int) -> list[str]:
        start.wait()
        found = []
        for turn in range(2 * len(FEW)):
            number = (turn + shift) % len(FEW)
            report = pair.new.check_document(DOCUMENTS[FEW[number]], "tenancy", None)
            found += differences(wanted[number], without_times(report))
        return found

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert [line for lines in pool.map(ask, range(8)) for line in lines] == []


# The handle.


def test_at_least_nine_of_ten_calls_are_served(new_copy: NewCopy, cache: PatternStore) -> None:
    engine = new_copy().engine()
    handle = accelerate(engine, store=cache)
    for name in (
        *("tenancy", "inventory", "advert", "sponsored", "privacy", "bad privacy", "workshop"),
    ):
        engine.check_document(DOCUMENTS[name], "tenancy", None)
    stats = handle.stats()
    handle.restore()
    assert stats.served > 500
    assert sum(stats.by_reason.values()) == stats.fell_through
    share = stats.served / (stats.served + stats.fell_through)
    assert share >= 0.9, f"{share:.1%}: {stats.by_reason} {stats.by_gate}"


def test_stats_name_every_gate_and_begin_at_nothing(new_copy: NewCopy, cache: PatternStore) -> None:
    engine = new_copy().engine()
    handle = accelerate(engine, store=cache)
    stats = handle.stats()
    assert (stats.served, stats.fell_through, stats.by_reason) == (0, 0, {})
    engine.check_document(DOCUMENTS["all together"], "tenancy", None)
    named = [str(gate) for gate in handle.stats().by_gate]
    handle.restore()
    for gate in engine.modules["lettings"].gates:
        assert [name for name in named if gate in name] != [], (gate, named)


@pytest.mark.parametrize("modules", [None, [], "raises"])
def test_calls_of_gates_are_counted_within_a_document_and_alone(
    modules: Any, new_copy: NewCopy, cache: PatternStore
) -> None:
    """Also after a document that asked no gate, and after one that ended with an error."""
    engine = new_copy().engine()
    gates = gates_of(engine)
    with accelerate(engine, store=cache) as handle:
        if modules == "raises":
            with pytest.raises(TypeError):
                engine.check_document(DOCUMENTS["tenancy"])
        else:
            engine.check_document(DOCUMENTS["tenancy"], "letter", modules)
        within = 1 if modules is None else 0
        assert {row.calls for row in handle.stats().by_gate.values()} == {within}
        served = handle.stats().served
        for gate in gates.values():
            gate.check(DOCUMENTS["tenancy"], "letter")
        rows = handle.stats().by_gate.values()
        assert {row.calls for row in rows} == {within + 1}
        assert sum(row.served for row in rows) > 0
        assert handle.stats().served > served


def test_explain_says_what_was_found(new_copy: NewCopy, cache: PatternStore) -> None:
    handle = accelerate(new_copy().engine(), store=cache)
    explained = handle.explain()
    handle.restore()
    assert explained.host == "1 engine, 22 gates"
    assert any("deposit" in pattern.source for pattern, _ in explained)


# Nothing remains.


@pytest.mark.parametrize("kind", ENGINES)
def test_restore_leaves_no_trace(kind: str, new_copy: NewCopy, cache: PatternStore) -> None:
    """Every name of every module, class and object stands for the same object as before."""
    copy = new_copy()
    engine = copy.engine(kind)
    wanted = _answers(engine)
    before, names_of_re = copy.traces(engine), dict(vars(re))
    handle = accelerate(engine, store=cache)
    _answers(engine)
    assert _changed(names_of_re, dict(vars(re))) == []
    assert sys.modules["re"] is re
    handle.restore()
    _assert_same_names(before, copy.traces(engine))
    assert differences(wanted, _answers(engine)) == []
    handle.restore()
    _assert_same_names(before, copy.traces(engine))


@pytest.mark.parametrize("first_restored", [0, 1])
def test_accelerating_twice_is_harmless(
    first_restored: int, new_copy: NewCopy, cache: PatternStore
) -> None:
    """In whichever order the handles are restored, the host works and nothing remains."""
    copy = new_copy()
    engine = copy.engine()
    wanted = _answers(engine)
    before = copy.traces(engine)
    handles = [accelerate(engine, store=cache) for _ in range(2)]
    assert differences(wanted, _answers(engine)) == []
    handles[first_restored].restore()
    assert differences(wanted, _answers(engine)) == []
    handles[1 - first_restored].restore()
    assert differences(wanted, _answers(engine)) == []
    _assert_same_names(before, copy.traces(engine))


def test_a_host_can_be_accelerated_again(new_copy: NewCopy, cache: PatternStore) -> None:
    copy = new_copy()
    engine = copy.engine()
    wanted = _answers(engine)
    before = copy.traces(engine)
    for _ in range(3):
        handle = accelerate(engine, store=cache)
        assert differences(wanted, _answers(engine)) == []
        assert handle.stats().served > 0
        handle.restore()
    _assert_same_names(before, copy.traces(engine))


def _changed(before: dict[Any, Any], after: dict[Any, Any]) -> list[Any]:
    nothing = object()
    names = {**before, **after}
    return [name for name in names if before.get(name, nothing) is not after.get(name, nothing)]


def _assert_same_names(before: dict[str, dict[Any, Any]], after: dict[str, dict[Any, Any]]) -> None:
    changed = {place: _changed(names, after.get(place, {})) for place, names in before.items()}
    assert {place: names for place, names in changed.items() if names} == {}
    assert sorted(before) == sorted(after)


# More than one engine, and what is not an engine.


def test_two_engines_of_one_host_side_by_side(new_copy: NewCopy, cache: PatternStore) -> None:
    """They share modules and classes; each may be accelerated and restored when it likes."""
    copy = new_copy()
    one, two = copy.engine(), copy.engine("async")
    wanted = _answers(one), _answers(two)
    before = copy.traces(one, two)

    def agree() -> None:
        assert differences(wanted, (_answers(one), _answers(two))) == []

    first = accelerate(one, store=cache)
    agree()
    second = accelerate(two, store=cache)
    agree()
    first.restore()
    agree()
    second.restore()
    agree()
    _assert_same_names(before, copy.traces(one, two))


def test_two_hosts_side_by_side_do_not_touch_each_other(
    new_copy: NewCopy, cache: PatternStore
) -> None:
    old, new = new_copy(), new_copy()
    engine, other = old.engine(), new.engine()
    before = old.traces(engine)
    handle = accelerate(other, store=cache)
    _assert_same_names(before, old.traces(engine))
    assert differences(_answers(engine), _answers(other)) == []
    handle.restore()


def test_one_module_can_be_accelerated(new_copy: NewCopy, cache: PatternStore) -> None:
    copy = new_copy()
    engine = copy.engine()
    wanted = _answers(engine)
    before = copy.traces(engine)
    for name in ("privacy", "workshop"):
        handle = accelerate(engine.modules[name], store=cache)
        assert differences(wanted, _answers(engine)) == []
        assert handle.stats().served > 0
        handle.restore()
        _assert_same_names(before, copy.traces(engine))


def test_a_list_of_gates_can_be_accelerated(new_copy: NewCopy, cache: PatternStore) -> None:
    copy = new_copy()
    engine = copy.engine()
    gates = list(gates_of(engine).values())[::2]
    wanted = [observed(gate.check, text, "order") for gate in gates for text in DOCUMENTS.values()]
    before = copy.traces(engine)
    handle = accelerate(gates, store=cache)
    found = [observed(gate.check, text, "order") for gate in gates for text in DOCUMENTS.values()]
    assert differences(wanted, found) == []
    assert handle.stats().served > 0
    handle.restore()
    _assert_same_names(before, copy.traces(engine))


def test_a_list_of_python_modules_can_be_accelerated(
    new_copy: NewCopy, cache: PatternStore
) -> None:
    """Functions that take a text and ask `re`: no gates, no engine."""
    copy = new_copy()
    copy.add("endings.py", TWO_FUNCTIONS)
    module, shared = copy.load("endings"), copy.load("modules.shared")

    def ask() -> list[Any]:
        patterns = [r"\bthe\s+\w+", r"£\s*\d+"]
        return [
            observed(function, *arguments)
            for text in DOCUMENTS.values()
            for function, arguments in [
                (module.endings, (text,)),
                (module.is_loud, (text,)),
                (shared.spans_of, (patterns, text, "late")),
                (shared.count_present, (patterns, text)),
            ]
        ]

    wanted, before = ask(), copy.traces()
    handle = accelerate([module, shared], store=cache)
    assert differences(wanted, ask()) == []
    handle.restore()
    _assert_same_names(before, copy.traces())


# What comes later, and what went wrong.


def test_a_gate_added_later_answers_as_ever(new_copy: NewCopy, cache: PatternStore) -> None:
    """To a module's dict, to a module that registers its gates, and as a module loaded late."""
    reports = []
    for accelerated in (False, True):
        copy = new_copy()
        engine = copy.engine(modules=MODULES[:1] + MODULES[3:])
        copy.add("modules/lettings/gates/late.py", LATE_GATE)
        handle = accelerate(engine, store=cache) if accelerated else None
        reports.append([_answers(engine)])
        late = copy.load("modules.lettings.gates.late").LateGate
        engine.modules["lettings"].gates["late"] = late()
        engine.modules["workshop"].register_gate("late", late(), version="0.0.1")
        assert engine.load_module("adverts")
        reports[-1].append(_answers(engine))
        if handle is not None:
            handle.restore()
            reports[-1].append(_answers(engine))
    assert differences(reports[0], reports[1][:2]) == []
    assert differences(reports[0][1], reports[1][2]) == []


def test_a_gate_that_raises_leaves_the_others_alone(pairs: dict[str, Pair]) -> None:
    """The exception's text is in the report, and a caller of the gate gets the exception."""
    text = DOCUMENTS["unknown rate"]
    report = pairs["sync"].new.check_document(text, "order", None)
    gates = report["modules"]["workshop"]["gates"]
    assert gates["tariff"]["message"] == "Gate error: 'polishing'"
    assert gates["job_numbers"]["status"] == "FAIL"
    with pytest.raises(KeyError, match="polishing"):
        gates_of(pairs["sync"].new)["workshop.tariff"].check(text, "order")
    with pytest.raises(ValueError, match="4300"):
        gates_of(pairs["sync"].new)["workshop.job_numbers"].check(DOCUMENTS["long job"], "order")


def test_reports_do_not_hold_documents(pairs: dict[str, Pair]) -> None:
    """A report outlives its document: all text in it is plain `str`."""
    waiting: list[Any] = _answers(pairs["sync"].new)
    kinds = set()
    while waiting:
        value = waiting.pop()
        kinds.add(type(value))
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, (list, tuple)):
            waiting += value
    assert kinds <= {dict, list, tuple, str, int, float, bool, type(None)}


@pytest.mark.parametrize("target", [None, 7, "lettings", [7], object], ids=repr)
def test_what_cannot_be_accelerated_is_refused(target: Any) -> None:
    """Accepting it silently would look like success."""
    with pytest.raises(AccelerateError, match="give an engine"):
        accelerate(target)


# The cache.


def test_a_second_start_compiles_nothing(new_copy: NewCopy, tmp_path: Path) -> None:
    """The folder serves another copy of the same host, as it would another process."""
    answers, caches = [], [PatternStore(tmp_path / "sets") for _ in range(2)]
    for cache in caches:
        engine = new_copy().engine()
        handle = accelerate(engine, store=cache)
        answers.append(_answers(engine))
        handle.restore()
    first, second = caches
    assert first.hits == 0
    assert first.misses > 0
    assert (second.hits, second.misses) == (first.misses, 0)
    assert first.rejected == second.rejected == []
    assert differences(*answers) == []
