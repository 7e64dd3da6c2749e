"""Compiled sets as bytes, as files and in the cache."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from gatecore import Pattern, PatternSet, PatternSetError, PatternStore, StoredSetError
from gatecore.patterns import trusted_files
from gatecore.patterns.pattern import PatternLike
from tests.support.process import run_python

PATTERNS: list[PatternLike] = [
    (r"no\s+risk", re.IGNORECASE),
    (r"\bup to (\d+) ?%", 0),
    "£",
    r"(?<!x)y",
    r"[!?]",
]
TEXT = "NO RISK! up to 5% £ y xy"


@pytest.fixture
def patterns(backend: Any) -> PatternSet:
    return PatternSet(PATTERNS, backend=backend)


def _answers(patterns: PatternSet) -> object:
    scan = patterns.scan(TEXT)
    return scan.ids(), [scan.spans(number) for number in range(len(patterns))]


def test_bytes_and_files_round_trip(patterns: PatternSet, tmp_path: Path) -> None:
    """A loaded set has the same patterns, routes, backend and answers."""
    path = tmp_path / "set.gatecore"
    patterns.save(path)
    for copy in (PatternSet.from_bytes(patterns.to_bytes()), PatternSet.load(path)):
        assert list(copy) == list(patterns)
        assert copy.backend == patterns.backend
        assert [copy.explain(n) for n in range(len(copy))] == [
            patterns.explain(n) for n in range(len(patterns))
        ]
        assert _answers(copy) == _answers(patterns)
    assert [entry.name for entry in tmp_path.iterdir()] == ["set.gatecore"]


def test_a_lone_surrogate_in_a_pattern_survives(backend: Any) -> None:
    """Sources are kept to the last code point."""
    patterns = PatternSet(["a\ud800", "\udfff"], backend=backend)
    copy = PatternSet.from_bytes(patterns.to_bytes())
    assert list(copy) == list(patterns)
    assert copy.scan("xa\ud800").ids() == [0]


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (b"", "not a stored pattern set"),
        (b"PK\x03\x04 something else", "not a stored pattern set"),
        (b"gatecore\x63\x00\x00\x00", "format 99"),
        (b"gatecore\x09\x00\x00\x00\xff\xff\xff\xff", "cut short"),
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


def test_the_cache_hits_and_misses(backend: Any, tmp_path: Path) -> None:
    """The second set is loaded; another order, flag, pattern or backend is another set."""
    cache = PatternStore(tmp_path / "sets")
    first = PatternSet(PATTERNS, backend=backend, store=cache)
    second = PatternSet(PATTERNS, backend=backend, store=cache)
    assert (cache.hits, cache.misses, cache.rejected) == (1, 1, [])
    assert _answers(first) == _answers(second)
    others: list[list[PatternLike]] = [
        PATTERNS[::-1],
        [*PATTERNS, "more"],
        [(r"no\s+risk", 0), *PATTERNS[1:]],
    ]
    for other in others:
        PatternSet(other, backend=backend, store=cache)
    assert (cache.hits, cache.misses) == (1, 4)
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "sets").stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"garbage", b"gatecore\x09\x00\x00\x00\x05\x00"])
def test_a_damaged_file_is_a_miss_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    """The set is compiled, the file mended, the reason kept."""
    cache = PatternStore(tmp_path)
    PatternSet(PATTERNS, store=cache)
    (path,) = tmp_path.iterdir()
    path.write_bytes(content)
    again = PatternSet(PATTERNS, store=cache)
    assert again.scan(TEXT).ids() == [0, 1, 2, 3, 4]
    assert [rejected for rejected, _ in cache.rejected] == [path]
    PatternSet(PATTERNS, store=cache)
    assert cache.hits == 1


def test_a_file_under_another_name_is_refused(tmp_path: Path) -> None:
    """A renamed or copied file never answers for another set."""
    cache = PatternStore(tmp_path)
    PatternSet(["abc"], store=cache)
    (path,) = tmp_path.iterdir()
    for stranger in (PatternSet(["xyz", "q"]).to_bytes(), _other_set(tmp_path / "other")):
        path.write_bytes(stranger)
        patterns = PatternSet(["abc"], store=cache)
        assert (len(patterns), patterns.scan("xyz q").ids()) == (1, [])
    assert [rejected for rejected, _ in cache.rejected] == [path, path]


def _other_set(folder: Path) -> bytes:
    PatternSet(["xyz", "q"], store=PatternStore(folder))
    (path,) = folder.iterdir()
    stored = path.read_bytes()
    path.unlink()
    folder.rmdir()
    return stored


def test_a_folder_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    """The set is built all the same and the reason is kept."""
    (tmp_path / "file").write_text("in the way")
    cache = PatternStore(tmp_path / "file" / "sets")
    assert len(PatternSet(PATTERNS, store=cache)) == len(PATTERNS)
    assert "could not be written" in cache.rejected[-1][1]


def _build(folder: str, start: Any, results: Any) -> None:
    start.wait()
    cache = PatternStore(folder)
    scan = PatternSet(PATTERNS, store=cache).scan(TEXT)
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
    answers = [results.get(timeout=240) for _ in workers]
    for worker in workers:
        worker.join()
    assert answers == [([0, 1, 2, 3, 4], [])] * 8
    (path,) = tmp_path.iterdir()
    cache = PatternStore(tmp_path)
    PatternSet(PATTERNS, store=cache)
    assert (cache.hits, cache.path(path.stem)) == (1, path)


# Who may have written a file, and what is in its place.

POSIX = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")


def _stored(folder: Path) -> tuple[PatternStore, Path]:
    PatternSet(["abc"], store=PatternStore(folder))
    (path,) = folder.iterdir()
    return PatternStore(folder), path


def _is_used(cache: PatternStore) -> bool:
    hits = cache.hits
    assert PatternSet(["abc"], store=cache).scan("abc").ids() == [0]
    return cache.hits > hits


@POSIX
@pytest.mark.parametrize(
    ("mode_of_folder", "mode_of_file", "reason"),
    [
        (0o700, 0o600, ""),
        (0o755, 0o644, ""),
        (0o555, 0o444, ""),
        (0o700, 0o620, "others may write to the file (mode 0620)"),
        (0o700, 0o602, "others may write to the file (mode 0602)"),
        (0o770, 0o600, "others may write to the folder"),
        (0o777, 0o600, "others may write to the folder"),
        (0o1777, 0o600, "others may write to the folder"),
    ],
)
def test_what_others_may_write_is_not_loaded(
    tmp_path: Path, mode_of_folder: int, mode_of_file: int, reason: str
) -> None:
    """A compiled set is code, so file and folder are looked at as ssh looks at keys."""
    folder = tmp_path / "sets"
    cache, path = _stored(folder)
    path.chmod(mode_of_file)
    folder.chmod(mode_of_folder)
    try:
        assert _is_used(cache) == (not reason)
        assert (not cache.rejected) == (not reason)
        if reason:
            assert cache.rejected[0][0] == path
            assert reason in cache.rejected[0][1]
    finally:
        folder.chmod(0o700)


@POSIX
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_belongs_to_another_user_is_not_loaded(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only root and the user: a file that somebody else put there may hold any code."""
    cache, path = _stored(tmp_path / "sets")
    if os.geteuid() == 0:
        os.chown(path if what == "file" else path.parent, 4321, -1)
        owner = 4321
    else:
        owner = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert not _is_used(cache)
    assert f"belongs to user {owner}" in cache.rejected[0][1]


