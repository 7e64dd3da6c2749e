r"""`accelerate`: a host's own gates, unchanged, answered from one pass.

    gatecore.accelerate(engine)          one line; every answer stays what it was

What is looked for is read from the host's source and from what it holds, compiled together (or
loaded, see `PatternStore`), and the names under which the host knows `re` lead to `gatecore.re`.
Where documents come in, a `Document` is handed on in place of the text, so that all gates share its
pass. What the source does not tell is learned when it is asked for.

>>> import types
>>> rules = types.ModuleType("rules")
>>> exec(r'''import re
... def risky(text):
...     return bool(re.search(r"no\s+risk", text, re.I)) or "guaranteed" in text.lower()
... ''', vars(rules))
>>> handle = accelerate(rules, patterns=[(r"no\s+risk", 2), "guaranteed"], keep=False)
>>> rules.risky("There is NO  RISK."), rules.risky("It is GUARANTEED."), rules.risky("Well.")
(True, True, False)
>>> handle.stats().served, handle.stats().fell_through
(5, 0)
>>> handle.restore()
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from types import ModuleType, TracebackType
from typing import Any, Final, Literal, TypeAlias

from gatecore._gatecore import reasons, thread_counts
from gatecore.errors import AccelerateError
from gatecore.hosts import attempts, patching
from gatecore.hosts.host import Entry, Host, host_of_modules
from gatecore.hosts.loki import adapter as loki
from gatecore.hosts.patterns import HostPatterns, host_patterns
from gatecore.hosts.rebinding import held_patterns, route
from gatecore.hosts.words import HostWords
from gatecore.patterns import stats
from gatecore.patterns.document import Document
from gatecore.patterns.explanation import Explanation
from gatecore.patterns.pattern import Pattern, PatternLike
from gatecore.patterns.set import _LONGEST_LEARNED, Backend, PatternSet
from gatecore.patterns.store import PatternStore

__all__ = ["Acceleration", "GateCounts", "HostExplanation", "HostStats", "Learn", "accelerate"]

#: Which patterns that were made at run time are kept on disk for the next start: the host's own
#: (`_host_words`) that a second document was asked for as well, all, or none.
Learn: TypeAlias = Literal["own", "all", "none"]

#: Documents that came to single gates and are kept for the next gate: how many, how long in all.
_MOST_RECENT: Final = 4
_LONGEST_RECENT: Final = 4_000_000

#: So many patterns of added gates are worth compiling the set again; fewer are learned.
_WORTH_COMPILING: Final = 50

#: Most patterns of which `stats().by_pattern` knows, and which may wait for a second document.
_MOST_PATTERNS: Final = 1_000

#: So long the end of the process waits for what was learned to be compiled.
_PATIENCE_SECONDS: Final = 30.0
#: What takes longer than this to compile is given up for good.
_HOPELESS_SECONDS: Final = 120.0

_NOT_IN_SET: Final = reasons().index("the pattern is not in the document's set")


@dataclass(frozen=True)
class GateCounts:
    """What the calls of one gate came to.

    Attributes:
        calls: How often the gate was asked.
        served: Calls of `re` and keyword tests that were answered from the pass.
        fell_through: Those that `re` or `str` answered.
        by_reason: The latter by reason.

    >>> GateCounts(calls=2, served=5, fell_through=0, by_reason={}).served
    5
    """

    calls: int
    served: int
    fell_through: int
    by_reason: dict[str, int]


@dataclass(frozen=True)
class HostStats:
    """What all calls through the accelerated functions came to.

    Attributes:
        served: Calls of `re` and keyword tests that were answered from the pass.
        fell_through: Those that `re` or `str` answered.
        by_reason: The latter by reason.
        by_gate: The same for each gate, in the order of the host.
        by_pattern: What fell through on documents, by pattern and reason: the first 1,000 patterns.
            They are kept in memory as long as the handle is, whatever they are made of.

    >>> HostStats(served=9, fell_through=1, by_reason={}, by_gate={}, by_pattern={}).share
    0.9
    """

    served: int
    fell_through: int
    by_reason: dict[str, int]
    by_gate: dict[str, GateCounts]
    by_pattern: dict[Pattern, dict[str, int]]

    @property
    def share(self) -> float:
        """The share that was served, 1 if nothing was asked."""
        asked = self.served + self.fell_through
        return self.served / asked if asked else 1.0


@dataclass(frozen=True)
class HostExplanation:
    """What was done to a host, and how its patterns are answered.

    Attributes:
        host: How the target was recognised.
        patterns: Each pattern with how it is answered; iterating gives the same.
        keywords: How many of them are keywords.
        learned: Patterns that were learned since, and belong to the set at the next start.
        routes: Patterns by route.
        fallback: Patterns that only `re` can answer where the pass does not rule them out.
        loaded: Whether the compiled set came from the cache.
        routed: Names that lead to `gatecore.re`.
        entries: Functions in which documents come in.
        changed: What answers the same in another way.
        left: What was not changed or not read, with the reason.

    >>> import types
    >>> rules = types.ModuleType("rules")
    >>> exec("def risky(text): return 'no risk' in text", vars(rules))
    >>> with accelerate(rules, patterns=["no risk"], keep=False) as handle:
    ...     explanation = handle.explain()
    >>> explanation.routes, explanation.entries
    ({'exact': 1}, ['rules.risky'])
    """

    host: str
    patterns: list[tuple[Pattern, Explanation]]
    keywords: int
    learned: list[Pattern]
    routes: dict[str, int]
    fallback: list[Pattern]
    loaded: bool
    routed: list[str]
    entries: list[str]
    changed: list[str]
    left: list[str]

    def __iter__(self) -> Iterator[tuple[Pattern, Explanation]]:
        return iter(self.patterns)

    def __str__(self) -> str:
        routes = ", ".join(f"{count:,} {route}" for route, count in self.routes.items())
        origin = "loaded" if self.loaded else "compiled"
        lines = [
            f"{self.host}: {len(self.patterns):,} patterns ({routes}), {origin}",
            f"{len(self.entries)} entries, {len(self.routed)} names routed",
            *(f"changed: {what}" for what in self.changed),
            *(f"only re: {pattern.source}" for pattern in self.fallback),
            *(f"left: {what}" for what in self.left),
        ]
        return "\n".join(lines)


def accelerate(
    target: Any,
    *,
    patterns: Iterable[PatternLike] = (),
    store: PatternStore | None = None,
    keep: bool = True,
    learn: Learn = "own",
    backend: Backend = "auto",
) -> Acceleration:
    r"""Speeds a host up in place; every answer stays the same.

    Args:
        target: An engine with `check_document` and `modules`, a module with `gates`, a gate with
            `check`, a list of these; or a Python module or a list of such.
        patterns: Patterns to add to those that are found, such as those of a host without source.
        store: Where compiled sets are kept; `PatternStore.default()` if not given.
        keep: Whether anything is read from and kept in a cache.
        learn: Which patterns that are made at run time are kept there for the next start, for 30
            days. "own": those whose every word stands in the host's source, once a second document
            asks for them; so nothing that comes from a document, such as a name, is written. "all"
            writes whatever is asked for, "none" nothing.
        backend: Which pass to use.

    Returns:
        The handle. It may be dropped: the host keeps it. If the target is accelerated already, its
        handle.

    Raises:
        AccelerateError: The target is none of these, or `learn` is no such word.
        re.error: One of the given patterns is bad. Those that are found and bad are left out.

    The first time compiles, about 2 ms a pattern and up to 20 for long ones; after that a start
    takes some 70 ms for 3,500 patterns. Until the set is there nothing of the host is touched.
    What was learned by earlier processes is compiled by a thread, while the set without it is in
    use.

    >>> import types
    >>> rules = types.ModuleType("rules")  # yours is a module that you import
    >>> exec(r'''import re
    ... def risky(text):
    ...     return bool(re.search(r"no\s+risk", text))
    ... ''', vars(rules))
    >>> handle = accelerate(rules, patterns=[r"no\s+risk"], keep=False)
    >>> rules.risky("There is no  risk."), handle.stats().share
    (True, 1.0)
    >>> handle.restore()
    """
    if learn not in ("own", "all", "none"):
        raise AccelerateError(f"learn={learn!r}: expected 'own', 'all' or 'none'")
    host = _survey(target)
    for entry in host.entries:
        for known in _handles_of(entry):
            if known.host.shape == host.shape and _same(known.target, target):
                return known
    if store is None and keep:
        store = PatternStore.default()
    return Acceleration(target, host, list(patterns), store if keep else None, backend, learn)


def _survey(target: Any) -> Host:
    listed = list(target) if isinstance(target, list | tuple) else [target]
    if listed and all(isinstance(one, ModuleType) for one in listed):
        return host_of_modules(listed)
    host = loki.recognised(target)
    if host is None:
        raise AccelerateError(
            f"{target!r} cannot be accelerated; give an engine with check_document() and modules, "
            "a module with gates, gates with check(), or Python modules"
        )
    return host


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one is other


def _handles_of(entry: Entry) -> list[Acceleration]:
    taken = getattr(vars(entry.owner).get(entry.name), "gatecore_taken", None)
    return list(taken.users) if taken is not None else []


class Acceleration:
    """The handle of an accelerated host. Use as a context manager to restore the host at the end.

    Attributes:
        target: What was accelerated.
        host: What was found out about it.
        patterns: The compiled set.

    >>> import types
    >>> rules = types.ModuleType("rules")
    >>> exec("def risky(text): return 'no risk' in text", vars(rules))
    >>> with accelerate(rules, patterns=["no risk"], keep=False) as handle:
    ...     rules.risky("There is no risk."), handle.stats().served
    (True, 1)
    """

    def __init__(
        self,
        target: Any,
        host: Host,
        patterns: list[PatternLike],
        store: PatternStore | None,
        backend: Backend,
        learn: Learn,
    ) -> None:
        self.target = target
        self.host = host
        self._given = patterns
        self._store = store
        self._backend: Backend = backend
        self._learn: Learn = learn
        #: Where patterns are kept that are learned with "own".
        self._keep: tuple[PatternStore, str] | None = None
        #: Patterns that one document asked for (False) or that are not the host's own (True); the
        #: oldest make room, so that names do not keep the host's own from being kept.
        self._sighted: dict[tuple[str, int], bool] = {}
        #: Those that are kept, or were dropped.
        self._kept: set[tuple[str, int]] = set()
        self._words = HostWords(host.modules)
        self._lock = threading.RLock()
        self._local = threading.local()
        self._counts: dict[str, list[int]] = {}
        self._total = [0] * (len(reasons()) + 1)
        self._by_pattern: dict[tuple[str, int], Counter[str]] = {}
        self._recent: list[Document] = []
        self._doors: list[patching.Taken] = []
        self._routed: list[str] = []
        self._token = object()
        self._compiling: threading.Thread | None = None
        with self._lock:  # which the thread that compiles needs to put its set in place of this one
            self.found, self.patterns, self._loaded = self._compiled(host)
        self._take(host)
        self._finalizer = weakref.finalize(self, patching.give_back, self._token)
        self._finalizer.atexit = False

    # What is looked for.

    def _compiled(self, host: Host) -> tuple[HostPatterns, PatternSet, bool]:
        owners = [*host.modules, *host.holders]
        found = host_patterns(host.modules, held_patterns(owners), self._store)
        listed: list[PatternLike] = [*found.patterns, *self._given]
        if self._store is None:
            return found, PatternSet(listed, backend=self._backend), False
        misses = self._store.misses
        made = None
        if self._learn != "none":
            made = PatternSet.cached_without_learned(
                listed, backend=self._backend, store=self._store
            )
        if made is None:
            learn = self._learn != "none"
            made = PatternSet(listed, backend=self._backend, store=self._store, learn=learn)
            self._adopt(made)
        else:
            keep, late = made._keep, made.learned
            assert keep is not None  # `cached_without_learned` is only for sets that learn
            self._adopt(made)
            self._compile_learned(listed, late, *keep)
        return found, made, self._store.misses == misses

    def _adopt(self, made: PatternSet) -> None:
        """Sees to what a set learns, unless that may all be written."""
        if self._learn == "own" and made._keep is not None:
            self._keep, made._keep = made._keep, None
            store, key = self._keep
            known = [*store.learned(key), *store.dropped(key)]
            self._kept = {pattern.key for pattern in known}

    def _compile_learned(
        self, listed: list[PatternLike], late: list[Pattern], store: PatternStore, key: str
    ) -> None:
        """Compiles the set with what was learned, beside the work, and then uses it.

        Answers are the same before and after. The thread does not keep the process from ending for
        more than half a minute; what does not come to an end twice is dropped (`_attempts`).
        """
        match attempts.begin(store, key):
            case "running":
                store.reject_learned(key, "another process compiles what was learned")
                return
            case "spoiled":
                store.drop_learned(
                    key,
                    late,
                    f"compiling {_some(late)} did not come to an end twice, so what was learned "
                    "is dropped",
                )
                return
        apart = PatternStore(store.folder, clock=store._clock)

        def compile_() -> None:
            try:
                made = PatternSet(listed, backend=self._backend, store=apart, learn=True)
            except Exception as error:
                apart.rejected.append((store.folder, f"learned patterns: {error!r}"))
            else:
                with self._lock:
                    self._adopt(made)
                    self.patterns = made
            store.rejected += apart.rejected
            attempts.end(store, key)
            atexit.unregister(end)

        begun = time.monotonic()
        thread = threading.Thread(target=compile_, name="gatecore-compile", daemon=True)

        def end() -> None:
            thread.join(_PATIENCE_SECONDS)
            if thread.is_alive():
                if time.monotonic() - begun >= _HOPELESS_SECONDS:
                    store.drop_learned(key, late, f"compiling {_some(late)} takes too long")
                attempts.end(store, key)

        atexit.register(end)
        self._compiling = thread
        thread.start()

    def _take(self, host: Host) -> None:
        """Takes the host's names over; what goes wrong half way is undone."""
        try:
            owners = [*host.modules, *host.holders]
            self._routed += route(self._token, owners)
            for change in host.changes:
                patching.take(self._token, change.owner, change.name, change.value)
            for entry in host.entries:
                taken = patching.enter(self, entry.owner, entry.name, _door(entry))
                if taken not in self._doors:
                    self._doors.append(taken)
                self._counts.setdefault(entry.label, [0] * (len(self._total) + 1))
        except BaseException:
            self.restore()
            raise

    def wait(self) -> None:
        """Waits until patterns that were learned before this start are compiled, if any are."""
        if self._compiling is not None:
            self._compiling.join()

    def refresh(self) -> None:
        """Looks at the host again: added gates are routed, and their patterns compiled if many.

        Engines do this by themselves before each document; call it after other changes.
        """
        with self._lock:
            host = _survey(self.target)
            owners = [*host.modules, *host.holders]
            found = host_patterns(host.modules, held_patterns(owners), self._store)
            late = [p for p in found.patterns if self.patterns._core.index(*p.key) is None]
            if len(late) >= _WORTH_COMPILING:
                self.found, self.patterns, self._loaded = self._compiled(host)
            self._take(host)
            self.host = host

    # Where documents come in.

    def document(self, text: str) -> Document:
        """The text as a document of the set; to be given to functions that are no entries."""
        return Document(text, self.patterns)

    def _kept_document(self, text: str) -> Document:
        """The document of a text that came to a single gate: the next gate gets the same."""
        with self._lock:
            for document in self._recent:
                if document == text:
                    return document
            document = Document(text, self.patterns)
            self._recent.insert(0, document)
            while len(self._recent) > 1 and (
                len(self._recent) > _MOST_RECENT or sum(map(len, self._recent)) > _LONGEST_RECENT
            ):
                self._finish(self._recent.pop())
            return document

    def _call(
        self, entry: Entry, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any
    ) -> Any:
        local = self._local
        depth = getattr(local, "depth", 0)
        if entry.whole and depth == 0 and loki.shape(self.target) != self.host.shape:
            self.refresh()
        place = _place_of_text(entry, args, kwargs) if depth == 0 or entry.parameter else None
        document: Document | None = None
        if place is not None:
            text = args[place] if isinstance(place, int) else kwargs[place]
            document = self.document(text) if entry.whole else self._kept_document(text)
            if isinstance(place, int):
                args = (*args[:place], document, *args[place + 1 :])
            else:
                kwargs = {**kwargs, place: document}
        local.depth = depth + 1
        before = thread_counts()
        try:
            if entry.whole:
                with loki.whole_document():
                    return function(*args, **kwargs)
            return function(*args, **kwargs)
        finally:
            local.depth = depth
            self._count(entry, before, outermost=depth == 0)
            if entry.whole and document is not None:
                with self._lock:
                    self._finish(document)

    # What it came to.

    def _count(self, entry: Entry, before: tuple[int, ...], *, outermost: bool) -> None:
        now = thread_counts()
        with self._lock:
            gate = self._counts[entry.label]
            gate[0] += 1
            gate[1] += now[0] - before[0]
            if outermost:
                self._total[0] += now[0] - before[0]
            if now[1:] != before[1:]:  # rare
                for number in range(1, len(now)):
                    gate[number + 1] += now[number] - before[number]
                    if outermost:
                        self._total[number] += now[number] - before[number]

    @staticmethod
    def _note_patterns(document: Document, into: dict[tuple[str, int], Counter[str]]) -> None:
        for source, flags, counts in document._core.counted()[2]:
            if len(into) < _MOST_PATTERNS or (source, flags) in into:
                named = stats._named(counts)
                into.setdefault((source, flags), Counter()).update(named)

    def _finish(self, document: Document) -> None:
        """Takes over what was counted on a document, and keeps what it was the second to ask for.

        The caller holds the lock.
        """
        self._note_patterns(document, self._by_pattern)
        if self._keep is None:
            return
        again = []
        for source, flags, counts in document._core.counted()[2]:
            if counts[_NOT_IN_SET]:
                key = Pattern(source, flags).key
                if self._sighted.get(key) is False:
                    again.append(key)
                elif key not in self._sighted:
                    self._sight(key, False)
        keywords = document.patterns._again
        while keywords:
            again.append(keywords.popitem()[0])
        store, of_set = self._keep
        for key in again:
            if key in self._kept or self._sighted.get(key) or len(key[0]) > _LONGEST_LEARNED:
                continue
            if len(self._kept) < _MOST_PATTERNS and self._words.own(key[0]):
                self._kept.add(key)
                store.learn(of_set, Pattern(*key))
            else:
                self._sight(key, True)

    def _sight(self, key: tuple[str, int], looked_at: bool) -> None:
        while len(self._sighted) >= _MOST_PATTERNS:
            del self._sighted[next(iter(self._sighted))]
        self._sighted[key] = looked_at

    def stats(self) -> HostStats:
        """What all calls through the accelerated functions came to so far."""
        with self._lock:
            by_pattern = {key: Counter(counts) for key, counts in self._by_pattern.items()}
            for document in self._recent:
                self._note_patterns(document, by_pattern)
            total, counts = list(self._total), {k: list(v) for k, v in self._counts.items()}
        labels = [entry.label for entry in self.host.entries if entry.counted]
        by_gate = {label: _gate_counts(counts[label]) for label in labels if label in counts}
        patterns = sorted(by_pattern.items(), key=lambda row: (-sum(row[1].values()), row[0]))
        return HostStats(
            served=total[0],
            fell_through=sum(total[1:]),
            by_reason=stats._named(total[1:]),
            by_gate=by_gate,
            by_pattern={Pattern(*key): dict(counts) for key, counts in patterns},
        )

    def explain(self) -> HostExplanation:
        """What was done to the host, and how its patterns are answered."""
        patterns = self.patterns
        explained = [(patterns[n], patterns.explain(n)) for n in range(len(patterns))]
        routes = Counter(one.route for _, one in explained)
        fallback = [pattern for pattern, one in explained if one.route == "fallback"]
        left = [
            *self.host.left,
            *(f"{place}: the pattern is made at run time" for place in self.found.unread),
            *self.found.skipped,
        ]
        if self._store is not None:
            left += [f"{path}: {reason}" for path, reason in self._store.rejected]
        return HostExplanation(
            host=self.host.name,
            patterns=explained,
            keywords=self.found.keywords,
            learned=patterns.learned,
            routes=dict(sorted(routes.items())),
            fallback=fallback,
            loaded=self._loaded,
            routed=list(dict.fromkeys(self._routed)),
            entries=[entry.label for entry in self.host.entries],
            changed=[change.label for change in self.host.changes],
            left=left,
        )

    # The end.

    def restore(self) -> None:
        """Puts everything back as it was. Harmless when called again."""
        with self._lock:
            for taken in reversed(self._doors):
                patching.leave(self, taken)
            self._doors.clear()
            patching.give_back(self._token)
            for document in self._recent:
                self._finish(document)
            self._recent.clear()

    def __enter__(self) -> Acceleration:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.restore()

    def __repr__(self) -> str:
        return f"<gatecore.Acceleration of {self.host.name}, {len(self.patterns):,} patterns>"


