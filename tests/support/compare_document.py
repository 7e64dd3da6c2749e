"""The drop-in beside `re`: the same calls about a Document and about its text.

`compare.py` asks a set's scans; this asks `gatecore.re` and its compiled patterns. For each pattern
and text there are *probes*: small calls whose answer by `re` is worked out once and whose answer
by the drop-in is compared on each backend.

=======  =========================================================================================
asked    probes
=======  =========================================================================================
always   search, match, fullmatch, finditer, findall, by source or by compiled pattern
share    with pos and endpos; split; sub and subn with a text, a template, a function; the lowered
         view; `in`, count and find of keywords
=======  =========================================================================================

The share is drawn from a checksum of pattern and text, so a case always asks the same.
A comparison made with `thorough` asks everything, with many more positions and keywords: that is
what minimises a difference, and what keeps its row.
"""

from __future__ import annotations

import collections
import re
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.support import compare
from tests.support.choices import Spec
from tests.support.compare import Answer, Difference, Oracle
from tests.support.drop_in import Document, gre
from tests.support.observe import error_facts

__all__ = ["DropIn", "Expected", "ask_document", "compare_document", "with_keywords"]

Counts = collections.Counter[str]

SHARE = 6
"""One pair of pattern and text in this many is asked everything."""
_LEFT_OUT = object()
"""Stands for an answer on which `re` itself fails."""


@dataclass(frozen=True)
class DropIn:
    """What is compared: a module like `re` and what makes a subject of a text and a set."""

    module: Any = gre
    document: Callable[[str, Any], Any] = Document


class _Caller(NamedTuple):
    """Calls one pattern on one subject, by its source or compiled."""

    module: Any
    compiled: Any
    source: str
    flags: int
    subject: Any

    def function(self, name: str, *before: Any, **named: Any) -> Any:
        """As `re.sub(source, *before, subject, …, flags=…)`."""
        call = getattr(self.module, name)
        return call(self.source, *before, self.subject, flags=self.flags, **named)

    def method(self, name: str, *before: Any, **named: Any) -> Any:
        """As `re.compile(source, flags).sub(*before, subject, …)`."""
        return getattr(self.compiled, name)(*before, self.subject, **named)


class _Probe(NamedTuple):
    """One call, and a name under which its differences are told."""

    what: str
    ask: Callable[[_Caller], object]


class Expected(NamedTuple):
    """What `re` says to all probes about one text."""

    patterns: list[list[tuple[_Probe, object]]]
    """For each pattern, what is asked and the answer."""
    keywords: list[tuple[str, str, object]]
    """Question, keyword and answer."""


# --- probes --------------------------------------------------------------------------------------


def _match(match: Any) -> object:
    return None if match is None else compare.facts_of(match)


def _one(name: str) -> _Probe:
    return _Probe(f"Document {name}", lambda call: _match(call.method(name)))


def _one_by_source(name: str) -> _Probe:
    return _Probe(f"Document {name}", lambda call: _match(call.function(name)))


def _all(call: _Caller) -> object:
    return [_match(match) for match in call.method("finditer")]


def _all_by_source(call: _Caller) -> object:
    return [_match(match) for match in call.function("finditer")]


def _first(call: _Caller) -> object:
    match = call.function("search")
    return None if match is None else compare.all_facts_of(match)


def _first_by_method(call: _Caller) -> object:
    match = call.method("search")
    return None if match is None else compare.all_facts_of(match)


_ALWAYS = [
    [_one("match"), _one_by_source("fullmatch")],
    [_one_by_source("match"), _one("fullmatch")],
]
"""By the parity of the pattern's number, as the known answers below."""
_KNOWN: list[list[_Probe]] = [
    [
        _Probe("Document search", _first),
        _Probe("Document finditer", _all),
        _Probe("Document findall", lambda call: call.function("findall")),
    ],
    [
        _Probe("Document search", _first_by_method),
        _Probe("Document finditer", _all_by_source),
        _Probe("Document findall", lambda call: call.method("findall")),
    ],
]
"""What `re` has said before: `Answer`'s search, matches and findall."""


