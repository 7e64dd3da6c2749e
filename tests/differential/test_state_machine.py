"""One Document and a plain str side by side through random calls: every step must do the same.

Hypothesis makes the pattern set, the text and the steps, and shrinks a failing run to few steps.
The Document keeps its answers between steps, so the order of calls is part of what is tested.
"""

from __future__ import annotations

import collections
import copy
import json
import pickle
import re
import sys
import warnings
from collections.abc import Callable
from operator import methodcaller
from typing import Any, ClassVar, NamedTuple

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from benchmarks.inputs.time_limit import TimeLimitReached, time_limit
from tests.support import strategies
from tests.support.choices import Spec
from tests.support.compare import build_set
from tests.support.drop_in import Document, gre
from tests.support.generate import Case
from tests.support.observe import MATCH_CALLS, Observation, facts, observe

RUNS = 150
STEPS = 25


class Pair(NamedTuple):
    """The same thing by `re` on the plain str, and by the drop-in on the Document."""

    expected: Any
    got: Any


class Known(NamedTuple):
    """One pattern, as its source and as compiled by either side."""

    source: str
    flags: int
    compiled: Pair


BAD: list[Spec] = [
    ("(", 0),
    ("a)", 0),
    ("[z-a]", 0),
    ("*a", re.I),
    ("(?P<n>a)(?P<n>b)", 0),
    (r"\2(a)", 0),
    ("a", re.L),
    ("a", re.A | re.U),
    ("(?<=a+)b", 0),
]
WRONG: list[Any] = [None, 1, 1.5, b"a", bytearray(b"a"), [], object, re.compile(b"a"), True]
KEYWORDS = ["a", "A", "no", "risk", "", " ", "ß", "İ", "é", "zzz", "b1", "\n"]
ODD_POSITIONS: list[Any] = [
    *(-1, -sys.maxsize, sys.maxsize, sys.maxsize + 1, -(2**70), 2**70),
    *(True, None, "1", 1.5),
]
COUNTS: list[Any] = [0, 1, 2, 3, -1, sys.maxsize, -sys.maxsize, 2**70, True, None, "1", 1.0]
TEMPLATES: list[Any] = [
    *("", "x", "-\n", "\x00", "ß", "\ud800", r"\\", r"\n\t", r"[\g<0>]", r"<\1>", r"<\g<1>>"),
    *(r"\2\1", r"\g<n>", r"\g<g1>", r"\0", r"\101", r"\99", r"\g<99>", "\\", r"\g<", r"\g<>"),
    *(r"\g<-1>", r"\g<1a>", r"\q", r"\x41", r"\g<absent>", b"x", None, 1),
]


def _raises(match: Any) -> str:
    raise LookupError(match.group())


CALLABLES: dict[str, Callable[[Any], Any]] = {
    "upper": lambda match: match.group().upper(),
    "twice": lambda match: match[0] * 2,
    "none": lambda match: None,
    "number": lambda match: 1,
    "bytes": lambda match: b"x",
    "span": lambda match: str(match.span()),
    "groups": lambda match: repr(match.groups()),
    "expand": lambda match: match.expand(r"<\g<0>>"),
    "string": lambda match: str(len(match.string)),
    "raises": _raises,
}
USUAL = [
    *("group()", "group(1)", "groups()", "groupdict()", "span()", "span(1)", "regs", "lastindex"),
    *("lastgroup", "re", "string", "bool", "repr", r"expand(\g<0>)", "end()", "start(1)"),
]

