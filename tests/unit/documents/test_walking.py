"""Which documents of a folder are found; git says what a `.gitignore` leaves out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatecore.documents.document_error import DocumentReadError
from gatecore.documents.gitignore import Rules
from gatecore.documents.walking import Walk, walk
from gatecore.errors import GatecoreError

NAMES = ("a", "b", "ab", "a.txt", "b.txt", "ab.txt", "a b.txt", "é.txt", "#a.txt", "!a.txt")
FOLDERS = ("a", "b", "ab", "a.txt", "é")
PIECES = st.sampled_from(
    ["*", "**", "?", "a", "b", "ab", "*.txt", "a*", "[ab]", "[!a]", "[^a]b", "\\*", "é", ".txt",
     "a.txt", "[a-b]*", "\\a", "[]a]", "[[:alpha:]]", "[a", "***", "#a.txt",
     "\\#a.txt", "a b.txt", "a\\ b.txt"]
)  # fmt: skip
LINES = st.one_of(
    st.builds(
        lambda parts, start, end, before: f"{before}{start}{'/'.join(parts)}{end}",
        st.lists(PIECES, min_size=1, max_size=3),
        st.sampled_from(["", "", "/"]),
        st.sampled_from(["", "", "/", "/*", "/**", " ", "\\ "]),
        st.sampled_from(["", "", "!", "\\!", " "]),
    ),
    st.sampled_from(["", "# remark", "/", "!", "**", "/**", "*/", "\\", "[", "a[", "!*.txt", "*"]),
)


def _written(top: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return top


def _found(found: Walk, top: Path) -> list[str]:
    assert all(isinstance(each, str) for each in found.found), found
    return [os.path.relpath(str(each), top) for each in found.found]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with documents in folders of folders."""
    top = tmp_path_factory.mktemp("tree")
    subprocess.run(["git", "init", "-q", str(top)], check=True, timeout=60)
    for folder in ("", *(f"x{each}/" for each in FOLDERS), "a/", "b/ab/", "b/a/", "a/é/b/"):
        _written(top, {f"{folder}{name}.txt": "x" for name in NAMES})
    assert sum(1 for _ in top.rglob("*.txt")) > 90
    return top


