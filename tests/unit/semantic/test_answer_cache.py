"""Answers that were given before: the same ones, from wherever they are, whatever is ill."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecore.audit import AuditStore
from gatecore.cache import MemoryCache, RedisCache
from gatecore.errors import SemanticError
from gatecore.patterns.pattern import Pattern
from gatecore.semantic.answer_cache import AnswerCache, StoredAnswer, answer_key
from gatecore.semantic.gates import Choice, Passages, SemanticGate
from tests.support.redis_server import RedisServer

_DOCUMENT = sha256(b"letter").digest()
_GATE = SemanticGate(
    "gdpr_uk/consent",
    "Is silence taken for consent?",
    (
        Choice("PASS", "It is not.", "none", "Consent is active."),
        Choice("FAIL", "It is.", "high", "Silence is consent.", needs_quote=True),
    ),
    Passages(("consent",), 100),
)

_ANSWERS = st.builds(
    StoredAnswer,
    st.sampled_from(["PASS", "WARNING", "FAIL", "N/A"]),
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(
            lambda pair: (min(pair), max(pair))
        ),
        max_size=4,
    ).map(tuple),
    st.text(st.characters()),
    st.text(),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _keys(count: int) -> list[bytes]:
    return [sha256(str(number).encode()).digest() for number in range(count)]


class _Ill:
    """A cache and a store that raise whatever they are asked, until they are well."""

    def __getattr__(self, name: str) -> Any:
        def raises(*_: Any, **__: Any) -> None:
            raise ConnectionError("SECRET")

        return raises


class _Kept:
    """A store in memory, which counts its questions."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.asked: list[Sequence[bytes]] = []

    def answers(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        self.asked.append(keys)
        return {key: self.kept[key] for key in keys if key in self.kept}

    def keep_answers(self, answers: Mapping[bytes, bytes], *, document: bytes) -> None:
        self.kept = {**answers, **self.kept}

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


class _Values:
    """A cache in memory that says what it was given."""

    def __init__(self) -> None:
        self.values: dict[bytes, Any] = {}
        self.tags: dict[bytes, Collection[str]] = {}

    def get(self, key: bytes) -> Any:
        return self.values.get(key)

    def set(self, key: bytes, value: Any, *, tags: Collection[str] = (), cost: float = 0.0) -> None:
        self.values[key], self.tags[key] = value, tags

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AuditStore]:
    with AuditStore(tmp_path / "audit.db") as store:
        yield store


@given(_ANSWERS)
def test_an_answer_comes_back_from_its_bytes(answer: StoredAnswer) -> None:
    assert StoredAnswer.from_bytes(answer.to_bytes()) == answer
    assert StoredAnswer.from_bytes(answer.to_bytes(with_reason=False)) == replace(answer, reason="")


@given(st.binary() | _JSON.map(lambda value: json.dumps(value).encode()))
def test_what_is_no_answer_is_an_error_that_quotes_nothing(stored: bytes) -> None:
    with pytest.raises(SemanticError) as raised:
        StoredAnswer.from_bytes(stored)
    assert str(raised.value) == "what is kept is not an answer of this version"


@given(
    st.sampled_from(["format", "status", "spans", "reason", "model", "extra"]),
    _JSON,
)
def test_one_odd_field_never_becomes_an_odd_answer(name: str, value: Any) -> None:
    plain = json.loads(StoredAnswer("FAIL", ((1, 2),), "because", "a-model").to_bytes())
    plain[name] = value
    try:
        answer = StoredAnswer.from_bytes(json.dumps(plain).encode())
    except SemanticError:
        return
    assert name in ("status", "spans", "reason", "model") or value == 1
    assert answer.status in ("PASS", "WARNING", "FAIL", "N/A")
    assert all(type(x) is int and 0 <= a <= b for a, b in answer.spans for x in (a, b))
    assert type(answer.reason) is type(answer.model) is str


