"""`PatternSet`: many patterns, compiled together, one pass over a document."""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from gatecore._gatecore import CoreSet, pattern_object
from gatecore._gatecore import Pattern as CompiledPattern
from gatecore.errors import DocumentTypeError, PatternSetError, UnansweredError
from gatecore.lowering.interpreter import IDENTITY
from gatecore.patterns.learning import LearnedLog, Learning
from gatecore.patterns.pattern import DEBUG, Pattern, PatternLike, note, parse_pattern
from gatecore.patterns.progress import compiling
from gatecore.patterns.scan import DeadlineLike, Known, Scan, deadline_of

if TYPE_CHECKING:
    from gatecore.patterns.explanation import Explanation
    from gatecore.patterns.store import PatternStore

__all__ = ["Backend", "PatternSet", "check_text"]

#: Which pass to use: "simd" (Hyperscan), "portable" (pure Rust) or the best that is there.
Backend = Literal["auto", "simd", "portable"]

#: Changes when the same pattern is lowered to something else.
_LOWERING: Final = 1
_CALLER: Final = f"{IDENTITY}, lowering {_LOWERING}"


class PatternSet:
    r"""Patterns compiled together. Immutable; any number of threads may scan with one set.

    Args:
        patterns: `Pattern`s, `(source, flags)` pairs or sources. Duplicates are kept.
        backend: Which pass to use: "simd", "portable", or "auto" for the best that is there.
        store: Where compiled sets are kept between processes; none if not given.
        learn: Whether patterns that were learned (see `learn`) are written into the cache, and
            added after the given ones when a set is made of the same patterns again within 30 days.
            Whatever is asked of documents is written, names of people included if patterns are
            made of them: leave it off where that may be.

    Raises:
        re.error: And whatever else `re.compile` raises for a bad pattern; a note says which one.
        PatternSetError: Something in the list is not a pattern of text, or the backend is
            unknown or not there.
        SetTooLargeError: The set is beyond the engine's limits.

    Compiling costs 1 to 45 ms a pattern: 1 ms where patterns are words and short gaps, 15 ms and
    more with long bounded gaps such as `[^.]{0,60}`. Loading a compiled set takes a few
    milliseconds in all.

    >>> patterns = PatternSet([Pattern(r"up to \d+ ?%", re.IGNORECASE), "plain"])
    >>> patterns.scan("Earn UP TO 7 % now").ids()
    [0]
    """

    __slots__ = ("_compiled", "_core", "_objects", "_patterns", "learning")

    def __init__(
        self,
        patterns: Iterable[PatternLike],
        *,
        backend: Backend = "auto",
        store: PatternStore | None = None,
        learn: bool = False,
    ) -> None:
        if isinstance(patterns, str):
            raise PatternSetError(f"a set is a list of patterns; for one pattern, [{patterns!r}]")
        listed = [parse_pattern(item, number) for number, item in enumerate(patterns)]
        if learn and store is None:
            raise PatternSetError(
                "learn=True keeps patterns in a cache: give one, store=PatternStore(…)"
            )
        if store is None:
            self._adopt(_compile(listed, backend), listed)
            return
        log = LearnedLog(store, _key(store, listed, backend))
        late = log.patterns_beyond(listed) if learn else []
        try:
            core = _cached(store, [*listed, *late], backend, log=log, late=len(late))
        except Exception as error:  # whatever the learned ones may do: they are not needed
            if not late:
                raise
            log.reject(f"a set with what was learned cannot be compiled: {error}")
            core, late = _cached(store, listed, backend, log=log), []
        learning = Learning(log if learn else None, earlier=late)
        self._adopt(core, [*listed, *late], learning)

    @classmethod
    def sectioned(
        cls,
        patterns: Iterable[PatternLike],
        sections: Sequence[int],
        *,
        backend: Backend = "auto",
        store: PatternStore | None = None,
    ) -> PatternSet:
        """A set in sections, each with a pass of its own over the one translated document.

        `sections` has a number for each pattern. `scan` runs them all; a caller that asks the core
        can leave all but section 0 until one of their patterns is asked about, as `GateSet` does.

        Raises:
            PatternSetError: As the constructor.
        """
        listed = [parse_pattern(item, number) for number, item in enumerate(patterns)]
        if len(listed) != len(sections):
            raise PatternSetError(f"{len(listed)} patterns have {len(sections)} sections")
        sections = list(sections)
        made = cls.__new__(cls)
        if store is None:
            made._adopt(_compile(listed, backend, sections), listed)
        else:
            made._adopt(_cached(store, listed, backend, sections=sections), listed)
        return made

    def _adopt(
        self,
        core: CoreSet,
        patterns: Iterable[Pattern | None],
        learning: Learning | None = None,
    ) -> None:
        self._core = core
        self._patterns = list(patterns)
        self._compiled: list[re.Pattern[str] | None] = [None] * len(core)
        self._objects: list[CompiledPattern | None] = [None] * len(core)
        #: What it learns: hosts decide what of that is kept on disk.
        self.learning = Learning() if learning is None else learning

    @classmethod
    def cached_without_learned(
        cls, patterns: Iterable[PatternLike], *, store: PatternStore, backend: Backend = "auto"
    ) -> PatternSet | None:
        """The set of patterns without what was learned, if the one with it has to be compiled.

        `None` if nothing was learned or if the set with it is there: then make the set with
        `learn=True`. What was learned counts as remembered by the set that is returned.
        """
        listed = [parse_pattern(item, number) for number, item in enumerate(patterns)]
        log = LearnedLog(store, _key(store, listed, backend))
        late = log.patterns_beyond(listed)
        if not late or store.path(_key_with(log, [*listed, *late], backend)).exists():
            return None
        loaded = cls.__new__(cls)
        core = _cached(store, listed, backend, log=log)
        loaded._adopt(core, listed, Learning(log, patterns=late))
        return loaded

    @classmethod
    def from_bytes(cls, stored: bytes | bytearray | memoryview) -> PatternSet:
        """Reads what `to_bytes` wrote, in about a millisecond for a thousand patterns.

        The bytes hold compiled code. Their checksums guard against accidents, not against a forger:
        forged bytes can crash the process, and should be taken to be able to run code in it. Read
        them only from where you would import code. The same holds for unpickling a set.

        Raises:
            StoredSetError: They are foreign, damaged, or of another version of gatecore, the engine
                or the interpreter's Unicode tables.

        >>> PatternSet.from_bytes(PatternSet(["plain"]).to_bytes())[0].source
        'plain'
        """
        loaded = cls.__new__(cls)
        core = CoreSet.from_bytes(bytes(stored), _CALLER)
        loaded._adopt(core, [None] * len(core))
        return loaded

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> PatternSet:
        """Reads a file that `save` wrote. Raises as `from_bytes`, and `OSError`.

        A pipe or device is refused: it may never end. The file is trusted as code is, see
        `from_bytes`; unlike a store, this does not check who owns it or may write it.
        """
        from gatecore.files import open_file

        with open_file(path) as file:
            return cls.from_bytes(file.read())

    def to_bytes(self) -> bytes:
        """The compiled set, for the same version, processor features and interpreter.

        Some kilobytes, and 1 to 6 kB more for each pattern.
        """
        return self._core.to_bytes(_CALLER)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the compiled set; a reader sees the old file or the new one, never half of it.

        The file can be read by this user alone. A link in its place is replaced, not followed.

        Raises:
            OSError: The file cannot be written.
        """
        from pathlib import Path

        from gatecore.patterns import trusted_files

        trusted_files.replace(Path(path), self.to_bytes())

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return PatternSet.from_bytes, (self.to_bytes(),)

    def __len__(self) -> int:
        return len(self._patterns)

    @overload
    def __getitem__(self, number: int) -> Pattern: ...
    @overload
    def __getitem__(self, number: slice) -> list[Pattern]: ...
    def __getitem__(self, number: int | slice) -> Pattern | list[Pattern]:
        if isinstance(number, slice):
            return [self[index] for index in range(len(self))[number]]
        number = self._number(number)
        pattern = self._patterns[number]
        if pattern is None:
            source, flags = self._core.pattern(number)
            pattern = Pattern(source.decode("utf-8", "surrogatepass"), flags)
            self._patterns[number] = pattern
        return pattern

    def __iter__(self) -> Iterator[Pattern]:
        return (self[number] for number in range(len(self)))

    def __repr__(self) -> str:
        return f"<gatecore.PatternSet of {len(self)} patterns, backend {self.backend!r}>"

    @property
    def core(self) -> CoreSet:
        """The native set; for gatecore's own packages."""
        return self._core

    @property
    def backend(self) -> str:
        """The pass in use: "simd" or "portable"."""
        return self._core.backend

    def index(self, source: str, flags: int = 0) -> int:
        """The number of a pattern, the first if it is there twice. One look-up.

        Raises:
            ValueError: The pattern is not in the set.

        >>> PatternSet(["fee", "charge"]).index("charge")
        1
        """
        wanted = Pattern(source, flags)
        number = self._core.index(*wanted.key)
        if number is None:
            raise ValueError(f"{wanted!r} is not in the set")
        return number

    def learn(self, source: str, flags: int = 0) -> bool:
        r"""Remembers a pattern for the next compile; whether it is new and was remembered.

        A `Document` does this with every pattern that it is asked for and that is not in its set.
        At most 4,000 patterns are remembered, what earlier sets learned included, none longer than
        32,768 characters and a million of them in all: patterns made of user input would be
        endless. They are kept in memory as long as the set is. Only with `learn=True` are they
        written into the cache.

        Raises:
            re.error: And whatever else `re.compile` raises for a bad pattern.

        >>> patterns = PatternSet(["plain"])
        >>> patterns.learn("late"), patterns.learn("late"), patterns.learn("plain")
        (True, False, False)
        >>> patterns.learned
        [Pattern(source='late', flags=re.NOFLAG)]
        """
        pattern = Pattern(source, flags)
        return self._core.index(*pattern.key) is None and self.learning.add(pattern)

    def _sighted_again(self, source: str) -> None:
        """Notes that a second document was asked for a keyword."""
        self.learning.again[Pattern(source).key] = None

    @property
    def learned(self) -> list[Pattern]:
        """What was learned since the set was made, in order."""
        return self.learning.patterns

    def extended(
        self, *, backend: Backend = "auto", store: PatternStore | None = None
    ) -> PatternSet:
        """A new set: the patterns of this one under the same numbers, then what was learned.

        Compiles, as the constructor does, unless the store has it.

        >>> patterns = PatternSet(["plain"])
        >>> patterns.learn("late")
        True
        >>> [pattern.source for pattern in patterns.extended()]
        ['plain', 'late']
        """
        return PatternSet([*self, *self.learned], backend=backend, store=store)

    def explain(self, number: int) -> Explanation:
        """How a pattern is answered and why.

        Raises:
            IndexError: The set has no pattern of this number.
            PatternSetError: `number` is not a whole number.
        """
        from gatecore.patterns.explanation import Explanation

        number = self._number(number)
        route, reason, cost = self._core.routing(number)
        return Explanation(self[number], route, reason, cost, self.backend)

    def scan(self, text: str, *, deadline: DeadlineLike | None = None) -> Scan:
        r"""The one pass over a document; the GIL is released. Linear in the document's length.

        With a deadline, in seconds from now or as a `Deadline`, the pass and every question to the
        scan that has none of its own end by then. What only `re` can answer is then asked in a
        worker process, as `re` itself cannot be stopped: 10 ms more for the first of them.

        Raises:
            DocumentTypeError: `text` is not a `str`.
            DeadlineError: The deadline passed or was cancelled.

        >>> scan = PatternSet([r"up to (\d+) ?%", "plain"]).scan("earn up to 7 % now")
        >>> scan.ids(), scan.spans(0), scan.search(0).group(1)
        ([0], [(5, 14)], '7')
        """
        return self._scan(text, eager=True, deadline=deadline)

    def ids_many(
        self, texts: Iterable[str], *, deadline: DeadlineLike | None = None
    ) -> list[list[int]]:
        r"""For each of many documents the numbers of the patterns that match, as `ids` of a scan.

        Made for log lines and messages: Python is left once a megabyte, and all processors work.
        An Arrow array of text (anything with `to_pylist`) is taken as well.

        Raises:
            DocumentTypeError: One of them is not a `str`; it is named by its place.
            DeadlineError: The deadline was over before all were answered.
            Exception: Whatever `re` raises for a pattern and one of these texts.

        >>> patterns = PatternSet(["fee", r"charge\b"])
        >>> patterns.ids_many(["no fee", "", "a charge or fee"])
        [[0], [], [0, 1]]
        """
        until = None if deadline is None else deadline_of(deadline)
        texts = _listed(texts)
        found, open_ones = self._core.ids_many(texts, until)
        for place, numbers in open_ones:
            text = texts[place]
            by_re = None if numbers is None or until is not None else self._by_re(numbers, text)
            if by_re is None:  # with all that a scan knows of deadlines and errors
                found[place] = self.scan(text, deadline=until).ids()
            elif by_re:
                found[place] = sorted(found[place] + by_re)
        return found

    def _by_re(self, numbers: list[int], text: str) -> list[int] | None:
        """Those of the patterns that match by `re`; `None` if it raises something."""
        try:
            return [number for number in numbers if self.compiled(number).search(text)]
        except Exception:
            return None

    def scan_many(
        self, texts: Iterable[str], *, deadline: DeadlineLike | None = None
    ) -> list[Scan]:
        """As `scan` for each of many documents, all processors working.

        Raises:
            DocumentTypeError: One of them is not a `str`; it is named by its place.
            DeadlineError: The deadline was over before all were scanned.

        >>> [scan.spans(0) for scan in PatternSet(["fee"]).scan_many(["a fee", "fee, fee"])]
        [[(2, 5)], [(0, 3), (5, 8)]]
        """
        until = None if deadline is None else deadline_of(deadline)
        texts = _listed(texts)
        cores = self._core.scan_many(texts, until)
        return [
            self.scan(text, deadline=until) if core is None else Scan(self, text, core, until)
            for text, core in zip(texts, cores, strict=True)
        ]

    def scan_first_section(self, text: str, *, deadline: DeadlineLike | None = None) -> Scan:
        """As `scan`, of section 0; only the core's gates may ask about patterns of the others."""
        return self._scan(text, eager=False, deadline=deadline)

    def _scan(self, text: str, *, eager: bool, deadline: DeadlineLike | None = None) -> Scan:
        check_text(text)
        until = None if deadline is None else deadline_of(deadline)
        try:
            core = self._core.scan(text, eager=eager, early=eager, deadline=until)
        except UnansweredError as error:
            error.known = Known((), tuple(range(len(self))))
            raise
        return Scan(self, text, core, until)

    def compiled(self, number: int) -> re.Pattern[str]:
        """A pattern as `re` compiles it, kept after the first time.

        >>> PatternSet(["fee"]).compiled(0).fullmatch("fee").span()
        (0, 3)
        """
        compiled = self._compiled[number]
        if compiled is None:
            pattern = self[number]
            flags = int(pattern.flags) & ~DEBUG
            compiled = self._compiled[number] = re.compile(pattern.source, flags)
        return compiled

    def _object(self, number: int) -> CompiledPattern:
        found = self._objects[number]
        if found is None:
            source, flags = self[number].key
            found = self._objects[number] = pattern_object(source, flags)
        return found

    def _is_fallback(self, number: int) -> bool:
        return self._core.routing(number)[0] == "fallback"

    def _by_danger(self, numbers: list[int]) -> list[int]:
        """The numbers with those last whose patterns may take `re` longest: loops within loops."""
        if len(numbers) < 2:
            return numbers
        from gatecore.lowering.lower import loop_depth

        return sorted(numbers, key=lambda number: loop_depth(*self[number].key))

    def _number(self, number: int) -> int:
        length = len(self._patterns)
        try:
            number = operator.index(number)
        except TypeError:
            hint = f"; its number is patterns.index({number!r})" if isinstance(number, str) else ""
            raise PatternSetError(
                f"a pattern of a set is named by its number, not by {number!r}{hint}"
            ) from None
        if not -length <= number < length:
            raise IndexError(f"pattern {number} of a set of {length}")
        return number % length


