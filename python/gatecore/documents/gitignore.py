r"""What `.gitignore` files and `--exclude` leave out, exactly as git decides it.

A line becomes a regex over the bytes of a path, as git compares bytes:

    drafts/*.old      stars stay within a name        drafts/[^/]*\.old
    a/**/b            two stars are any folders       a/(?:[^/]*/)*b
    *.tmp             no slash: a name at any depth   (?:[^/]*/)*[^/]*\.tmp

Each star takes the shortest run after which what follows it fits, and never another, which is right
as what follows has a fixed length. So `*a*a*a*a*b`, which makes `re` try every way to cut a name,
costs the name's length squared at worst. (`pathspec` 1.1 takes such lines to plain `re`, and
answers unlike git for `*/` in a folder of folders, among others.)
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gatecore.errors import GatecoreError
from gatecore.files import FileRefusedError, read_file
from gatecore.text import visible

__all__ = ["GITIGNORE", "Excluded", "Rules"]

GITIGNORE: Final = ".gitignore"

_MOST_BYTES: Final = 1_000_000
_CLASSES: Final = {
    b"alnum": b"A-Za-z0-9", b"alpha": b"A-Za-z", b"blank": b" \\t", b"cntrl": b"\\x00-\\x1f\\x7f",
    b"digit": b"0-9", b"graph": b"!-~", b"lower": b"a-z", b"print": b" -~",
    b"punct": b"!-/:-@\\[-`{-~", b"space": b" \\t-\\r", b"upper": b"A-Z", b"xdigit": b"0-9A-Fa-f",
}  # fmt: skip

#: Pieces of a pattern that are not a regex for one byte.
_SLASH, _STAR = b"/", b"*"
_FOLDERS: Final = [_STAR, _STAR]


@dataclass(frozen=True, slots=True)
class _Line:
    regex: re.Pattern[bytes]
    excludes: bool
    only_folders: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """The lines of one list, which are about what is in one folder.

    >>> rules = Rules.of(["drafts/", "*.tmp.txt", "!keep.tmp.txt"], folder="/letters")
    >>> rules.decide("/letters/drafts", is_folder=True), rules.decide("/letters/keep.tmp.txt")
    (True, False)
    """

    folder: str
    lines: tuple[_Line, ...]
    """The last one first, as it decides."""

    @classmethod
    def of(cls, lines: Iterable[str], *, folder: str) -> Rules:
        """The rules of some lines; those that match nothing are left out, as git does."""
        made = [line for each in lines if (line := _line(os.fsencode(each))) is not None]
        return cls(folder, tuple(reversed(made)))

    @classmethod
    def given(cls, lines: Sequence[str], *, folder: str) -> Rules:
        """The rules of lines that somebody gave, who wants to know of each that cannot be used.

        Raises:
            GatecoreError: One of them cannot be used.
        """
        for line in lines:
            if not cls.of([line], folder=folder).lines:
                raise GatecoreError(
                    f"'{visible(line)}' cannot be used as a pattern of files; write it as in "
                    ".gitignore, e.g. drafts/ or '*.old.txt'"
                )
        return cls.of(lines, folder=folder)

    @classmethod
    def read(cls, folder: str) -> Rules | None:
        """Those of a folder's own `.gitignore`; none if there is none that can be read."""
        path = os.path.join(folder, GITIGNORE)  # noqa: PTH118 - of a thousand folders
        if os.path.islink(path) or not os.path.isfile(path):  # noqa: PTH113,PTH114 - as git
            return None
        try:
            data = read_file(path, max_size=_MOST_BYTES)
        except (FileRefusedError, OSError):
            return None
        lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        return cls.of((os.fsdecode(line.removesuffix(b"\r")) for line in lines), folder=folder)

    def decide(self, path: str, *, is_folder: bool = False) -> bool | None:
        """Whether a path is left out; `None` where no line is about it. Paths are absolute."""
        folder = f"{self.folder.rstrip('/')}/"
        if not path.startswith(folder):
            return None
        inner = os.fsencode(path[len(folder) :])
        for line in self.lines:
            if (is_folder or not line.only_folders) and line.regex.fullmatch(inner):
                return line.excludes
        return None


@dataclass(frozen=True, slots=True)
class Excluded:
    """All rules that hold in a folder, those nearest to a file last, as they decide first."""

    rules: tuple[Rules, ...] = ()

    @classmethod
    def above(cls, folder: str) -> Excluded:
        """The rules of the folders above one, up to that of the repository it is in.

        Outside of a repository nothing above counts.
        """
        above = list(_up_to_repository(folder))
        return cls(tuple(filter(None, map(Rules.read, reversed(above)))))

    def within(self, folder: str) -> Excluded:
        """The rules in a folder, with its own."""
        own = Rules.read(folder)
        return self if own is None else Excluded((*self.rules, own))

    def about(self, folder: str) -> Excluded:
        """The same for what is in a folder: rules of one that it is not in are about it itself."""
        return Excluded(
            tuple(
                rules
                if f"{folder}/".startswith(f"{rules.folder.rstrip('/')}/")
                else replace(rules, folder=folder)
                for rules in self.rules
            )
        )

    def excludes(self, path: str, *, is_folder: bool = False) -> bool:
        """Whether a path is left out by what is nearest to it."""
        for rules in reversed(self.rules):
            decided = rules.decide(path, is_folder=is_folder)
            if decided is not None:
                return decided
        return False


