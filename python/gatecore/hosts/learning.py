"""Which patterns a host learns at run time, and the set that a later start compiles with them.

What a host's source does not tell is learned when it is asked for: what two documents asked for is
compiled beside the work into a set of its own, in memory. With "own" only what is made of
the host's own words is written (`words`), and only once a second document asks for it. At the next
start the set without it is in use while a thread compiles the one with it (`attempts`).
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Final, Literal, TypeAlias

from gatecore.hosts import attempts
from gatecore.hosts.stats import misses_of
from gatecore.hosts.words import HostWords
from gatecore.patterns.document import Document
from gatecore.patterns.learning import (
    LONGEST_LEARNED,
    MOST_CHARACTERS,
    MOST_LEARNED,
    LearnedLog,
    Learning,
)
from gatecore.patterns.pattern import Pattern, PatternLike
from gatecore.patterns.set import Backend, PatternSet
from gatecore.patterns.store import PatternStore

__all__ = ["HostLearning", "Learn"]

#: Which patterns that were made at run time are kept on disk for the next start: the host's own
#: (`HostWords`) that a second document was asked for as well, all, or none.
Learn: TypeAlias = Literal["own", "all", "none"]

#: Fewer patterns are not worth a set of their own; nor are more than so many sets.
_FEWEST_LATE: Final = 32
_MOST_LATE: Final = 3
#: About what compiling a pattern takes, and what `re` takes to look at a character for a pattern,
#: or for so many characters of it: one that is a list of words is tried word by word.
_COMPILE_NS: Final = 3_000_000
_LOOK_NS: Final = 20
_LOOKED_AT_ONCE: Final = 64

#: The end of the process waits this long for what was learned to be compiled.
_PATIENCE_SECONDS: Final = 30.0
#: What takes longer than this to compile is given up for good.
_HOPELESS_SECONDS: Final = 120.0


class HostLearning:
    """What one handle learns. The caller holds its lock, but for `wait`.

    Attributes:
        loaded: Whether the last set that was made came from the cache.
        key: The key of that set, without what was learned; "" if nothing is learned for a later
            start.
    """

    def __init__(
        self,
        modules: Iterable[ModuleType],
        *,
        store: PatternStore | None,
        backend: Backend,
        learn: Learn,
        use: Callable[[PatternSet], None],
        use_beside: Callable[[PatternSet], None],
    ) -> None:
        """What threads have compiled is put in use: `use` gets what takes the place of the set,
        `use_beside` what is added to it. Both take the lock.
        """
        self.loaded = False
        self.key = ""
        self._store = store
        self._backend: Backend = backend
        self._learn: Learn = learn
        self._use = use
        self._use_beside = use_beside
        #: Where patterns are kept that are learned with "own".
        self._log: LearnedLog | None = None
        #: Patterns that one document asked for (False) or that are not the host's own (True); the
        #: oldest make room, so that names do not keep the host's own from being kept.
        self._sighted: dict[tuple[str, int], bool] = {}
        #: Those that are kept, or were dropped.
        self._kept: set[tuple[str, int]] = set()
        #: Characters that may still be added.
        self._left = MOST_CHARACTERS
        self._learning = Learning()
        #: Whether something was kept that the set does not have.
        self._adds = False
        self._words = HostWords(modules)
        self._compiling: threading.Thread | None = None
        #: Patterns that two documents asked for and that no set has yet.
        self._late: list[Pattern] = []
        #: Nanoseconds that `re` took for what no set has, by counting.
        self._lost = 0
        self._left_late = _MOST_LATE
        self._late_compiling: threading.Thread | None = None

    def make(self, listed: list[PatternLike]) -> PatternSet:
        """The set of these patterns; if need be a thread compiles the one with what was learned."""
        store, learn = self._store, self._learn != "none"
        self._adds = False
        if store is None:
            return PatternSet(listed, backend=self._backend)
        misses = store.misses
        made = None
        if learn:
            made = PatternSet.cached_without_learned(listed, backend=self._backend, store=store)
        log = None if made is None else made.learning.log
        if made is None:
            made = PatternSet(listed, backend=self._backend, store=store, learn=learn)
        self.key = "" if made.learning.log is None else made.learning.log.key
        self.adopt(made)
        if log is not None:
            self._compile_learned(listed, made.learned, log)
        self.loaded = store.misses == misses
        return made

    def adopt(self, made: PatternSet) -> None:
        """Sees to what a set learns, unless that may all be written."""
        log, self._learning = made.learning.log, made.learning
        if self._learn == "own" and log is not None:
            self._log, made.learning.log = log, None
            self._kept = {pattern.key for pattern in (*log.patterns(), *log.dropped())}
            self._left = MOST_CHARACTERS - sum(len(source) for source, _ in self._kept)

    def _compile_learned(
        self, listed: list[PatternLike], late: list[Pattern], log: LearnedLog
    ) -> None:
        """Compiles the set with what was learned, beside the work, and then uses it.

        Answers are the same before and after. The thread does not keep the process from ending for
        more than half a minute; what does not come to an end twice is dropped (`attempts`).
        """
        match attempts.begin(log):
            case "running":
                log.reject("another process compiles what was learned")
                return
            case "spoiled":
                log.drop(
                    late,
                    f"compiling {_some(late)} did not come to an end twice, so what was learned "
                    "is dropped",
                )
                return
        store = log.store
        apart = PatternStore(store.folder, clock=store.clock)

        def compile_() -> None:
            try:
                made = PatternSet(listed, backend=self._backend, store=apart, learn=True)
            except Exception as error:
                apart.rejected.append((store.folder, f"learned patterns: {error!r}"))
            else:
                self._use(made)
            store.rejected += apart.rejected
            attempts.end(log)
            atexit.unregister(end)

        begun = time.monotonic()
        thread = threading.Thread(target=compile_, name="gatecore-compile", daemon=True)

        def end() -> None:
            thread.join(_PATIENCE_SECONDS)
            if thread.is_alive():
                if time.monotonic() - begun >= _HOPELESS_SECONDS:
                    log.drop(late, f"compiling {_some(late)} takes too long")
                attempts.end(log)

        atexit.register(end)
        self._compiling = thread
        thread.start()

    @property
    def is_settled(self) -> bool:
        """Whether the next start has no other set than the one that is in use."""
        if self._compiling is not None and self._compiling.is_alive():
            return False
        return not (self._adds or (self._learn == "all" and self._learning.patterns))

    def wait(self) -> None:
        """Waits until patterns that were learned are compiled, if any are."""
        for thread in (self._compiling, self._late_compiling):
            if thread is not None:
                thread.join()

    def end(self) -> None:
        """Compiles nothing any more beside the work; what is learned is still kept on disk."""
        self._left_late = 0

    def learn_from(self, document: Document) -> None:
        """Keeps what a document that is done was the second to ask for."""
        if self._learn == "none":
            return
        again = []
        for pattern in misses_of(document):
            self._lost += _looked_for(pattern) * len(document)
            if self._sighted.get(pattern.key) is False:
                again.append(pattern.key)
            elif pattern.key not in self._sighted:
                self._sight(pattern.key, False)
        keywords = document.patterns.learning.again
        while keywords:
            again.append(keywords.popitem()[0])
        for key in again:
            if key in self._kept or self._sighted.get(key) or len(key[0]) > LONGEST_LEARNED:
                continue
            if len(self._late) < MOST_LEARNED:
                self._late.append(Pattern(*key))
            if self._log is not None and self._fits(key[0]) and self._words.own(key[0]):
                self._kept.add(key)
                self._left -= len(key[0])
                self._log.add(Pattern(*key))
                self._adds = True
            else:
                self._sight(key, True)
        self._compile_late()

    def _fits(self, source: str) -> bool:
        return len(self._kept) < MOST_LEARNED and len(source) <= self._left

    def _compile_late(self) -> None:
        """Compiles what two documents asked for into a set beside the other, in memory only.

        Once `re` has taken a quarter of the time for them that compiling takes, both by counting:
        so a process that ends then has lost little, and one that goes on gains. Three times.
        """
        late, cost = self._late, _COMPILE_NS * len(self._late)
        if len(late) < _FEWEST_LATE or not self._left_late or self._lost * 4 < cost:
            return
        if self._late_compiling is not None and self._late_compiling.is_alive():
            return
        self._late, self._lost = [], 0
        self._left_late -= 1

        def compile_() -> None:
            with contextlib.suppress(Exception):  # they may be bad together: `re` has them still
                self._use_beside(PatternSet(late, backend=self._backend))
            atexit.unregister(end)

        thread = threading.Thread(target=compile_, name="gatecore-compile", daemon=True)

        def end() -> None:
            thread.join(_PATIENCE_SECONDS)

        atexit.register(end)
        self._late_compiling = thread
        thread.start()

    def _sight(self, key: tuple[str, int], looked_at: bool) -> None:
        while len(self._sighted) >= MOST_LEARNED:
            del self._sighted[next(iter(self._sighted))]
        self._sighted[key] = looked_at


def _looked_for(pattern: Pattern) -> int:
    """Nanoseconds that `re` takes for each character of a text, about."""
    return _LOOK_NS * (1 + len(pattern.source) // _LOOKED_AT_ONCE)


def _some(patterns: list[Pattern]) -> str:
    if len(patterns) == 1:
        return f"the learned pattern {patterns[0].source!r}"
    return f"{len(patterns)} learned patterns, {patterns[0].source!r} among them,"
