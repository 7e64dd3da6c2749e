"""Reports come from a cache under a key of all that they depend on; only whole ones are kept."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest

import gatecore
from gatecore import Deadline, EngineOptions, ValidationReport
from gatecore.cache import MemoryCache
from tests.support.gates import branch_of, gate_of
from tests.unit.engine.engines import DictCache, Finds, Says, engine_of, ticking, word_of

APPLE, PEAR = word_of("a", "apple"), word_of("b", "pear", module="garden")


def test_the_same_document_is_judged_once() -> None:
    cache = DictCache()
    engine = engine_of(APPLE, cache=cache, options={"clock": ticking()})
    one = engine.validate_document("apple")
    assert engine.validate_document("apple") is one
    assert engine.validate_document("apple", deadline=60.0) is one
    assert (len(cache.kept), cache.hits) == (1, 2)
    assert engine.validate_document("apples") is not one


def test_its_tags_name_all_that_it_was_made_of() -> None:
    cache = DictCache()
    engine = engine_of(
        APPLE, PEAR, word_of("pii_a", "x", module="universal"), cache=cache, detectors=True
    )
    report = engine.validate_document("apple", modules=["house"])
    ((_, tags),) = cache.kept.values()
    assert tags[:-1] == (
        f"document:{report.document_hash}",
        "module:house",
        "module:universal",
        "gate:house/a",
        "gate:universal/pii_a",
    )
    assert tags[-1].startswith("version:")
    assert cache.invalidate("gate:house/a") == 1


def _keys(cache: DictCache, *engines: Any, **asked: Any) -> None:
    for engine in engines:
        engine.validate_document("apple pear", **asked)


def test_whatever_changes_an_answer_changes_the_key() -> None:
    cache = DictCache()
    count = itertools.count(1)

    def is_new(engine: Any, **asked: Any) -> None:
        engine.validate_document("apple pear", **asked)
        assert len(cache.kept) == next(count)

    is_new(engine_of(APPLE, PEAR, cache=cache))
    is_new(engine_of(APPLE, PEAR, cache=cache), document_type="letter")
    is_new(engine_of(APPLE, PEAR, cache=cache), modules="house")
    is_new(engine_of(PEAR, APPLE, cache=cache))
    is_new(engine_of(APPLE, cache=cache))
    is_new(engine_of(APPLE, PEAR, cache=cache, risk="worst"))
    is_new(engine_of(APPLE, PEAR, cache=cache, options={"max_findings": 5}))
    is_new(engine_of(word_of("a", "apple", version=2), PEAR, cache=cache))
    is_new(engine_of(word_of("a", "apples"), PEAR, cache=cache))
    is_new(engine_of(word_of("a", "apple", severity="low"), PEAR, cache=cache))
    other = gate_of({"a": ["apple"]}, branch_of(None, message="other words"), name="a")
    is_new(engine_of(other, PEAR, cache=cache))
    same = engine_of(APPLE, PEAR, cache=cache)
    same.registry.deactivate("b")
    is_new(same)
    same.registry.activate("b")
    same.validate_document("apple pear")
    assert len(cache.kept) == next(count) - 1  # that was there before
    same.registry.deprecate("b", reason="old")
    with pytest.warns(gatecore.errors.GatecoreDeprecation):
        same.validate_document("apple pear")
    assert len(cache.kept) == 13


def test_what_does_not_change_an_answer_does_not_change_the_key() -> None:
    """Another engine, process, place of the files, or options that are no limits of the report."""
    cache = DictCache()
    first = engine_of(APPLE, PEAR, cache=cache).validate_document("apple")
    from dataclasses import replace

    from gatecore.places import Place

    moved = replace(APPLE, place=Place("elsewhere.yaml", 9, 9))
    options = {"clock": ticking(), "deadline_seconds": 60.0}
    engine = engine_of(moved, PEAR, cache=cache, options=options)
    assert engine.validate_document("apple") is first
    assert engine.shares_answers


def test_python_is_not_shared_unless_its_state_is_named() -> None:
    cache = DictCache()
    gates = {"m": {"g": Finds()}}
    engines = [
        engine_of(python=gates, cache=cache),
        engine_of(python=gates, cache=cache),
        engine_of(APPLE, cache=cache, cross=[lambda _: ()]),
        engine_of(APPLE, cache=cache, cross=[lambda _: ()]),
        engine_of(APPLE, cache=cache, risk=lambda _: "LOW"),
    ]
    for number, engine in enumerate(engines, 1):
        assert not engine.shares_answers
        first = engine.validate_document("apple")
        assert len(cache.kept) == number
        assert engine.validate_document("apple") is first
    named = [
        engine_of(python=gates, cache=cache, options={"python_revision": revision})
        for revision in ("r1", "r1", "r2")
    ]
    reports = [engine.validate_document("apple") for engine in named]
    assert reports[0] is reports[1]
    assert reports[2] is not reports[1]
    assert len(cache.kept) == 7


def test_neither_errors_nor_unfinished_reports_are_kept() -> None:
    cache = DictCache()
    broken: Any = lambda _: 1 / 0  # noqa: E731
    for engine in (
        engine_of(python={"m": {"g": Says(ValueError())}}, cache=cache),
        engine_of(APPLE, cache=cache, cross=[broken]),
        engine_of(APPLE, cache=cache, risk=broken),
        engine_of(APPLE, cache=cache, options={"deadline_seconds": 0.0}),
    ):
        engine.validate_document("apple")
    engine_of(APPLE, cache=cache).validate_document("apple", deadline=0.0)
    assert cache.kept == {}


class SharesOne(DictCache):
    """Gives everyone what the first came to, as those who wait for the same key get it."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def get_or_compute(self, key: bytes, compute: Any, **_: Any) -> Any:
        return self.value


