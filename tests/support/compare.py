"""The one comparison: everything a pattern set answers about a text, beside what `re` answers.

Every differential test and the bulk fuzzer go through `compare` (one text) or through its parts
(`Oracle`, `compare_errors`, `compare_scan`), which let one compiled set scan many texts.

Compared are: the error for a bad pattern and which pattern it names; `ids` and `in`; `search`,
`finditer`, `findall` and `spans`; and of each match all groups, spans, names and the rest of what
`re.Match` tells. `compare_document.py` adds the drop-in, and `compare` includes it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tests.support.choices import Spec
from tests.support.observe import error_facts

__all__ = [
    "Answer",
    "Build",
    "Difference",
    "Oracle",
    "all_facts_of",
    "build_set",
    "compare",
    "compare_errors",
    "compare_scan",
    "facts_of",
    "fault",
]


class Scan(Protocol):
    """What is compared of a scan."""

    def ids(self) -> list[int]: ...
    def __contains__(self, index: int, /) -> bool: ...
    def search(self, index: int, /) -> Any: ...
    def finditer(self, index: int, /) -> Iterable[Any]: ...
    def findall(self, index: int, /) -> list[Any]: ...
    def spans(self, index: int, /) -> list[tuple[int, int]]: ...


class Set(Protocol):
    """What is compared of a pattern set."""

    def scan(self, text: str, /) -> Scan: ...


Build = Callable[[Sequence[Spec], str], Set]
"""Makes a pattern set of patterns and an engine's name."""


def build_set(patterns: Sequence[Spec], backend: str) -> Set:
    """The pattern set under test."""
    from gatecore import PatternSet

    named: Any = backend  # an element of backends(), which types as any str
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of `re`, about the pattern: "Possible nested set"
        scanned: Set = PatternSet(patterns, backend=named)
    return scanned


@dataclass(frozen=True)
class Difference:
    """One answer that is not the one of `re`."""

    pattern: str
    flags: int
    text: str
    backend: str
    what: str
    expected: object
    got: object
    patterns: tuple[Spec, ...]
    """The whole set: some backends lose matches only when patterns are compiled together."""

    def row(self, note: str = "") -> str:
        """The line for tests/data/differences.jsonl that keeps this difference from coming back."""
        row = {"patterns": self.patterns, "text": self.text, "note": note or self.what}
        return json.dumps(row)

    def __str__(self) -> str:
        flags = str(re.RegexFlag(self.flags))
        return (
            f"{self.what} on {self.backend}: {self.pattern!a} ({flags}) in a set of "
            f"{len(self.patterns)} on {self.text!a}\n"
            f"  re       {self.expected!a}\n"
            f"  gatecore {self.got!a}\n"
            f"  row      {self.row()}"
        )


Facts = tuple[object, ...]
"""All that is compared of a match."""


class Answer(NamedTuple):
    """What `re` says of one pattern and one text."""

    search: Facts | None
    matches: list[Facts]
    findall: list[Any]
    spans: list[tuple[int, int]]


def facts_of(match: Any) -> Facts:
    """What a match says, in a form that compares: for each match of a text."""
    return (
        match.span(),
        match.regs,
        match.group(),
        match.groups(),
        match.groupdict(),
        match.lastindex,
        match.lastgroup,
    )


def all_facts_of(match: Any) -> Facts:
    """What a match says when asked in every way there is: for the first match of a text."""
    count = len(match.regs)
    names = list(match.groupdict())
    return (
        *facts_of(match),
        bool(match),
        match.string,
        match.pos,
        match.endpos,
        [(match.start(g), match.end(g), match.span(g), match.group(g)) for g in range(count)],
        [(match.start(name), match.end(name), match[name]) for name in names],
        match.group(*range(count)),
        match.groups("?"),
        match.groupdict("?"),
        match[0],
        match.expand(r"<\g<0>>"),
        list(match.groupdict().items()),
    )


class Oracle:
    """`re` itself, asked everything about each good pattern of a set."""

    def __init__(self, patterns: Sequence[Spec]) -> None:
        good: list[Spec] = []
        self.first_error: tuple[int, Exception] | None = None
        """Index and error of the first pattern that `re.compile` refuses."""
        self.compiled: list[re.Pattern[str]] = []
        """The patterns that compile, compiled."""
        self.patterns = tuple(patterns)
        for index, (source, flags) in enumerate(patterns):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self.compiled.append(re.compile(source, flags))
                good.append((source, flags))
            except (re.error, ValueError, OverflowError, RecursionError) as error:
                if self.first_error is None:
                    self.first_error = index, error
        self.good = tuple(good)
        """The patterns that compile."""

    def ask(self, text: str) -> list[Answer | None]:
        """What `re` says of `text`: for each good pattern an answer, or None where `re` fails.

        It fails with a SystemError ("The span of capturing group is wrong, please report a bug")
        or finds matches without end on about one in 100,000 generated pairs, all with groups in
        possessive repeats (3.11). Which of the two differs from run to run.
        """
        return [self._answer(pattern, text) for pattern in self.compiled]

    @staticmethod
    def _answer(pattern: re.Pattern[str], text: str) -> Answer | None:
        try:
            return _ask(pattern, text)
        except SystemError:
            return None


