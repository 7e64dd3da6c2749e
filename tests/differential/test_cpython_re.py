"""CPython's own tests of `re` pass with `gatecore.re` in its place, on str and on Documents.

One pytest test for each unittest test and mode; `-k test_re_escape` picks as usual.
What is left out is a row of tests/data/test_re_skips.jsonl; what unittest's own rules skip (a
locale or a resource that is not there) is reported as its skip and counted apart.
"""

from __future__ import annotations

import collections
import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.differential.cpython_re import (
    Documents,
    Outcome,
    Shim,
    Skip,
    Suite,
    read_skips,
    source_path,
)

PATH = source_path()
if PATH is None:
    pytest.skip(
        "this interpreter is installed without CPython's test package", allow_module_level=True
    )
NAMES = Suite(PATH, re).names
SKIPS = read_skips()

FLOOR = 130
"""Tests of test_re.py: 135 on 3.10.13, 158 on 3.11.7, 161 on 3.13.0."""
SERVED_FLOOR = 1_000
"""Calls answered from a pass, of about 3,100 with a Document; the rest is for the fallback."""
PLAIN, DOCUMENT = "plain", "document"


class _Run:
    """A suite, and how many calls were answered from the pass so far."""

    def __init__(self, suite: Suite, served: Callable[[], int] = int) -> None:
        self._suite = suite
        self._served = served
        self.documents: Documents | None = None

    def __call__(self, name: str) -> Outcome:
        return self._suite.run(name, self._served)


@functools.cache
def _plain() -> _Run:
    from tests.support.drop_in import gre

    return _Run(Suite(_path(), gre))


@functools.cache
def _documents(backend: str) -> _Run:
    from tests.support.drop_in import gre

    documents = Documents(backend)
    run = _Run(Suite(_path(), Shim(gre, documents, _path())), lambda: int(gre.stats().served))
    run.documents = documents
    return run


class _Subject(str):
    """What the control puts in the place of a Document."""

    __slots__ = ()


@functools.cache
def _control(mode: str) -> _Run:
    if mode == PLAIN:
        return _Run(Suite(_path(), re))
    return _Run(Suite(_path(), Shim(re, lambda pattern, flags, text: _Subject(text), _path())))


def _path() -> Path:
    assert PATH is not None
    return PATH


def _skip(name: str, mode: str) -> Skip | None:
    return next((skip for skip in SKIPS if skip.covers(name, mode)), None)


def _judge(run: _Run, name: str, mode: str) -> None:
    if skip := _skip(name, mode):
        pytest.skip(f"tests/data/test_re_skips.jsonl: {skip.reason}")
    outcome = run(name)
    if outcome.status == "skipped":
        pytest.skip(f"by unittest: {outcome.detail}")
    if outcome.status != "passed":
        pytest.fail(outcome.detail, pytrace=False)


@pytest.mark.parametrize("name", NAMES)
def test_cpython_passes_on_plain_text(name: str) -> None:
    """`gatecore.re` on str is `re`."""
    _judge(_plain(), name, PLAIN)


@pytest.mark.parametrize("name", NAMES)
def test_cpython_passes_on_documents(name: str, backend: str) -> None:
    """`gatecore.re` on Documents whose set holds the pattern is `re` on their text."""
    _judge(_documents(backend), name, DOCUMENT)


@pytest.mark.parametrize("mode", [PLAIN, DOCUMENT])
def test_the_harness_adds_no_failures(mode: str) -> None:
    """The control: with `re` itself in place of gatecore.re every test passes."""
    run = _control(mode)
    failed = {name: run(name).detail for name in NAMES if run(name).status == "failed"}
    failed = {name: detail for name, detail in failed.items() if not _skip(name, mode)}
    assert not failed, "\n".join(failed.values())


def test_nearly_everything_is_run_on_plain_text() -> None:
    """The tests run are many, and hardly any is skipped by unittest."""
    counts = collections.Counter(_plain()(name).status for name in NAMES if not _skip(name, PLAIN))
    assert counts["passed"] + counts["failed"] >= FLOOR, counts
    assert counts["skipped"] <= len(NAMES) // 20, counts


def test_nearly_everything_is_run_on_documents(backend: str) -> None:
    """Likewise; and the calls with Documents are many and are answered from the pass."""
    run = _documents(backend)
    outcomes = [run(name) for name in NAMES if not _skip(name, DOCUMENT)]
    counts = collections.Counter(outcome.status for outcome in outcomes)
    assert counts["passed"] + counts["failed"] >= FLOOR, counts
    assert counts["skipped"] <= len(NAMES) // 20, counts
    served = sum(outcome.served for outcome in outcomes)
    assert served >= SERVED_FLOOR, f"{served} calls were served"
    documents = run.documents
    assert documents is not None
    assert documents.made >= 2 * SERVED_FLOOR
    assert len(documents.refused) <= 10, documents.refused


def test_every_skip_is_of_a_test_that_is_there() -> None:
    """A row names a test of this interpreter, a mode and a reason, and rows are few."""
    here = [skip for skip in SKIPS if skip.is_for_this_interpreter]
    for skip in SKIPS:
        assert skip.mode in (PLAIN, DOCUMENT), skip
        assert skip.reason, skip
        assert skip.versions, skip
    unknown = [skip for skip in here if skip.test not in NAMES]
    assert not unknown, f"no such tests in {PATH} of {sys.version}: {unknown}"
    for mode in (PLAIN, DOCUMENT):
        rows = [skip.test for skip in here if skip.mode == mode]
        assert len(rows) == len(set(rows)), f"duplicates for {mode}: {rows}"
        assert len(rows) < len(NAMES) / 20, f"too many skips for {mode}: {rows}"


def test_a_wrong_replacement_is_noticed() -> None:
    """Tests fail, in both modes, when the module in the place of `re` is wrong."""

    class Wrong:
        def __getattr__(self, name: str) -> object:
            return getattr(re, name)

        def findall(self, pattern: str, string: str, flags: int = 0) -> list[object]:
            return list(re.findall(pattern, str(string), flags)[1:])

    wrong = Wrong()
    for replacement in (wrong, Shim(wrong, lambda pattern, flags, text: text, _path())):
        outcome = Suite(_path(), replacement).run("ReTests.test_re_findall")
        assert outcome.status == "failed"
        assert "AssertionError" in outcome.detail
