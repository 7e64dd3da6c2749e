"""What is seen of calls of `re`, held against calls that are counted by hand."""

from __future__ import annotations

import re
import threading

import pytest

from gatecore.profiling.re_calls import ReCalls

NAMES = ("search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn")
TEXT = "one two one"


def test_answers_are_those_of_re() -> None:
    def answers() -> list[object]:
        found = [getattr(re, name)("one", TEXT) for name in ("search", "match", "fullmatch")]
        return [
            *(match and match.span() for match in found),
            re.findall("o(n)e", TEXT, re.I),
            [match.span() for match in re.finditer("one", TEXT)],
            re.split("two", TEXT, maxsplit=1),
            re.sub("one", "1", TEXT, count=1),
            re.subn("ONE", "1", TEXT, flags=re.I),
            [match.span() for match in re.finditer(re.compile("one"), TEXT)],
        ]

    plain = answers()
    with ReCalls():
        assert answers() == plain


def test_every_call_is_counted_once() -> None:
    with ReCalls() as calls:
        for _ in range(3):
            re.search("one", TEXT)
        re.search("ONE", TEXT, re.I)
        re.findall("absent", TEXT)
        list(re.finditer("one", TEXT))
        next(re.finditer("one", TEXT))
        re.sub("two", "2", TEXT)
    asked = calls.take()
    assert {key: len(one.times) for key, one in asked.items()} == {
        ("one", 0): 5,
        ("ONE", re.I): 1,
        ("absent", 0): 1,
        ("two", 0): 1,
    }
    assert (asked["one", 0].matches, asked["absent", 0].matches) == (5, 0)
    assert all(0 <= one.compiling <= sum(one.times) for one in asked.values())
    assert calls.take() == {}


def test_other_threads_are_not_seen() -> None:
    with ReCalls() as calls:
        thread = threading.Thread(target=lambda: (re.search("a", "a"), re.sub("a", "b", "a")))
        thread.start()
        thread.join()
    assert calls.take() == {}


def test_re_is_as_before_whatever_happens() -> None:
    before = [getattr(re, name) for name in NAMES]
    with pytest.raises(re.error), ReCalls():
        re.search("(", TEXT)
    assert [getattr(re, name) for name in NAMES] == before