def _door(entry: Entry) -> Callable[[patching.Taken], Callable[..., Any]]:
    def make(taken: patching.Taken) -> Callable[..., Any]:
        function = taken.called
        users: list[Acceleration] = taken.users

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                handle = users[-1]
            except IndexError:  # restored by another thread just now
                return function(*args, **kwargs)
            return handle._call(entry, function, args, kwargs)

        return call

    return make


def _place_of_text(entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | str | None:
    """Where the text is among the arguments; `None` if there is none, or a document already."""
    if entry.parameter is not None:
        if args:
            return 0 if type(args[0]) is str else None
        return entry.parameter if type(kwargs.get(entry.parameter)) is str else None
    places: list[tuple[int | str, Any]] = [*enumerate(args), *kwargs.items()]
    if any(isinstance(value, Document) for _, value in places):
        return None
    texts = [(place, value) for place, value in places if type(value) is str]
    return max(texts, key=lambda text: len(text[1]))[0] if texts else None


def _some(patterns: list[Pattern]) -> str:
    if len(patterns) == 1:
        return f"the learned pattern {patterns[0].source!r}"
    return f"{len(patterns)} learned patterns, {patterns[0].source!r} among them,"


def _gate_counts(counts: list[int]) -> GateCounts:
    calls, served, *fell = counts
    return GateCounts(calls, served, sum(fell), stats._named(fell))
