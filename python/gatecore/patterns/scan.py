"""`Scan`: the answers for one document, cheap to hold, exact when asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeAlias, TypeVar

from gatecore._gatecore import CoreScan, Deadline
from gatecore._gatecore import Pattern as CompiledPattern
from gatecore.errors import UnansweredError
from gatecore.patterns.columns import Columns, of_bytes, of_rows
from gatecore.patterns.pattern import DEBUG, Pattern, note

if TYPE_CHECKING:
    from gatecore.patterns.re_process import Question

__all__ = ["DeadlineLike", "Known", "Scan", "deadline_of"]

_AnyError = TypeVar("_AnyError", bound=BaseException)

#: Seconds from now, or a `Deadline` that several questions share and another thread may cancel.
DeadlineLike: TypeAlias = float | Deadline


@dataclass(frozen=True, slots=True)
class Known:
    r"""What a scan knows of its patterns without further work.

    >>> from gatecore import PatternSet
    >>> scan = PatternSet(["plain", r"(a)\1", "absent"]).scan("plain aa")
    >>> scan.known()
    Known(found=(0,), open=(1,))
    >>> scan.ids(), scan.known()
    ([0, 1], Known(found=(0, 1), open=()))
    """

    found: tuple[int, ...]
    """The numbers of the patterns that match."""
    open: tuple[int, ...]
    """Those of which it is not known. All others have no match."""

    def __str__(self) -> str:
        if not self.open:
            return "all patterns are answered"
        return f"{len(self.open)} open, {len(self.found)} match"


class Numbered(Protocol):
    """What a scan asks of the patterns that it answers for: a `PatternSet`."""

    def __len__(self) -> int: ...
    def __getitem__(self, number: int, /) -> Pattern: ...
    def compiled(self, number: int) -> re.Pattern[str]: ...
    def _number(self, number: int) -> int: ...
    def _object(self, number: int) -> CompiledPattern: ...
    def _by_danger(self, numbers: list[int]) -> list[int]: ...
    def _is_fallback(self, number: int) -> bool: ...


class Scan:
    r"""The answers for one document: cheap to hold, exact when asked.

    Which patterns match is known from the pass; spans and groups are worked out when asked for,
    with the GIL released. Patterns on the fallback route are answered by `re`, unless the pass
    ruled them out. Safe to share between threads.

    Every question takes a `deadline`, else that of the scan holds, and raises `DeadlineError` when
    it is over. An error of `re` itself, and Ctrl-C, get a note that names the pattern. A number
    that the set does not have is an `IndexError`. A pattern is `in` a scan if it matches.

    Attributes:
        text: The document.

    >>> from gatecore import PatternSet
    >>> scan = PatternSet(["fee", r"(\w+) charge"]).scan("a late charge, an exit charge")
    >>> 0 in scan, 1 in scan, scan.spans(1), scan.findall(1)
    (False, True, [(2, 13), (18, 29)], ['late', 'exit'])
    """

    __slots__ = ("_core", "_found", "_set", "_until", "text")

    def __init__(
        self, patterns: Numbered, text: str, core: CoreScan, until: Deadline | None = None
    ) -> None:
        self._set = patterns
        self._core = core
        self._until = until
        self._found: dict[int, re.Match[str]] = {}
        """First matches that `re` was asked for."""
        self.text = text

    @property
    def core(self) -> CoreScan:
        """The native scan, of the whole text; for gatecore's own packages."""
        self._core.complete(self._until)
        return self._core

    def ids(self, *, deadline: DeadlineLike | None = None) -> list[int]:
        """The numbers of the patterns with at least one match, rising.

        What `re` has to answer comes last, and of that what looks dangerous: a pattern that fails
        or takes forever does not keep the answers of the others. They are remembered, `known` has
        them, and so has the attribute `known` of the error.

        Raises:
            DeadlineError: The deadline was over before all patterns were answered. With one, each
                pattern that `re` answers gets half of the time that is left, the last one all.
            Exception: Whatever `re` raises for a pattern and this text.
        """
        until = self._until if deadline is None else deadline_of(deadline)
        try:
            found, ask = self._core.ids(until)
        except UnansweredError as error:
            raise self._all_known(error, vars(error).pop("asked", None)) from None
        except BaseException as error:
            self._all_known(error, vars(error).pop("asked", None))
            raise
        if ask:
            found += self._asked(ask, until)
            found.sort()
        return found

    def _asked(self, numbers: list[int], until: Deadline | None) -> list[int]:
        """Those of the patterns that match by `re`."""
        found = []
        failed: tuple[Exception, int] | None = None
        for place, number in enumerate(self._set._by_danger(numbers), start=1):
            share = 1.0 if place == len(numbers) else 0.5
            try:
                if self._is_match_by_re(number, until, share):
                    found.append(number)
            except Exception as error:
                failed = failed or (error, number)
            except BaseException as error:
                self._all_known(error, number)
                raise
        if failed:
            raise self._all_known(*failed)
        return found

    def known(self) -> Known:
        """What is known of the patterns already: of use when `ids` could not be finished."""
        found, unanswered = self._core.known()
        return Known(tuple(found), tuple(unanswered))

    def __contains__(self, number: int) -> bool:
        number = self._set._number(number)
        try:
            known = self._core.is_match(number, self._until)
            return self._is_match_by_re(number, self._until) if known is None else known
        except BaseException as error:
            self._named(error, number)
            raise

    def matches_by_re(
        self, number: int, *, deadline: DeadlineLike | None = None, share: float = 1.0
    ) -> bool:
        """As `in`, by `re` whatever the route; the answer is remembered.

        `share` is the part of the time left that it may take.
        """
        number = self._set._number(number)
        try:
            until = self._limit(deadline)
            if until is not None:
                return self._is_match_by_re(number, until, share)
            matches = self._set.compiled(number).search(self.text) is not None
            self._core.remember(number, matches)
            return matches
        except BaseException as error:
            self._named(error, number)
            raise

    def _is_match_by_re(self, number: int, until: Deadline | None, share: float = 1.0) -> bool:
        if until is None:
            return self._first_by_re(number) is not None
        matches: bool = self._apart("is_match", number, until, share)
        self._core.remember(number, matches)
        return matches

    def _first_by_re(self, number: int) -> re.Match[str] | None:
        """The first match by `re`, which is asked once."""
        if number not in self._found:
            # Asked where the core knows that a match may begin.
            match = self._core.search(self._set._object(number), number, self.text)
            self._core.remember(number, match is not None)
            if match is None:
                return None
            self._found[number] = match
        return self._found[number]

    def _apart(
        self, question: Question, number: int, until: Deadline, share: float = 1.0, group: int = 0
    ) -> Any:
        """What `re` answers in a process that can be ended."""
        from gatecore.patterns.re_process import ask

        pattern = self._set[number]
        flags = int(pattern.flags) & ~DEBUG
        return ask(
            *(question, pattern.source, flags, self.text),
            deadline=until,
            share=share,
            group=group,
        )

    def search(self, number: int, *, deadline: DeadlineLike | None = None) -> re.Match[str] | None:
        """The first match, as `re.search` finds it; its groups are worked out when asked for."""
        number = self._set._number(number)
        try:
            until = self._limit(deadline)
            for_re = until is not None and self._is_for_re(number)
            if for_re and not self._is_match_by_re(number, until):
                return None
            if number in self._found:
                return self._found[number]
            return self._core.search(self._set._object(number), number, self.text, until)
        except BaseException as error:
            self._named(error, number)
            raise

    def spans(self, number: int, *, deadline: DeadlineLike | None = None) -> list[tuple[int, int]]:
        """The span of every match in characters, as `re.finditer` finds them.

        Linear in the document's length, but for patterns on the fallback route.
        """
        number = self._set._number(number)
        try:
            until = self._limit(deadline)
            spans = self._core.spans(number, until)
            return self._spans_of_fallback(number, until) if spans is None else spans
        except BaseException as error:
            self._named(error, number)
            raise

    def first_spans(self, *, deadline: DeadlineLike | None = None) -> Columns:
        """The span of the first match of every pattern that matches, as `re.search` finds it.

        Raises:
            DeadlineError: The deadline was over before all were found.
            Exception: Whatever `re` raises for a pattern and this text.

        >>> from gatecore import PatternSet
        >>> list(PatternSet(["fee", "risk"]).scan("a fee, no risk, a fee").first_spans())
        [(0, 2, 5), (1, 10, 14)]
        """
        return self._columns(True, self._limit(deadline))

    def all_spans(self, *, deadline: DeadlineLike | None = None) -> Columns:
        """The spans of all matches of all patterns, as `re.finditer` finds them.

        Worked out without the GIL, on all processors where the document is long. What only `re` can
        answer comes last.

        Raises:
            DeadlineError: The deadline was over before all were found.
            Exception: Whatever `re` raises for a pattern and this text.
        """
        return self._columns(False, self._limit(deadline))

    def _columns(self, first: bool, until: Deadline | None) -> Columns:
        try:
            *columns, ask = self._core.columns(first, until)
        except BaseException as error:
            self._all_known(error)
            raise
        found = of_bytes(*columns)
        if not ask:
            return found
        rows = list(found)
        for number in self._set._by_danger(ask):
            rows += ((number, *span) for span in self._rows_by_re(number, first, until))
        return of_rows(sorted(rows))

    def _rows_by_re(
        self, number: int, first: bool, until: Deadline | None
    ) -> list[tuple[int, int]]:
        try:
            if until is not None or not first:
                return self._spans_of_fallback(number, until)[: 1 if first else None]
            match = self._first_by_re(number)
            return [] if match is None else [match.span()]
        except BaseException as error:
            self._all_known(error, number)
            raise

    def spans_by_re(
        self, number: int, *, deadline: DeadlineLike | None = None, share: float = 1.0
    ) -> list[tuple[int, int]]:
        """As `spans`, by `re` whatever the route: the answer that `spans` must equal.

        `share` is the part of the time left that it may take.
        """
        try:
            return self._spans_by_re(number, self._limit(deadline), share)
        except BaseException as error:
            self._named(error, number)
            raise

    def captures_by_re(
        self, number: int, group: int, *, share: float = 1.0
    ) -> list[tuple[int, int]]:
        """For every match the span of a group, (-1, -1) where it took no part; by `re`."""
        try:
            if self._until is None:
                return [match.span(group) for match in self.matches_of_re(number)]
            spans: list[tuple[int, int]] = self._apart(
                "captures", number, self._until, share, group
            )
            return spans
        except BaseException as error:
            self._named(error, number)
            raise

    def _spans_of_fallback(self, number: int, until: Deadline | None) -> list[tuple[int, int]]:
        """Every match, by `re` where the core knows that one may begin."""
        if until is None:
            spans = self._core.spans_by_re(self._set._object(number), number, self.text)
            if spans is not None:
                return spans
        return self._spans_by_re(number, until)

    def _spans_by_re(
        self, number: int, until: Deadline | None, share: float = 1.0
    ) -> list[tuple[int, int]]:
        if until is None:
            return [match.span() for match in self.matches_of_re(number)]
        spans: list[tuple[int, int]] = self._apart("spans", number, until, share)
        return spans

    def matches_of_re(self, number: int) -> Iterator[re.Match[str]]:
        """As `finditer`, by `re` whatever the route and without a deadline."""
        return self._set.compiled(number).finditer(self.text)

    def finditer(
        self, number: int, *, deadline: DeadlineLike | None = None
    ) -> Iterator[re.Match[str]]:
        """Every match in order, as `re.finditer` gives them; looked for as they are asked for."""
        number = self._set._number(number)
        try:
            until = self._rehearsed(number, deadline)
            return self._core.finditer(self._set._object(number), number, self.text, until)
        except BaseException as error:
            self._named(error, number)
            raise

    def findall(self, number: int, *, deadline: DeadlineLike | None = None) -> list[Any]:
        """The text of every match, or of its groups, as `re.findall` gives them."""
        number = self._set._number(number)
        try:
            until = self._rehearsed(number, deadline)
            return self._core.findall(self._set._object(number), number, self.text, until)
        except BaseException as error:
            self._named(error, number)
            raise

    def _limit(self, deadline: DeadlineLike | None) -> Deadline | None:
        return self._until if deadline is None else deadline_of(deadline)

    def _rehearsed(self, number: int, deadline: DeadlineLike | None) -> Deadline | None:
        """The limit for all matches, asked of a process first where only `re` makes them."""
        until = self._limit(deadline)
        if until is not None and self._is_for_re(number):
            self._spans_by_re(number, until)
        return until

    def _is_for_re(self, number: int) -> bool:
        """Whether `re` will be asked for matches; then, under a deadline, a process rehearses it.

        Only `re` makes matches with their groups, and it takes as long for it in this process as it
        took in the other.
        """
        return self._set._is_fallback(number) and self._core.is_match(number) is not False

    def _named(self, error: BaseException, number: int) -> None:
        """Has an error say of which pattern it is."""
        pattern = self._set[number]
        if isinstance(error, UnansweredError):
            if error.pattern is None:
                error.number, error.pattern = number, pattern
        else:
            note(error, f"gatecore: while pattern {number} was asked about: {pattern.source!r}")

    def _all_known(self, error: _AnyError, number: int | None = None) -> _AnyError:
        """The error with the pattern that was asked about, if it is known, and what is of all."""
        if number is not None:
            self._named(error, number)
        vars(error)["known"] = self.known()
        return error

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Scan cannot be pickled: it belongs to the memory of its process; pickle the set and "
            "the text, and scan there"
        )

    def __repr__(self) -> str:
        return f"<gatecore.Scan of {len(self.text)} characters by {len(self._set)} patterns>"


def deadline_of(deadline: DeadlineLike | None) -> Deadline | None:
    """A deadline that begins now, where it was given in seconds."""
    if deadline is None or isinstance(deadline, Deadline):
        return deadline
    return Deadline(deadline)