def _ask(pattern: re.Pattern[str], text: str) -> Answer:
    first = pattern.search(text)
    if first is None:
        return Answer(None, [], [], [])
    most = 2 * len(text) + 2  # at each place a match of the empty text and another
    matches = list(itertools.islice(pattern.finditer(text), most + 1))
    if len(matches) > most:
        raise SystemError("re finds matches without end")
    return Answer(
        all_facts_of(first),
        [facts_of(match) for match in matches],
        pattern.findall(text),
        [match.span() for match in matches],
    )


def compare_errors(oracle: Oracle, backend: str, *, build: Build = build_set) -> list[Difference]:
    """Differences between the errors of a set with a bad pattern and of `re.compile`."""
    if oracle.first_error is None:
        return []
    index, expected = oracle.first_error
    source, flags = oracle.patterns[index]

    def difference(what: str, expected: object, got: object) -> Difference:
        return Difference(source, flags, "", backend, what, expected, got, oracle.patterns)

    try:
        build(oracle.patterns, backend)
    except Exception as error:
        if error_facts(error) != error_facts(expected):
            return [difference("error", error_facts(expected), error_facts(error))]
        notes = " ".join(getattr(error, "__notes__", ()))
        if hasattr(error, "add_note") and str(index) not in notes:
            return [difference("note of the error", f"names pattern {index}", notes)]
        return []
    return [difference("error", error_facts(expected), None)]


def compare_scan(
    pattern_set: Set, oracle: Oracle, answers: Sequence[Answer | None], text: str, backend: str
) -> list[Difference]:
    """Differences between a set of the oracle's good patterns and `answers` on `text`.

    A pattern on which `re` itself fails may give any answer.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a pattern may be compiled when it is first asked for
        return _differences(pattern_set, oracle, answers, text, backend)


def _differences(
    pattern_set: Set, oracle: Oracle, answers: Sequence[Answer | None], text: str, backend: str
) -> list[Difference]:
    found: list[Difference] = []

    def check(index: int, what: str, expected: object, ask: Callable[[], object]) -> None:
        try:
            got = ask()
        except BaseException as error:
            got = fault(error)
        if got != expected:
            source, flags = oracle.good[index]
            found.append(Difference(source, flags, text, backend, what, expected, got, oracle.good))

    scans: list[Scan] = []
    check(0, "scan", None, lambda: scans.append(pattern_set.scan(text)))
    if found:
        return found
    (scan,) = scans
    known = {index: answer for index, answer in enumerate(answers) if answer is not None}
    matching = [index for index, answer in known.items() if answer.search is not None]
    blame = 0
    with contextlib.suppress(Exception):  # name a pattern that differs, if the ids can be had
        blame = min((set(scan.ids()) & known.keys()) ^ set(matching), default=0)
    if len(known) == len(answers):
        check(blame, "ids", matching, scan.ids)
    for index, answer in known.items():
        asks: list[tuple[str, object, Callable[[], object]]] = [
            ("in", answer.search is not None, lambda i=index: i in scan),  # type: ignore[misc]
            ("search", answer.search, lambda i=index: _search(scan, i)),  # type: ignore[misc]
            ("spans", answer.spans, lambda i=index: scan.spans(i)),  # type: ignore[misc]
            ("finditer", answer.matches, lambda i=index: _matches(scan, i)),  # type: ignore[misc]
            ("findall", answer.findall, lambda i=index: scan.findall(i)),  # type: ignore[misc]
        ]
        # Answers may be computed when first asked for, so the order of asking changes as well.
        for what, expected, ask in asks if index % 2 == 0 else reversed(asks):
            check(index, what, expected, ask)
    return found


def fault(error: BaseException) -> BaseException:
    """The error, where it is an answer to compare; a time limit or Ctrl-C is raised again."""
    # A panic in Rust is not an `Exception`.
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        return error
    raise error


def _search(scan: Scan, index: int) -> Facts | None:
    match = scan.search(index)
    return None if match is None else all_facts_of(match)


def _matches(scan: Scan, index: int) -> list[Facts]:
    return [facts_of(match) for match in scan.finditer(index)]


def compare(
    patterns: Sequence[Spec], text: str, backend: str, *, build: Build = build_set
) -> list[Difference]:
    """All differences between `re` and the pattern set on one text.

    A set with a bad pattern must raise its error; the good ones among it are then compared.
    """
    oracle = Oracle(patterns)
    differences = compare_errors(oracle, backend, build=build)
    if oracle.good:
        scanned = build(oracle.good, backend)
        answers = oracle.ask(text)
        differences += compare_scan(scanned, oracle, answers, text, backend)
        if build is build_set:  # a Document is bound to a true set
            from tests.support.compare_document import ask_document, compare_document

            # A large set is asked a share; it is small when a difference is minimised.
            few = len(oracle.good) <= 16
            expected = ask_document(oracle, answers, text, thorough=few)
            differences += compare_document(scanned, oracle, expected, text, backend)
    return differences