def _make_fifo(path: Path) -> None:
    os.mkfifo(path, 0o600)


def _make_endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _make_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_bytes(b"of somebody")
    path.symlink_to(target)


@POSIX
@pytest.mark.parametrize("make", [_make_fifo, _make_endless, _make_link, Path.mkdir])
@pytest.mark.parametrize("name", ["set", "learned"])
def test_only_regular_files_are_read_and_written(tmp_path: Path, make: Any, name: str) -> None:
    """A FIFO would block for ever, /dev/zero would never end, and a link may lead anywhere."""
    script = """if True:
        import sys
        from gatecore import PatternSet, PatternStore
        cache = PatternStore(sys.argv[1])
        patterns = PatternSet(["abc"], store=cache, learn=True)
        patterns.learn("late", 0)
        assert patterns.scan("abc").ids() == [0]
        print(*(reason for _, reason in cache.rejected), sep="\\n")
        """
    cache = PatternStore(tmp_path)
    patterns = PatternSet(["abc"], store=cache, learn=True)
    patterns.learn("late", 0)
    suffix = ".gatecore" if name == "set" else ".jsonl"
    (odd,) = tmp_path.glob(f"*{suffix}")
    for path in list(tmp_path.iterdir()):
        path.unlink()
    make(odd)
    run = run_python(script, str(tmp_path), seconds=120)
    assert run.returncode == 0, run.stderr
    assert any(word in run.stdout for word in ("regular", "symbolic link", "directory")), run.stdout
    elsewhere = tmp_path / "elsewhere"
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"of somebody"


def test_a_file_is_read_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is there, memory does not run out."""
    cache, path = _stored(tmp_path)
    monkeypatch.setattr(trusted_files, "_MOST_BYTES", path.stat().st_size - 1)
    assert not _is_used(cache)
    assert "larger than" in cache.rejected[0][1]


@POSIX
def test_written_files_are_the_users_alone_and_links_are_replaced(
    tmp_path: Path, patterns: PatternSet
) -> None:
    """Whatever the umask; the target of a link is not touched."""
    target, saved = tmp_path / "target", tmp_path / "saved"
    target.write_bytes(b"as it was")
    saved.symlink_to(target)
    before = os.umask(0)
    try:
        patterns.save(saved)
        PatternSet(["abc"], store=PatternStore(tmp_path / "new" / "sets"), learn=True).learn(
            "late", 0
        )
    finally:
        os.umask(before)
    assert target.read_bytes() == b"as it was"
    assert not saved.is_symlink()
    made = [saved, *(tmp_path / "new" / "sets").iterdir()]
    assert {stat.S_IMODE(path.lstat().st_mode) for path in made} == {0o600}
    assert stat.S_IMODE((tmp_path / "new" / "sets").stat().st_mode) == 0o700


def test_a_write_that_fails_half_way_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new content is complete before it takes the old one's place; nothing is left over."""
    path = tmp_path / "set"
    path.write_bytes(b"old")

    def full(self: Path, target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        PatternSet(["abc"]).save(path)
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("set", b"old")]


