"""`GateSet.load` and `reload`: new files are swapped in whole, and a mistake leaves the old."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatecore import GatecoreError, GateFileError, GateSet, PatternSet, PatternStore
from gatecore.errors import UnknownModuleError
from gatecore.gates.files.sources import load_gates
from tests.support.data import DOCS, blocks
from tests.support.gates import word_gate
from tests.support.process import in_threads

TEXT = "An apple and a pear."


def _write(folder: Path, name: str, **others: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = word_gate(name, **others)
    whole = folder / f".{name}.new"
    whole.write_text(text, "utf-8")
    whole.replace(folder / f"{name}.yaml")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder = tmp_path / "rules" / "house"
    for name in ("one", "three", "two"):
        _write(folder, name)
    return folder


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the sets that were compiled since."""
    sizes: list[int] = []

    sectioned = PatternSet.sectioned

    def make(patterns: list[Any], *arguments: Any, **options: Any) -> Any:
        sizes.append(len(patterns))
        return sectioned(patterns, *arguments, **options)

    monkeypatch.setattr(PatternSet, "sectioned", make)
    return sizes


def _statuses(gates: GateSet) -> dict[str, str]:
    return {verdict.gate: verdict.status for verdict in gates.check(TEXT).verdicts}


def test_what_changed_is_named_with_its_versions(house: Path) -> None:
    """Added, removed, changed, and changed under the same version."""
    gates = GateSet.load(house)
    _write(house, "four", version=4)
    _write(house, "two", word="plum", version=2)
    _write(house, "three", word="plum")
    (house / "one.yaml").unlink()
    reloaded = gates.reload()
    assert str(reloaded) == (
        "1 gate added: house/four 4; 1 gate removed: house/one 1; "
        "2 gates changed: house/three 1 (same version; raise `version`), house/two 1 → 2"
    )
    assert [change.to_dict() for change in reloaded.changed] == [
        {"module": "house", "gate": "three", "old": 1, "new": 1},
        {"module": "house", "gate": "two", "old": 1, "new": 2},
    ]
    assert _statuses(gates) == {"four": "FAIL", "three": "PASS", "two": "PASS"}
    assert [gate.name for gate in gates] == ["four", "three", "two"]
    assert len(gates) == 3
    assert not gates.reload()


def test_unchanged_patterns_are_not_compiled_again(house: Path, compiled: list[int]) -> None:
    """Neither for equal files nor for other messages; for another pattern they are."""
    gates = GateSet.load(house)
    assert compiled == [1]
    patterns = gates.patterns
    assert not gates.reload()
    _write(house, "two", message="It was found.")
    assert gates.reload()
    assert gates.patterns is patterns
    assert gates.check(TEXT).verdicts[2].message == "It was found."
    assert compiled == [1]
    _write(house, "two", word="plum")
    gates.reload()
    assert compiled == [1, 2]


def test_a_comment_is_not_a_change_but_places_move(house: Path) -> None:
    """Places are those of the file as it is now."""
    gates = GateSet.load(house)
    path = house / "one.yaml"
    path.write_text("# A comment.\n\n" + path.read_text("utf-8"), "utf-8")
    assert not gates.reload()
    assert gates.gates[0].place.line == 3


def test_a_changed_set_comes_from_the_cache(house: Path, tmp_path: Path) -> None:
    """The cache that was given to `load` serves reloads, in this process and in others."""
    cache = PatternStore(tmp_path / "cache")
    gates = GateSet.load(house, store=cache)
    for word in ("plum", "apple", "plum"):
        _write(house, "two", word=word)
        assert gates.reload()
    assert (cache.hits, cache.misses) == (2, 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("gate: two\nversion: one\n", "two.yaml:"),
        ("", "two.yaml:1:1"),
        ("gate: [", "two.yaml:"),
        (word_gate("two", word="("), "unterminated subpattern"),
        (word_gate("other"), "rename one of them"),
    ],
)
def test_a_broken_file_leaves_the_old_gates(house: Path, content: str, said: str) -> None:
    """The error has the place; the next reload that succeeds takes everything at once."""
    gates = GateSet.load(house)
    before = gates.check(TEXT)
    _write(house, "one", word="plum")
    (house / "two.yaml").write_text(content, "utf-8")
    for _ in range(2):
        with pytest.raises(GateFileError, match=r"two\.yaml") as caught:
            gates.reload()
        assert said in str(caught.value)
        assert gates.check(TEXT) == before
    _write(house, "two", word="plum")
    assert len(gates.reload().changed) == 2
    assert _statuses(gates) == {"one": "PASS", "three": "FAIL", "two": "PASS"}


def test_a_removed_folder_leaves_the_old_gates(house: Path) -> None:
    """Likewise a folder that is empty; when it is back, so are reloads."""
    gates = GateSet.load(house)
    away = house.with_name("away")
    house.rename(away)
    with pytest.raises(GateFileError, match="cannot be read: No such file"):
        gates.reload()
    house.mkdir()
    with pytest.raises(GateFileError, match="no gate files"):
        gates.reload()
    assert len(gates) == 3
    house.rmdir()
    away.rename(house)
    assert not gates.reload()