def test_who_waited_for_an_unfinished_report_judges_itself() -> None:
    unfinished = engine_of(APPLE).validate_document("apple", deadline=0.0)
    assert unfinished.incomplete
    engine = engine_of(APPLE, cache=SharesOne(unfinished))
    assert engine.validate_document("apple").is_finished


@pytest.mark.parametrize("value", [b"nothing of ours", 5, {}, b"{}", None])
def test_what_is_not_a_report_is_made_anew(value: Any) -> None:
    engine = engine_of(APPLE, cache=SharesOne(value))
    assert engine.validate_document("apple") == engine_of(APPLE).validate_document("apple")


def test_a_cache_may_keep_bytes_or_dicts() -> None:
    expected = engine_of(APPLE).validate_document("apple")
    for value in (expected.to_json(), expected.to_dict(), expected):
        cache = DictCache()
        engine = engine_of(APPLE, cache=cache)
        engine.validate_document("apple")
        (key,) = cache.kept
        cache.set(key, value)
        for deadline in (None, 60.0):
            assert engine.validate_document("apple", deadline=deadline) == expected
        assert cache.hits == 2


def test_threads_share_a_cache() -> None:
    cache = DictCache()
    engine = engine_of(APPLE, PEAR, cache=cache)
    texts = ["apple " * n for n in range(6)]
    expected = [engine_of(APPLE, PEAR).validate_document(text) for text in texts]
    found: list[tuple[int, ValidationReport]] = []

    def work() -> None:
        for n, text in enumerate(texts):
            found.append((n, engine.validate_document(text)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 48
    assert all(report == expected[n] for n, report in found)


def test_a_deadline_object_counts_as_given() -> None:
    cache = DictCache()
    engine = engine_of(APPLE, cache=cache)
    late = Deadline()
    late.cancel()
    assert not engine.validate_document("apple", deadline=late).is_finished
    assert EngineOptions().deadline_seconds is None


@pytest.mark.parametrize("modules", [None, ["house"]])
def test_the_memory_cache_keeps_reports(modules: list[str] | None) -> None:
    cache = MemoryCache()
    with engine_of(APPLE, cache=cache) as engine:
        first = engine.validate_document("an apple", modules=modules)
        assert engine.validate_document("an apple", modules=modules) is first
        assert engine.validate_document("an apple ", modules=modules) is not first
        assert engine.validate_document("an apple", document_type="nda") is not first
        assert cache.invalidate(f"document:{first.document_hash}") == 2
        again = engine.validate_document("an apple", modules=modules)
        assert again is not first
        assert cache.invalidate("gate:house/a") >= 2
        assert engine.validate_document("an apple", modules=modules) is not again
        assert cache.stats().computations >= 5


def test_what_is_invalidated_while_it_is_judged_under_a_deadline_is_not_kept() -> None:
    cache = MemoryCache()

    def check(text: str, _: str) -> dict[str, str]:
        cache.invalidate("module:house")
        return {"status": "PASS"}

    engine = gatecore.ComplianceEngine(
        python_modules={"house": {"says": Says(check)}},
        cache=cache,
        options=EngineOptions(python_revision="1"),
    )
    first = engine.validate_document("apple", deadline=60.0)
    assert engine.validate_document("apple", deadline=60.0) is not first
    assert cache.stats().entries == 0