def _within(name: str, pos: int, endpos: int) -> _Probe:
    def ask(call: _Caller) -> object:
        found = getattr(call.compiled, name)(call.subject, pos, endpos)
        if name == "finditer":
            found = [_match(match) for match in found]
        elif name != "findall":
            found = _match(found)
        return pos, endpos, found

    return _Probe(f"Document {name} within", ask)


def _split(maxsplit: int) -> _Probe:
    return _Probe(
        "Document split", lambda call: (maxsplit, call.function("split", maxsplit=maxsplit))
    )


def _sub(name: str, replacement: str, count: int) -> _Probe:
    def ask(call: _Caller) -> object:
        made = call.method(name, replacement, count=count)
        text = made if name == "sub" else made[0]
        return replacement, count, type(text), made

    return _Probe(f"Document {name}", ask)


def _sub_by_function(call: _Caller) -> object:
    seen: list[object] = []

    def replace(match: Any) -> str:
        seen.append(_match(match))
        return f"<{match.group()}>"

    return call.function("sub", replace), seen


def _on_view(name: str) -> _Probe:
    def ask(call: _Caller) -> object:
        # `lower` of a Document is a view of it, of a str a str: the same line asks both.
        return _listed(call._replace(subject=getattr(call.subject, name)()))

    return _Probe(f"Document {name}", ask)


def _listed(call: _Caller) -> object:
    return _match(call.method("search")), call.function("findall")


