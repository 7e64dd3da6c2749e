"""Comments in a document that say which findings to ignore, and why.

    <!-- gatecore: ignore[fca_uk/no_risk] a quotation of the FCA -->      the next line
    Capital is safe. <!-- gatecore: ignore[no_risk] a quotation -->       its own line
    gatecore: ignore-file[no_risk, fair_value] a training text            the whole document

A comment that stands alone on its line is about that line and the next one that is not empty, else
about its own line. Findings that begin there are excused. A verdict without findings, about what is
missing, is excused by `ignore-file` only. No reason, no effect; what has none is said, as are gates
that nobody knows and comments that excused nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gatecore.gates.excuse import NO_EXCUSES, Excuse, Excused, Excuses
from gatecore.gates.findings import Lines
from gatecore.gates.statuses import is_known, is_problem

if TYPE_CHECKING:
    from gatecore.gates.report import Report

__all__ = ["MOST_COMMENTS", "IgnoreComment", "ignore_comments", "ignored"]

_SIGN: Final = "gatecore:"
_COMMENT: Final = re.compile(
    r"gatecore:[ \t]*ignore(?P<file>-file)?(?:\[(?P<gates>[^\[\]\r\n]{0,1000})\])?"
    r"(?P<reason>[^\r\n]{0,1000})"
)
_BEFORE: Final = re.compile(r"[\s<!\-#/*%;>|.()\[\]:]*")
_AFTER: Final = re.compile(r"[\s\-/*>)]*")
_END: Final = re.compile(r"-->|--!>|\*/|gatecore:")
_MOST_SIGNS: Final = 40

MOST_COMMENTS: Final = 10_000
"""Of a document; those after them do nothing, which is said."""


@dataclass(frozen=True, slots=True)
class IgnoreComment:
    """What one comment asks for, and what came of it.

    Attributes:
        line: Where it stands, from 1.
        gates: Their names as written.
        reason: Why; empty if it says none.
        last_line: The last line that it is about; `None` for the whole document.
        problem: Why it does nothing; empty if it does something.
        used: How many findings, and verdicts without any, it excuses.
    """

    line: int
    gates: tuple[str, ...]
    reason: str
    last_line: int | None
    problem: str = ""
    used: int = 0

    def to_dict(self) -> dict[str, object]:
        """The comment as plain data."""
        plain: dict[str, object] = {
            "line": self.line,
            "gates": list(self.gates),
            "reason": self.reason,
            "whole_document": self.last_line is None,
            "used": self.used,
        }
        return {**plain, "problem": self.problem} if self.problem else plain


def ignore_comments(
    text: str, comments: Iterable[tuple[int, bool, str]] | None = None
) -> tuple[IgnoreComment, ...]:
    r"""The comments of a document, in order; they cost one search for `gatecore:` if it has none.

    `comments` are those of a page, whose text does not have them: where in the text each stands,
    whether a line begins there, and what it says. Then only they are looked at.

    >>> found = ignore_comments("<!-- gatecore: ignore[no_risk] quoted -->\n\nNo risk.")
    >>> [(each.line, each.gates, each.reason, each.last_line) for each in found]
    [(1, ('no_risk',), 'quoted', 3)]
    """
    lines = Lines(text)
    if comments is None:
        return tuple(_in_text(text, lines))
    return tuple(_in_page(text, comments, lines))


def ignored(
    report: Report, comments: Iterable[IgnoreComment], known: Collection[str]
) -> tuple[Excuses, tuple[IgnoreComment, ...]]:
    """What comments excuse of a report, and the comments with what came of them.

    `known` are the gates that are asked, as `module/gate`. A comment may leave out the module where
    one module alone has a gate of that name.
    """
    full: dict[str, list[str]] = {}
    for each in known:
        for short in (each, each.partition("/")[2]):
            full.setdefault(short, []).append(each)
    problems = _problems(report)
    given: dict[Excused, Excuse] = {}
    told = []
    for comment in comments:
        names, problem = _named(comment, full)
        if problem:
            told.append(replace(comment, problem=problem))
            continue
        covered = [
            each for name in names if name in problems for each in problems[name].take(comment)
        ]
        given.update(dict.fromkeys(covered, Excuse("ignore", comment.reason, comment.line)))
        unused = "" if covered else "it excuses nothing"
        told.append(replace(comment, used=len(covered), problem=unused))
    return (Excuses(given) if given else NO_EXCUSES), tuple(told)


def _in_text(text: str, lines: Lines) -> Iterator[IgnoreComment]:
    at = text.find(_SIGN)
    number = 0
    while at >= 0:
        found = _COMMENT.match(text, at)
        if found is not None:
            number += 1
            if number > MOST_COMMENTS:
                yield _too_many(lines.place(at)[0])
                return
            line, column = lines.place(at)
            before = (
                text[at - column + 1 : at] if column <= _MOST_SIGNS else "-" * _MOST_SIGNS + "x"
            )
            end = _END.search(found["reason"])
            after = found["reason"][end.start() :] if end is not None else ""
            alone = _BEFORE.fullmatch(before) and _AFTER.fullmatch(after)
            whole = _next_line(text, lines, found.end()) if alone else line
            yield _read(found, at, whole, lines)
        at = text.find(_SIGN, at + len(_SIGN))


def _in_page(
    text: str, comments: Iterable[tuple[int, bool, str]], lines: Lines
) -> Iterator[IgnoreComment]:
    for number, (at, alone, said) in enumerate(comments):
        if number == MOST_COMMENTS:
            yield _too_many(lines.place(at)[0])
            return
        found = _COMMENT.search(said)
        if found is not None:  # what comes next begins at the comment's place, or after blanks
            yield _read(found, _after_blanks(text, at) if alone else at, None, lines)


def _too_many(line: int) -> IgnoreComment:
    said = f"no more than {MOST_COMMENTS:,} comments of a document are obeyed"
    return IgnoreComment(line, (), "", None, said)


def _read(found: re.Match[str], at: int, last_line: int | None, lines: Lines) -> IgnoreComment:
    line = lines.place(at)[0]
    end = _END.search(found["reason"])
    reason = (found["reason"] if end is None else found["reason"][: end.start()]).strip()
    gates = tuple(filter(None, (name.strip() for name in (found["gates"] or "").split(","))))
    covers = None if found["file"] else (line if last_line is None else last_line)
    return IgnoreComment(line, gates, reason, covers)


def _next_line(text: str, lines: Lines, at: int) -> int:
    """The line of what comes next, or the last one."""
    end = min((e for e in (text.find("\n", at), text.find("\r", at)) if e >= 0), default=len(text))
    return lines.place(_after_blanks(text, end))[0]


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and (text[at].isspace() or text.startswith("-->", at)):
        at += 1 if text[at].isspace() else len("-->")
    return at


def _named(comment: IgnoreComment, full: Mapping[str, list[str]]) -> tuple[set[str], str]:
    """The gates that a comment names, or why it does nothing."""
    if comment.problem:
        return set(), comment.problem
    if not comment.gates:
        return set(), "it names no gate; write gatecore: ignore[module/gate] and why"
    if not comment.reason:
        return set(), "it does not say why; write the reason after the bracket"
    names = set()
    for name in comment.gates:
        fits = full.get(name, [])
        if len(fits) != 1:
            why = "is not asked" if not fits else f"is in several modules: {', '.join(fits)}"
            return set(), f"gate '{name}' {why}"
        names.add(fits[0])
    return names, ""


def _problems(report: Report) -> dict[str, _Problems]:
    """What may be excused of a report, by `module/gate`."""
    found: dict[str, _Problems] = {}
    for number, verdict in enumerate(report.verdicts):
        if not is_problem(verdict.status) or not is_known(verdict.status):
            continue
        here = found.setdefault(f"{verdict.module}/{verdict.gate}", _Problems())
        if not verdict.findings:
            here.without_place.append((number, None))
        for at, finding in enumerate(verdict.findings):
            here.by_line.setdefault(finding.line, []).append((number, at))
    for each in found.values():
        each.lines = sorted(each.by_line)
    return found


class _Problems:
    """Those of one gate; each is taken once, so that many comments cost no more than one."""

    def __init__(self) -> None:
        self.without_place: list[Excused] = []
        self.by_line: dict[int, list[Excused]] = {}
        self.lines: list[int] = []

    def take(self, comment: IgnoreComment) -> Iterator[Excused]:
        if comment.last_line is None:
            yield from self.without_place
            self.without_place = []
            taken = self.lines
            self.lines = []
        else:
            start = bisect_left(self.lines, comment.line)
            taken = self.lines[start : bisect_right(self.lines, comment.last_line)]
        for line in taken:
            yield from self.by_line.pop(line, ())
