"""Replayed gates give what their own Python gives, which runs beside them as the oracle."""

from __future__ import annotations

import os
import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gatecore.errors import ReplayError
from gatecore.hosts.acceleration import Acceleration, accelerate
from gatecore.hosts.replay.gate import same
from tests.unit.hosts import replay_gates
from tests.unit.hosts.replay_gates import FOLLOWED, REFUSED, Base, Kinds, Questions

WORDS = (
    *("risk", "risks", "fee", "no fee", "loan of 7", "loan of 12 months", "bond", "maybe", "Might"),
    *("RISK", "the", "of", "and", "3", "150", "perhaps", "a\n", "İ", "£", "no  fee", ".", "x" * 40),
)


def texts(count: int, seed: int = 1) -> list[str]:
    chosen = random.Random(seed)
    short = [" ".join(chosen.choices(WORDS, k=chosen.randrange(12))) for _ in range(count)]
    long = [" ".join(chosen.choices(WORDS, k=chosen.randrange(60))) for _ in range(count)]
    return [*short, *long, "", "risk", " " * 80, "\ud800 risk fee"]


def replayed(gate: Any, **options: Any) -> Acceleration:
    return accelerate(gate, keep=False, replay=True, **options)


def compare(gate: Any, oracle: Any, some: list[str], kind: str = "letter") -> None:
    for text in some:
        assert same(gate.check(text, kind), oracle.check(text, kind)), text


@pytest.mark.parametrize("make", FOLLOWED)
def test_a_replayed_gate_gives_what_its_python_gives(make: Any) -> None:
    gate = make()
    plain = type("Plain", (make,), {})()
    with replayed(gate) as handle:
        compare(gate, plain, texts(150))
        (counts,) = handle.explain().replay.values()
        assert counts.refused is None
        assert counts.replayed > 200, counts
        label = next(iter(handle.stats().by_gate))
        assert handle.stats().by_gate[label].calls == 304


@pytest.mark.parametrize("make", list(REFUSED))
def test_what_is_not_pure_is_refused_with_a_reason(make: Any) -> None:
    gate, plain = make(), make()
    with replayed(gate) as handle:
        for text in texts(20):
            found, expected = gate.check(text, "letter"), plain.check(text, "letter")
            assert str(found)[:20] == str(expected)[:20]
        explained = handle.explain()
    (counts,) = explained.replay.values()
    assert counts.replayed == 0
    assert REFUSED[make] in (counts.refused, *counts.reasons)
    assert REFUSED[make] in str(explained)
    replay_gates.SEEN.clear()


def test_results_share_nothing() -> None:
    gate, plain = replay_gates.Spans(), replay_gates.Spans()
    text = "no fee, risky, and a loan of 7 with risk and bond " * 3
    with replayed(gate) as handle:
        for _ in range(8):
            found = gate.check(text, "letter")
            assert same(found, plain.check(text, "letter"))
            found["spans"][0]["text"] = "changed"
            found["spans"].clear()
        assert next(iter(handle.explain().replay.values())).replayed > 0


def test_what_else_it_is_called_with_is_part_of_the_key() -> None:
    gate, plain = Kinds(), Kinds()
    with replayed(gate) as handle:
        for _ in range(6):
            for kind in ("short", "long", "other"):
                compare(gate, plain, texts(4), kind)
        assert gate.check("risk", kind="long") == plain.check("risk", kind="long")
        assert gate.check(text="risk", kind="long") == plain.check("risk", "long")
        assert next(iter(handle.explain().replay.values())).replayed > 50


def test_changes_of_what_a_gate_reads_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, plain = Questions(), Questions()
    some = texts(30)
    with replayed(gate) as handle:
        compare(gate, plain, some)
        for one in (gate, plain):
            one.severity = "low"
        compare(gate, plain, some)
        for one in (gate, plain):
            one.patterns.append(r"\bbond\b")
        compare(gate, plain, some)
        monkeypatch.setattr(replay_gates, "WEAK", ["the", "and"])
        compare(gate, plain, some)
        monkeypatch.setattr(replay_gates, "strong", lambda text, words: "fee" in text)
        compare(gate, plain, some)
        monkeypatch.setattr(Base, "source", "rule 8")
        compare(gate, plain, some)
        for one in (gate, plain):
            vars(one)["relevant"] = lambda text: True
        compare(gate, plain, some)
        counts = next(iter(handle.explain().replay.values()))
        assert counts.replayed > 60