def check_text(text: object) -> None:
    """Refuses what is not a document's text."""
    if not isinstance(text, str):
        hint = "; decode it first" if isinstance(text, bytes | bytearray | memoryview) else ""
        raise DocumentTypeError(f"a document is a str, not {type(text).__name__}{hint}")


def _listed(texts: Iterable[str]) -> list[str]:
    """Many documents as a list."""
    if isinstance(texts, str | bytes):
        raise DocumentTypeError("many documents are a list of them; for one, there is scan(text)")
    to_pylist = getattr(texts, "to_pylist", None)
    return list(texts if to_pylist is None else to_pylist())


def _key(
    store: PatternStore,
    patterns: list[Pattern],
    backend: Backend,
    sections: list[int] | None = None,
) -> str:
    caller = _CALLER if sections is None else f"{_CALLER}, sections {sections}"
    return store.key([pattern.key for pattern in patterns], backend=backend, caller=caller)


def _key_with(log: LearnedLog, patterns: list[Pattern], backend: Backend) -> str:
    """The key of a set of these patterns, some of which the set of the log learned."""
    return log.key_with(_key(log.store, patterns, backend))


def _cached(
    store: PatternStore,
    patterns: list[Pattern],
    backend: Backend,
    *,
    sections: list[int] | None = None,
    log: LearnedLog | None = None,
    late: int = 0,
) -> CoreSet:
    """A set from the cache, or else compiled and kept there.

    The last patterns are `late` ones, which the set of the log learned.
    """
    if log is not None:
        key = _key_with(log, patterns, backend) if late else log.key
    else:
        key = _key(store, patterns, backend, sections)
    # The key goes into the file as well: a file under another set's name is refused.
    caller = f"{_CALLER}, cache key {key}"
    core = store.load(key, caller=caller)
    if core is None:
        core = _compile(patterns, backend, sections)
        store.store(key, core.to_bytes(caller))
        if log is not None and late:  # sets with fewer learned patterns are not asked for any more
            log.forget_sets(but=key)
    return core


def _compile(
    patterns: list[Pattern], backend: Backend, sections: list[int] | None = None
) -> CoreSet:
    with compiling(len(patterns)):
        return _compiled(patterns, backend, sections)


def _compiled(patterns: list[Pattern], backend: Backend, sections: list[int] | None) -> CoreSet:
    # The classes' tables are only needed to compile; loading a set does without them.
    from gatecore.lowering.charset import word_characters
    from gatecore.lowering.lower import Lowering

    lowering = Lowering()
    lowered = []
    for number, pattern in enumerate(patterns):
        try:
            lowered.append(lowering.pattern(pattern.source, int(pattern.flags)))
        except Exception as error:
            note(error, f"pattern {number} of the set: {pattern.source!r}")
            raise
    words, ascii_words = (
        [end for pair in word_characters(ascii_only=ascii_only) for end in pair]
        for ascii_only in (False, True)
    )
    if sections is None or backend == "portable":
        return CoreSet.build(lowered, lowering.classes, words, ascii_words, sections, backend)
    # Sections are for gates, and those that are shipped may be shipped compiled.
    from gatecore.patterns.shipped import lent

    with lent(patterns, sections):
        return CoreSet.build(lowered, lowering.classes, words, ascii_words, sections, backend)