@pytest.mark.parametrize(
    ("answer", "length", "is_valid"),
    [
        (StoredAnswer("PASS"), 0, True),
        (StoredAnswer("PASS", ((0, 5),)), 5, True),
        (StoredAnswer("PASS", ((0, 5),)), 4, False),
        (StoredAnswer("FAIL", ((0, 5),)), 5, True),
        (StoredAnswer("FAIL"), 5, False),
        (StoredAnswer("WARNING"), 5, False),
        (StoredAnswer("N/A"), 5, False),
    ],
)
def test_an_answer_that_the_gate_cannot_give_is_not_valid(
    answer: StoredAnswer, length: int, is_valid: bool
) -> None:
    assert answer.valid_for(_GATE, length) is is_valid


def test_a_key_changes_with_all_that_an_answer_depends_on() -> None:
    first, second = _GATE.choices
    gates = [
        _GATE,
        replace(_GATE, gate="gdpr_uk/other"),
        replace(_GATE, question="Is it?"),
        replace(_GATE, version="2"),
        replace(_GATE, evidence=None),
        replace(_GATE, evidence=Passages(("consent",), 101)),
        replace(_GATE, evidence=Passages(("consents",), 100)),
        replace(_GATE, evidence=Passages((Pattern("consent", 2),), 100)),
        replace(_GATE, choices=(first, replace(second, needs_quote=False))),
        replace(_GATE, choices=(second, first)),
        replace(_GATE, choices=(first, replace(second, when="Ever."))),
    ]
    whole: dict[str, Any] = {
        "model": "a-model",
        "prompt_version": "1",
        "gate": _GATE.meaning,
        "document": _DOCUMENT,
        "evidence": "e",
        "redaction": "r",
    }
    asked = [{**whole, "gate": gate.meaning} for gate in gates]
    asked += [{**whole, name: "x"} for name in ("model", "prompt_version", "evidence", "redaction")]
    asked += [{**whole, "document": bytes(32)}, {**whole, "more": ("low",)}]
    asked += [{**whole, "evidence": "er", "redaction": ""}, {**whole, "redaction": "er"}]
    keys = [answer_key(**one) for one in asked]
    assert len(set(keys)) == len(keys)
    for same in (
        replace(_GATE, open_on=("FAIL",)),
        replace(_GATE, choices=(first, replace(second, severity="low", message="No."))),
    ):
        assert answer_key(**{**whole, "gate": same.meaning}) == keys[0]


def test_what_a_slower_tier_has_is_put_into_the_faster_ones(store: AuditStore) -> None:
    keys = _keys(40)
    answers = {key: StoredAnswer("PASS", ((n, n + 1),), "why", "m") for n, key in enumerate(keys)}
    AnswerCache(None, store.semantic).put_many(answers, document=_DOCUMENT)
    store.flush()

    without = {key: replace(answer, reason="") for key, answer in answers.items()}
    values = _Values()
    first = AnswerCache(values, store.semantic)
    assert first.get_many([*keys, bytes(32)], document=_DOCUMENT) == without
    assert set(values.values) == set(keys)
    second = AnswerCache(values, None)
    for _ in range(2):
        assert second.get_many(keys, document=_DOCUMENT) == without
    numbers = second.measurements()
    assert (numbers["cache_hits_total"], numbers["memory_hits_total"]) == (40, 40)
    numbers = first.measurements()
    assert (numbers["store_hits_total"], numbers["misses_total"]) == (40, 1)


def test_the_store_is_asked_once_for_all_and_never_for_what_is_known() -> None:
    keys, store = _keys(30), _Kept()
    cache = AnswerCache(None, store)
    cache.put_many({key: StoredAnswer("PASS") for key in keys[:10]}, document=_DOCUMENT)
    assert len(cache.get_many(keys, document=_DOCUMENT)) == 10
    assert [list(asked) for asked in store.asked] == [keys[10:]]
    cache.get_many(keys[:10], document=_DOCUMENT)
    assert len(store.asked) == 1