TEXT_CALLS: dict[str, Callable[[Any], Any]] = {
    **{kind.__name__: kind for kind in (str, repr, ascii, len, hash, list, bool, int)},
    **{
        name: methodcaller(name)
        for name in (
            "upper",
            "title",
            "swapcase",
            "strip",
            "split",
            "splitlines",
            "expandtabs",
            "isascii",
        )
    },
    "format": lambda s: f"{s}",
    "format width": lambda s: f"{s:>20}|{s!r:.9}",
    ".format": lambda s: "<{}>".format(s),  # noqa: UP032
    "%": lambda s: "%s|%.3s" % (s, s),  # noqa: UP031
    "+": lambda s: s + "x",
    "r+": lambda s: "x" + s,
    "*": lambda s: s * 2,
    "join": lambda s: "-".join([s, s]),
    "joins": lambda s: s.join("ab"),
    "[:]": lambda s: s[:],
    "[1:]": lambda s: s[1:],
    "[::2]": lambda s: s[::2],
    "[0]": lambda s: s[0],
    "[-1]": lambda s: s[-1],
    "[9999]": lambda s: s[9999],
    "reversed": lambda s: list(reversed(s)),
    "replace": lambda s: s.replace("a", "b"),
    "replace nothing": lambda s: s.replace("\x01none", "b"),
    "translate": lambda s: s.translate({97: "b"}),
    "encode": lambda s: s.encode("utf-8", "surrogatepass"),
    "encode strict": lambda s: s.encode(),
    "partition": lambda s: [part[:] for part in s.partition(" ")],  # gives the str itself back
    "startswith": lambda s: s.startswith(("a", "no")),
    "==": lambda s: (s == s[:], s != s[:], s == s + "x", s == 1),
    "<": lambda s: (s < "m", s >= "m", s <= s[:], "m".__lt__(s)),
    "dict": lambda s: {s: 1}[s[:]],
    "in set": lambda s: s[:] in {s},
    "pickle": lambda s: [pickle.loads(pickle.dumps(s, protocol)) for protocol in range(6)],
    "pickle part": lambda s: pickle.loads(pickle.dumps({"k": [s, s]})),
    "json": lambda s: (json.dumps(s), json.dumps({s: [s]})),
    "json round": lambda s: json.loads(json.dumps(s)),
    "deepcopy": lambda s: copy.deepcopy(s) == s,
    "isinstance": lambda s: isinstance(s, str),
    "upper lower": lambda s: s.upper() + s[1:].lower(),
    "lower [:]": lambda s: s.lower()[:],
    "casefold +": lambda s: s.casefold() + "",
    "lower lower": lambda s: str(s.lower().lower()),
    "lower casefold": lambda s: str(s.lower().casefold()),
    "1 in": lambda s: 1 in s,
    "None in": lambda s: None in s,
    "b in": lambda s: b"a" in s,
    "count()": lambda s: s.count(),
    "count(1)": lambda s: s.count(1),
    "find(b'')": lambda s: s.find(b""),
    "find(None)": lambda s: s.find(None),
}


