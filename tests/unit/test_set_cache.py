"""Compiled sets as bytes, as files and in the cache."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from gatecore import PatternSet, SetCache, StoredSetError
from gatecore.patterns import PatternLike

PATTERNS: list[PatternLike] = [
    (r"no\s+risk", re.IGNORECASE),
    (r"\bup to (\d+) ?%", 0),
    "£",
    r"(?<!x)y",
    r"[!?]",
]
TEXT = "NO RISK! up to 5% £ y xy"


@pytest.fixture
def patterns(engine: Any) -> PatternSet:
    return PatternSet(PATTERNS, engine=engine)


def _answers(patterns: PatternSet) -> object:
    scan = patterns.scan(TEXT)
    return scan.ids(), [scan.spans(number) for number in range(len(patterns))]


def test_bytes_and_files_round_trip(patterns: PatternSet, tmp_path: Path) -> None:
    """A loaded set has the same patterns, routes, engine and answers."""
    path = tmp_path / "set.gatecore"
    patterns.save(path)
    for copy in (PatternSet.from_bytes(patterns.to_bytes()), PatternSet.load(path)):
        assert list(copy) == list(patterns)
        assert copy.engine == patterns.engine
        assert [copy.explain(n) for n in range(len(copy))] == [
            patterns.explain(n) for n in range(len(patterns))
        ]
        assert _answers(copy) == _answers(patterns)
    assert [entry.name for entry in tmp_path.iterdir()] == ["set.gatecore"]


def test_a_lone_surrogate_in_a_pattern_survives(engine: Any) -> None:
    """Sources are kept to the last code point."""
    patterns = PatternSet(["a\ud800", "\udfff"], engine=engine)
    copy = PatternSet.from_bytes(patterns.to_bytes())
    assert list(copy) == list(patterns)
    assert copy.scan("xa\ud800").ids() == [0]


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (b"", "not a stored pattern set"),
        (b"PK\x03\x04 something else", "not a stored pattern set"),
        (b"gatecore\x63\x00\x00\x00", "format 99"),
        (b"gatecore\x04\x00\x00\x00\xff\xff\xff\xff", "cut short"),
    ],
)
def test_foreign_bytes_get_a_clear_error(stored: bytes, message: str) -> None:
    """Neither a crash nor a wrong set."""
    with pytest.raises(StoredSetError, match=message):
        PatternSet.from_bytes(stored)


def test_another_version_is_named(patterns: PatternSet) -> None:
    """The error says who made the file and who reads it."""
    stored = patterns.to_bytes().replace(b"gatecore 0.", b"gatecore 9.", 1)
    with pytest.raises(StoredSetError, match=r"made by gatecore 9\..*this is gatecore 0\."):
        PatternSet.from_bytes(stored)


def test_damage_is_always_seen(patterns: PatternSet) -> None:
    """Every single changed byte and every cut is an error, never a set."""
    stored = patterns.to_bytes()
    chance = random.Random(7)
    places = {*range(64), *(chance.randrange(len(stored)) for _ in range(400))}
    for place in places:
        damaged = bytearray(stored)
        damaged[place] ^= 1 << chance.randrange(8)
        with pytest.raises(StoredSetError):
            PatternSet.from_bytes(bytes(damaged))
    for cut in (1, 8, 40, len(stored) // 2, len(stored) - 1):
        with pytest.raises(StoredSetError):
            PatternSet.from_bytes(stored[:cut])
    with pytest.raises(StoredSetError):
        PatternSet.from_bytes(stored + b"x")


def test_the_cache_hits_and_misses(engine: Any, tmp_path: Path) -> None:
    """The second set is loaded; another order, flag, pattern or engine is another set."""
    cache = SetCache(tmp_path / "sets")
    first = PatternSet(PATTERNS, engine=engine, cache=cache)
    second = PatternSet(PATTERNS, engine=engine, cache=cache)
    assert (cache.hits, cache.misses, cache.rejected) == (1, 1, [])
    assert _answers(first) == _answers(second)
    others: list[list[PatternLike]] = [
        PATTERNS[::-1],
        [*PATTERNS, "more"],
        [(r"no\s+risk", 0), *PATTERNS[1:]],
    ]
    for other in others:
        PatternSet(other, engine=engine, cache=cache)
    assert (cache.hits, cache.misses) == (1, 4)
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "sets").stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"garbage", b"gatecore\x04\x00\x00\x00\x05\x00"])
def test_a_damaged_file_is_a_miss_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    """The set is compiled, the file mended, the reason kept."""
    cache = SetCache(tmp_path)
    PatternSet(PATTERNS, cache=cache)
    (path,) = tmp_path.iterdir()
    path.write_bytes(content)
    again = PatternSet(PATTERNS, cache=cache)
    assert again.scan(TEXT).ids() == [0, 1, 2, 3, 4]
    assert [rejected for rejected, _ in cache.rejected] == [path]
    PatternSet(PATTERNS, cache=cache)
    assert cache.hits == 1


def test_a_file_under_another_name_is_refused(tmp_path: Path) -> None:
    """A renamed or copied file never answers for another set."""
    cache = SetCache(tmp_path)
    PatternSet(["abc"], cache=cache)
    (path,) = tmp_path.iterdir()
    for stranger in (PatternSet(["xyz", "q"]).to_bytes(), _other_set(tmp_path / "other")):
        path.write_bytes(stranger)
        patterns = PatternSet(["abc"], cache=cache)
        assert (len(patterns), patterns.scan("xyz q").ids()) == (1, [])
    assert [rejected for rejected, _ in cache.rejected] == [path, path]


def _other_set(folder: Path) -> bytes:
    PatternSet(["xyz", "q"], cache=SetCache(folder))
    (path,) = folder.iterdir()
    stored = path.read_bytes()
    path.unlink()
    folder.rmdir()
    return stored


def test_a_folder_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    """The set is built all the same and the reason is kept."""
    (tmp_path / "file").write_text("in the way")
    cache = SetCache(tmp_path / "file" / "sets")
    assert len(PatternSet(PATTERNS, cache=cache)) == len(PATTERNS)
    assert "could not be written" in cache.rejected[-1][1]


def _build(folder: str, start: Any, results: Any) -> None:
    start.wait()
    cache = SetCache(folder)
    scan = PatternSet(PATTERNS, cache=cache).scan(TEXT)
    results.put((scan.ids(), [reason for _, reason in cache.rejected]))


def test_processes_that_build_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    """Eight processes start together; all get the answers and one whole file is left."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Event(), context.Queue()
    workers = [
        context.Process(target=_build, args=(str(tmp_path), start, results)) for _ in range(8)
    ]
    for worker in workers:
        worker.start()
    start.set()
    answers = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert answers == [([0, 1, 2, 3, 4], [])] * 8
    (path,) = tmp_path.iterdir()
    cache = SetCache(tmp_path)
    PatternSet(PATTERNS, cache=cache)
    assert (cache.hits, cache.path(path.stem)) == (1, path)
