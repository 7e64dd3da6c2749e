"""Many items side by side: answers as one by one, a bounded window, errors in their place."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore.engine.batches import Done, run_many


@given(
    st.lists(st.text(max_size=50), max_size=200),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=50, deadline=None)
def test_answers_are_those_of_one_by_one(
    texts: list[str], jobs: int, ordered: bool, light: bool
) -> None:
    def work(text: str) -> str:
        if text.startswith("a"):
            raise ValueError(text)
        return text[::-1]

    expected: list[Any] = [
        (text, None, text) if text.startswith("a") else (text, text[::-1], None) for text in texts
    ]
    weight = len if light else lambda _: 1_000_000
    got: list[Any] = [
        (done.item, done.value, None if done.error is None else done.error.args[0])
        for done in run_many(texts, work, jobs=jobs, ordered=ordered, weight=weight)
    ]
    if not ordered:
        got, expected = (sorted(each, key=repr) for each in (got, expected))
    assert got == expected


def test_the_source_is_read_in_the_asking_thread_and_no_further_than_the_window() -> None:
    read: list[int] = []
    threads = set()

    def source() -> Iterator[int]:
        for number in range(10_000):
            threads.add(threading.get_ident())
            read.append(number)
            yield number

    answers = run_many(source(), lambda n: n, jobs=2)
    for expected in range(50):
        assert next(answers).value == expected
        assert len(read) <= expected + 20
    answers.close()  # type: ignore[attr-defined]
    assert threads == {threading.get_ident()}


def test_a_source_that_breaks_loses_no_answer() -> None:
    def source() -> Iterator[int]:
        yield from range(25)
        raise OSError("the disk is gone")

    got: list[int | None] = []
    answers = run_many(source(), lambda n: n, jobs=2)
    with pytest.raises(OSError, match="the disk is gone"):
        got.extend(done.value for done in answers)
    assert got == list(range(25))


def test_an_answer_does_not_wait_for_a_slow_source() -> None:
    asked = threading.Event()
    seen_before_second = []

    def source() -> Iterator[int]:
        for number in range(4):
            time.sleep(0.05)
            if number == 3:
                asked.set()
            yield number

    for done in run_many(source(), lambda n: n, jobs=2):
        seen_before_second.append((done.value, asked.is_set()))
    assert [value for value, _ in seen_before_second] == [0, 1, 2, 3]
    assert seen_before_second[0] == (0, False)


def test_unordered_answers_come_as_they_are_finished() -> None:
    gate = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            gate.wait(10)
        return number

    got = []
    for done in run_many(range(6), work, jobs=2, ordered=False):
        got.append(done.value)
        if len(got) == 3:
            gate.set()
    assert sorted(got, key=str) == [0, 1, 2, 3, 4, 5]
    assert got[0] != 0


def test_closing_drops_what_was_not_begun() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        time.sleep(0.01)
        return number

    answers = run_many(range(1_000), work, jobs=2)
    assert next(answers) == Done(0, 0)
    answers.close()  # type: ignore[attr-defined]
    count = len(begun)
    time.sleep(0.1)
    assert len(begun) <= count + 2


def test_jobs_must_be_some() -> None:
    with pytest.raises(ValueError, match="give 1 or more"):
        next(run_many([1], lambda n: n, jobs=-1))