@settings(max_examples=60)
@given(st.lists(LINES, max_size=4), st.lists(LINES, max_size=3), st.lists(LINES, max_size=2))
@example(["a/**", "!a/a.txt.txt"], [], [])
@example(["*.txt", "!a/"], ["!*"], [])
@example(["b/", "!b/", "b/*", "!b/a"], [], ["a"])
def test_git_leaves_out_the_same(
    tree: Path, top: list[str], inner: list[str], deeper: list[str]
) -> None:
    """Of every file, whatever `.gitignore` files in three folders above it say."""
    for folder, lines in (("", top), ("b", inner), ("b/a", deeper)):
        (tree / folder / ".gitignore").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    files = sorted(str(each.relative_to(tree)) for each in tree.rglob("*.txt") if each.is_file())
    asked = subprocess.run(
        ["git", "-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=tree,
        input="\0".join(files),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert asked.returncode in (0, 1), asked.stderr
    left_out = set(asked.stdout.split("\0")) - {""}
    expected = sorted(name for name in files if name not in left_out)
    found = walk([str(tree)])
    if not expected:
        assert [type(each) for each in found.found] == [DocumentReadError]
    else:
        assert sorted(_found(found, tree)) == expected


def test_the_order_is_by_name_files_before_folders(tmp_path: Path) -> None:
    names = ["b.txt", "a/z.txt", "c.md", "a/b/y.eml", "a.txt", "a/.hidden.txt", ".git/x.txt"]
    _written(tmp_path, dict.fromkeys(names, "x"))
    found = walk([str(tmp_path)])
    assert _found(found, tmp_path) == ["a.txt", "b.txt", "c.md", "a/z.txt", "a/b/y.eml"]
    assert found == walk([str(tmp_path)])


def test_what_is_named_is_a_document_whatever_leaves_it_out(tmp_path: Path) -> None:
    _written(tmp_path, {".gitignore": "*.txt\n", "a.txt": "x", "b.md": "x", "c.odd": "x"})
    named = [str(tmp_path / "a.txt"), str(tmp_path / "c.odd"), str(tmp_path / "a.txt")]
    exclude = [Rules.given(["*"], folder=str(tmp_path))]
    assert list(walk(named, exclude=exclude).found) == named
    assert _found(walk([*named, str(tmp_path)]), tmp_path) == ["a.txt", "c.odd", "a.txt", "b.md"]


def test_a_document_is_found_once(tmp_path: Path) -> None:
    """Whichever of overlapping folders and files is named first."""
    _written(tmp_path, {"in/a.txt": "x", "in/deep/b.txt": "x"})
    top, inner, file = str(tmp_path), str(tmp_path / "in" / "deep"), str(tmp_path / "in" / "a.txt")
    for paths in ([top, inner], [top, top], [file, top], [inner, top, f"{top}/in/../in"]):
        assert len(walk(paths).found) == 2


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    names = ["a.txt", "drafts/b.txt", "old.txt", "ignored/x/y.txt", "z.pdf", "y.PDF", "x", "i.log"]
    _written(tmp_path, {**dict.fromkeys(names, "x"), ".gitignore": "ignored/\n"})
    exclude = [Rules.given(["drafts/", "old.*"], folder=str(tmp_path))]
    found = walk([str(tmp_path)], exclude=exclude)
    assert _found(found, tmp_path) == ["a.txt"]
    assert str(found.left_out) == (
        "2 paths by --exclude, 1 path by .gitignore, 4 files of other kinds "
        "(2 .pdf, 1 .log, 1 without)"
    )
    include = [Rules.given(["*.log"], folder=str(tmp_path))]
    found = walk([str(tmp_path)], exclude=exclude, include=include, gitignore=False)
    assert _found(found, tmp_path) == ["a.txt", "i.log", "ignored/x/y.txt"]


def test_patterns_of_another_folder_are_about_the_one_that_is_walked(tmp_path: Path) -> None:
    """`gatecore check ../other --exclude drafts/` leaves out the drafts, wherever it is said."""
    _written(tmp_path, dict.fromkeys(["other/a.txt", "other/drafts/b.txt", "here/x.txt"], "x"))
    for line in ("drafts/", "/drafts", "drafts/*"):
        exclude = [Rules.given([line], folder=str(tmp_path / "here"))]
        found = walk([str(tmp_path / "other")], exclude=exclude)
        assert _found(found, tmp_path / "other") == ["a.txt"]
        assert len(walk([str(tmp_path)], exclude=exclude).found) == (2 if line == "drafts/" else 3)


def test_rules_above_count_inside_of_a_repository_only(tmp_path: Path) -> None:
    _written(tmp_path, {".gitignore": "*.md\n", "in/a.md": "x", "in/b.txt": "x"})
    assert _found(walk([str(tmp_path / "in")]), tmp_path) == ["in/a.md", "in/b.txt"]
    (tmp_path / ".git").mkdir()
    assert _found(walk([str(tmp_path / "in")]), tmp_path) == ["in/b.txt"]


def test_links_are_followed_last_and_once(tmp_path: Path) -> None:
    """A document is called by the folder that it is in, not by a link that comes before it."""
    _written(tmp_path, {"real/a.txt": "x", "other/b.txt": "x"})
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "real").mkdir()
    _written(tmp_path, {"top/real/a.txt": "x"})
    (tmp_path / "top" / "a_link").symlink_to(tmp_path / "top" / "real")
    (tmp_path / "top" / "circle").symlink_to(tmp_path / "top")
    (tmp_path / "top" / "out").symlink_to(tmp_path / "other")
    found = _found(walk([str(tmp_path / "top")]), tmp_path / "top")
    assert found == ["real/a.txt", "out/b.txt"]


def test_folders_that_say_nothing_are_errors(tmp_path: Path) -> None:
    _written(tmp_path, {"empty/x.pdf": "x", "full/a.txt": "x"})
    found = walk([str(tmp_path / "empty"), str(tmp_path / "full")]).found
    assert isinstance(found[0], DocumentReadError)
    assert "a folder without documents (1 file of other kinds (1 .pdf) left out)" in str(found[0])
    assert found[1:] == (str(tmp_path / "full" / "a.txt"),)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into everything")
def test_folders_that_may_not_be_looked_into_are_named(tmp_path: Path) -> None:
    _written(tmp_path, {"shut/a.txt": "x", "open/b.txt": "x"})
    (tmp_path / "shut").chmod(0)
    try:
        found = walk([str(tmp_path)]).found
    finally:
        (tmp_path / "shut").chmod(0o700)
    assert found[0] == str(tmp_path / "open" / "b.txt")
    assert isinstance(found[1], DocumentReadError)
    assert "cannot be looked into" in str(found[1])


@pytest.mark.parametrize(
    "line", ["*a" * 60 + "*b", "**/a" * 60 + "/**/b", "[!b]*" * 60 + "b", "*/" * 60 + "*a" * 40]
)
def test_a_hostile_line_does_not_hang(line: str, tmp_path: Path) -> None:
    """As a plain regex it would try every way to cut the name; there is nothing to time here."""
    name = "a" * 240 + ".txt"
    deep = "/".join(["a"] * 100)
    _written(tmp_path, {".gitignore": f"{line}\n", name: "x", f"{deep}/{name}": "x"})
    assert _found(walk([str(tmp_path)]), tmp_path) == [name, f"{deep}/{name}"]


@pytest.mark.parametrize("line", ["", "# remark", "!", "a\\"])
def test_a_pattern_that_does_nothing_is_refused(line: str) -> None:
    with pytest.raises(GatecoreError, match="cannot be used as a pattern of files"):
        Rules.given([line], folder="/")


def test_deep_folders_are_no_problem(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["d"] * 400)
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("x")
    assert len(walk([str(tmp_path)]).found) == 1