class DocumentMachine(RuleBasedStateMachine):
    """A Document of a set and its lowercase views, beside plain strings."""

    backend: ClassVar[str]
    seen: ClassVar[collections.Counter[str]]

    matches = Bundle("matches")
    iterators = Bundle("iterators")

    # The parts.

    @initialize(
        case=strategies.cases(at_most=4, texts=1),
        outside=strategies.specs(),
        keywords=st.lists(st.sampled_from(KEYWORDS), max_size=3),
        place=st.integers(0, 60),
    )
    def start(self, case: Case, outside: Spec, keywords: list[str], place: int) -> None:
        self.text = case.texts[0]
        self.keywords = [*keywords, self.text[place : place + 3]]
        literals = [(re.escape(keyword), 0) for keyword in self.keywords]
        self.known = [known for spec in case.patterns if (known := _known(spec))]
        assume(self.known)
        in_set = [(known.source, known.flags) for known in self.known] + literals
        self.document = Document(self.text, build_set(in_set, self.backend))
        self.known += [known for spec in (outside, *literals) if (known := _known(spec))]
        self.views = {
            "itself": Pair(self.text, self.document),
            "lower": Pair(self.text.lower(), self.document.lower()),
            "casefold": Pair(self.text.casefold(), self.document.casefold()),
        }
        self.asked = 0

    def view(self, data: st.DataObject) -> Pair:
        names = ["itself", "itself", "lower", "casefold"]
        return self.views[data.draw(st.sampled_from(names), label="view")]

    def pattern(self, data: st.DataObject) -> Known:
        index = data.draw(st.integers(0, len(self.known) - 1), label="pattern")
        return self.known[index]

    def positions(self, data: st.DataObject, text: str) -> tuple[list[Any], dict[str, Any]]:
        """Arguments pos and endpos: none, one or both, by place or by name."""
        position = st.one_of(st.integers(-2, len(text) + 2), st.sampled_from(ODD_POSITIONS))
        given = data.draw(st.lists(position, max_size=2), label="pos, endpos")
        if data.draw(st.booleans(), label="by name"):
            names = data.draw(st.sampled_from([("pos", "endpos"), ("endpos", "pos")]))
            return [], dict(zip(names, given, strict=False))
        return given, {}

    def same(self, what: str, expected: Callable[[], Any], got: Callable[[], Any]) -> bool:
        """Both calls do the same. False if `re` takes too long or has a bug."""
        try:
            with time_limit(5):
                right = observe(expected)
        except (TimeLimitReached, SystemError):
            self.seen["left out"] += 1
            return False
        self.check(what, right, observe(got))
        return True

    def check(self, what: str, right: Observation, ours: Observation) -> None:
        self.seen["calls"] += 1
        self.seen[right.kind] += 1
        empty = (facts(None), facts([]), facts(0))
        self.seen["found"] += right.kind == "gave" and right.value not in empty
        self.seen["warned"] += bool(right.warnings)
        assert ours == right, f"{what} on {self.text!a}\n  re       {right}\n  gatecore {ours}"

    # Searching.

    @rule(
        target=matches,
        data=st.data(),
        name=st.sampled_from(["search", "match", "fullmatch"]),
        by_source=st.booleans(),
    )
    def search(self, data: st.DataObject, name: str, by_source: bool) -> Any:
        known, view = self.pattern(data), self.view(data)
        kept: list[Any] = [None, None]

        def call(place: int, module: Any) -> Callable[[], Any]:
            def searching() -> Any:
                subject = view[place]
                if by_source:
                    made = getattr(module, name)(known.source, subject, known.flags)
                else:
                    method = getattr(known.compiled[place], name)
                    made = method(subject, *positional, **named)
                kept[place] = made
                return made

            return searching

        positional, named = ([], {}) if by_source else self.positions(data, view.expected)
        what = f"{name} of {known.source!a} {known.flags} {positional} {named}"
        if not self.same(what, call(0, re), call(1, gre)) or kept[0] is None:
            return multiple()
        assert kept[1].string == view.expected
        assert kept[1].re.pattern == known.source
        self.asked += 1
        return Pair(*kept)

    @rule(
        data=st.data(),
        name=st.sampled_from(["findall", "finditer", "split"]),
        by_source=st.booleans(),
        count=st.one_of(st.none(), st.sampled_from(COUNTS)),
        by_name=st.booleans(),
    )
    def list_all(
        self, data: st.DataObject, name: str, by_source: bool, count: Any, by_name: bool
    ) -> None:
        known, view = self.pattern(data), self.view(data)
        positional: list[Any] = []
        named: dict[str, Any] = {}
        if name == "split":
            if count is not None:
                positional, named = ([], {"maxsplit": count}) if by_name else ([count], {})
        elif not by_source:
            positional, named = self.positions(data, view.expected)

        def call(place: int, module: Any) -> Callable[[], Any]:
            def listing() -> Any:
                subject = view[place]
                if by_source:
                    flags = {"flags": known.flags}
                    made = getattr(module, name)(
                        known.source, subject, *positional, **named, **flags
                    )
                else:
                    made = getattr(known.compiled[place], name)(subject, *positional, **named)
                return list(made) if name == "finditer" else made

            return listing

        what = f"{name} of {known.source!a} {known.flags} {positional} {named}"
        self.same(what, call(0, re), call(1, gre))
        self.asked += 1

    @rule(
        data=st.data(),
        name=st.sampled_from(["sub", "subn"]),
        by_source=st.booleans(),
        repl=st.one_of(st.sampled_from(TEMPLATES), st.sampled_from(sorted(CALLABLES))),
        count=st.one_of(st.none(), st.sampled_from(COUNTS)),
        by_name=st.booleans(),
    )
    def substitute(
        self,
        data: st.DataObject,
        name: str,
        by_source: bool,
        repl: Any,
        count: Any,
        by_name: bool,
    ) -> None:
        known, view = self.pattern(data), self.view(data)
        function = CALLABLES.get(repl) if isinstance(repl, str) else None
        given: dict[str, Any] = {"count": count} if by_name and count is not None else {}
        placed = [count] if not by_name and count is not None else []

        def call(place: int, module: Any) -> Callable[[], Any]:
            def substituting() -> Any:
                told: list[object] = []

                def replace(match: Any) -> Any:
                    told.append(facts(match))
                    assert function is not None
                    return function(match)

                replacement = repl if function is None else replace
                if by_source:
                    made = getattr(module, name)(
                        known.source, replacement, view[place], *placed, flags=known.flags, **given
                    )
                else:
                    method = getattr(known.compiled[place], name)
                    made = method(replacement, view[place], *placed, **given)
                return made, told

            return substituting

        what = f"{name} of {known.source!a} {known.flags} by {repl!a}, {placed} {given}"
        self.same(what, call(0, re), call(1, gre))
        self.asked += 1

    # Matches and iterators that are kept over other calls.

    @rule(
        match=matches, names=st.lists(st.sampled_from(sorted(MATCH_CALLS)), min_size=1, max_size=12)
    )
    def ask_match(self, match: Pair, names: list[str]) -> None:
        for name in names:
            self._ask(match, name)

    @rule(match=matches, name=st.sampled_from(USUAL))
    def ask_match_the_usual(self, match: Pair, name: str) -> None:
        self._ask(match, name)

    def _ask(self, match: Pair, name: str) -> None:
        ask = MATCH_CALLS[name]
        self.same(f"match.{name}", lambda: ask(match.expected), lambda: ask(match.got))

    @rule(target=iterators, data=st.data())
    def begin(self, data: st.DataObject) -> Any:
        known, view = self.pattern(data), self.view(data)
        positional, named = self.positions(data, view.expected)
        kept: list[Any] = [None, None]

        def call(place: int) -> Callable[[], Any]:
            def beginning() -> Any:
                kept[place] = known.compiled[place].finditer(view[place], *positional, **named)
                return iter(kept[place]) is kept[place]

            return beginning

        same = self.same(f"finditer of {known.source!a} {known.flags}", call(0), call(1))
        return Pair(*kept) if same and kept[0] is not None else multiple()

    @rule(target=matches, iterator=iterators)
    def advance(self, iterator: Pair) -> Any:
        kept: list[Any] = [None, None]

        def call(place: int) -> Callable[[], Any]:
            def advancing() -> Any:
                kept[place] = next(iterator[place])
                return kept[place]

            return advancing

        same = self.same("next(finditer)", call(0), call(1))
        return Pair(*kept) if same and kept[0] is not None else multiple()

    # Text.

    @rule(data=st.data(), name=st.sampled_from(sorted(TEXT_CALLS)))
    def as_text(self, data: st.DataObject, name: str) -> None:
        call, view = TEXT_CALLS[name], self.view(data)
        self.same(f"str {name}", lambda: call(view.expected), lambda: call(view.got))

    @rule(
        data=st.data(),
        name=st.sampled_from(["in", "count", "find", "rfind", "index", "startswith"]),
        keyword=st.sampled_from(KEYWORDS),
        slices=st.lists(st.one_of(st.none(), st.integers(-5, 70)), max_size=2),
    )
    def keyword(
        self, data: st.DataObject, name: str, keyword: str, slices: list[int | None]
    ) -> None:
        view = self.view(data)
        keyword = data.draw(st.sampled_from([keyword, *self.keywords]), label="keyword")

        def call(text: Any) -> Any:
            return keyword in text if name == "in" else getattr(text, name)(keyword, *slices)

        what = f"{name} of {keyword!a} {slices}"
        self.same(what, lambda: call(view.expected), lambda: call(view.got))

    @rule(data=st.data(), keyword=st.sampled_from(KEYWORDS))
    def document_as_keyword(self, data: st.DataObject, keyword: str) -> None:
        view = self.view(data)
        outer = keyword + view.expected + keyword

        def call(text: Any) -> Any:
            return text in outer, outer.count(text), outer.find(text), text in text, outer + text

        self.same("document in str", lambda: call(view.expected), lambda: call(view.got))

    # What is wrong.

    @rule(data=st.data(), spec=st.sampled_from(BAD), name=st.sampled_from(["search", "findall"]))
    def bad_pattern(self, data: st.DataObject, spec: Spec, name: str) -> None:
        view, (source, flags) = self.view(data), spec
        self.same(
            f"{name} of {source!a} {flags}",
            lambda: getattr(re, name)(source, view.expected, flags),
            lambda: getattr(gre, name)(source, view.got, flags),
        )

    @rule(data=st.data(), wrong=st.sampled_from(WRONG), name=st.sampled_from(["search", "split"]))
    def wrong_types(self, data: st.DataObject, wrong: Any, name: str) -> None:
        known, view = self.pattern(data), self.view(data)
        calls: dict[str, Callable[[Any, Any, Any], Any]] = {
            "pattern": lambda module, text, _: getattr(module, name)(wrong, text),
            "subject": lambda module, _, compiled: getattr(module, name)(known.source, wrong),
            "subject of method": lambda _, text, compiled: getattr(compiled, name)(wrong),
            "flags": lambda module, text, _: module.search(known.source, text, repr(wrong)),
            "flags of compiled": lambda module, text, c: getattr(module, name)(c, text, flags=2),
            "no subject": lambda module, _, __: getattr(module, name)(known.source),
            "no subject of method": lambda _, __, compiled: getattr(compiled, name)(),
            "too many": lambda _, text, compiled: getattr(compiled, name)(text, 0, 1, 2),
            # Not with an unknown name: that text differs (tests/data/re_deviations.jsonl).
            "unknown name of function": lambda m, text, _: getattr(m, name)("a", text, other=1),
            "compile": lambda module, _, __: module.compile(wrong),
        }
        what = data.draw(st.sampled_from(sorted(calls)), label="what is wrong")
        call = calls[what]
        self.same(
            f"wrong {what}: {wrong!r}",
            lambda: call(re, view.expected, known.compiled.expected),
            lambda: call(gre, view.got, known.compiled.got),
        )

    @rule(data=st.data())
    def compile_anew(self, data: st.DataObject) -> None:
        known = self.pattern(data)

        def call(module: Any) -> Callable[[], Any]:
            re.purge()
            gre.purge()
            return lambda: module.compile(known.source, known.flags)

        # One after the other: each with nothing in any cache, so that it warns of the pattern.
        right = observe(call(re))
        self.check(f"compile {known.source!a}", right, observe(call(gre)))
        for other in self.known:
            _known((other.source, other.flags))

    @invariant()
    def is_still_the_text(self) -> None:
        if hasattr(self, "views"):
            for view in self.views.values():
                assert view.got == view.expected
                assert str.__str__(view.got) == view.expected

    def teardown(self) -> None:
        if hasattr(self, "asked"):
            stats = self.document.stats()
            self.seen["asked"] += self.asked
            self.seen["served"] += stats.served
            self.seen["fell through"] += stats.fell_through


def _known(spec: Spec) -> Known | None:
    """A good pattern, compiled by both sides, so that neither warns about it later."""
    source, flags = spec
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compiled = re.compile(source, flags)
        except (re.error, ValueError, OverflowError, RecursionError):
            return None
        return Known(source, flags, Pair(compiled, gre.compile(source, flags)))


def test_a_document_does_what_its_text_does(backend: str) -> None:
    """Each step of each run gives, raises and warns as `re` and str do; most calls are served."""
    seen: collections.Counter[str] = collections.Counter()
    machine = type("Machine", (DocumentMachine,), {"backend": backend, "seen": seen})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=RUNS, stateful_step_count=STEPS)
    )
    assert seen["calls"] > RUNS * STEPS // 2, seen
    assert seen["found"] > seen["calls"] // 5, seen
    assert seen["raised"] > seen["calls"] // 20, seen
    assert seen["served"] > RUNS, seen
    assert seen["left out"] <= RUNS // 10, seen