def test_what_killed_writers_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    """A younger one may still be written."""
    old, young = tmp_path / ".x.gatecore.abc.part", tmp_path / ".y.gatecore.abc.part"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    PatternSet(["abc"], store=PatternStore(tmp_path))
    assert (old.exists(), young.exists()) == (False, True)


# Where the cache is.


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"GATECORE_CACHE_DIR": "/given", "XDG_CACHE_HOME": "/xdg", "HOME": "/home/me"}, "/given"),
        ({"XDG_CACHE_HOME": "/xdg", "HOME": "/home/me"}, "/xdg/gatecore"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/me"}, "/home/me/.cache/gatecore"),
        ({"XDG_CACHE_HOME": "", "HOME": "/home/me"}, "/home/me/.cache/gatecore"),
    ],
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="XDG is for Linux")
def test_the_default_folder(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], folder: str
) -> None:
    """As the XDG specification says: what is not absolute counts as not given."""
    for name in ("GATECORE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert PatternStore.default().folder == Path(folder)


def test_without_a_home_there_is_no_cache_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in a container whose user has a number and no home."""
    for name in ("GATECORE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    cache = PatternStore.default()
    for _ in range(2):
        patterns = PatternSet(["abc"], store=cache, learn=True)
        patterns.learn("late", 0)
        assert patterns.scan("abc").ids() == [0]
    assert (cache.hits, cache.misses) == (0, 2)
    ((_, reason),) = cache.rejected
    assert "set GATECORE_CACHE_DIR" in reason


# Backends by name.


@pytest.mark.parametrize("name", ["sindm", "", "SIMD", "auto ", None, 1, b"simd"])
def test_an_unknown_backend_is_refused_with_and_without_a_cache(tmp_path: Path, name: Any) -> None:
    """Also where the set of another backend is already stored."""
    cache = PatternStore(tmp_path)
    PatternSet(["x"], store=cache)
    for given in (None, cache):
        with pytest.raises(PatternSetError, match="there is no backend"):
            PatternSet(["x"], store=given, backend=name)
    with pytest.raises(PatternSetError, match="there is no backend"):
        PatternSet.sectioned(["x"], [0], store=cache, backend=name)


# What was learned.


def test_what_was_learned_expires_with_the_sets_that_hold_it(tmp_path: Path) -> None:
    """After 30 days neither the file nor a compiled set has it, unless it was learned again."""
    day = 24 * 3600.0

    def made(at: float) -> PatternSet:
        cache = PatternStore(tmp_path, clock=lambda: at)
        patterns = PatternSet(["abc"], store=cache, learn=True)
        assert cache.rejected == []
        return patterns

    made(0).learn("Alice", 0)
    made(20 * day).learn("risk", 0)
    sources = [pattern.source for pattern in made(25 * day)]
    assert sources == ["abc", "Alice", "risk"]
    assert [pattern.source for pattern in made(31 * day)] == ["abc", "risk"]
    assert not [path for path in tmp_path.iterdir() if b"Alice" in path.read_bytes()]
    assert [pattern.source for pattern in made(60 * day)] == ["abc"]
    assert not [path for path in tmp_path.iterdir() if b"risk" in path.read_bytes()]


def test_dropped_patterns_are_not_learned_again(tmp_path: Path) -> None:
    """A pattern that spoiled a start is named once and stays away for 30 days."""
    cache = PatternStore(tmp_path)
    patterns = PatternSet(["abc"], store=cache, learn=True)
    patterns.learn("late", 0)
    log = patterns.learning.log
    assert log is not None
    log.drop(log.patterns(), "it is too slow")
    assert "too slow" in cache.rejected[-1][1]
    assert (log.patterns(), log.dropped()) == ([], [Pattern("late")])
    assert len(PatternSet(["abc"], store=cache, learn=True)) == 1


@pytest.mark.parametrize(
    "line",
    ['["x", 0]', '["x", 0, "day"]', '["x", true, 20000]', '["x", 0, 1, "other"]', "{", "\xe9"],
)
def test_a_bad_line_is_named_and_the_others_are_used(tmp_path: Path, line: str) -> None:
    """A torn or foreign line costs only that line."""
    cache = PatternStore(tmp_path, clock=lambda: 0.0)
    patterns = PatternSet(["abc"], store=cache, learn=True)
    patterns.learn("late", 0)
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(line.encode("latin-1") + path.read_bytes())
    again = PatternSet(["abc"], store=cache, learn=True)
    assert [pattern.source for pattern in again] == ["abc", "late"]
    assert "line 1" in cache.rejected[-1][1]
