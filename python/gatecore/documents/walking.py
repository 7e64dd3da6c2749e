"""The documents that are named: files as they are, and of folders all documents in them.

A folder's documents are those with an ending that is known or asked for. They come by name, a
folder's files before what is in its folders; links to folders are followed, each folder once, after
all that is there without links. Hidden files and folders are left alone, and so is what
`.gitignore` files or patterns leave out. What is left out is counted: a letter that nobody looked
at is not a letter without faults.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from gatecore.documents.document_error import DocumentReadError
from gatecore.documents.formats import ENDINGS
from gatecore.documents.gitignore import Excluded, Rules
from gatecore.text import listed, plural

__all__ = ["LeftOut", "Walk", "names_of", "walk"]


@dataclass(slots=True)
class LeftOut:
    """What a walk went past.

    Attributes:
        excluded: Documents and whole folders that a pattern leaves out.
        gitignored: Those that a `.gitignore` leaves out.
        others: Other files, by their endings.
    """

    excluded: int = 0
    gitignored: int = 0
    others: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        said = []
        if self.excluded:
            said.append(f"{plural(self.excluded, 'path')} by --exclude")
        if self.gitignored:
            said.append(f"{plural(self.gitignored, 'path')} by .gitignore")
        if self.others:
            endings = [f"{count:,} {ending}" for ending, count in self.others.most_common()]
            said.append(f"{plural(self.others.total(), 'file')} of other kinds ({listed(endings)})")
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Walk:
    """What was found, in order: names of documents, and errors for what cannot be looked into."""

    found: tuple[str | DocumentReadError, ...]
    left_out: LeftOut


def walk(
    paths: Iterable[str],
    *,
    exclude: Sequence[Rules] = (),
    include: Sequence[Rules] = (),
    gitignore: bool = True,
) -> Walk:
    """The documents of files and folders.

    Args:
        paths: A file is a document whatever it is called and whatever leaves it out.
        exclude: What to leave out of folders. Rules about a folder in which what is walked is not
            are about what is walked.
        include: Which files of folders are documents beside those with a known ending.
        gitignore: Whether `.gitignore` files count: those in a folder, and those above it up to
            the root of its repository. Settings of git itself do not, so that it does not depend
            on the machine what is checked.

    A folder that has no document is an error, as is one that cannot be looked into. A document
    that was found once is not found again; one that is named twice is there twice.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("b.txt", "a.md", "c.pdf"):
    ...     _ = (folder / name).write_text("Hello.")
    >>> found = walk([str(folder)])
    >>> [pathlib.Path(name).name for name in found.found], str(found.left_out)
    (['a.md', 'b.txt'], '1 file of other kinds (1 .pdf)')
    """
    walker = _Walker(tuple(exclude), tuple(include), gitignore)
    found: list[str | DocumentReadError] = []
    seen: set[str] = set()
    for path in paths:
        if not path or not os.path.isdir(path):  # noqa: PTH112 - `Path("")` is a folder
            found.append(path)
            seen.add(_key(path))
            continue
        for each in walker.documents_in(path):
            if isinstance(each, str):
                key = _key(each)
                if key in seen:
                    continue
                seen.add(key)
            found.append(each)
    return Walk(tuple(found), walker.left_out)


def names_of(files: Iterable[str]) -> Iterator[str]:
    """The documents that are named, as `walk` finds them, whatever a `.gitignore` says.

    For commands that have no room to say what was left out. What cannot be looked into stands for
    itself, so that reading it says so.
    """
    for each in walk(files, gitignore=False).found:
        yield each if isinstance(each, str) else each.name


def _key(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - links stay: git has both as well


class _Walker:
    def __init__(
        self, exclude: tuple[Rules, ...], include: tuple[Rules, ...], gitignore: bool
    ) -> None:
        self._exclude = Excluded(exclude)
        self._include = Excluded(include)
        self._gitignore = gitignore
        self.left_out = LeftOut()

    def documents_in(self, top: str) -> Iterator[str | DocumentReadError]:
        documents = 0
        before = LeftOut(
            self.left_out.excluded, self.left_out.gitignored, self.left_out.others.copy()
        )
        refused = 0
        for each in self._below(top):
            documents += isinstance(each, str)
            refused += not isinstance(each, str)
            yield each
        if not documents and not refused:
            here = LeftOut(
                self.left_out.excluded - before.excluded,
                self.left_out.gitignored - before.gitignored,
                self.left_out.others - before.others,
            )
            why = f" ({said} left out)" if (said := str(here)) else ""
            yield DocumentReadError(
                top,
                f"it is a folder without documents{why}; documents are "
                f"{', '.join(ENDINGS)} files; name others one by one, or add --include",
            )

    def _below(self, top: str) -> Iterator[str | DocumentReadError]:
        """Depth first without recursion: a folder may be as deep as its maker liked."""
        entered: set[tuple[int, int]] = set()
        start = _key(top)
        exclude, include = self._exclude.about(start), self._include.about(start)
        ignored = Excluded.above(start) if self._gitignore else Excluded()
        ahead = [(top, start, ignored)]
        linked: list[tuple[str, str, Excluded]] = []
        while ahead or linked:
            if not ahead:
                ahead.append(linked.pop(0))
            folder, absolute, ignored = ahead.pop()
            try:
                status = os.stat(folder)  # noqa: PTH116
                if (status.st_dev, status.st_ino) in entered:  # links may lead round in a circle
                    continue
                entered.add((status.st_dev, status.st_ino))
                with os.scandir(folder) as opened:
                    entries = sorted(opened, key=lambda entry: entry.name)
            except OSError as error:
                reason = error.strerror or str(error)
                yield DocumentReadError(folder, f"this folder cannot be looked into: {reason}")
                continue
            if self._gitignore:
                ignored = ignored.within(absolute)
            inner: list[tuple[str, str, Excluded]] = []
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path, whole = os.path.join(folder, entry.name), os.path.join(absolute, entry.name)  # noqa: PTH118
                if _is_folder(entry):
                    if not self._leaves_out(whole, exclude, ignored, is_folder=True):
                        found = (path, whole, ignored)
                        (linked if entry.is_symlink() else inner).append(found)
                elif not (_has_known_ending(entry.name) or include.excludes(whole)):
                    self.left_out.others[PurePath(entry.name).suffix.lower() or "without"] += 1
                elif not self._leaves_out(whole, exclude, ignored, is_folder=False):
                    yield path
            ahead += reversed(inner)

    def _leaves_out(
        self, path: str, exclude: Excluded, ignored: Excluded, *, is_folder: bool
    ) -> bool:
        if exclude.excludes(path, is_folder=is_folder):
            self.left_out.excluded += 1
            return True
        if ignored.excludes(path, is_folder=is_folder):
            self.left_out.gitignored += 1
            return True
        return False


def _has_known_ending(name: str) -> bool:
    return PurePath(name).suffix.lower() in ENDINGS


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
