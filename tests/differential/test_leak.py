"""Documents and matches go when the last reference goes, and memory stays flat over 100,000."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gatecore import PatternSet
from tests.support.drop_in import Document, gre
from tests.support.process import run_python

PATTERNS = [r"(\d+) ?%", r"no\s+risk", r"(\w)\1", r"x?", "risk"]
TEXT = "Earn up to 7 % hello no risk "
TOLERANCE_MB = 6.0
"""One leaked object of 100 bytes for each of the 80,000 documents is 8 MB."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Only reference counts free anything: a cycle would stay."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _use(document: Any) -> list[Any]:
    """All kinds of calls about a document; what could be kept of them."""
    kept: list[Any] = []
    for pattern in PATTERNS:
        compiled = gre.compile(pattern)
        kept += [gre.search(pattern, document), compiled.match(document, 3)]
        kept += [next(compiled.finditer(document), None), gre.findall(pattern, document)]
        kept += [compiled.sub(lambda match: match.group(), document), compiled.split(document)]
        kept += [gre.search(pattern, document.lower())]
    kept += ["risk" in document, document.count("zzz"), gre.search("not in the set", document)]
    kept += [document.casefold(), document.stats()]
    return kept


@pytest.mark.usefixtures("no_collector")
def test_a_document_goes_with_its_last_reference(backend: Any) -> None:
    """After every kind of use, without the help of the garbage collector."""
    patterns = PatternSet(PATTERNS, backend=backend)
    for number in range(50):
        document = Document(TEXT * (1 + number), patterns)
        there = weakref.ref(document)
        views = [weakref.ref(document.lower()), weakref.ref(document.casefold())]
        _use(document)
        assert there() is document
        del document
        assert there() is None
        assert [view() for view in views] == [None, None]


KEEPERS: dict[str, Callable[[Any], Any]] = {
    "search": lambda document: gre.search("risk", document),
    "method": lambda document: gre.compile("risk").search(document, 2),
    "finditer": lambda document: next(gre.finditer("risk", document)),
    "by re": lambda document: gre.search(r"(\w)\1", document),
    "not in the set": lambda document: gre.search("Earn", document),
    "iterator": lambda document: gre.finditer("risk", document),
}


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("name", KEEPERS)
def test_a_match_keeps_its_document(name: str) -> None:
    """A match, or an iterator of them, keeps the text alive; it goes with the match."""
    document = Document(TEXT, PatternSet(PATTERNS))
    there = weakref.ref(document)
    kept = KEEPERS[name](document)
    del document
    assert there() is not None
    match = next(kept) if name == "iterator" else kept
    assert match.string == TEXT
    del kept, match
    assert there() is None


RESULTS: dict[str, Callable[[Any], Any]] = {
    "findall": lambda document: gre.findall("risk", document),
    "split": lambda document: gre.split("risk", document),
    "sub": lambda document: gre.sub("risk", "", document),
    "sub of nothing": lambda document: gre.sub("zzz", "", document),
    "group": lambda document: gre.search("risk", document).group(),
    "whole group": lambda document: gre.search("(?s).*", document).group(),
    "pattern of a match": lambda document: gre.search("risk", document).re,
    "slice": lambda document: document[:],
    "text": str,
    "lower view": lambda document: str(document.lower()),
    "set": lambda document: document.patterns,
    "stats": lambda document: document.stats().served,
}


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("name", RESULTS)
def test_nothing_else_keeps_a_document(name: str) -> None:
    """Lists, texts, patterns and counts that came of a Document do not hold it."""
    document = Document(TEXT, PatternSet(PATTERNS))
    there = weakref.ref(document)
    kept = RESULTS[name](document)
    del document
    assert there() is None, kept


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS in /proc/self/status")


def measure(backend: str, documents: int, marks: list[int]) -> list[float]:
    """Resident memory in MB after each number of documents in `marks`, each used and dropped."""
    named: Any = backend
    patterns = PatternSet(PATTERNS, backend=named)
    numbers = [gre.compile(pattern) for pattern in PATTERNS]
    kept: list[Any] = [None] * 500
    sizes = []
    for number in range(1, documents + 1):
        document = Document(f"{TEXT}{number} %", patterns)
        compiled = numbers[number % len(numbers)]
        match = compiled.search(document)
        kept[number % len(kept)] = match, compiled.findall(document.lower())
        if number % 7 == 0:
            kept[number * 3 % len(kept)] = document.stats(), document.casefold()
        if number % 50 == 0:
            _use(document)
        if number in marks:
            sizes.append(_resident_mb())
    return sizes


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc/self/status")
@pytest.mark.parametrize(
    "documents", [30_000, pytest.param(100_000, marks=pytest.mark.slow)], ids=["some", "many"]
)
def test_memory_stays_flat(documents: int, backend: str) -> None:
    """After the first fifth, documents, matches, views and stats take no more memory."""
    ran = run_python(
        f"""
        import json
        from tests.differential.test_leak import measure
        print(json.dumps(measure({backend!r}, {documents}, [{documents // 5}, {documents}])))
    """,
        seconds=600,
    )
    assert ran.returncode == 0, ran.stderr
    warm, end = json.loads(ran.stdout)
    allowed = TOLERANCE_MB * documents / 100_000
    assert warm > 5
    assert end - warm < allowed, f"{warm:.1f} MB after a fifth, {end:.1f} MB at the end"