def _up_to_repository(folder: str) -> Iterator[str]:
    """The folders above one, the nearest first; none if it is the repository's own or in none."""
    parents: list[str] = []
    for each in (Path(folder), *Path(folder).parents):
        if str(each) != folder:
            parents.append(str(each))
        if (each / ".git").exists():
            yield from parents
            return


# Lines as regexes


def _line(line: bytes) -> _Line | None:
    """What a line says; `None` if it is a remark or can match nothing."""
    if line.startswith(b"#"):
        return None
    line = _without_spaces_after(line)
    excludes = not line.startswith(b"!")
    line = line.removeprefix(b"!")
    only_folders = line.endswith(b"/")
    line = line.removesuffix(b"/")
    if not line:
        return None
    pieces = _pieces(line.removeprefix(b"/"))
    if pieces is None:
        return None
    parts: list[list[bytes]] = [[]]
    for piece in pieces:
        if piece == _SLASH:
            parts.append([])
        elif piece != _STAR or parts[-1][-2:] != _FOLDERS:
            parts[-1].append(piece)
    if b"/" not in line:
        parts.insert(0, _FOLDERS)
    return _Line(re.compile(_regex(parts), re.DOTALL), excludes, only_folders)


def _without_spaces_after(line: bytes) -> bytes:
    end = at = 0
    while at < len(line):
        at += 2 if line[at : at + 1] == b"\\" else 1
        if line[at - 1 : at] != b" " or line[at - 2 : at - 1] == b"\\":
            end = at
    return line[:end] if at <= len(line) else line


def _pieces(line: bytes) -> list[bytes] | None:
    """A regex for each byte, slashes and stars; `None` if no path can match."""
    pieces: list[bytes] = []
    at = 0
    while at < len(line):
        sign = line[at : at + 1]
        at += 1
        if sign == b"[":
            found = _class(line, at)
            if found is None:
                return None
            piece, at = found
            pieces.append(piece)
        elif sign == b"\\":
            if at == len(line):
                return None
            escaped = line[at : at + 1]
            pieces.append(_SLASH if escaped == _SLASH else re.escape(escaped))
            at += 1
        elif sign in (_SLASH, _STAR):
            pieces.append(sign)
        else:
            pieces.append(b"[^/]" if sign == b"?" else re.escape(sign))
    return pieces


def _class(line: bytes, at: int) -> tuple[bytes, int] | None:
    """The class that begins after a bracket, and where it ends; `None` if it is not whole."""
    negated = line[at : at + 1] in (b"^", b"!") and at < len(line)
    at += negated
    members = b""
    before: bytes = b""
    first = True
    while first or line[at : at + 1] != b"]":
        first = False
        sign = line[at : at + 1]
        if not sign:
            return None
        if sign == b"-" and before and line[at + 1 : at + 2] not in (b"", b"]"):
            at += 1
            if line[at : at + 1] == b"\\":
                at += 1
            last = line[at : at + 1]
            if not last:
                return None
            if before <= last:
                members += _byte(before) + b"-" + _byte(last)
            before = b""
        elif sign == b"[" and line[at + 1 : at + 2] == b":":
            end = line.find(b"]", at + 2)
            if end < 0:
                return None
            name = line[at + 2 : end]
            if name.endswith(b":"):
                if name[:-1] not in _CLASSES:
                    return None
                members += _CLASSES[name[:-1]]
                at, before = end, b""
            else:
                members += _byte(sign)
                before = sign
        else:
            if sign == b"\\":
                at += 1
                sign = line[at : at + 1]
                if not sign:
                    return None
            members += _byte(sign)
            before = sign
        at += 1
    if not members:
        return (b"[^/]" if negated else b"(?!)"), at + 1
    return b"(?!/)[" + (b"^" if negated else b"") + members + b"]", at + 1


def _byte(byte: bytes) -> bytes:
    return b"\\x%02x" % byte[0]


def _regex(parts: Sequence[list[bytes]]) -> bytes:
    """The regex of a path's parts: those between two `**` are found once, as early as can be."""
    runs: list[list[bytes]] = [[]]
    groups = 0

    def once(regex: bytes) -> bytes:
        """A regex whose first match is its only one: an atomic group, which `re` has from 3.11."""
        nonlocal groups
        groups += 1
        return b"(?=(?P<g%d>%s))(?P=g%d)" % (groups, regex, groups)

    def name(pieces: list[bytes]) -> bytes:
        chunks: list[bytes] = [b""]
        for piece in pieces:
            if piece == _STAR:
                chunks.append(b"")
            else:
                chunks[-1] += piece
        if len(chunks) == 1:
            return chunks[0]
        inner = b"".join(once(b"[^/]*?" + chunk) for chunk in chunks[1:-1] if chunk)
        return chunks[0] + inner + b"[^/]*" + chunks[-1] + b"(?![^/])"

    for part in parts:
        if part == _FOLDERS:
            runs.append([])
        else:
            runs[-1].append(name(part))
    first, *middle, last = (b"/".join(run) for run in runs) if len(runs) > 1 else (b"", b"")
    if len(runs) == 1:
        return b"/".join(runs[0])
    before = first + b"/" if runs[0] else b""
    inner = b"".join(once(b"(?:[^/]*/)*?" + each + b"/") for each in middle if each)
    return before + inner + (b"(?:[^/]*/)*" + last if runs[-1] else b".+")