@pytest.mark.parametrize("keeps", [False, True])
def test_words_of_the_model_leave_the_process_only_if_they_may(keeps: bool) -> None:
    (key,), values, store = _keys(1), _Values(), _Kept()
    said = StoredAnswer("FAIL", ((1, 2),), "SECRET", "a-model")
    cache = AnswerCache(values, store, keep_reasons=keeps)
    cache.put_many({key: said}, document=_DOCUMENT)
    assert cache.get_many([key], document=_DOCUMENT) == {key: said}
    for kept in (values.values[key], store.kept[key]):
        assert (b"SECRET" in kept) is keeps
        assert b"FAIL" in kept
    found = AnswerCache(None, store, keep_reasons=keeps).get_many([key], document=_DOCUMENT)
    assert found[key].reason == ("SECRET" if keeps else "")


def test_garbage_is_a_miss_that_is_counted_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys, values = _keys(4), _Values()
    good = StoredAnswer("PASS").to_bytes()
    newer = good.replace(b'"format":1', b'"format":2')
    assert newer != good
    odd = (b"SECRET", keys[0] + good, keys[2] + newer, keys[3] + good)  # the second of another
    values.values = dict(zip(keys, odd, strict=True))
    cache = AnswerCache(values, None)
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            assert list(cache.get_many(keys, document=_DOCUMENT)) == [keys[3]]
    assert cache.measurements()["refused_total"] == 6
    assert len(caplog.records) == 1
    assert "SECRET" not in caplog.text


def test_tiers_that_are_ill_cost_nothing_but_a_count(caplog: pytest.LogCaptureFixture) -> None:
    keys = _keys(3)
    cache = AnswerCache(_Ill(), _Ill())
    with caplog.at_level(logging.DEBUG):
        assert cache.get_many(keys, document=_DOCUMENT) == {}
        cache.put_many({key: StoredAnswer("PASS") for key in keys}, document=_DOCUMENT)
        assert set(cache.get_many(keys, document=_DOCUMENT)) == set(keys)
        cache.forget(_DOCUMENT)
    assert cache.get_many([], document=_DOCUMENT) == {}
    numbers = cache.measurements()
    assert (numbers["cache_failures_total"], numbers["store_failures_total"]) == (7, 2)
    assert len(caplog.records) == 2
    assert "SECRET" not in caplog.text


def test_memory_keeps_the_latest() -> None:
    keys = _keys(5)
    cache = AnswerCache(None, None, most=3)
    for key in keys[:3]:
        cache.put_many({key: StoredAnswer("PASS")}, document=_DOCUMENT)
    cache.get_many(keys[:1], document=_DOCUMENT)
    cache.put_many({key: StoredAnswer("PASS") for key in keys[3:]}, document=_DOCUMENT)
    assert set(cache.get_many(keys, document=_DOCUMENT)) == {keys[0], *keys[3:]}


def test_a_document_is_forgotten(store: AuditStore) -> None:
    (one, other), values = _keys(2), MemoryCache()
    cache = AnswerCache(values, store.semantic)
    cache.put_many({one: StoredAnswer("PASS")}, document=_DOCUMENT)
    cache.put_many({other: StoredAnswer("PASS")}, document=bytes(32))
    store.flush()
    cache.forget(_DOCUMENT)
    store.erase(_DOCUMENT.hex())
    for tiers in (cache, AnswerCache(values, None), AnswerCache(None, store.semantic)):
        assert set(tiers.get_many([one, other], document=_DOCUMENT)) == {other}


def test_answers_are_shared_through_redis(shared_redis: RedisServer, cache_name: str) -> None:
    keys = _keys(5)
    answers = {key: StoredAnswer("FAIL", ((1, 2),), model="a-model") for key in keys}
    with_redis = [RedisCache(shared_redis.url, name=cache_name) for _ in range(2)]
    AnswerCache(with_redis[0], None).put_many(answers, document=_DOCUMENT)
    other = AnswerCache(with_redis[1], None)
    assert other.get_many(keys, document=_DOCUMENT) == answers
    assert other.measurements()["cache_hits_total"] == 5
    other.forget(_DOCUMENT)
    assert AnswerCache(with_redis[0], None).get_many(keys, document=_DOCUMENT) == {}
    for redis in with_redis:
        redis.close()