def test_an_unreadable_file_leaves_the_old_gates(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that may not be read does not count as a removed gate."""
    gates = GateSet.load(house)
    real = os.open

    def refuse(path: str, *arguments: Any, **options: Any) -> int:
        if str(path).endswith("three.yaml"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(GateFileError, match=r"three\.yaml:1:1: .*Permission denied"):
        gates.reload()
    assert len(gates) == 3


def test_what_cannot_be_compiled_leaves_the_old_gates(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong after the files were read."""
    gates = GateSet.load(house)
    _write(house, "two", word="plum")

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(PatternSet, "sectioned", refuse)
        with pytest.raises(MemoryError):
            gates.reload()
    assert _statuses(gates)["two"] == "FAIL"
    assert gates.reload()
    assert _statuses(gates)["two"] == "PASS"


def test_modules_come_and_go_in_a_folder_of_modules(house: Path) -> None:
    """Folders without gates, hidden ones and those with an underscore are not modules."""
    rules = house.parent
    (rules / "notes").mkdir()
    (rules / "notes" / "why.txt").write_text("x")
    _write(rules / ".git", "hidden")
    _write(rules / "_drafts", "draft")
    gates = GateSet.load(rules)
    assert {gate.module for gate in gates} == {"house"}
    _write(rules / "garden", "hedge")
    shutil.rmtree(house)
    reloaded = gates.reload()
    assert [str(change) for change in reloaded.added] == ["garden/hedge 1"]
    assert len(reloaded.removed) == 3


def test_gates_come_from_files_folders_and_shipped_modules(house: Path) -> None:
    """Shipped ones first; what is named twice counts once; nothing named is the defaults."""
    files = (house / "two.yaml", house, house / "two.yaml")
    gates = GateSet.load(*files, modules=["gdpr_uk"], backend="portable")
    assert [gate.module for gate in gates][:1] == ["gdpr_uk"]
    assert [gate.name for gate in gates if gate.module == "house"] == ["two", "one", "three"]
    assert {gate.module for gate in load_gates()} == {"fca_uk", "gdpr_uk"}
    with pytest.raises(UnknownModuleError, match="did you mean 'gdpr_uk'"):
        GateSet.load(modules=["gdpr_uc"])


def test_a_host_may_change_its_folder(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are those of the moment of `load`."""
    monkeypatch.chdir(house)
    gates = GateSet.load(".")
    assert {gate.module for gate in gates} == {"house"}
    monkeypatch.chdir("/")
    assert not gates.reload()


def test_a_link_that_is_turned_is_followed(tmp_path: Path) -> None:
    """Releases in folders of their own, and a link to the current one."""
    for release in ("1", "2"):
        _write(tmp_path / release / "house", "one", version=int(release))
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "1")
    gates = GateSet.load(link / "house")
    link.unlink()
    link.symlink_to(tmp_path / "2")
    assert str(gates.reload()) == "1 gate changed: house/one 1 → 2"


def test_gates_that_were_not_read_cannot_be_read_anew(house: Path) -> None:
    """The error says what to do."""
    with pytest.raises(GatecoreError, match=r"GateSet\.load"):
        GateSet(load_gates([house])).reload()


# Threads


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns fifty times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("often")
def test_a_check_sees_the_old_gates_or_the_new_and_never_some_of_each(tmp_path: Path) -> None:
    """200 swaps below two checking threads; each version has other gates, patterns and texts."""
    versions = (tmp_path / "1" / "house", tmp_path / "2" / "house")
    for number, folder in enumerate(versions, start=1):
        for letter in "abcde"[: 2 + number]:
            word = ("apple", "plum")[(ord(letter) + number) % 2]
            _write(folder, letter, word=word, version=number, message=f"Found by {number}.")
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "1")
    gates = GateSet.load(link / "house", store=PatternStore(tmp_path / "cache"))
    wanted = {GateSet.load(folder).check(TEXT).verdicts for folder in versions}
    assert len(wanted) == 2
    stop = threading.Event()
    seen: list[set[Any]] = [set(), set()]

    def check(number: int) -> None:
        while not stop.wait(1e-4):  # breathing, or the reloads would wait for the GIL
            seen[number].add(gates.check(TEXT).verdicts)

    threads = [threading.Thread(target=check, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(200):
            new = tmp_path / "next"
            new.symlink_to(versions[(turn + 1) % 2].parent)
            new.replace(link)
            assert len(gates.reload().changes) == 4
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set.union(*seen) == wanted


@pytest.mark.usefixtures("often")
def test_reloads_at_once_wait_for_each_other(house: Path) -> None:
    """What changed is said by one of them only, and all end with the new gates."""
    gates = GateSet.load(house)
    for turn in range(10):
        _write(house, "two", version=turn + 2)
        start = threading.Barrier(4)
        answers: list[str] = []

        def reload(start: threading.Barrier = start, answers: list[str] = answers) -> None:
            start.wait()
            answers.append(str(gates.reload()))

        in_threads(*[reload] * 4)
        change = f"1 gate changed: house/two {turn + 1} → {turn + 2}"
        assert sorted(answers) == [change, *["no gate changed"] * 3]


def test_a_reload_that_failed_leaves_no_lock_behind(house: Path) -> None:
    """The next one does not wait for ever."""
    gates = GateSet.load(house)
    (house / "two.yaml").write_text("", "utf-8")
    with pytest.raises(GateFileError):
        gates.reload()
    _write(house, "two")
    done = threading.Thread(target=gates.reload, daemon=True)
    done.start()
    done.join(timeout=30)
    assert not done.is_alive()


# The guide


def test_the_guide_runs(house: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The example of docs/changing-gates.md, with a change and with a mistake."""
    (block,) = blocks((DOCS / "changing-gates.md").read_text("utf-8"), "python")
    monkeypatch.chdir(house.parents[1])
    monkeypatch.setenv("GATECORE_CACHE_DIR", str(house.parents[1] / "cache"))
    scope: dict[str, Any] = {}
    exec(compile(block, "changing-gates.md", "exec"), scope)
    _write(house, "one", version=2)
    scope["new_rules"]()
    assert capsys.readouterr().out == "1 gate changed: house/one 1 → 2\n"
    (house / "one.yaml").write_text("")
    scope["new_rules"]()
    assert "one.yaml:1:1" in capsys.readouterr().out