def test_arguments_that_it_does_not_take_raise() -> None:
    gate: Any = Questions()
    with replayed(gate):
        for text in texts(10):
            gate.check(text, "letter")
        with pytest.raises(TypeError):
            gate.check("risk", other="letter")
        with pytest.raises(TypeError):
            gate.check("risk")


def test_a_name_that_comes_before_another_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    late = type("Late", (Questions,), {})
    gate, plain = late(), late()
    with replayed(gate) as handle:
        compare(gate, plain, texts(20))
        monkeypatch.setattr(late, "relevant", lambda self, text: "fee" in text, raising=False)
        compare(gate, plain, texts(20))
        monkeypatch.setattr(late, "source", "rule 9", raising=False)
        compare(gate, plain, texts(20))
        assert next(iter(handle.explain().replay.values())).replayed > 20


def test_an_audit_raises_and_ends_the_replay() -> None:
    gate = Questions()
    with replayed(gate, audit_every=5) as handle:
        for text in texts(30):
            gate.check(text, "letter")
        counts = next(iter(handle.explain().replay.values()))
        assert counts.audited > 3
        assert counts.refused is None
        (known,) = handle._replays._by_place.values()  # type: ignore[union-attr]
        known._check = lambda text, kind: {"status": "another"}
        with pytest.raises(ReplayError, match="another"):
            [gate.check(text, "letter") for text in texts(30)]
        assert "audit" in str(next(iter(handle.explain().replay.values())).refused)
        compare(gate, Questions(), texts(30))


def test_what_raises_raises_as_it_does() -> None:
    gate = replay_gates.Groups()
    with replayed(gate):
        compare(gate, replay_gates.Groups(), texts(30))
        if hasattr(sys, "get_int_max_str_digits"):
            with pytest.raises(ValueError, match="digits"):
                gate.check("risk " + "9" * 5_000, "letter")


def test_threads_share_a_gate() -> None:
    gate, plain = Questions(), Questions()
    some = texts(100)
    expected = [plain.check(text, "letter") for text in some]
    start = threading.Barrier(4)

    def work(_: int) -> list[dict[str, Any]]:
        start.wait()
        return [gate.check(text, "letter") for text in some]

    with replayed(gate) as handle, ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(work, range(4)))
        assert next(iter(handle.explain().replay.values())).replayed > 300


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_replays() -> None:
    gate, plain = Questions(), Questions()
    some = texts(40)
    with replayed(gate) as handle:
        compare(gate, plain, some)
        known = next(iter(handle._replays._by_place.values()))  # type: ignore[union-attr]
        known._lock.acquire()
        child = os.fork()
        if child == 0:
            try:
                compare(gate, plain, texts(40, seed=2))
                os._exit(0 if known._lock.acquire(blocking=False) else 2)
            except BaseException:
                os._exit(1)
        known._lock.release()
        assert os.waitpid(child, 0)[1] == 0


def test_functions_of_a_module_are_replayed() -> None:
    text = "There is a risk, and a fee of 12 months, and more than a line of text to look at here. "
    with accelerate(
        replay_gates, keep=False, replay=True, patterns=[(r"\brisk\b", 2), (r"\bfee\b", 2)]
    ) as handle:
        found = [replay_gates.strong(text + str(n), ["risk"]) for n in range(20)]
    assert found == [True] * 20
    assert not handle.explain().replay["tests.unit.hosts.replay_gates.strong"].replayed


def test_without_the_option_nothing_is_followed() -> None:
    gate = Questions()
    with accelerate(gate, keep=False) as handle:
        compare(gate, Questions(), texts(20))
        assert handle.explain().replay == {}


def test_a_pattern_that_only_re_answers_is_walked_too() -> None:
    gate = replay_gates.Spans()
    gate.patterns = [r"(\w)\1\w*", r"(?<=no )fee|risk"]
    plain = replay_gates.Spans()
    plain.patterns = list(gate.patterns)
    with replayed(gate) as handle:
        compare(gate, plain, texts(100))
        assert next(iter(handle.explain().replay.values())).replayed > 100