def _probes(compiled: re.Pattern[str], text: str, *, thorough: bool) -> Iterator[_Probe]:
    """What is asked of some pairs only."""
    chance = zlib.crc32(repr((compiled.pattern, compiled.flags, text)).encode())
    if chance % SHARE and not thorough:
        return
    drawn = chance // SHARE
    length = len(text)
    ends = [
        (drawn % (length + 3) - 1, drawn // 7 % (length + 3) - 1),
        (drawn % (length + 1), 2**40),
    ]
    if thorough:
        starts = range(-1, length + 2) if length <= 24 else range(0, length, length // 12)
        ends += (
            [(start, length) for start in starts]
            + [(0, end) for end in starts]
            + [(1, length - 1), (length, 0), (length + 2, length + 1)]
        )
    for name in ("search", "match", "fullmatch", "finditer", "findall"):
        for pos, endpos in ends:
            yield _within(name, pos, endpos)
    yield _split(0)
    yield _split(drawn % 3)
    groups = "".join(rf"\{number}" for number in range(1, min(compiled.groups, 9) + 1))
    for name in ("sub", "subn"):
        yield _sub(name, "-", 0)
        yield _sub(name, rf"[\g<0>{groups}]", drawn % 3)
    yield _Probe("Document sub by function", _sub_by_function)
    yield _on_view("lower")
    yield _on_view("casefold")


def literal_of(spec: Spec) -> str | None:
    """The keyword of which a pattern is the literal: its source is `re.escape(keyword)`."""
    source, flags = spec
    keyword = re.sub(r"\\(.)", r"\1", source, flags=re.DOTALL)
    return keyword if not flags and re.escape(keyword) == source else None


def _keywords(patterns: Sequence[Spec], text: str, *, thorough: bool) -> list[str]:
    in_set = [keyword for spec in patterns if (keyword := literal_of(spec)) is not None]
    drawn = zlib.crc32(text.encode("utf-8", "surrogatepass"))
    place = drawn % (len(text) + 1)
    others = [text[place : place + 1 + drawn % 4]] if thorough or drawn % SHARE == 0 else []
    if thorough:
        others += ["", "not there", text[place:] + "\x01", *text.split()[:8], *text[:8]]
    return [*in_set, *others]


_KEYWORD_CALLS: dict[str, Callable[[Any, str], object]] = {
    "in": lambda text, keyword: keyword in text,
    "count": lambda text, keyword: text.count(keyword),
    "find": lambda text, keyword: text.find(keyword),
    "find from": lambda text, keyword: (text.find(keyword, 2), text.count(keyword, 1, -1)),
    "in lower": lambda text, keyword: keyword in text.lower(),
    "find lower": lambda text, keyword: (text.lower().find(keyword), text.lower().count(keyword)),
    "in casefold": lambda text, keyword: keyword in text.casefold(),
}


def with_keywords(patterns: Sequence[Spec], texts: Sequence[str]) -> tuple[Spec, ...]:
    """The patterns of a case; in one case of three with keywords of the texts as literals."""
    drawn = zlib.crc32(repr((tuple(patterns), tuple(texts))).encode())
    if drawn % 3:
        return tuple(patterns)
    pieces = []
    for text in texts[:3]:
        place = drawn % (len(text) + 1)
        pieces += [text[place : place + 1 + drawn // 3 % 6], text.lower()[place : place + 4]]
    literals = [(re.escape(piece), 0) for piece in dict.fromkeys(pieces) if piece]
    return (*patterns, *literals)


# --- comparing -----------------------------------------------------------------------------------


def _told(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except SystemError:
        return _LEFT_OUT
    except Exception as error:
        return error_facts(error)


def ask_document(
    oracle: Oracle, answers: Sequence[Answer | None], text: str, *, thorough: bool = False
) -> Expected:
    """What `re` says of `text` to every probe."""
    asked: list[list[tuple[_Probe, object]]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for index, (compiled, answer) in enumerate(zip(oracle.compiled, answers, strict=True)):
            rows: list[tuple[_Probe, object]] = []
            asked.append(rows)
            if answer is None:
                continue
            known = (answer.search, answer.matches, answer.findall)
            rows += zip(_KNOWN[index % 2], known, strict=True)
            call = _Caller(re, compiled, compiled.pattern, oracle.good[index][1], text)
            for probe in (*_ALWAYS[index % 2], *_probes(compiled, text, thorough=thorough)):
                value = _told(lambda: probe.ask(call))  # noqa: B023 - called at once
                if value is not _LEFT_OUT:
                    rows.append((probe, value))
    keywords = [
        (what, keyword, ask(text, keyword))
        for keyword in _keywords(oracle.good, text, thorough=thorough)
        for what, ask in _KEYWORD_CALLS.items()
    ]
    return Expected(asked, keywords)


def compare_document(
    pattern_set: Any,
    oracle: Oracle,
    expected: Expected,
    text: str,
    backend: str,
    *,
    counts: Counts | None = None,
    drop_in: DropIn = DropIn(),
) -> list[Difference]:
    """Differences between what `re` says of `text` and the drop-in of a Document of it."""
    found: list[Difference] = []
    document = drop_in.document(text, pattern_set)

    def check(index: int, what: str, right: object, ask: Callable[[], object]) -> None:
        try:
            got = _told(ask)
        except BaseException as error:
            got = compare.fault(error)
        if got != right:
            source, flags = oracle.good[index]
            found.append(Difference(source, flags, text, backend, what, right, got, oracle.good))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for index, (source, flags) in enumerate(oracle.good):
            compiled = drop_in.module.compile(source, flags)
            call = _Caller(drop_in.module, compiled, source, flags, document)
            rows = expected.patterns[index]
            # Answers are kept, so the order of asking changes as well.
            for probe, right in rows if index % 4 < 2 else reversed(rows):
                check(index, probe.what, right, lambda: probe.ask(call))  # noqa: B023
        for what, keyword, right in expected.keywords:
            ask = _KEYWORD_CALLS[what]
            told = keyword, right
            check(0, f"Document {what}", told, lambda: (keyword, ask(document, keyword)))  # noqa: B023
    if counts is not None:
        stats = document.stats()
        counts["document calls served"] += stats.served
        counts["document calls fell through"] += stats.fell_through
    return found
